//! The answer to each kind of request of a linked device. Every request gets one, and an unknown one is refused with
//! 501 and counted: a request without any answer makes the client think the connection dead.

mod business;
mod devices;
mod groups;
mod keys;
mod mex;
mod newsletter;
mod picture;
mod privacy;
mod settings;
mod usync;

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::stanza;
use crate::world::connection::ConnectionId;
use crate::world::{DeviceRef, World};

/// How long, in seconds, a client may use the addresses for media.
const MEDIA_TTL: u32 = 3600;

/// The answer to a request. `None`: the answer has been sent already, together with what follows it.
pub(crate) fn answer(world: &mut World, id: ConnectionId, who: DeviceRef, request: &Node) -> Option<Node> {
    let xmlns = stanza::attr(request, "xmlns").unwrap_or_default();
    let kind = stanza::attr(request, "type").unwrap_or_default();
    let child = stanza::children(request).first().map(|child| child.tag.as_ref()).unwrap_or_default();
    let done = || Some(stanza::result(request, []));
    match (xmlns.as_str(), kind.as_str(), child) {
        ("w:p" | "urn:xmpp:ping", "get", _) | ("passive", "set", "passive") | ("urn:xmpp:whatsapp:dirty", "set", _) => {
            done()
        }
        ("passive", "set", "active") => {
            world.send(id, stanza::result(request, []));
            world.start_delivery(id, who);
            None
        }
        ("encrypt", "get", "key") => Some(keys::bundles(world, request)),
        ("encrypt", "get", "count") => Some(keys::count(world, who, request)),
        ("encrypt", "get", "digest") => Some(keys::digest(world, who, request)),
        ("encrypt", "set", "rotate") => Some(keys::rotate(world, who, request)),
        ("encrypt", "set", _) => Some(keys::upload(world, who, request)),
        ("usync", "get", "usync") => Some(usync::answer(world, who, request)),
        ("w:sync:app:state", "set", "sync") => Some(world.app_state(who, request)),
        ("md", "set", "remove-companion-device") => world.remove_companion(who, request),
        ("w:biz", "get", _) => Some(business::profiles(world, request)),
        ("abt", "get", "props") => Some(settings::props(request)),
        ("blocklist", "get", _) => Some(privacy::blocklist(world, who, request)),
        ("blocklist", "set", "item") => Some(privacy::block(world, who, request)),
        ("privacy", "get", "privacy") => Some(privacy::settings(world, who, request)),
        ("privacy", "set", "privacy") => Some(privacy::set(world, who, request)),
        ("privacy", "set", "tokens") => Some(privacy::tokens(world, who, request)),
        ("disappearing_mode", "set", _) => Some(privacy::default_timer(world, who, request)),
        ("status", "set", "status") => Some(settings::set_about(world, who, request)),
        ("w:profile:picture", "get", _) => Some(picture::get(world, id, who, request)),
        ("w:profile:picture", "set", _) => Some(picture::set(world, who, request)),
        ("w:m", "set", "media_conn") => Some(media(world, id, request)),
        ("w:g2", ..) => {
            let answer = groups::answer(world, id, who, request);
            answer.or_else(|| Some(unknown(world, request, &xmlns, child)))
        }
        ("w:mex", "get", "query") => Some(mex::answer(world, who, request)),
        ("newsletter", "get", "messages" | "message_updates") => Some(newsletter::messages(world, who, request)),
        ("newsletter", "set", "live_updates") => Some(newsletter::watch(world, id, request)),
        ("spam", "set", "spam_list") => Some(report(request)),
        _ => Some(unknown(world, request, &xmlns, child)),
    }
}

fn unknown(world: &mut World, request: &Node, xmlns: &str, child: &str) -> Node {
    world.counters.unknown_requests += 1;
    tracing::warn!(xmlns, child, "an unknown request");
    stanza::refusal(request, 501, "feature-not-implemented")
}

/// A report of spam is taken, and nothing comes of it.
fn report(request: &Node) -> Node {
    let id = World::fresh_id();
    stanza::result(request, [NodeBuilder::new("report_id").string_content(id).build()])
}

/// Where media goes: this server. Clients put `https://` before the name whatever it is.
fn media(world: &World, id: ConnectionId, request: &Node) -> Node {
    let host = NodeBuilder::new("host").attr("hostname", world.media_host(id)).attr("type", "primary").build();
    let media = NodeBuilder::new("media_conn")
        .attr("auth", world.media.auth())
        .attr("ttl", MEDIA_TTL)
        .attr("auth_ttl", MEDIA_TTL)
        .attr("max_buckets", 12)
        .children([host])
        .build();
    stanza::result(request, [media])
}

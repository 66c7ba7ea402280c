//! Requests to a channel: its past, and its news for a while.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::stanza;
use crate::world::chat::Chat;
use crate::world::connection::ConnectionId;
use crate::world::newsletter::Refusal;
use crate::world::newsletter_posts::LIVE;
use crate::world::{DeviceRef, World};

/// How many posts one request may ask for.
const MAX_COUNT: usize = 300;

/// The channel that a request is about.
fn channel(world: &World, request: &Node) -> Result<u64, Refusal> {
    match stanza::jid(request, "to").and_then(|to| world.chat_of(&to)) {
        Some(Chat::Newsletter(id)) => Ok(id),
        _ => Err(Refusal::Missing),
    }
}

pub(super) fn refused(request: &Node, refusal: Refusal) -> Node {
    let text = match refusal {
        Refusal::Missing => "item-not-found",
        Refusal::Forbidden => "forbidden",
        Refusal::Malformed => "bad-request",
        Refusal::Full => "service-unavailable",
    };
    stanza::refusal(request, refusal.code(), text)
}

/// Posts from the past.
pub(super) fn messages(world: &World, who: DeviceRef, request: &Node) -> Node {
    let posts = channel(world, request).and_then(|id| {
        let asked = stanza::children(request).first().ok_or(Refusal::Malformed)?;
        let number = |key: &str| stanza::attr(asked, key).and_then(|value| value.parse::<u64>().ok());
        let count = number("count").and_then(|count| usize::try_from(count).ok()).unwrap_or(MAX_COUNT).min(MAX_COUNT);
        let posts = world.past_posts(id, who.number, count, number("before"), number("after"))?;
        let jid = world.chat_jid(Chat::Newsletter(id));
        let messages = NodeBuilder::new("messages").attr("jid", jid).children(posts).build();
        // Changes since a post come in an envelope of their own.
        Ok(if asked.tag == "message_updates" {
            NodeBuilder::new("message_updates").children([messages]).build()
        } else {
            messages
        })
    });
    match posts {
        Ok(messages) => stanza::result(request, [messages]),
        Err(refusal) => refused(request, refusal),
    }
}

/// News for a while.
pub(super) fn watch(world: &mut World, connection: ConnectionId, request: &Node) -> Node {
    match channel(world, request).and_then(|id| world.watch_newsletter(connection, id)) {
        Ok(()) => stanza::result(request, [NodeBuilder::new("live_updates").attr("duration", LIVE).build()]),
        Err(refusal) => refused(request, refusal),
    }
}

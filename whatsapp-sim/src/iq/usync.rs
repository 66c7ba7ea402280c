//! `usync`: what the network knows about users, in the protocols that the query names. A user is answered under the JID
//! form that was asked for, since the client matches answers to questions by it; a phone number without a JID is answered
//! in the addressing that the contact protocol names.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::devices;
use crate::address::{self, Typed};
use crate::stanza;
use crate::world::chat::Chat;
use crate::world::{DeviceRef, World};

/// How many users one query may name.
const MAX_USERS: usize = 1024;
/// How many protocols one query may name; there are eleven.
const MAX_PROTOCOLS: usize = 16;
/// How many features one query may ask about; there are eleven.
const MAX_FEATURES: usize = 16;
/// The protocols there are.
const PROTOCOLS: [&str; 11] = [
    "contact",
    "devices",
    "status",
    "text_status",
    "disappearing_mode",
    "business",
    "picture",
    "lid",
    "username",
    "bot",
    "feature",
];
/// After how many seconds a client should ask again.
const REFRESH: u32 = 86_400;

/// One query.
struct Query<'a> {
    who: DeviceRef,
    protocols: Vec<&'a Node>,
    /// Whether the users are the asker's address book rather than somebody's it is curious about.
    address_book: bool,
    /// Whether phone numbers are answered as LIDs.
    by_lid: bool,
}

pub(super) fn answer(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let parts = request
        .get_optional_child("usync")
        .and_then(|usync| Some((usync, usync.get_optional_child("query")?, usync.get_optional_child("list")?)));
    let Some((usync, asked, list)) = parts else {
        return stanza::refusal(request, 400, "bad-request");
    };
    let protocols: Vec<&Node> = stanza::children(asked).iter().take(MAX_PROTOCOLS).collect();
    let contact = protocols.iter().find(|protocol| protocol.tag == "contact");
    let mode = stanza::attr(usync, "mode");
    let query = Query {
        who,
        address_book: contact.is_some() && matches!(mode.as_deref(), Some("delta" | "full")),
        by_lid: contact.and_then(|contact| stanza::attr(contact, "addressing_mode")).as_deref() == Some("lid"),
        protocols,
    };
    let users: Vec<Node> =
        list.get_children_by_tag("user").take(MAX_USERS).filter_map(|asked| user(world, &query, asked)).collect();
    let mut answer = NodeBuilder::new("usync");
    for copied in ["sid", "mode", "context", "index", "last"] {
        if let Some(value) = stanza::attr(usync, copied) {
            answer = answer.attr(copied, value);
        }
    }
    let states = query.protocols.iter().map(|protocol| state(&protocol.tag));
    let content =
        [NodeBuilder::new("result").children(states).build(), NodeBuilder::new("list").children(users).build()];
    stanza::result(request, [answer.children(content).build()])
}

/// What the network says about a protocol as a whole.
fn state(protocol: &str) -> Node {
    let node = NodeBuilder::new_dynamic(protocol.to_owned());
    if PROTOCOLS.contains(&protocol) {
        node.attr("refresh", REFRESH).build()
    } else {
        node.children([stanza::error(501, "feature-not-implemented")]).build()
    }
}

/// How a user is answered.
struct Named {
    jid: Option<Jid>,
    number: Option<u64>,
    /// Whether what was asked for could be a user at all.
    valid: bool,
}

fn named(world: &World, query: &Query<'_>, asked: &Node) -> Option<Named> {
    if let Some(jid) = stanza::jid(asked, "jid").or_else(|| stanza::jid(asked, "pn_jid")) {
        let jid = jid.to_non_ad();
        return Some(Named { number: world.resolve(&jid), jid: Some(jid), valid: true });
    }
    let contact = asked.get_optional_child("contact")?;
    let Some(text) = contact.content_as_string() else {
        // By a user name: nobody has one.
        return stanza::attr(contact, "username").map(|_| Named { jid: None, number: None, valid: true });
    };
    Some(if let Ok(typed) = address::parse(&text) {
        let number = world.resolve_typed(typed);
        let jid = match (typed, number) {
            (Typed::Number(_), Some(number)) if query.by_lid => address::lid(world.lid_of(number), 0),
            (Typed::Number(number), _) => address::pn(number, 0),
            (Typed::Lid(lid), _) => address::lid(lid, 0),
        };
        Named { jid: Some(jid), number, valid: true }
    } else {
        // Not a number at all: answered under what can be kept of it.
        let digits: String = text.chars().filter(char::is_ascii_digit).take(20).collect();
        Named { jid: (!digits.is_empty()).then(|| Jid::pn(digits)), number: None, valid: false }
    })
}

fn user(world: &mut World, query: &Query<'_>, asked: &Node) -> Option<Node> {
    let named = named(world, query, asked)?;
    if query.address_book
        && let Some(number) = named.number
    {
        let action = asked.get_optional_child("contact").and_then(|contact| stanza::attr(contact, "type"));
        if matches!(action.as_deref(), Some("delete" | "remove")) {
            world.remove_contact(query.who.number, number);
        } else {
            world.add_contact(query.who.number, number);
        }
    }
    let mut node = NodeBuilder::new("user");
    if let Some(jid) = &named.jid {
        node = node.attr("jid", jid.clone());
        if let Some(number) = named.number.filter(|_| jid.is_lid()) {
            node = node.attr("pn_jid", address::pn(number, 0));
        }
    }
    let content: Vec<Node> = query
        .protocols
        .iter()
        .filter_map(|protocol| match named.number {
            _ if protocol.tag == "contact" => Some(contact(&named, asked)),
            Some(number) => part(world, query.who, protocol, number, asked),
            None => None,
        })
        .collect();
    // Whoever is left out has not changed; that may only happen to those whose device list the asker knows.
    let unchanged = content.is_empty() && known_hash(asked).is_some() && named.number.is_some();
    if unchanged { None } else { Some(node.children(content).build()) }
}

fn contact(named: &Named, asked: &Node) -> Node {
    let state = match (named.number, named.valid) {
        (Some(_), _) => "in",
        (None, true) => "out",
        (None, false) => "invalid",
    };
    let node = NodeBuilder::new("contact").attr("type", state);
    match asked.get_optional_child("contact").and_then(Node::content_as_string) {
        Some(text) => node.bytes(text.as_bytes()).build(),
        None => node.build(),
    }
}

/// The hash of the device list that the asker knows.
fn known_hash(asked: &Node) -> Option<String> {
    asked.get_optional_child("devices").and_then(|devices| stanza::attr(devices, "device_hash"))
}

fn part(world: &mut World, who: DeviceRef, protocol: &Node, number: u64, asked: &Node) -> Option<Node> {
    let account = world.accounts.get(&number)?;
    match protocol.tag.as_ref() {
        "devices" => devices::of(world, who, number, known_hash(asked).as_deref()),
        "lid" => Some(NodeBuilder::new("lid").attr("val", address::lid(account.lid, 0)).build()),
        "status" if !world.may_see_about(number, who.number) => {
            Some(NodeBuilder::new("status").attr("code", 401).attr("type", "fail").build())
        }
        "status" => Some(stanza::leaf("status", account.about.as_bytes())),
        "business" => world.business_of(number),
        "disappearing_mode" => {
            let timer = account.social.timer;
            let node = NodeBuilder::new("disappearing_mode").attr("duration", timer.duration);
            Some(node.attr("t", timer.set_at).build())
        }
        // Nobody has one of these.
        "username" => Some(NodeBuilder::new("username").build()),
        "text_status" => Some(NodeBuilder::new("text_status").build()),
        "bot" => Some(NodeBuilder::new("bot").children([stanza::error(404, "item-not-found")]).build()),
        "feature" => {
            let features = stanza::children(protocol).iter().take(MAX_FEATURES);
            let features =
                features.map(|feature| NodeBuilder::new_dynamic(feature.tag.to_string()).attr("value", "true").build());
            Some(NodeBuilder::new("feature").children(features).build())
        }
        "picture" if world.may_see_picture(number, who.number) => {
            let picture = world.picture(Chat::Person(number))?;
            Some(NodeBuilder::new("picture").attr("id", picture.id.as_str()).build())
        }
        // A missing part says that there is nothing.
        _ => None,
    }
}

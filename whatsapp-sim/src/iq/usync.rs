//! `usync`: what the network knows about users, in the protocols that the query names. A user is answered under the JID
//! form that was asked for, since the client matches answers to questions by it.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::devices;
use crate::address;
use crate::stanza;
use crate::world::{DeviceRef, World};

/// How many users one query may name.
const MAX_USERS: usize = 1024;
/// How many protocols one query may name; there are about ten.
const MAX_PROTOCOLS: usize = 16;

pub(super) fn answer(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let Some(usync) = request.get_optional_child("usync") else {
        return stanza::refusal(request, 400, "bad-request");
    };
    let protocols: Vec<&str> = usync
        .get_optional_child("query")
        .map(|query| stanza::children(query).iter().take(MAX_PROTOCOLS).map(|protocol| protocol.tag.as_ref()).collect())
        .unwrap_or_default();
    let mut users = Vec::new();
    if let Some(list) = usync.get_optional_child("list") {
        for asked in list.get_children_by_tag("user").take(MAX_USERS) {
            users.extend(user(world, who, &protocols, asked));
        }
    }
    let mut answer = NodeBuilder::new("usync");
    for copied in ["sid", "mode", "context", "index", "last"] {
        if let Some(value) = stanza::attr(usync, copied) {
            answer = answer.attr(copied, value);
        }
    }
    stanza::result(request, [answer.children([NodeBuilder::new("list").children(users).build()]).build()])
}

fn user(world: &mut World, who: DeviceRef, protocols: &[&str], asked: &Node) -> Option<Node> {
    let contact = asked.get_optional_child("contact").and_then(Node::content_as_string);
    let jid = match (stanza::jid(asked, "jid"), &contact) {
        (Some(jid), _) => jid.to_non_ad(),
        (None, Some(text)) => match address::parse(text) {
            Ok(address::Typed::Number(number)) => address::pn(number, 0),
            Ok(address::Typed::Lid(lid)) => address::lid(lid, 0),
            // Not a number at all: answered as unregistered, under what can be kept of it.
            Err(_) => Jid::pn(text.chars().filter(char::is_ascii_digit).take(20).collect::<String>()),
        },
        (None, None) => return None,
    };
    let known = world.resolve(&jid);
    let mut node = NodeBuilder::new("user").attr("jid", jid.clone());
    if let Some(number) = known.filter(|_| jid.is_lid()) {
        node = node.attr("pn_jid", address::pn(number, 0));
    }
    let content: Vec<Node> =
        protocols.iter().filter_map(|protocol| part(world, who, protocol, known, contact.as_deref())).collect();
    Some(node.children(content).build())
}

fn part(world: &mut World, who: DeviceRef, protocol: &str, known: Option<u64>, contact: Option<&str>) -> Option<Node> {
    if protocol == "contact" {
        let state = if known.is_some() { "in" } else { "out" };
        let node = NodeBuilder::new("contact").attr("type", state);
        return Some(
            contact
                .map_or_else(|| NodeBuilder::new("contact").attr("type", state), |text| node.string_content(text))
                .build(),
        );
    }
    let number = known?;
    match protocol {
        "devices" => devices::of(world, who, number),
        "lid" => Some(NodeBuilder::new("lid").attr("val", address::lid(world.lid_of(number), 0)).build()),
        "status" => {
            let about = world.accounts.get(&number).map(|account| account.about.clone()).unwrap_or_default();
            Some(NodeBuilder::new("status").string_content(about).build())
        }
        // Nobody has a picture or a business; a missing part says so.
        _ => None,
    }
}

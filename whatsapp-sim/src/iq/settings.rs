//! Settings of an account: experiments (none), blocked contacts, privacy, contact tokens and the about text. They are
//! kept and served; of them only the blocklist changes what the network does.

use rand::RngExt as _;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::address;
use crate::clock;
use crate::stanza;
use crate::world::queue::Class;
use crate::world::records::Key;
use crate::world::{DeviceRef, World};

/// WhatsApp's own limit of an about text.
const MAX_ABOUT: usize = 139 * 4;
/// The categories that an account begins with; any other that a client sets is kept, up to [`MAX_CATEGORIES`].
const PRIVACY: [(&str, &str); 8] = [
    ("last", "all"),
    ("online", "all"),
    ("profile", "all"),
    ("status", "all"),
    ("groupadd", "all"),
    ("readreceipts", "all"),
    ("calladd", "all"),
    ("messages", "all"),
];
/// There are about fifteen.
const MAX_CATEGORIES: usize = 32;
/// The longest category name or value.
const MAX_CATEGORY: usize = 64;
/// How many contacts one account may block.
const MAX_BLOCKED: usize = 4096;
/// How many tokens one request may give.
const MAX_TOKENS: usize = 256;

/// No experiments.
pub(super) fn props(request: &Node) -> Node {
    let props = NodeBuilder::new("props").attr("protocol", "1").attr("hash", "sandbox").attr("refresh", 86_400).build();
    stanza::result(request, [props])
}

pub(super) fn blocklist(world: &World, who: DeviceRef, request: &Node) -> Node {
    stanza::result(request, [blocklist_node(world, who)])
}

fn blocklist_node(world: &World, who: DeviceRef) -> Node {
    let blocked = world.accounts.get(&who.number).map(|account| account.blocked.clone()).unwrap_or_default();
    let items = blocked
        .into_iter()
        .map(|number| NodeBuilder::new("item").attr("jid", address::lid(world.lid_of(number), 0)).build());
    NodeBuilder::new("list").children(items).build()
}

pub(super) fn block(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let item = request.get_optional_child("item");
    let named = item.and_then(|item| stanza::jid(item, "jid")).and_then(|jid| world.resolve(&jid));
    let action = item.and_then(|item| stanza::attr(item, "action"));
    let (Some(number), Some(account)) = (named, world.accounts.get_mut(&who.number)) else {
        return stanza::refusal(request, 404, "item-not-found");
    };
    match action.as_deref() {
        Some("block") if account.blocked.len() < MAX_BLOCKED => {
            account.blocked.insert(number);
        }
        Some("unblock") => {
            account.blocked.remove(&number);
        }
        _ => return stanza::refusal(request, 400, "bad-request"),
    }
    world.touch(Key::Account(who.number));
    stanza::result(request, [blocklist_node(world, who)])
}

pub(super) fn privacy(world: &World, who: DeviceRef, request: &Node) -> Node {
    let set = world.accounts.get(&who.number).map(|account| account.privacy.clone()).unwrap_or_default();
    let defaults =
        PRIVACY.iter().filter(|(name, _)| !set.contains_key(*name)).map(|(name, value)| category(name, value));
    let categories: Vec<Node> = defaults.chain(set.iter().map(|(name, value)| category(name, value))).collect();
    stanza::result(request, [NodeBuilder::new("privacy").children(categories).build()])
}

fn category(name: &str, value: &str) -> Node {
    NodeBuilder::new("category").attr("name", name).attr("value", value).build()
}

pub(super) fn set_privacy(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let Some(account) = world.accounts.get_mut(&who.number) else {
        return stanza::refusal(request, 404, "item-not-found");
    };
    let wanted = request.get_optional_child("privacy").into_iter().flat_map(stanza::children);
    for node in wanted.take(MAX_CATEGORIES) {
        let (Some(name), Some(value)) = (stanza::attr(node, "name"), stanza::attr(node, "value")) else { continue };
        let fits = name.len() <= MAX_CATEGORY && value.len() <= MAX_CATEGORY;
        if fits && (account.privacy.contains_key(&name) || account.privacy.len() < MAX_CATEGORIES) {
            account.privacy.insert(name, value);
        }
    }
    world.touch(Key::Account(who.number));
    stanza::result(request, [])
}

/// A client gives a contact the right to reach it: the contact's devices get a token. Nobody asks for it here.
pub(super) fn tokens(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let given: Vec<Node> = request
        .get_optional_child("tokens")
        .map(|tokens| tokens.get_children_by_tag("token").take(MAX_TOKENS).cloned().collect())
        .unwrap_or_default();
    for token in given {
        let Some(to) = stanza::jid(&token, "jid").and_then(|jid| world.resolve(&jid)) else { continue };
        let time = stanza::attr(&token, "t").unwrap_or_else(|| clock::now().to_string());
        let token = NodeBuilder::new("token")
            .attr("type", "trusted_contact")
            .attr("t", time)
            .bytes(rand::rng().random::<[u8; 16]>())
            .build();
        let notification = NodeBuilder::new("notification")
            .attr("type", "privacy_token")
            .attr("from", address::pn(who.number, 0))
            .attr("sender_lid", address::lid(world.lid_of(who.number), 0))
            .attr("id", World::fresh_id())
            .attr("t", clock::now())
            .children([NodeBuilder::new("tokens").children([token]).build()])
            .build();
        let devices: Vec<u16> =
            world.accounts.get(&to).map(|account| account.devices.keys().copied().collect()).unwrap_or_default();
        for device in devices {
            world.deliver(DeviceRef { number: to, device }, Class::Notification, notification.clone());
        }
    }
    stanza::result(request, [])
}

pub(super) fn set_about(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let about = request.get_optional_child("status").and_then(Node::content_as_string).unwrap_or_default();
    if about.len() > MAX_ABOUT {
        return stanza::refusal(request, 400, "bad-request");
    }
    if let Some(account) = world.accounts.get_mut(&who.number) {
        account.about = about.to_string();
    }
    world.touch(Key::Account(who.number));
    stanza::result(request, [])
}

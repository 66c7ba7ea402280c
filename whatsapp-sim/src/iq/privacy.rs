//! Requests about privacy: the settings, the default timer of disappearing messages, the blocklist, and the tokens with
//! which an account lets a contact reach it.

use std::collections::BTreeSet;

use rand::RngExt as _;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::world::privacy::{ListChange, Refused};
use crate::world::records::Key;
use crate::world::social::Timer;
use crate::world::{DeviceRef, World};
use crate::{address, clock, stanza};

/// How many categories one request may set; there are about fifteen.
const MAX_CATEGORIES: usize = 32;
/// How many people one request may add to or remove from a list.
const MAX_LISTED: usize = 1024;
/// How many tokens one request may give.
const MAX_TOKENS: usize = 256;
/// The timers that clients offer, in seconds: off, a day, a week, 90 days.
const TIMERS: [u32; 4] = [0, 86_400, 604_800, 7_776_000];

pub(super) fn settings(world: &World, who: DeviceRef, request: &Node) -> Node {
    let settings = world.privacy_settings(who.number);
    let categories = settings.iter().map(|(name, value)| category(name, value, None));
    stanza::result(request, [NodeBuilder::new("privacy").children(categories).build()])
}

fn category(name: &str, value: &str, hash: Option<&str>) -> Node {
    let node = NodeBuilder::new("category").attr("name", name).attr("value", value);
    match hash {
        Some(hash) => node.attr("dhash", hash).build(),
        None => node.build(),
    }
}

pub(super) fn set(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let wanted = request.get_optional_child("privacy").map(stanza::children).unwrap_or_default();
    let mut changed = Vec::new();
    for node in wanted.iter().take(MAX_CATEGORIES) {
        let (Some(name), Some(value)) = (stanza::attr(node, "name"), stanza::attr(node, "value")) else {
            return stanza::refusal(request, 400, "bad-request");
        };
        match world.set_privacy(who, &name, &value, list_change(world, node).as_ref()) {
            Ok(hash) => changed.push(category(&name, &value, hash.as_deref())),
            Err(Refused::BadValue) => return stanza::refusal(request, 400, "bad-request"),
            Err(Refused::OutOfDate) => return stanza::refusal(request, 409, "conflict"),
        }
    }
    let changed = NodeBuilder::new("privacy").children(changed).build();
    world.account_changed(who, changed.clone());
    stanza::result(request, [changed])
}

fn list_change(world: &World, category: &Node) -> Option<ListChange> {
    let known = stanza::attr(category, "dhash")?;
    let named = |action: &str| -> BTreeSet<u64> {
        category
            .get_children_by_tag("user")
            .take(MAX_LISTED)
            .filter(|user| stanza::attr(user, "action").as_deref() == Some(action))
            .filter_map(|user| world.resolve(&stanza::jid(user, "jid")?))
            .collect()
    };
    Some(ListChange { known, added: named("add"), removed: named("remove") })
}

pub(super) fn default_timer(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let wanted = request.get_optional_child("disappearing_mode").and_then(|node| stanza::attr(node, "duration"));
    let wanted = wanted.and_then(|duration| duration.parse().ok()).filter(|duration| TIMERS.contains(duration));
    let (Some(duration), Some(account)) = (wanted, world.accounts.get_mut(&who.number)) else {
        return stanza::refusal(request, 400, "bad-request");
    };
    let set_at = clock::now();
    account.social.timer = Timer { duration, set_at };
    world.touch(Key::Account(who.number));
    let mode = NodeBuilder::new("disappearing_mode").attr("duration", duration).attr("t", set_at).build();
    let own = address::lid(world.lid_of(who.number), 0);
    let notification = World::notification("disappearing_mode", own, [mode]);
    world.notify_companions(who.number, Some(who.device), &notification);
    world.notify_acquaintances(who.number, &notification);
    stanza::result(request, [])
}

pub(super) fn blocklist(world: &World, who: DeviceRef, request: &Node) -> Node {
    stanza::result(request, [world.blocklist(who.number)])
}

pub(super) fn block(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let item = request.get_optional_child("item");
    let named = item.and_then(|item| stanza::jid(item, "jid")).and_then(|jid| world.resolve(&jid));
    let action = item.and_then(|item| stanza::attr(item, "action"));
    let Some(other) = named.filter(|other| *other != who.number) else {
        return stanza::refusal(request, 404, "item-not-found");
    };
    let done = match action.as_deref() {
        Some("block") => world.block(who, other, true),
        Some("unblock") => world.block(who, other, false),
        _ => false,
    };
    if done {
        stanza::result(request, [world.blocklist(who.number)])
    } else {
        stanza::refusal(request, 400, "bad-request")
    }
}

/// A client gives a contact the right to reach it: the contact's devices get a token, and it is a contact from now on.
pub(super) fn tokens(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let given: Vec<Node> = request
        .get_optional_child("tokens")
        .map(|tokens| tokens.get_children_by_tag("token").take(MAX_TOKENS).cloned().collect())
        .unwrap_or_default();
    for token in given {
        let Some(to) = stanza::jid(&token, "jid").and_then(|jid| world.resolve(&jid)) else { continue };
        world.add_contact(who.number, to);
        if world.has_blocked(to, who.number) {
            continue;
        }
        let time = stanza::attr(&token, "t").unwrap_or_else(|| clock::now().to_string());
        let token = NodeBuilder::new("token")
            .attr("type", "trusted_contact")
            .attr("t", time)
            .bytes(rand::rng().random::<[u8; 16]>())
            .build();
        let tokens = NodeBuilder::new("tokens").children([token]).build();
        let mut notification = World::notification("privacy_token", address::pn(who.number, 0), [tokens]);
        notification.attrs.insert("sender_lid", address::lid(world.lid_of(who.number), 0));
        world.notify_companions(to, None, &notification);
    }
    stanza::result(request, [])
}

//! Links, personal invitations and requests to join.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::Outcome;
use super::members::{outcome_node, people};
use crate::stanza;
use crate::world::chat::Chat;
use crate::world::group::GroupError;
use crate::world::group::joining::Joined;
use crate::world::{DeviceRef, World};

/// The code of the link, the old one or a new one.
pub(super) fn code(world: &mut World, who: DeviceRef, id: u64, anew: bool) -> Outcome {
    let code = world.invite_code(who, id, anew)?;
    Ok(vec![NodeBuilder::new("invite").attr("code", code).build()])
}

/// What a link leads to.
pub(super) fn preview(world: &World, node: &Node) -> Outcome {
    let group = world.invited_to(&stanza::attr(node, "code").unwrap_or_default())?;
    Ok(vec![world.group_node(group)])
}

/// A newcomer follows a link.
pub(super) fn follow_link(world: &mut World, who: DeviceRef, node: &Node) -> Outcome {
    let joined = world.join_group(who, &stanza::attr(node, "code").unwrap_or_default())?;
    Ok(vec![joined_node(world, joined)])
}

/// Somebody accepts a personal invitation.
pub(super) fn accept(world: &mut World, who: DeviceRef, id: u64, node: &Node) -> Outcome {
    let admin = stanza::jid(node, "admin").and_then(|admin| world.resolve(&admin));
    let joined = world.accept_offer(who, id, &stanza::attr(node, "code").unwrap_or_default(), admin)?;
    Ok(vec![joined_node(world, joined)])
}

fn joined_node(world: &World, joined: Joined) -> Node {
    let (tag, id) = match joined {
        Joined::Member(id) => ("group", id),
        Joined::Asked(id) => ("membership_approval_request", id),
    };
    NodeBuilder::new(tag).attr("jid", world.chat_jid(Chat::Group(id))).build()
}

/// An admin takes personal invitations back.
pub(super) fn revoke(world: &mut World, who: DeviceRef, id: u64, node: &Node) -> Outcome {
    let (named, unknown) = people(world, node);
    let outcomes = world.revoke_offers(who, id, &named)?;
    Ok(vec![outcome_node(world, id, "revoke", outcomes, unknown)])
}

/// Who asked to join.
pub(super) fn requests(world: &World, who: DeviceRef, id: u64) -> Outcome {
    let requests: Vec<Node> = world
        .join_requests(who, id)?
        .into_iter()
        .map(|(number, time)| {
            let asking = world.participant(number).attr("request_time", time).attr("request_method", "invite_link");
            renamed(asking, "membership_approval_request")
        })
        .collect();
    Ok(vec![NodeBuilder::new("membership_approval_requests").children(requests).build()])
}

/// The attributes of a participant under another tag.
fn renamed(participant: NodeBuilder, tag: &'static str) -> Node {
    let mut node = NodeBuilder::new(tag).build();
    node.attrs = participant.build().attrs;
    node
}

/// An admin lets people in, or not.
pub(super) fn decide(world: &mut World, who: DeviceRef, id: u64, node: &Node) -> Outcome {
    let mut decided = Vec::new();
    for (tag, approve) in [("approve", true), ("reject", false)] {
        let Some(decision) = node.get_optional_child(tag) else { continue };
        let (named, unknown) = people(world, decision);
        let outcomes = world.decide_requests(who, id, approve, &named)?;
        decided.push(outcome_node(world, id, tag, outcomes, unknown));
    }
    if decided.is_empty() {
        return Err(GroupError::BadRequest);
    }
    Ok(vec![NodeBuilder::new("membership_requests_action").children(decided).build()])
}

/// Somebody does not want to join any more. One speaks only for oneself.
pub(super) fn cancel(world: &mut World, who: DeviceRef, id: u64, node: &Node) -> Node {
    let (named, unknown) = people(world, node);
    let outcomes = named
        .into_iter()
        .map(|number| {
            let own = number == who.number;
            (number, if own { world.cancel_request(who, id) } else { Err(GroupError::NoSuchPerson) })
        })
        .collect();
    outcome_node(world, id, "cancel_membership_requests", outcomes, unknown)
}

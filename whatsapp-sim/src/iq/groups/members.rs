//! Adding, removing, promoting and demoting: the answer repeats the action with an outcome for each participant.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::Outcome;
use crate::stanza;
use crate::world::group::members::{Action, Outcome as Each};
use crate::world::group::{GroupError, MAX_MEMBERS};
use crate::world::{DeviceRef, World};

/// The outcome for somebody who is not on the network.
const NOBODY: u16 = 404;

/// The action that a tag names.
pub(super) fn action(tag: &str) -> Option<Action> {
    [Action::Add, Action::Remove, Action::Promote, Action::Demote].into_iter().find(|action| action.tag() == tag)
}

pub(super) fn change(world: &mut World, who: DeviceRef, id: u64, action: Action, node: &Node) -> Outcome {
    let (people, unknown) = people(world, node);
    let outcomes = world.change_members(who, id, action, &people)?;
    Ok(vec![outcome_node(world, id, action.tag(), outcomes, unknown)])
}

/// The people that a node names, and the answers for those that nobody is.
pub(super) fn people(world: &World, node: &Node) -> (Vec<u64>, Vec<Node>) {
    let mut people = Vec::new();
    let mut unknown = Vec::new();
    for participant in node.get_children_by_tag("participant").take(MAX_MEMBERS) {
        let Some(jid) = stanza::jid(participant, "jid") else { continue };
        match world.resolve(&jid) {
            Some(number) => people.push(number),
            None => unknown.push(NodeBuilder::new("participant").attr("jid", jid).attr("error", NOBODY).build()),
        }
    }
    (people, unknown)
}

/// A node with an outcome for each.
pub(super) fn outcome_node(world: &World, id: u64, tag: &'static str, outcomes: Vec<Each>, unknown: Vec<Node>) -> Node {
    let outcomes = outcomes.into_iter().map(|(number, outcome)| match outcome {
        Ok(()) => world.participant(number).build(),
        Err(error) => refused(world, id, number, error),
    });
    NodeBuilder::new(tag).children(outcomes.chain(unknown)).build()
}

/// What came of it for somebody with whom it did not succeed. Who does not want to be added can be invited instead.
pub(super) fn refused(world: &World, id: u64, number: u64, error: GroupError) -> Node {
    let node = world.participant(number).attr("error", error.participant_code());
    let offer = world.group(id).ok().and_then(|group| group.offers.get(&number));
    let Some(offer) = offer.filter(|_| error == GroupError::NotAllowed) else { return node.build() };
    let request =
        NodeBuilder::new("add_request").attr("code", offer.code.as_str()).attr("expiration", offer.expiration).build();
    node.children([request]).build()
}

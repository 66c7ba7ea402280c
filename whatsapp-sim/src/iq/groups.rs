//! Requests about groups (`w:g2`). Reads what a client asks, lets the world decide, and answers in the client's words.
//! Requests about communities are unknown.

mod joining;
mod members;

use wacore::messages::MessageUtils;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use crate::stanza;
use crate::world::chat::Chat;
use crate::world::connection::ConnectionId;
use crate::world::group::changes::{Change, Founding, MAX_EXPIRATION};
use crate::world::group::{Flag, Group, GroupError, Settings};
use crate::world::{DeviceRef, World};

/// How many groups one request may name.
const MAX_NAMED: usize = 1024;

/// What came of a request: the content of the result.
type Outcome = Result<Vec<Node>, GroupError>;

/// The answer; `None` when nobody knows the request.
pub(super) fn answer(world: &mut World, id: ConnectionId, who: DeviceRef, request: &Node) -> Option<Node> {
    let set = stanza::attr(request, "type").as_deref() == Some("set");
    let child = stanza::children(request).first()?;
    let to = stanza::jid(request, "to")?;
    let outcome = match world.chat_of(&to) {
        Some(Chat::Group(group)) => of_group(world, who, group, set, child)?,
        None if to.server == Server::Group => of_all(world, id, who, set, child)?,
        _ => return None,
    };
    Some(match outcome {
        Ok(content) => stanza::result(request, content),
        Err(error) => stanza::refusal(request, error.code(), error.text()),
    })
}

/// Requests to the groups as a whole.
fn of_all(world: &mut World, id: ConnectionId, who: DeviceRef, set: bool, child: &Node) -> Option<Outcome> {
    Some(match (set, child.tag.as_ref()) {
        (true, "create") => {
            let community = child.get_optional_child("parent").or_else(|| child.get_optional_child("linked_parent"));
            if community.is_some() {
                return None;
            }
            create(world, who, child)
        }
        (true, "leave") => leave(world, who, child),
        (true, "invite") => joining::follow_link(world, who, child),
        (false, "invite") => joining::preview(world, child),
        (false, "participating") => {
            let groups: Vec<Node> = world.groups_of(who.number).map(|group| world.group_node(group)).collect();
            Ok(vec![NodeBuilder::new("groups").children(groups).build()])
        }
        (false, "query") => Ok(vec![several(world, who, child)]),
        (false, "pictures") => Ok(vec![super::picture::of_groups(world, id, who, child)]),
        _ => return None,
    })
}

/// Requests to one group.
fn of_group(world: &mut World, who: DeviceRef, id: u64, set: bool, child: &Node) -> Option<Outcome> {
    let tag = child.tag.as_ref();
    if !set {
        return Some(match tag {
            "query" => query(world, who, id, child),
            "invite" => joining::code(world, who, id, false),
            "membership_approval_requests" => joining::requests(world, who, id),
            _ => return None,
        });
    }
    if let Some(action) = members::action(tag) {
        return Some(members::change(world, who, id, action, child));
    }
    Some(match tag {
        "invite" => joining::code(world, who, id, true),
        "accept" => joining::accept(world, who, id, child),
        "revoke" => joining::revoke(world, who, id, child),
        "membership_requests_action" => joining::decide(world, who, id, child),
        "cancel_membership_requests" => Ok(vec![joining::cancel(world, who, id, child)]),
        "ack" => Ok(Vec::new()),
        "description" => {
            let text = child.get_optional_child("body").and_then(Node::content_as_string).map(Into::into);
            let text: Option<String> = text.filter(|_| stanza::attr(child, "delete").is_none());
            let (new, previous) = (stanza::attr(child, "id").unwrap_or_default(), stanza::attr(child, "prev"));
            let change = Change::Description { id: &new, previous: previous.as_deref(), text: text.as_deref() };
            changed(world, who, id, &change)
        }
        "subject" => {
            let text = child.content_as_string().unwrap_or_default();
            changed(world, who, id, &Change::Subject(&text))
        }
        _ => changed(world, who, id, &setting(child)?),
    })
}

fn changed(world: &mut World, who: DeviceRef, id: u64, change: &Change<'_>) -> Outcome {
    world.change_group(who, id, change).map(|()| Vec::new())
}

/// The setting that a node changes.
fn setting(node: &Node) -> Option<Change<'static>> {
    let tag = node.tag.as_ref();
    if let Some((flag, on)) = Flag::of_tag(tag) {
        return Some(Change::Flag(flag, on));
    }
    Some(match tag {
        "ephemeral" => Change::Ephemeral(expiration(node)?),
        "not_ephemeral" => Change::Ephemeral(0),
        "membership_approval_mode" => Change::Approval(approval(node)),
        "member_add_mode" => Change::AdminsAdd(node.content_as_string()? == "admin_add"),
        "member_link_mode" => Change::LinkByAll(node.content_as_string()? == "all_member_link"),
        _ => return None,
    })
}

fn expiration(node: &Node) -> Option<u32> {
    stanza::attr(node, "expiration")?.parse().ok().filter(|time| *time <= MAX_EXPIRATION)
}

fn approval(node: &Node) -> bool {
    node.get_optional_child("group_join").and_then(|join| stanza::attr(join, "state")).as_deref() == Some("on")
}

fn create(world: &mut World, who: DeviceRef, child: &Node) -> Outcome {
    let mut settings = Settings::default();
    for node in stanza::children(child) {
        match setting(node) {
            Some(Change::Flag(flag, true)) => {
                settings.flags.insert(flag);
            }
            Some(Change::Ephemeral(expiration)) => settings.ephemeral = Some(expiration).filter(|time| *time > 0),
            Some(Change::Approval(on)) => settings.approval = on,
            Some(Change::AdminsAdd(on)) => settings.admins_add = on,
            Some(Change::LinkByAll(on)) => settings.link_by_all = on,
            _ => {}
        }
    }
    let (members, unknown) = members::people(world, child);
    let subject = stanza::attr(child, "subject").unwrap_or_default();
    let description = child.get_optional_child("description").and_then(|node| node.get_optional_child("body"));
    let description = description.and_then(Node::content_as_string);
    let new = Founding { subject: &subject, description: description.as_deref(), settings, members };
    let (id, refused) = world.found_group(who, new)?;
    let refused = refused.into_iter().map(|(number, error)| members::refused(world, id, number, error));
    let refused: Vec<Node> = refused.chain(unknown).collect();
    Ok(vec![world.group_node_with(world.group(id)?, refused)])
}

fn leave(world: &mut World, who: DeviceRef, child: &Node) -> Outcome {
    let ids: Vec<Jid> =
        child.get_children_by_tag("group").take(MAX_NAMED).filter_map(|group| stanza::jid(group, "id")).collect();
    let mut left = Vec::new();
    for jid in ids {
        let Some(Chat::Group(id)) = world.chat_of(&jid) else { return Err(GroupError::NoSuchGroup) };
        world.leave_group(who, id)?;
        left.push(NodeBuilder::new("group").attr("id", jid).build());
    }
    Ok(vec![NodeBuilder::new("leave").children(left).build()])
}

/// One group; a client that knows its members already is told so by an empty answer.
fn query(world: &World, who: DeviceRef, id: u64, query: &Node) -> Outcome {
    let group = visible(world, who, id)?;
    let known = stanza::attr(query, "phash");
    if known.is_some() && known == members_hash(world, group) {
        return Ok(Vec::new());
    }
    Ok(vec![world.group_node(group)])
}

/// A group that one may look at: one's own.
fn visible(world: &World, who: DeviceRef, id: u64) -> Result<&Group, GroupError> {
    let group = world.group(id)?;
    group.role(who.number).map(|_| group).ok_or(GroupError::NotAMember)
}

fn members_hash(world: &World, group: &Group) -> Option<String> {
    let members: Vec<Jid> = group.members.keys().map(|number| world.chat_jid(Chat::Person(*number))).collect();
    MessageUtils::participant_list_hash(&members).ok()
}

/// Several groups at once, each with an answer of its own.
fn several(world: &World, who: DeviceRef, query: &Node) -> Node {
    let asked = query.get_children_by_tag("group").take(MAX_NAMED).filter_map(|group| stanza::jid(group, "jid"));
    let answers = asked.map(|jid| {
        let group = match world.chat_of(&jid) {
            Some(Chat::Group(id)) => visible(world, who, id),
            _ => Err(GroupError::NoSuchGroup),
        };
        match group {
            Ok(group) => world.group_node(group),
            Err(error) => NodeBuilder::new("group").attr("id", jid).attr("error", error.code()).build(),
        }
    });
    NodeBuilder::new("groups").children(answers).build()
}

//! Founding a group, and changing what it is called, what it says of itself, and what is allowed in it.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::super::records::Key;
use super::{
    Description, DeviceRef, FIRST_GROUP, Flag, Group, GroupError, MAX_DESCRIPTION, MAX_GROUPS, MAX_MEMBERS, Role,
    Settings, World, checked_subject, node,
};
use crate::{address, clock, stanza};

/// An id that a client chose for a description; theirs have eight characters.
const MAX_DESCRIPTION_ID: usize = 64;
/// Clients refuse a whole group whose messages live longer, in seconds.
pub(crate) const MAX_EXPIRATION: u32 = i32::MAX.unsigned_abs();

/// A group to be founded.
pub(crate) struct Founding<'a> {
    pub(crate) subject: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) settings: Settings,
    pub(crate) members: Vec<u64>,
}

/// One change of a group.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    Subject(&'a str),
    /// `previous` is the id of the description to be replaced, `id` that of the new one.
    Description {
        id: &'a str,
        previous: Option<&'a str>,
        text: Option<&'a str>,
    },
    Flag(Flag, bool),
    /// Zero: messages stay.
    Ephemeral(u32),
    Approval(bool),
    AdminsAdd(bool),
    LinkByAll(bool),
}

impl World {
    /// A new group. Besides its id, whom it could not take and why.
    pub(crate) fn found_group(
        &mut self,
        actor: DeviceRef,
        new: Founding<'_>,
    ) -> Result<(u64, Vec<(u64, GroupError)>), GroupError> {
        let subject = checked_subject(new.subject)?;
        if self.groups.len() >= MAX_GROUPS {
            return Err(GroupError::TooManyGroups);
        }
        if new.members.len() >= MAX_MEMBERS {
            return Err(GroupError::Full);
        }
        self.founded += 1;
        let id = FIRST_GROUP + self.founded;
        let mut group = Group::new(id, subject, actor.number);
        group.settings = new.settings;
        if let Some(text) = new.description.filter(|text| !text.is_empty()) {
            group.description = Some(description(actor.number, &Self::fresh_id(), text)?);
        }
        let mut refused = Vec::new();
        for number in new.members {
            if group.members.contains_key(&number) {
                continue;
            }
            if self.may_add_to_group(number, actor.number) {
                group.let_in(number, Role::Member);
            } else {
                group.offers.insert(number, Self::offer(actor.number));
                refused.push((number, GroupError::NotAllowed));
            }
        }
        let create = NodeBuilder::new("create").attr("type", "new").children([self.group_node(&group)]).build();
        self.groups.insert(id, group);
        self.touch(Key::World);
        self.touch(Key::Group(id));
        self.tell_group(id, actor, vec![create]);
        Ok((id, refused))
    }

    /// Whether a change would be made: who asks may decide it, and it is a possible one.
    pub(crate) fn may_change_group(&self, actor: DeviceRef, id: u64, change: &Change<'_>) -> Result<(), GroupError> {
        let by = actor.number;
        let group = self.group(id)?;
        match change {
            Change::Subject(_) | Change::Description { .. } | Change::Ephemeral(_) => {
                group.require_role_if(by, group.has(Flag::Locked))?;
            }
            _ => group.require_admin(by)?,
        }
        match *change {
            Change::Subject(text) => checked_subject(text).map(drop),
            Change::Description { text: Some(text), .. } if text.chars().count() > MAX_DESCRIPTION => {
                Err(GroupError::BadText)
            }
            Change::Ephemeral(time) if time > MAX_EXPIRATION => Err(GroupError::BadRequest),
            _ => Ok(()),
        }
    }

    /// Changes a group, and tells its members.
    pub(crate) fn change_group(&mut self, actor: DeviceRef, id: u64, change: &Change<'_>) -> Result<(), GroupError> {
        self.may_change_group(actor, id, change)?;
        let by = actor.number;
        let news = match *change {
            Change::Subject(text) => self.rename_group(by, id, text)?,
            Change::Description { id: new, previous, text } => self.describe_group(by, id, new, previous, text)?,
            _ => self.set_in_group(id, change)?,
        };
        self.tell_group(id, actor, vec![news]);
        Ok(())
    }

    fn rename_group(&mut self, by: u64, id: u64, text: &str) -> Result<Node, GroupError> {
        let subject = checked_subject(text)?;
        let group = self.group_mut(id)?;
        group.subject.clone_from(&subject);
        group.subject_by = by;
        group.subject_time = clock::now();
        let time = group.subject_time;
        Ok(NodeBuilder::new("subject")
            .attr("subject", subject)
            .attr("s_o", address::lid(self.lid_of(by), 0))
            .attr("s_o_pn", address::pn(by, 0))
            .attr("s_t", time)
            .build())
    }

    fn describe_group(
        &mut self,
        by: u64,
        id: u64,
        new: &str,
        previous: Option<&str>,
        text: Option<&str>,
    ) -> Result<Node, GroupError> {
        let text = text.filter(|text| !text.is_empty());
        let described = text.map(|text| description(by, new, text)).transpose()?;
        if new.is_empty() || new.len() > MAX_DESCRIPTION_ID {
            return Err(GroupError::BadRequest);
        }
        let group = self.group_mut(id)?;
        if group.description.as_ref().map(|now| now.id.as_str()) != previous {
            return Err(GroupError::Conflict);
        }
        group.description = described;
        let content = match text {
            Some(text) => stanza::leaf("body", text.as_bytes()),
            None => NodeBuilder::new("delete").build(),
        };
        Ok(NodeBuilder::new("description").attr("id", new).children([content]).build())
    }

    fn set_in_group(&mut self, id: u64, change: &Change<'_>) -> Result<Node, GroupError> {
        let settings = &mut self.group_mut(id)?.settings;
        Ok(match *change {
            Change::Flag(flag, on) => {
                if on {
                    settings.flags.insert(flag);
                } else {
                    settings.flags.remove(&flag);
                }
                node::flag(flag, on)
            }
            Change::Ephemeral(0) => {
                settings.ephemeral = None;
                NodeBuilder::new("not_ephemeral").build()
            }
            Change::Ephemeral(expiration) => {
                settings.ephemeral = Some(expiration);
                node::ephemeral(expiration)
            }
            Change::Approval(on) => {
                settings.approval = on;
                node::approval(on)
            }
            Change::AdminsAdd(on) => {
                settings.admins_add = on;
                node::add_mode(on)
            }
            Change::LinkByAll(on) => {
                settings.link_by_all = on;
                node::link_mode(on)
            }
            Change::Subject(_) | Change::Description { .. } => return Err(GroupError::BadRequest),
        })
    }
}

fn description(author: u64, id: &str, text: &str) -> Result<Description, GroupError> {
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(GroupError::BadText);
    }
    Ok(Description { id: id.to_owned(), text: text.to_owned(), author, time: clock::now() })
}

//! Members come, go, and get or lose the right to decide. Each person named has an outcome of its own.

use std::collections::BTreeSet;

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::super::records::Key;
use super::{DeviceRef, GroupError, MAX_MEMBERS, Offer, Role, World, fresh_code};
use crate::clock;

/// How long a person may take to accept an invitation, in seconds: WhatsApp gives three days.
const OFFER_TTL: u64 = 3 * 24 * 3600;

/// What happens to members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Add,
    Remove,
    Promote,
    Demote,
}

impl Action {
    /// The name on the wire.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Promote => "promote",
            Self::Demote => "demote",
        }
    }
}

/// What came of it for one person.
pub(crate) type Outcome = (u64, Result<(), GroupError>);

impl World {
    /// Adds, removes, promotes or demotes people. Who is named twice is concerned once.
    pub(crate) fn change_members(
        &mut self,
        actor: DeviceRef,
        id: u64,
        action: Action,
        people: &[u64],
    ) -> Result<Vec<Outcome>, GroupError> {
        let group = self.group(id)?;
        group.require_role_if(actor.number, action != Action::Add || group.settings.admins_add)?;
        let people: BTreeSet<u64> = people.iter().copied().collect();
        let outcomes: Vec<Outcome> =
            people.into_iter().map(|number| (number, self.change_member(actor.number, id, action, number))).collect();
        let concerned: Vec<u64> =
            outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(number, _)| *number).collect();
        match action {
            _ if concerned.is_empty() => {}
            Action::Add => self.welcome_members(actor, id, &concerned, None),
            Action::Remove => self.farewell(actor, id, &concerned),
            Action::Promote | Action::Demote => {
                let news = self.about_members(action.tag(), &concerned).build();
                self.tell_group(id, actor, vec![news]);
            }
        }
        Ok(outcomes)
    }

    fn change_member(&mut self, by: u64, id: u64, action: Action, number: u64) -> Result<(), GroupError> {
        let wanted = action == Action::Add && !self.may_add_to_group(number, by);
        let group = self.group_mut(id)?;
        let role = group.role(number);
        match action {
            Action::Add => {
                if role.is_some() {
                    return Err(GroupError::AlreadyMember);
                }
                if group.members.len() >= MAX_MEMBERS {
                    return Err(GroupError::Full);
                }
                if wanted {
                    group.offers.insert(number, Self::offer(by));
                    return Err(GroupError::NotAllowed);
                }
                group.let_in(number, Role::Member);
            }
            Action::Remove => {
                if role.ok_or(GroupError::NoSuchPerson)? == Role::Superadmin {
                    return Err(GroupError::IsFounder);
                }
                if number == by {
                    return Err(GroupError::BadRequest);
                }
                group.members.remove(&number);
                group.removed.insert(number);
            }
            Action::Promote | Action::Demote => {
                let role = role.ok_or(GroupError::NoSuchPerson)?;
                let wanted = if action == Action::Promote { Role::Admin } else { Role::Member };
                if role == Role::Superadmin && wanted == Role::Member {
                    return Err(GroupError::IsFounder);
                }
                if let Some(member) = group.members.get_mut(&number).filter(|_| role != Role::Superadmin) {
                    member.role = wanted;
                }
            }
        }
        Ok(())
    }

    /// News about members: old members hear who came, newcomers get the whole group.
    pub(super) fn welcome_members(
        &mut self,
        actor: DeviceRef,
        id: u64,
        newcomers: &[u64],
        reason: Option<&'static str>,
    ) {
        let Some(group) = self.groups.get(&id) else { return };
        let mut create = NodeBuilder::new("create");
        let mut add = self.about_members("add", newcomers);
        if let Some(reason) = reason {
            create = create.attr("reason", reason);
            add = add.attr("reason", reason);
        }
        let (create, add) = (create.children([self.group_node(group)]).build(), add.build());
        let old: Vec<u64> = group.members.keys().copied().filter(|number| !newcomers.contains(number)).collect();
        self.tell_people(id, actor, &old, vec![add]);
        self.tell_people(id, actor, newcomers, vec![create]);
    }

    /// Those who are gone hear it as well.
    fn farewell(&mut self, actor: DeviceRef, id: u64, gone: &[u64]) {
        let news = self.about_members("remove", gone).build();
        self.tell_people(id, actor, gone, vec![news.clone()]);
        self.tell_group(id, actor, vec![news]);
    }

    /// A member leaves. A group that nobody is left in ends, and one without admins is handed to its eldest member.
    pub(crate) fn leave_group(&mut self, actor: DeviceRef, id: u64) -> Result<(), GroupError> {
        self.group(id)?.require_member(actor.number)?;
        let group = self.group_mut(id)?;
        group.members.remove(&actor.number);
        let eldest = group.members.iter().min_by_key(|(_, member)| member.order).map(|(number, _)| *number);
        let headless = !group.members.values().any(|member| member.role > Role::Member);
        self.farewell(actor, id, &[actor.number]);
        let Some(eldest) = eldest else {
            self.groups.remove(&id);
            self.forget_picture(super::super::chat::Chat::Group(id));
            self.touch(Key::Group(id));
            return Ok(());
        };
        if headless {
            if let Some(member) = self.group_mut(id)?.members.get_mut(&eldest) {
                member.role = Role::Admin;
            }
            let news = self.about_members("promote", &[eldest]).build();
            self.tell_group(id, actor, vec![news]);
        }
        Ok(())
    }

    /// An action node that names people.
    pub(super) fn about_members(&self, tag: &'static str, people: &[u64]) -> NodeBuilder {
        let participants: Vec<Node> = people.iter().map(|number| self.participant(*number).build()).collect();
        NodeBuilder::new(tag).children(participants)
    }

    /// A personal invitation, in place of being added.
    pub(super) fn offer(admin: u64) -> Offer {
        Offer { code: fresh_code(), admin, expiration: clock::now() + OFFER_TTL }
    }
}

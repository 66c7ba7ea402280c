//! The ways into a group that a newcomer takes itself: the link, a personal invitation, and the request that admins
//! decide.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::members::Outcome;
use super::{DeviceRef, Group, GroupError, MAX_MEMBERS, Role, World, fresh_code};
use crate::clock;

/// How many codes that were taken back a group remembers, to tell "gone" from "never existed".
const MAX_OLD_INVITES: usize = 100;
/// How many people may wait for a decision.
const MAX_REQUESTS: usize = 1024;

/// What came of an attempt to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joined {
    /// The person is a member of this group now.
    Member(u64),
    /// The admins of this group have to decide.
    Asked(u64),
}

impl World {
    /// The group to which an invite code leads.
    pub(crate) fn invited_to(&self, code: &str) -> Result<&Group, GroupError> {
        let found = self.groups.values().find(|group| group.invite == code);
        let gone = || self.groups.values().any(|group| group.old_invites.contains(code));
        found.ok_or_else(|| if gone() { GroupError::InviteGone } else { GroupError::NoSuchInvite })
    }

    /// The invite code; `anew` takes the old one back.
    pub(crate) fn invite_code(&mut self, actor: DeviceRef, id: u64, anew: bool) -> Result<String, GroupError> {
        let group = self.group(id)?;
        group.require_role_if(actor.number, anew || !group.settings.link_by_all)?;
        if !anew {
            return Ok(group.invite.clone());
        }
        let group = self.group_mut(id)?;
        let old = std::mem::replace(&mut group.invite, fresh_code());
        if group.old_invites.len() < MAX_OLD_INVITES {
            group.old_invites.insert(old);
        }
        let code = group.invite.clone();
        let news =
            vec![NodeBuilder::new("revoke").build(), NodeBuilder::new("invite").attr("code", code.as_str()).build()];
        self.tell_group(id, actor, news);
        Ok(code)
    }

    /// Somebody follows the link.
    pub(crate) fn join_group(&mut self, actor: DeviceRef, code: &str) -> Result<Joined, GroupError> {
        let group = self.invited_to(code)?;
        let id = group.id;
        if group.members.contains_key(&actor.number) {
            return Err(GroupError::AlreadyMember);
        }
        if group.removed.contains(&actor.number) {
            return Err(GroupError::WasRemoved);
        }
        if !group.settings.approval {
            self.enter(actor, id, actor.number, Some("invite"))?;
            return Ok(Joined::Member(id));
        }
        if group.requests.len() >= MAX_REQUESTS {
            return Err(GroupError::Full);
        }
        self.group_mut(id)?.requests.insert(actor.number, clock::now());
        let participant = self.participant(actor.number).build();
        let mut asking = NodeBuilder::new("requested_user").build();
        asking.attrs = participant.attrs;
        let news =
            NodeBuilder::new("created_membership_requests").attr("request_method", "invite_link").children([asking]);
        self.tell_admins(id, actor, vec![news.build()]);
        Ok(Joined::Asked(id))
    }

    /// Somebody accepts a personal invitation.
    pub(crate) fn accept_offer(
        &mut self,
        actor: DeviceRef,
        id: u64,
        code: &str,
        admin: Option<u64>,
    ) -> Result<Joined, GroupError> {
        let group = self.group(id)?;
        if group.members.contains_key(&actor.number) {
            return Err(GroupError::AlreadyMember);
        }
        let offer = group.offers.get(&actor.number).filter(|offer| offer.code == code && Some(offer.admin) == admin);
        let offer = offer.ok_or(GroupError::NoSuchInvite)?;
        if offer.expiration < clock::now() || !group.is_admin(offer.admin) {
            return Err(GroupError::InviteGone);
        }
        self.enter(actor, id, actor.number, Some("invite"))?;
        Ok(Joined::Member(id))
    }

    /// The personal invitation that somebody has from an admin, or a new one: the group's name, the code and its end.
    pub(in super::super) fn offer_to(
        &mut self,
        admin: u64,
        id: u64,
        person: u64,
    ) -> Result<(String, String, u64), GroupError> {
        let group = self.group(id)?;
        group.require_admin(admin)?;
        if group.members.contains_key(&person) {
            return Err(GroupError::AlreadyMember);
        }
        let group = self.group_mut(id)?;
        let offer = group.offers.entry(person).or_insert_with(|| Self::offer(admin));
        if offer.admin != admin || offer.expiration < clock::now() {
            *offer = Self::offer(admin);
        }
        let offer = offer.clone();
        Ok((group.subject.clone(), offer.code, offer.expiration))
    }

    /// Admins take personal invitations back.
    pub(crate) fn revoke_offers(
        &mut self,
        actor: DeviceRef,
        id: u64,
        people: &[u64],
    ) -> Result<Vec<Outcome>, GroupError> {
        self.group(id)?.require_admin(actor.number)?;
        let group = self.group_mut(id)?;
        Ok(people.iter().map(|number| (*number, found(group.offers.remove(number)))).collect())
    }

    /// Who waits for a decision, and since when.
    pub(crate) fn join_requests(&self, actor: DeviceRef, id: u64) -> Result<Vec<(u64, u64)>, GroupError> {
        let group = self.group(id)?;
        group.require_admin(actor.number)?;
        Ok(group.requests.iter().map(|(number, time)| (*number, *time)).collect())
    }

    /// Admins let people in, or not.
    pub(crate) fn decide_requests(
        &mut self,
        actor: DeviceRef,
        id: u64,
        approve: bool,
        people: &[u64],
    ) -> Result<Vec<Outcome>, GroupError> {
        self.group(id)?.require_admin(actor.number)?;
        let mut outcomes = Vec::new();
        for number in people {
            let outcome = if self.group(id)?.requests.contains_key(number) {
                if approve { self.enter(actor, id, *number, None) } else { Ok(()) }
            } else {
                Err(GroupError::NoSuchPerson)
            };
            outcomes.push((*number, outcome));
        }
        if !approve {
            let rejected: Vec<u64> =
                outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(number, _)| *number).collect();
            self.withdraw(actor, id, &rejected)?;
        }
        Ok(outcomes)
    }

    /// Somebody does not want to join any more.
    pub(crate) fn cancel_request(&mut self, actor: DeviceRef, id: u64) -> Result<(), GroupError> {
        if !self.group(id)?.requests.contains_key(&actor.number) {
            return Err(GroupError::NoSuchPerson);
        }
        self.withdraw(actor, id, &[actor.number])
    }

    fn withdraw(&mut self, actor: DeviceRef, id: u64, people: &[u64]) -> Result<(), GroupError> {
        let group = self.group_mut(id)?;
        group.requests.retain(|number, _| !people.contains(number));
        if !people.is_empty() {
            let news: Node = self.about_members("revoked_membership_requests", people).build();
            self.tell_admins(id, actor, vec![news.clone()]);
            self.tell_people(id, actor, people, vec![news]);
        }
        Ok(())
    }

    fn enter(
        &mut self,
        actor: DeviceRef,
        id: u64,
        number: u64,
        reason: Option<&'static str>,
    ) -> Result<(), GroupError> {
        let group = self.group_mut(id)?;
        if group.members.len() >= MAX_MEMBERS {
            return Err(GroupError::Full);
        }
        group.let_in(number, Role::Member);
        self.welcome_members(actor, id, &[number], reason);
        Ok(())
    }
}

fn found<T>(something: Option<T>) -> Result<(), GroupError> {
    something.map(drop).ok_or(GroupError::NoSuchPerson)
}

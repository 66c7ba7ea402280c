//! What people do about groups with their phones: found one, change it, let people in, put them out, go. An act that is
//! refused changes nothing.

mod view;

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Sim, SimError};
use crate::world::World;
use crate::world::chat::Chat;
use crate::world::group::changes::{Change, Founding};
use crate::world::group::joining::Joined;
use crate::world::group::members::Action;
use crate::world::group::{Flag, GroupError, Settings};
use view::info;

pub use view::{GroupInfo, GroupMember, GroupSettings, JoinOutcome, MemberOutcome};

/// How many people one act may be about.
const MAX_PEOPLE: usize = 1024;

/// A change of a group; what is missing stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct GroupChange {
    /// Its name.
    pub subject: Option<String>,
    /// What it says of itself; empty: nothing.
    pub description: Option<String>,
    /// Only admins change name, picture and description.
    pub locked: Option<bool>,
    /// Only admins write.
    pub announcement: Option<bool>,
    /// Who wants to join has to be let in.
    pub approval: Option<bool>,
    /// Only admins add members.
    pub admins_add: Option<bool>,
    /// Every member may hand out the invite link.
    pub link_by_all: Option<bool>,
    /// Messages disappear after so many seconds; zero: never.
    #[schema(maximum = 2_147_483_647)]
    pub ephemeral: Option<u32>,
}

/// What happens to members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MemberAction {
    /// They come in.
    Add,
    /// They are put out.
    Remove,
    /// They become admins.
    Promote,
    /// They are admins no more.
    Demote,
    /// Their request to join is granted.
    Approve,
    /// Their request to join is turned down.
    Reject,
}

impl Sim {
    /// All groups, by id.
    pub async fn groups(&self) -> Vec<GroupInfo> {
        let state = self.inner.state.lock().await;
        state.world.groups.values().map(|group| info(&state.world, group)).collect()
    }

    /// The groups in which the person is, by id.
    pub async fn groups_of(&self, number: &str) -> Result<Vec<GroupInfo>, SimError> {
        let state = self.inner.state.lock().await;
        let number = state.world.find(number)?;
        Ok(state.world.groups_of(number).map(|group| info(&state.world, group)).collect())
    }

    /// One group.
    pub async fn group(&self, id: &str) -> Result<GroupInfo, SimError> {
        let state = self.inner.state.lock().await;
        Ok(info(&state.world, state.world.group(state.world.find_group(id)?)?))
    }

    /// The phone of `number` founds a group with these people. Whoever does not want to be added is not in it.
    pub async fn group_create(&self, number: &str, subject: &str, members: &[String]) -> Result<GroupInfo, SimError> {
        self.as_phone(number, |world, phone| {
            let members = people(world, members)?;
            let new = Founding { subject, description: None, settings: Settings::default(), members };
            let (id, _) = world.found_group(phone, new)?;
            Ok(info(world, world.group(id)?))
        })
        .await
    }

    /// The phone of `number` changes a group: all of it or, when something of it is refused, nothing.
    pub async fn group_change(&self, number: &str, id: &str, change: &GroupChange) -> Result<GroupInfo, SimError> {
        self.as_phone(number, |world, phone| {
            let id = world.find_group(id)?;
            let previous = world.group(id)?.description.as_ref().map(|description| description.id.clone());
            let new = World::fresh_id();
            let flag = |flag, on: Option<bool>| on.map(|on| Change::Flag(flag, on));
            let text = |text| Change::Description { id: &new, previous: previous.as_deref(), text: Some(text) };
            let changes = [
                change.subject.as_deref().map(Change::Subject),
                change.description.as_deref().map(text),
                flag(Flag::Locked, change.locked),
                flag(Flag::Announcement, change.announcement),
                change.approval.map(Change::Approval),
                change.admins_add.map(Change::AdminsAdd),
                change.link_by_all.map(Change::LinkByAll),
                change.ephemeral.map(Change::Ephemeral),
            ];
            let changes: Vec<Change<'_>> = changes.into_iter().flatten().collect();
            if changes.is_empty() {
                return Err(GroupError::BadRequest.into());
            }
            for change in &changes {
                world.may_change_group(phone, id, change)?;
            }
            for change in &changes {
                world.change_group(phone, id, change)?;
            }
            Ok(info(world, world.group(id)?))
        })
        .await
    }

    /// The phone of `number` adds, removes, promotes, demotes or lets in people.
    pub async fn group_members(
        &self,
        number: &str,
        id: &str,
        action: MemberAction,
        members: &[String],
    ) -> Result<Vec<MemberOutcome>, SimError> {
        self.as_phone(number, |world, phone| {
            let id = world.find_group(id)?;
            let members = people(world, members)?;
            let outcomes = match action {
                MemberAction::Add => world.change_members(phone, id, Action::Add, &members),
                MemberAction::Remove => world.change_members(phone, id, Action::Remove, &members),
                MemberAction::Promote => world.change_members(phone, id, Action::Promote, &members),
                MemberAction::Demote => world.change_members(phone, id, Action::Demote, &members),
                MemberAction::Approve => world.decide_requests(phone, id, true, &members),
                MemberAction::Reject => world.decide_requests(phone, id, false, &members),
            }?;
            let outcome = |(number, outcome): (u64, Result<(), GroupError>)| MemberOutcome {
                number: number.to_string(),
                error: outcome.err().map(GroupError::participant_code),
            };
            Ok(outcomes.into_iter().map(outcome).collect())
        })
        .await
    }

    /// The code of a group's invite link, as the phone of `number` sees it; `anew` takes the old one back.
    pub async fn group_invite(&self, number: &str, id: &str, anew: bool) -> Result<String, SimError> {
        self.as_phone(number, |world, phone| Ok(world.invite_code(phone, world.find_group(id)?, anew)?)).await
    }

    /// The phone of `number` follows an invite link.
    pub async fn group_join(&self, number: &str, code: &str) -> Result<JoinOutcome, SimError> {
        self.as_phone(number, |world, phone| Ok(joined(world.join_group(phone, code)?))).await
    }

    /// The phone of `number` accepts the personal invitation that an admin of the group sent.
    pub async fn group_accept(&self, number: &str, id: &str, admin: &str, code: &str) -> Result<JoinOutcome, SimError> {
        self.as_phone(number, |world, phone| {
            let (id, admin) = (world.find_group(id)?, world.find(admin)?);
            Ok(joined(world.accept_offer(phone, id, code, Some(admin))?))
        })
        .await
    }

    /// The person does not want to join any more.
    pub async fn group_cancel_request(&self, number: &str, id: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| Ok(world.cancel_request(phone, world.find_group(id)?)?)).await
    }

    /// The phone of `number` leaves a group.
    pub async fn group_leave(&self, number: &str, id: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| Ok(world.leave_group(phone, world.find_group(id)?)?)).await
    }
}

fn people(world: &World, numbers: &[String]) -> Result<Vec<u64>, SimError> {
    if numbers.len() > MAX_PEOPLE {
        return Err(GroupError::Full.into());
    }
    numbers.iter().map(|number| world.find(number)).collect()
}

fn joined(joined: Joined) -> JoinOutcome {
    let (id, pending) = match joined {
        Joined::Member(id) => (id, false),
        Joined::Asked(id) => (id, true),
    };
    JoinOutcome { id: Chat::Group(id).to_string(), pending }
}

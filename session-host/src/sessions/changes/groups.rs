//! Changes of groups. A refusal of WhatsApp is told apart by its number; what becomes of single people is in the answer. `again`
//! says that the change may have been made before, so that "it is so already" is success.

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::group::{Changed, Invite, Joined};
use contract::jid::Jid;
use contract::operation::{GroupSetting, ParticipantChange};
use whatsapp_rust::Client;
use whatsapp_rust::features::{GroupDescription, GroupError, GroupSubject, JoinGroupResult, PreviousDescription};

use super::participants;
use crate::sessions::outbox::failure;
use crate::sessions::questions::groups::{address, code_of, in_group};
use crate::sessions::refusal::Trouble;

/// WhatsApp's answer to who wants to become what they are.
const ALREADY: [u16; 2] = [304, 409];

/// WhatsApp's answers to a code that no group has, or has no more.
const NO_INVITE: [u16; 3] = [404, 406, 410];

pub(super) async fn change_participants(
    client: &Client,
    group: &Jid,
    change: ParticipantChange,
    people: &[Jid],
    again: bool,
) -> Result<Changed, Failure> {
    let to = address(group)?;
    let people = participants::addressed(client, &to, change, people).await?;
    let groups = client.groups();
    let outcomes = match change {
        ParticipantChange::Add => groups.add_participants(to.clone(), &people).await,
        ParticipantChange::Remove => groups.remove_participants(to.clone(), &people).await,
        ParticipantChange::Promote => groups.promote_participants(to.clone(), &people).await,
        ParticipantChange::Demote => groups.demote_participants(to.clone(), &people).await,
    };
    let outcomes = refusals(client, &to, outcomes).await.map_err(Trouble::failure)?;
    let mut participants = Vec::with_capacity(outcomes.len());
    for outcome in &outcomes {
        participants.extend(participants::outcome(client, outcome, again.then_some(change)).await);
    }
    Ok(Changed { group_id: group.clone(), participants })
}

pub(super) async fn set_subject(client: &Client, group: &Jid, subject: &str) -> Result<(), Failure> {
    let to = address(group)?;
    let subject = GroupSubject::new(subject).map_err(|_| failure(ErrorCode::InvalidField))?;
    let done = client.groups().set_subject(to.clone(), subject).await;
    refusals(client, &to, done).await.map_err(Trouble::failure_of_text)
}

pub(super) async fn set_picture(client: &Client, group: &Jid, jpeg: Vec<u8>) -> Result<(), Failure> {
    let to = address(group)?;
    let done = client.groups().set_profile_picture(to.clone(), jpeg).await;
    refusals(client, &to, done).await.map(|_| ()).map_err(Trouble::failure)
}

pub(super) async fn set_description(client: &Client, group: &Jid, text: &str) -> Result<(), Failure> {
    let to = address(group)?;
    let text = Some(text).filter(|text| !text.is_empty()).map(GroupDescription::new).transpose();
    let text = text.map_err(|_| failure(ErrorCode::InvalidField))?;
    let done = client.groups().set_description(to.clone(), text, PreviousDescription::Resolve).await;
    refusals(client, &to, done).await.map_err(Trouble::failure_of_text)
}

pub(super) async fn set_setting(client: &Client, group: &Jid, setting: GroupSetting) -> Result<(), Failure> {
    let to = address(group)?;
    let groups = client.groups();
    let done = match setting {
        GroupSetting::Announcement => groups.set_announce(to.clone(), true).await,
        GroupSetting::NotAnnouncement => groups.set_announce(to.clone(), false).await,
        GroupSetting::Locked => groups.set_locked(to.clone(), true).await,
        GroupSetting::Unlocked => groups.set_locked(to.clone(), false).await,
    };
    refusals(client, &to, done).await.map_err(Trouble::failure)
}

pub(super) async fn leave(client: &Client, group: &Jid, again: bool) -> Result<(), Failure> {
    let to = address(group)?;
    match client.groups().leave(to).await.map_err(Trouble::from) {
        // Nobody needs a permission to leave: who may not is not in the group.
        Err(Trouble::Refused(401 | 403 | 404)) if again => Ok(()),
        Err(Trouble::Refused(code @ (401 | 403))) => {
            Err(Failure { whatsapp_code: Some(code), ..failure(ErrorCode::GroupNotFound) })
        }
        left => left.map_err(Trouble::failure),
    }
}

pub(super) async fn join(client: &Client, code: &str) -> Result<Joined, Failure> {
    let invite_code = code.to_owned();
    let group = match client.groups().join_with_invite_code(code).await.map_err(Trouble::from) {
        Ok(JoinGroupResult::Joined(group)) => Some(group),
        Ok(JoinGroupResult::PendingApproval(_)) => None,
        Err(trouble) if trouble.is(&ALREADY) => {
            let known = client.groups().get_invite_info(code).await;
            Some(known.map_err(|error| of_invite(Trouble::from(error)))?.id)
        }
        Err(trouble) => return Err(of_invite(trouble)),
    };
    let group_id = match group {
        Some(group) => Some(Jid::parse(&group.to_string()).map_err(|_| failure(ErrorCode::Internal))?),
        None => None,
    };
    Ok(Joined { group_id, invite_code })
}

pub(super) async fn revoke_invite(client: &Client, group: &Jid) -> Result<Invite, Failure> {
    let to = address(group)?;
    let link = client.groups().get_invite_link(to.clone(), true).await;
    let link = refusals(client, &to, link).await.map_err(Trouble::failure_once)?;
    Ok(Invite { group_id: group.clone(), invite_code: code_of(&link) })
}

fn of_invite(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Refused(code) if NO_INVITE.contains(&code) => {
            Failure { whatsapp_code: Some(code), ..failure(ErrorCode::InviteInvalid) }
        }
        Trouble::Senseless => failure(ErrorCode::InviteInvalid),
        other => other.failure(),
    }
}

async fn refusals<T>(client: &Client, group: &wacore_binary::Jid, done: Result<T, GroupError>) -> Result<T, Trouble> {
    match done {
        Ok(done) => Ok(done),
        Err(error) => Err(in_group(client, group, Trouble::from(error)).await),
    }
}

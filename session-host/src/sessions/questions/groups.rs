//! Which groups is the account in, and what are they? Only WhatsApp knows. People are named by phone number wherever it is known.

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::group::{Groups, Invite, Metadata, Participant, Role, Summary};
use contract::jid::Jid;
use whatsapp_rust::Client;
use whatsapp_rust::features::{GroupMetadata, GroupParticipant};

use crate::sessions::outbox::failure;
use crate::sessions::refusal::Trouble;
use crate::whatsapp::identity::{Identity, to_library};

/// What the code of an invite link stands behind.
pub(in crate::sessions) const INVITE_LINK: &str = "https://chat.whatsapp.com/";

/// All groups, the newest first.
pub(super) async fn all(client: &Client) -> Result<Groups, Failure> {
    let found = client.groups().get_participating().await.map_err(|error| Trouble::from(error).failure())?;
    let mut groups = Vec::with_capacity(found.len());
    for group in found.values() {
        groups.extend(summary(client, group).await);
    }
    groups.sort_by(|a, b| b.creation.cmp(&a.creation).then_with(|| b.id.cmp(&a.id)));
    Ok(Groups { count: groups.len(), groups })
}

/// One group with its people.
pub(super) async fn one(client: &Client, group: &Jid) -> Result<Metadata, Failure> {
    let jid = address(group)?;
    let found = client.groups().get_metadata(&jid).await.map_err(|error| of_group(Trouble::from(error)))?;
    let summary = summary(client, &found).await.ok_or_else(|| failure(ErrorCode::Internal))?;
    let mut participants = Vec::with_capacity(found.participants.len());
    for person in &found.participants {
        participants.extend(participant(client, person).await);
    }
    Ok(Metadata { summary, description_id: found.description_id, participants })
}

/// The invite code of a group.
pub(super) async fn invite_code(client: &Client, group: &Jid) -> Result<Invite, Failure> {
    let jid = address(group)?;
    match client.groups().get_invite_link(jid.clone(), false).await {
        Ok(link) => Ok(Invite { group_id: group.clone(), invite_code: code_of(&link) }),
        Err(error) => Err(in_group(client, &jid, Trouble::from(error)).await.failure()),
    }
}

/// The address of a group in the library's form.
pub(in crate::sessions) fn address(group: &Jid) -> Result<wacore_binary::Jid, Failure> {
    to_library(group).filter(|_| group.is_group()).ok_or_else(|| failure(ErrorCode::GroupNotFound))
}

/// The code of an invite link.
pub(in crate::sessions) fn code_of(link: &str) -> String {
    link.strip_prefix(INVITE_LINK).unwrap_or(link).to_owned()
}

/// Who may not do something in a group may be no admin, or not in it at all: WhatsApp's 403 says both, so it is asked.
pub(in crate::sessions) async fn in_group(client: &Client, group: &wacore_binary::Jid, trouble: Trouble) -> Trouble {
    if !trouble.is(&[401, 403]) {
        return trouble;
    }
    match client.groups().get_metadata(group).await.map_err(Trouble::from) {
        Err(Trouble::Refused(401 | 403 | 404)) => Trouble::Refused(404),
        _ => trouble,
    }
}

/// Nobody is shown a group that they are not in.
fn of_group(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Refused(code @ (401 | 403)) => {
            Failure { whatsapp_code: Some(code), ..failure(ErrorCode::GroupNotFound) }
        }
        other => other.failure(),
    }
}

async fn summary(client: &Client, group: &GroupMetadata) -> Option<Summary> {
    let size = group.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(group.participants.len());
    Some(Summary {
        id: Jid::parse(&group.id.to_string()).ok()?,
        subject: group.subject.clone(),
        subject_owner: person(client, group.subject_owner.as_ref(), group.subject_owner_pn.as_ref()).await,
        subject_time: group.subject_time,
        description: group.description.clone(),
        restrict: group.is_locked,
        announce: group.is_announcement,
        size,
        participants_count: size,
        creation: group.creation_time.unwrap_or_default(),
        owner: person(client, group.creator.as_ref(), group.creator_pn.as_ref()).await,
    })
}

async fn person(client: &Client, address: Option<&wacore_binary::Jid>, pn: Option<&wacore_binary::Jid>) -> Option<Jid> {
    Some(Identity::resolve(client, address?, pn).await?.chat)
}

async fn participant(client: &Client, person: &GroupParticipant) -> Option<Participant> {
    let other = [person.phone_number.as_ref(), person.lid.as_ref()].into_iter().flatten();
    let other = other.into_iter().find(|other| other.server != person.jid.server);
    let Identity { chat, pn, lid } = Identity::resolve(client, &person.jid, other).await?;
    let is_super_admin = person.is_super_admin();
    let admin = match (is_super_admin, person.is_admin()) {
        (true, _) => Some(Role::Superadmin),
        (false, true) => Some(Role::Admin),
        (false, false) => None,
    };
    Some(Participant { id: chat, admin, is_super_admin, pn, lid })
}

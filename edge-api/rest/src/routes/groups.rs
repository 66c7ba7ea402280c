//! `POST /groups` and everything below it. A group is named by its address or by its digits; a change that was made for some
//! people and not for others is a success that says what became of each.

use axum::extract::State;
use axum::http::HeaderMap;
use contract::error::ErrorCode;
use contract::group::{Changed, Created, Groups, Invite, Joined, Metadata};
use contract::id::SessionId;
use contract::jid::Jid;
use contract::operation::{
    Action, GroupSetting, MAX_DESCRIPTION_CHARACTERS, MAX_PARTICIPANTS, MAX_SUBJECT_CHARACTERS, ParticipantChange,
    Question,
};
use contract::recipient;
use edge_core::port::Port;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{after_session_checks, commands, send_media, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid, no_longer_than};

/// Names of a group in a body.
const GROUP_ID: &[&str] = &["groupId", "chatId", "jid"];

/// What an invite link begins with.
const INVITE_LINK: &str = "https://chat.whatsapp.com/";

/// Longest invite code that is looked at.
const MAX_INVITE_CODE: usize = 64;

/// What a request names, after the session is known to be there.
struct Asked<T> {
    session: SessionId,
    key: Option<String>,
    own: T,
}

/// Reads a request: session, key, and what is the route's own.
async fn asked<P: Port, T>(
    app: &App<P>,
    headers: &HeaderMap,
    body: Given,
    own: impl FnOnce(&Fields) -> Result<T, Failure>,
) -> Result<Asked<T>, Failure> {
    let session = session_of(body.0.as_ref())?;
    let own = own(&body.or_empty()).and_then(|own| Ok((own, commands::key(headers)?)));
    let (session, (own, key)) = after_session_checks(app, session.as_ref(), own).await?;
    Ok(Asked { session, key, own })
}

/// Makes a change and reads its data.
async fn changed<P: Port, T: DeserializeOwned>(
    app: &App<P>,
    asked: &Asked<impl Sized>,
    action: Action,
) -> Result<T, Failure> {
    let data = commands::change(app, &asked.session, asked.key.as_deref(), action).await?;
    serde_json::from_value(data).map_err(|_| ErrorCode::Internal.into())
}

pub(super) async fn list<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, |_| Ok(())).await?;
    let groups: Groups = commands::ask(&app, &asked.session, Question::Groups).await?;
    Ok(answer::ok("Groups retrieved successfully", groups))
}

pub(super) async fn create<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    const BOTH: &str = "Missing required fields: name, participants";
    let country_code = app.settings.default_country_code.clone();
    let asked = asked(&app, &headers, body, |fields| {
        let (Some(subject), Some(_)) = (fields.text(&["name", "subject"])?, fields.get(&["participants"])) else {
            return Err(Failure::new(ErrorCode::MissingField, BOTH));
        };
        no_longer_than("name", &subject, MAX_SUBJECT_CHARACTERS)?;
        let none = "Group name and at least one participant are required";
        Ok((subject, people(fields, &country_code, none)?))
    })
    .await?;
    let (subject, participants) = asked.own.clone();
    let created: Created = changed(&app, &asked, Action::CreateGroup { subject, participants }).await?;
    Ok(answer::ok("Group created successfully", created))
}

pub(super) async fn metadata<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, group).await?;
    let metadata: Metadata = commands::ask(&app, &asked.session, Question::Group { group: asked.own }).await?;
    Ok(answer::ok("Group metadata retrieved successfully", metadata))
}

pub(super) async fn add<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    participants(&app, &headers, body, ParticipantChange::Add, "Participants added successfully").await
}

pub(super) async fn remove<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    participants(&app, &headers, body, ParticipantChange::Remove, "Participants removed successfully").await
}

pub(super) async fn promote<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    participants(&app, &headers, body, ParticipantChange::Promote, "Participants promoted to admin successfully").await
}

pub(super) async fn demote<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    participants(&app, &headers, body, ParticipantChange::Demote, "Participants demoted from admin successfully").await
}

async fn participants<P: Port>(
    app: &App<P>,
    headers: &HeaderMap,
    body: Given,
    change: ParticipantChange,
    success: &'static str,
) -> Answer {
    let asked = asked(app, headers, body, |fields| {
        if fields.get(GROUP_ID).is_none() || fields.get(&["participants"]).is_none() {
            return Err(Failure::new(ErrorCode::MissingField, "Missing required fields: groupId, participants"));
        }
        let people = people(fields, &app.settings.default_country_code, "Group ID and participants are required")?;
        Ok((group(fields)?, people))
    })
    .await?;
    let (group, participants) = asked.own.clone();
    let changed: Changed = changed(app, &asked, Action::ChangeParticipants { group, change, participants }).await?;
    Ok(answer::ok(success, changed))
}

pub(super) async fn subject<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, |fields| {
        let (Some(_), Some(subject)) = (fields.get(GROUP_ID), fields.text(&["subject"])?) else {
            return Err(Failure::new(ErrorCode::MissingField, "Missing required fields: groupId, subject"));
        };
        no_longer_than("subject", &subject, MAX_SUBJECT_CHARACTERS)?;
        Ok((group(fields)?, subject))
    })
    .await?;
    let (group, subject) = asked.own.clone();
    let data = json!({ "groupId": group, "subject": subject });
    changed::<P, Value>(&app, &asked, Action::SetSubject { group, subject }).await?;
    Ok(answer::ok("Group subject updated successfully", data))
}

pub(super) async fn description<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, |fields| {
        let description = fields.text(&["description"])?.unwrap_or_default();
        no_longer_than("description", &description, MAX_DESCRIPTION_CHARACTERS)?;
        Ok((group(fields)?, description))
    })
    .await?;
    let (group, description) = asked.own.clone();
    let data = json!({ "groupId": group, "description": description });
    changed::<P, Value>(&app, &asked, Action::SetDescription { group, description }).await?;
    Ok(answer::ok("Group description updated successfully", data))
}

pub(super) async fn settings<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, |fields| {
        let (Some(_), Some(name)) = (fields.get(GROUP_ID), fields.text(&["setting"])?) else {
            return Err(Failure::new(ErrorCode::MissingField, "Missing required fields: groupId, setting"));
        };
        let setting = GroupSetting::ALL.into_iter().find(|setting| setting.as_str() == name).ok_or_else(|| {
            let names = GroupSetting::ALL.map(GroupSetting::as_str).join(", ");
            invalid(format!("Invalid setting. Use: {names}")).of_engine()
        })?;
        Ok((group(fields)?, setting))
    })
    .await?;
    let (group, setting) = asked.own.clone();
    let data = json!({ "groupId": group, "setting": setting });
    changed::<P, Value>(&app, &asked, Action::SetSetting { group, setting }).await?;
    Ok(answer::ok("Group settings updated successfully", data))
}

pub(super) async fn picture<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    const BOTH: &str = "Missing required fields: groupId, imageUrl";
    let asked = asked(&app, &headers, body, |fields| {
        let missing = || Failure::new(ErrorCode::MissingField, BOTH);
        let image = send_media::file(fields, "imageUrl")?.ok_or_else(missing)?;
        fields.get(GROUP_ID).ok_or_else(missing)?;
        Ok((group(fields)?, image))
    })
    .await?;
    let (group, image) = asked.own.clone();
    let set = Action::SetPicture { group: group.clone(), image };
    commands::change(&app, &asked.session, asked.key.as_deref(), set).await?;
    Ok(answer::ok("Group profile picture updated successfully", json!({ "groupId": group })))
}

pub(super) async fn leave<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, group).await?;
    let group = asked.own.clone();
    let data = json!({ "groupId": group });
    changed::<P, Value>(&app, &asked, Action::Leave { group }).await?;
    Ok(answer::ok("Left group successfully", data))
}

pub(super) async fn join<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, |fields| {
        let missing = || Failure::new(ErrorCode::MissingField, "Missing required field: inviteCode");
        let given = fields.text(&["inviteCode", "inviteLink"])?.ok_or_else(missing)?;
        invite_code(&given)
            .ok_or_else(|| invalid("inviteCode must be the code or the link of an invitation".to_owned()))
    })
    .await?;
    let code = asked.own.clone();
    let joined: Joined = changed(&app, &asked, Action::Join { code }).await?;
    Ok(answer::ok("Joined group successfully", joined))
}

pub(super) async fn invite<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, group).await?;
    let invite: Invite = commands::ask(&app, &asked.session, Question::InviteCode { group: asked.own }).await?;
    let link = format!("{INVITE_LINK}{}", invite.invite_code);
    let data = json!({ "groupId": invite.group_id, "inviteCode": invite.invite_code, "inviteLink": link });
    Ok(answer::ok("Invite code retrieved successfully", data))
}

pub(super) async fn revoke_invite<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let asked = asked(&app, &headers, body, group).await?;
    let group = asked.own.clone();
    let Invite { group_id, invite_code } = changed(&app, &asked, Action::RevokeInvite { group }).await?;
    let link = format!("{INVITE_LINK}{invite_code}");
    // Old clients read one pair of names, new ones the other.
    let data = json!({
        "groupId": group_id, "newInviteCode": invite_code, "newInviteLink": link,
        "inviteCode": invite_code, "inviteLink": link,
    });
    Ok(answer::ok("Invite code revoked successfully", data))
}

/// The group that a body names.
pub(super) fn group(fields: &Fields) -> Result<Jid, Failure> {
    let Some(given) = fields.text(GROUP_ID)? else {
        return Err(Failure::new(ErrorCode::MissingField, "Missing required field: groupId"));
    };
    let given = given.trim();
    let address = if given.contains('@') { given.to_owned() } else { format!("{given}@g.us") };
    let group = Jid::parse(&address).ok().filter(Jid::is_group);
    group.ok_or_else(|| invalid("groupId must be the address of a group".to_owned()))
}

/// The people that a body names: a list, or one, or several with commas.
fn people(fields: &Fields, country_code: &str, none: &'static str) -> Result<Vec<Jid>, Failure> {
    let given = match fields.texts("participants")? {
        Some(given) => given,
        None => fields.text(&["participants"])?.unwrap_or_default().split(',').map(str::to_owned).collect(),
    };
    let given: Vec<&str> = given.iter().map(|one| one.trim()).filter(|one| !one.is_empty()).collect();
    if given.is_empty() {
        return Err(Failure::new(ErrorCode::MissingField, none).of_engine());
    }
    if given.len() > MAX_PARTICIPANTS {
        return Err(invalid(format!("There may be at most {MAX_PARTICIPANTS} participants")));
    }
    let person = |one: &&str| recipient::parse(one, country_code).ok().filter(|jid| !jid.is_group());
    given.iter().map(|one| person(one).ok_or_else(|| ErrorCode::InvalidRecipient.into())).collect()
}

/// The code of an invitation, from the code or its link.
fn invite_code(given: &str) -> Option<String> {
    let given = given.trim();
    let code =
        ["https://", "http://"].iter().find_map(|scheme| given.strip_prefix(scheme)).map_or(Some(given), |rest| {
            let rest = rest.strip_prefix("chat.whatsapp.com/")?;
            Some(rest.strip_prefix("invite/").unwrap_or(rest))
        })?;
    let code = code.split(['?', '#', '/']).next().unwrap_or_default();
    let plain =
        !code.is_empty() && code.len() <= MAX_INVITE_CODE && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_as_people_paste_them() {
        for given in [
            "AbCd1234",
            " https://chat.whatsapp.com/AbCd1234",
            "http://chat.whatsapp.com/AbCd1234?mode=ac_t",
            "https://chat.whatsapp.com/invite/AbCd1234/",
        ] {
            assert_eq!(invite_code(given).as_deref(), Some("AbCd1234"), "{given}");
        }
        for bad in ["", "https://evil.example/AbCd1234", "a b", "..", "https://chat.whatsapp.com/", &"a".repeat(65)] {
            assert_eq!(invite_code(bad), None, "{bad}");
        }
    }
}

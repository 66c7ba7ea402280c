//! `POST /chats/info`: what WhatsApp shows of the person or group of a chat.

use axum::extract::State;
use contract::error::ErrorCode;
use contract::group::{Metadata, Participant};
use contract::jid::Jid;
use contract::operation::{Person, Picture, Question};
use contract::recipient;
use edge_core::port::Port;
use serde_json::{Value, json};

use super::{after_session_checks, commands, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{CHAT_ID, Fields};

pub(super) async fn info<P: Port>(State(app): State<App<P>>, body: Given) -> Answer {
    let session = session_of(body.0.as_ref())?;
    let own = chat(&body.or_empty(), &app.settings.default_country_code);
    let (session, chat) = after_session_checks(&app, session.as_ref(), own).await?;
    if chat.is_group() {
        let group: Metadata = commands::ask(&app, &session, Question::Group { group: chat.clone() }).await?;
        let picture: Picture = commands::ask(&app, &session, Question::Picture { of: chat }).await?;
        return Ok(answer::data(of_group(&group, &picture)));
    }
    let person: Person = commands::ask(&app, &session, Question::Person { of: chat.clone() }).await?;
    Ok(answer::data(of_person(&chat, &person)))
}

fn chat(fields: &Fields, country_code: &str) -> Result<Jid, Failure> {
    let Some(chat) = fields.text(CHAT_ID)? else {
        return Err(Failure::new(ErrorCode::MissingField, "Missing required field: chatId"));
    };
    recipient::parse(&chat, country_code).map_err(|_| ErrorCode::InvalidRecipient.into())
}

fn of_person(chat: &Jid, person: &Person) -> Value {
    let id = person.pn.as_ref().or(person.lid.as_ref()).unwrap_or(chat);
    json!({
        "id": id,
        "phone": id.user(),
        "isGroup": false,
        "profilePicture": person.picture,
        "status": person.about,
        "isRegistered": person.is_registered,
        "pn": person.pn,
        "lid": person.lid,
        "isBusiness": person.is_business,
        "verifiedName": person.verified_name,
    })
}

fn of_group(group: &Metadata, picture: &Picture) -> Value {
    let participant = |one: &Participant| {
        json!({
            "id": one.id,
            "phone": one.id.user(),
            "isAdmin": one.admin.is_some(),
            "isSuperAdmin": one.is_super_admin,
            "pn": one.pn,
            "lid": one.lid,
        })
    };
    let summary = &group.summary;
    let mut info = json!({
        "id": summary.id,
        "name": summary.subject,
        "isGroup": true,
        "profilePicture": picture.url,
        "creation": summary.creation,
        "description": summary.description,
        "participants": group.participants.iter().map(participant).collect::<Vec<_>>(),
        "participantsCount": group.participants.len(),
    });
    if let Some(owner) = &summary.owner {
        info["owner"] = json!(owner);
        info["ownerPhone"] = json!(owner.user());
    }
    info
}

//! `POST /chats/profile-picture` and `POST /chats/contact-info`: what WhatsApp shows of a person or a group.

use axum::extract::State;
use contract::error::ErrorCode;
use contract::operation::{Person, Picture, Question};
use edge_core::port::Port;
use serde_json::json;

use super::check_number::person;
use super::{after_session_checks, commands, session_of};
use crate::answer::{self, Answer};
use crate::app::App;
use crate::body::Given;

pub(super) async fn profile_picture<P: Port>(State(app): State<App<P>>, body: Given) -> Answer {
    let session = session_of(body.0.as_ref())?;
    let own = person(&body.or_empty(), &app.settings.default_country_code);
    let (session, (given, of)) = after_session_checks(&app, session.as_ref(), own).await?;
    let picture: Picture = commands::ask(&app, &session, Question::Picture { of }).await?;
    Ok(answer::data(json!({ "phone": given, "profilePicture": picture.url })))
}

pub(super) async fn contact_info<P: Port>(State(app): State<App<P>>, body: Given) -> Answer {
    let session = session_of(body.0.as_ref())?;
    let own = person(&body.or_empty(), &app.settings.default_country_code)
        .and_then(|(given, of)| if of.is_group() { Err(ErrorCode::InvalidRecipient.into()) } else { Ok((given, of)) });
    let (session, (given, of)) = after_session_checks(&app, session.as_ref(), own).await?;
    let person: Person = commands::ask(&app, &session, Question::Person { of }).await?;
    let jid = person.pn.as_ref().or(person.lid.as_ref()).filter(|_| person.is_registered);
    Ok(answer::data(json!({
        "phone": given,
        "jid": jid,
        "isRegistered": person.is_registered,
        "profilePicture": person.picture,
        "status": person.about,
        "pn": person.pn,
        "lid": person.lid,
        "isBusiness": person.is_business,
        "verifiedName": person.verified_name,
    })))
}

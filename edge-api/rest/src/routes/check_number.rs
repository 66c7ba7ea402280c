//! `POST /chats/check-number`: whether a number is registered on WhatsApp.

use axum::extract::State;
use contract::error::ErrorCode;
use contract::jid::Jid;
use contract::operation::{NumberCheck, Question};
use contract::recipient;
use edge_core::port::Port;
use serde_json::json;

use super::commands;
use super::{after_session_checks, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, PHONE};

pub(super) async fn check_number<P: Port>(State(app): State<App<P>>, body: Given) -> Answer {
    let session = session_of(body.0.as_ref())?;
    let own = person(&body.or_empty(), &app.settings.default_country_code);
    let (session, (given, phone)) = after_session_checks(&app, session.as_ref(), own).await?;
    let check: NumberCheck = commands::ask(&app, &session, Question::Number { phone }).await?;
    Ok(answer::data(json!({
        "phone": given, "isRegistered": check.is_registered, "jid": check.jid, "lid": check.lid,
    })))
}

/// The person that a body names, as given and as an address.
pub(super) fn person(fields: &Fields, country_code: &str) -> Result<(String, Jid), Failure> {
    let Some(given) = fields.text(PHONE)? else {
        return Err(Failure::new(ErrorCode::MissingField, "Missing required field: phone"));
    };
    let jid = recipient::parse(&given, country_code).map_err(|_| ErrorCode::InvalidRecipient)?;
    Ok((given, jid))
}

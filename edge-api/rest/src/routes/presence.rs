//! `POST /chats/presence`: show typing or recording in a chat, or the account online.

use axum::extract::State;
use axum::http::HeaderMap;
use contract::error::ErrorCode;
use contract::operation::{Action, Presence};
use contract::recipient;
use edge_core::port::Port;

use super::commands;
use super::{after_session_checks, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{CHAT_ID, Fields, invalid};

pub(super) async fn presence<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let session = session_of(body.0.as_ref())?;
    let fields = body.or_empty();
    let own =
        wanted(&fields, &app.settings.default_country_code).and_then(|wanted| Ok((wanted, commands::key(&headers)?)));
    let (session, ((action, shown), key)) = after_session_checks(&app, session.as_ref(), own).await?;
    commands::change(&app, &session, key.as_deref(), action).await?;
    Ok(answer::done(&format!("Presence '{}' sent", shown.as_str())))
}

fn wanted(fields: &Fields, country_code: &str) -> Result<(Action, Presence), Failure> {
    let Some(chat) = fields.text(CHAT_ID)? else {
        return Err(Failure::new(ErrorCode::MissingField, "Missing required field: chatId"));
    };
    let presence = match fields.text(&["presence"])? {
        None => Presence::Composing,
        Some(name) => Presence::ALL.into_iter().find(|presence| presence.as_str() == name).ok_or_else(|| {
            let names = Presence::ALL.map(Presence::as_str).join(", ");
            invalid(format!("Invalid presence. Must be one of: {names}"))
        })?,
    };
    let chat = recipient::parse_addressee(&chat, country_code).map_err(|_| ErrorCode::InvalidRecipient)?;
    Ok((Action::Presence { chat, presence }, presence))
}

//! What all sends share: to whom, after how much typing, as an answer to what, and the way to the host and back. What is sent, and
//! which of its fields must be there, is each route's own.

use std::time::Duration;

use axum::http::HeaderMap;
use contract::command::{Failure as NotSent, MAX_TYPING_MS, Outcome, Request, Send};
use contract::content::Content;
use contract::error::ErrorCode;
use contract::id::is_message_id;
use contract::message::Sent;
use contract::recipient;
use edge_core::port::Port;
use serde::Serialize;
use serde_json::json;

use super::commands::{self, FILE_PATIENCE, PATIENCE};
use super::{after_session_checks, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{CHAT_ID, Fields, invalid};

/// One route of them.
pub(super) struct Kind {
    /// Which fields must be there.
    pub(super) required: &'static str,
    /// The sentence of a success.
    pub(super) success: &'static str,
    /// What the answer says besides.
    pub(super) note: Option<&'static str>,
    /// What the fields say is to be sent, with the country code behind a leading zero. `None` when a required one is missing.
    pub(super) content: fn(&Fields, &str) -> Result<Option<Content>, Failure>,
}

/// The data of a success.
#[derive(Serialize)]
struct Taken {
    #[serde(flatten)]
    taken: Sent,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// Sends, and waits until WhatsApp took it.
pub(super) async fn send<P: Port>(app: &App<P>, headers: &HeaderMap, body: Given, kind: &Kind) -> Answer {
    let fields = body.0;
    let session = session_of(fields.as_ref())?;
    let own = wanted(&fields.unwrap_or_default(), headers, &app.settings.default_country_code, kind);
    let (session, (send, key)) = after_session_checks(app, session.as_ref(), own).await?;
    let typing = Duration::from_millis(send.typing_ms);
    let patience = typing + if send.content.file().is_some() { FILE_PATIENCE } else { PATIENCE };
    let chat = send.chat.clone();
    let late = |id: &str| {
        let message = "No answer from WhatsApp yet; ask again with the same Idempotency-Key for the outcome.";
        Failure::new(ErrorCode::Timeout, message).with_data(json!({ "messageId": id, "chatId": chat }))
    };
    let (message_id, outcome) =
        commands::done_once(app, &session, key.as_deref(), Request::Send(send), patience, late).await?;
    match outcome {
        Outcome::Sent(taken) => Ok(answer::ok(kind.success, Taken { taken, note: kind.note })),
        Outcome::Done(_) => Err(ErrorCode::IdempotencyKeyReused.into()),
        Outcome::Failed(NotSent { code, message, whatsapp_code }) => {
            let data = json!({ "messageId": message_id, "whatsappCode": whatsapp_code });
            Err(Failure::new(code, message).with_data(data))
        }
    }
}

/// The message without its id, and the key of the request.
fn wanted(
    fields: &Fields,
    headers: &HeaderMap,
    country_code: &str,
    kind: &Kind,
) -> Result<(Send, Option<String>), Failure> {
    let missing = || Failure::new(ErrorCode::MissingField, format!("Missing required fields: {}", kind.required));
    let chat = fields.text(CHAT_ID)?.ok_or_else(missing)?;
    let content = (kind.content)(fields, country_code)?.ok_or_else(missing)?;
    let reply_to = fields.text(&["replyTo"])?;
    if reply_to.as_deref().is_some_and(|id| !is_message_id(id)) {
        return Err(invalid("replyTo must be a message id".to_owned()));
    }
    let send = Send {
        message_id: String::new(),
        chat: recipient::parse_addressee(&chat, country_code).map_err(|_| ErrorCode::InvalidRecipient)?,
        content,
        reply_to,
        typing_ms: typing(fields.number("typingTime")?),
    };
    Ok((send, commands::key(headers)?))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 and the cap")]
fn typing(wish: Option<f64>) -> u64 {
    // The cap is far below what a double holds exactly.
    wish.map_or(0, |wish| (wish.max(0.0) as u64).min(MAX_TYPING_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_is_capped() {
        for (wish, ms) in [(None, 0), (Some(-5.0), 0), (Some(1500.7), 1500), (Some(1e300), MAX_TYPING_MS)] {
            assert_eq!(typing(wish), ms);
        }
    }
}

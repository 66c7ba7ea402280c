//! `POST /chats/send-text`: send a text and wait until WhatsApp took it.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use contract::command::{Failure as NotSent, MAX_TYPING_MS, Outcome, Request, Send};
use contract::content::{Content, MAX_TEXT_CHARACTERS};
use contract::error::ErrorCode;
use contract::id::is_message_id;
use contract::jid::Jid;
use contract::recipient;
use edge_core::port::Port;
use serde_json::json;

use super::commands::{self, PATIENCE};
use super::{after_session_checks, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{CHAT_ID, Fields, MESSAGE, invalid};

pub(super) async fn send_text<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let fields = body.0;
    let session = session_of(fields.as_ref())?;
    let own = wanted(&fields.unwrap_or_default(), &headers, &app.settings.default_country_code);
    let (session, wanted) = after_session_checks(&app, session.as_ref(), own).await?;
    let (send, key) = wanted.send();
    let typing = Duration::from_millis(send.typing_ms);
    let chat = send.chat.clone();
    let late = |id: &str| {
        let message = "No answer from WhatsApp yet; ask again with the same Idempotency-Key for the outcome.";
        Failure::new(ErrorCode::Timeout, message).with_data(json!({ "messageId": id, "chatId": chat }))
    };
    let (message_id, outcome) =
        commands::done_once(&app, &session, key.as_deref(), Request::Send(send), PATIENCE + typing, late).await?;
    match outcome {
        Outcome::Sent(taken) => Ok(answer::ok("Message sent successfully", taken)),
        Outcome::Done(_) => Err(ErrorCode::IdempotencyKeyReused.into()),
        Outcome::Failed(NotSent { code, message, whatsapp_code }) => {
            let data = json!({ "messageId": message_id, "whatsappCode": whatsapp_code });
            Err(Failure::new(code, message).with_data(data))
        }
    }
}

#[derive(Debug, PartialEq)]
struct Wanted {
    chat: Jid,
    text: String,
    typing_ms: u64,
    reply_to: Option<String>,
    key: Option<String>,
}

impl Wanted {
    /// The message, and the key of the request.
    fn send(self) -> (Send, Option<String>) {
        let send = Send {
            message_id: String::new(),
            chat: self.chat,
            content: Content::Text { text: self.text },
            reply_to: self.reply_to,
            typing_ms: self.typing_ms,
        };
        (send, self.key)
    }
}

fn wanted(fields: &Fields, headers: &HeaderMap, country_code: &str) -> Result<Wanted, Failure> {
    let (Some(_), Some(_)) = (fields.get(CHAT_ID), fields.get(MESSAGE)) else {
        return Err(Failure::new(ErrorCode::MissingField, "Missing required fields: chatId, message"));
    };
    let chat = fields.text(CHAT_ID)?.unwrap_or_default();
    let text = fields.text(MESSAGE)?.unwrap_or_default();
    if text.chars().count() > MAX_TEXT_CHARACTERS {
        return Err(invalid(format!("message may have at most {MAX_TEXT_CHARACTERS} characters")));
    }
    let reply_to = fields.text(&["replyTo"])?;
    if reply_to.as_deref().is_some_and(|id| !is_message_id(id)) {
        return Err(invalid("replyTo must be a message id".to_owned()));
    }
    Ok(Wanted {
        chat: recipient::parse(&chat, country_code).map_err(|_| ErrorCode::InvalidRecipient)?,
        text,
        typing_ms: typing(fields.number("typingTime")?),
        reply_to,
        key: commands::key(headers)?,
    })
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

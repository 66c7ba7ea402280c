//! `POST /chats/mark-read`: receipts for what is unread in a chat.

use axum::extract::State;
use axum::http::HeaderMap;
use contract::error::ErrorCode;
use contract::id::is_message_id;
use contract::jid::Jid;
use contract::operation::{Action, MarkedRead};
use contract::recipient;
use edge_core::port::Port;
use serde_json::json;

use super::{after_session_checks, commands, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{CHAT_ID, Fields, invalid};

pub(super) async fn mark_read<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let session = session_of(body.0.as_ref())?;
    let fields = body.or_empty();
    let own = wanted(&fields, &app.settings.default_country_code).and_then(|own| Ok((own, commands::key(&headers)?)));
    let (session, ((chat, message_id), key)) = after_session_checks(&app, session.as_ref(), own).await?;
    let chat = app.store.chat_of(&session, chat).await?;
    let (shown, is_group) = (chat.clone(), chat.is_group());
    let action = Action::MarkRead { chat, message_id };
    let data = commands::change(&app, &session, key.as_deref(), action).await?;
    let MarkedRead { marked_count } = serde_json::from_value(data).map_err(|_| Failure::from(ErrorCode::Internal))?;
    let data = json!({ "chatId": shown, "isGroup": is_group, "markedCount": marked_count });
    Ok(answer::ok("Chat marked as read", data))
}

fn wanted(fields: &Fields, country_code: &str) -> Result<(Jid, Option<String>), Failure> {
    let missing = || Failure::new(ErrorCode::MissingField, "Missing required field: chatId");
    let chat = fields.text(CHAT_ID)?.ok_or_else(missing)?;
    let message_id = fields.text(&["messageId"])?;
    if message_id.as_deref().is_some_and(|id| !is_message_id(id)) {
        return Err(invalid("messageId must be a message id".to_owned()));
    }
    Ok((recipient::parse(&chat, country_code).map_err(|_| ErrorCode::InvalidRecipient)?, message_id))
}

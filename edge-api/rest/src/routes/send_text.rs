//! `POST /chats/send-text`.

use axum::extract::State;
use axum::http::HeaderMap;
use contract::content::{Content, MAX_TEXT_CHARACTERS};
use edge_core::port::Port;

use super::send::{self, Kind};
use crate::answer::{Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, MESSAGE, no_longer_than};

const TEXT: Kind =
    Kind { required: "chatId, message", success: "Message sent successfully", note: None, content: text };

pub(super) async fn send_text<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    send::send(&app, &headers, body, &TEXT).await
}

fn text(fields: &Fields, _country_code: &str) -> Result<Option<Content>, Failure> {
    let Some(text) = fields.text(MESSAGE)? else { return Ok(None) };
    no_longer_than("message", &text, MAX_TEXT_CHARACTERS)?;
    Ok(Some(Content::Text { text }))
}

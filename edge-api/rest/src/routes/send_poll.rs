//! `POST /chats/send-poll`, and `POST /chats/send-button`, which is a poll: WhatsApp shows no buttons any more.

use axum::extract::State;
use axum::http::HeaderMap;
use contract::content::{Content, MAX_NAME_CHARACTERS, MAX_POLL_OPTIONS, MIN_POLL_OPTIONS};
use edge_core::port::Port;

use super::send::{self, Kind};
use crate::answer::{Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid, no_longer_than};

const POLL: Kind = Kind {
    required: "chatId, question, options (array)",
    success: "Poll sent successfully",
    note: None,
    content: poll,
};

const BUTTONS: Kind = Kind {
    required: "chatId, text, buttons (array)",
    success: "Interactive poll sent (buttons are deprecated by WhatsApp)",
    note: Some("WhatsApp deprecated button messages in 2022. Poll is used as alternative."),
    content: buttons,
};

pub(super) async fn send_poll<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    send::send(&app, &headers, body, &POLL).await
}

pub(super) async fn send_button<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    send::send(&app, &headers, body, &BUTTONS).await
}

fn poll(fields: &Fields, _country_code: &str) -> Result<Option<Content>, Failure> {
    let (Some(question), Some(options)) = (fields.text(&["question"])?, fields.texts("options")?) else {
        return Ok(None);
    };
    if !(MIN_POLL_OPTIONS..=MAX_POLL_OPTIONS).contains(&options.len()) {
        return Err(invalid(format!("Poll must have between {MIN_POLL_OPTIONS} and {MAX_POLL_OPTIONS} options")));
    }
    let selectable = match fields.number("selectableCount")? {
        None => 1,
        Some(wish) => (0..=options.len())
            .find(|count| u32::try_from(*count).is_ok_and(|count| (f64::from(count) - wish).abs() < f64::EPSILON))
            .ok_or_else(|| invalid(format!("poll.selectableCount in poll should be >= 0 and <= {}", options.len())))?,
    };
    checked(question, options, selectable).map(Some)
}

fn buttons(fields: &Fields, _country_code: &str) -> Result<Option<Content>, Failure> {
    let (Some(text), Some(buttons)) = (fields.text(&["text", "message", "body"])?, fields.texts("buttons")?) else {
        return Ok(None);
    };
    if buttons.is_empty() || buttons.len() > MAX_POLL_OPTIONS {
        return Err(invalid(format!("There must be between 1 and {MAX_POLL_OPTIONS} buttons")));
    }
    let question = match fields.text(&["footer"])? {
        Some(footer) => format!("{text}\n\n{footer}"),
        None => text,
    };
    checked(question, buttons, 1).map(Some)
}

/// Votes name an option by its hash, so two that read the same cannot be told apart.
fn checked(question: String, options: Vec<String>, selectable: usize) -> Result<Content, Failure> {
    no_longer_than("question", &question, MAX_NAME_CHARACTERS)?;
    for (place, option) in options.iter().enumerate() {
        no_longer_than("an option", option, MAX_NAME_CHARACTERS)?;
        if option.trim().is_empty() || options[..place].contains(option) {
            return Err(invalid("Options must not be empty and must differ from each other".to_owned()));
        }
    }
    Ok(Content::Poll { question, options, selectable: u32::try_from(selectable).unwrap_or_default() })
}

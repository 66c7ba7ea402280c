//! Changes at WhatsApp, one function each: what the client is asked, and what of its answer the API shows.

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::jid::Jid;
use contract::operation::{Action, Presence};
use serde_json::{Value, json};
use whatsapp_rust::Client;

use super::outbox::failure;
use crate::history::History;
use crate::whatsapp::identity::to_library;

/// Makes a change, and gives the data of its answer.
pub(super) async fn make(client: &Client, _history: &History, action: &Action) -> Result<Value, Failure> {
    match action {
        Action::Presence { chat, presence } => show(client, chat, *presence).await,
        _ => Err(failure(ErrorCode::Internal)),
    }
}

async fn show(client: &Client, chat: &Jid, presence: Presence) -> Result<Value, Failure> {
    let to = to_library(chat).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    let shown = match presence {
        Presence::Composing => client.chatstate().send_composing(&to).await.map_err(|error| error.to_string()),
        Presence::Recording => client.chatstate().send_recording(&to).await.map_err(|error| error.to_string()),
        Presence::Paused => client.chatstate().send_paused(&to).await.map_err(|error| error.to_string()),
        Presence::Available => client.presence().set_available().await.map_err(|error| error.to_string()),
        Presence::Unavailable => client.presence().set_unavailable().await.map_err(|error| error.to_string()),
    };
    match shown {
        Ok(()) => Ok(json!({})),
        Err(error) => {
            tracing::debug!(%error, "a presence could not be shown");
            Err(failure(ErrorCode::Refused))
        }
    }
}

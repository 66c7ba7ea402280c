//! Read receipts for what is unread in a chat. The account's privacy decides whether the authors hear of it; its other devices
//! always do.

use std::collections::BTreeMap;

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::jid::{Jid, Server};
use contract::message::Message;
use contract::operation::MarkedRead;
use tracing::{debug, error};
use whatsapp_rust::Client;

use super::participants::lid_of;
use crate::history::History;
use crate::sessions::outbox::failure;
use crate::whatsapp::identity::to_library;

pub(super) async fn mark(
    client: &Client,
    history: &History,
    chat: &Jid,
    up_to: Option<&str>,
) -> Result<MarkedRead, Failure> {
    let unread = history.unread(chat, up_to).await.map_err(|error| {
        error!(%error, "unread messages could not be looked up");
        failure(ErrorCode::StorageUnavailable)
    })?;
    let to = to_library(chat).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    let two = matches!(chat.server(), Server::Phone | Server::Lid);
    let to = if two && client.is_lid_migrated().await { lid_of(client, &to).await.unwrap_or(to) } else { to };
    let mut receipts: BTreeMap<Option<String>, Vec<&str>> = BTreeMap::new();
    for message in &unread.messages {
        let author = (!two).then(|| author(message).to_owned());
        receipts.entry(author).or_default().push(&message.id);
    }
    for (author, ids) in receipts {
        let author = author.as_deref().and_then(|author| author.parse().ok());
        client.mark_as_read(&to, author.as_ref(), &ids).await.map_err(|error| {
            debug!(%error, "a read receipt could not be sent");
            failure(ErrorCode::SessionNotConnected)
        })?;
    }
    let ids: Vec<&str> = unread.messages.iter().map(|message| message.id.as_str()).collect();
    history.read(chat, unread.count, &ids).await.map_err(|error| {
        error!(%error, "a chat could not be marked as read");
        failure(ErrorCode::StorageUnavailable)
    })?;
    Ok(MarkedRead { marked_count: unread.messages.len() })
}

/// Groups know their people by hidden id.
fn author(message: &Message) -> &str {
    message.lid.as_deref().unwrap_or(&message.from)
}

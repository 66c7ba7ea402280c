//! Stores what the phone tells of the past, chunk by chunk, beside everything else. A chunk that comes again changes nothing.

use std::sync::Arc;

use contract::jid::Jid;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};
use wacore::types::events::Event;
use waproto::whatsapp as wa;
use whatsapp_rust::Client;

use super::outbox::Connection;
use crate::fence::FenceError;
use crate::history::{ContactChange, History};
use crate::whatsapp::identity::Identity;
use crate::whatsapp::past;

/// Chunks that may wait; a phone sends a few dozen.
pub(super) const CHUNK_QUEUE: usize = 128;

/// Conversations unpacked ahead of their being stored.
const UNPACKED_AHEAD: usize = 8;

pub(super) async fn run(
    history: History,
    mut connection: watch::Receiver<Option<Connection>>,
    mut chunks: mpsc::Receiver<Arc<Event>>,
    stop: CancellationToken,
) {
    let work = async {
        while let Some(chunk) = chunks.recv().await {
            // The first ones come while the connection is still being made.
            let client = match connection.wait_for(Option::is_some).await {
                Ok(connection) => connection.as_ref().map(|connection| Arc::clone(&connection.client)),
                Err(_) => return,
            };
            let Some(client) = client else { continue };
            if let Err(error) = store(&history, &client, chunk).await {
                error!(%error, "a part of the past could not be stored");
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}

async fn store(history: &History, client: &Client, chunk: Arc<Event>) -> Result<(), FenceError> {
    let (sender, mut conversations) = mpsc::channel(UNPACKED_AHEAD);
    let unpacking = tokio::task::spawn_blocking(move || match &*chunk {
        Event::HistorySync(chunk) => past::unpacked(chunk, |conversation| sender.blocking_send(conversation).is_ok()),
        _ => Vec::new(),
    });
    let (mut chats, mut messages) = (0_usize, 0);
    while let Some(conversation) = conversations.recv().await {
        let Some(mut chat) = past::chat(client, conversation).await else { continue };
        messages += history.remember(&chat.chat, chat.unread, &mut chat.entries).await?;
        history.chats(&[(chat.chat, chat.change)]).await?;
        history.contacts(chat.contact.as_slice()).await?;
        chats += 1;
    }
    let names = unpacking.await.unwrap_or_default();
    let contacts = named(client, names).await;
    history.contacts(&contacts).await?;
    debug!(chats, messages, names = contacts.len(), "a part of the past is stored");
    Ok(())
}

/// What people call themselves.
async fn named(client: &Client, names: Vec<wa::Pushname>) -> Vec<(Jid, Option<Jid>, ContactChange)> {
    let own = [client.pn(), client.lid()];
    let mut contacts = Vec::new();
    for name in names {
        let (Some(id), Some(push)) = (name.id.and_then(|id| id.parse::<wacore_binary::Jid>().ok()), name.pushname)
        else {
            continue;
        };
        if own.iter().flatten().any(|own| own.user == id.user) {
            continue;
        }
        if let Some(who) = Identity::resolve(client, &id, None).await {
            let lid = who.lid.filter(|lid| *lid != who.chat);
            contacts.push((who.chat, lid, ContactChange { push: Some(push), ..ContactChange::default() }));
        }
    }
    contacts
}

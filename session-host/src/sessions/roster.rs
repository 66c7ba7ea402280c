//! The session's chats and contacts by name and state: what people arrange on whatever device, and the names of groups.
//!
//! WhatsApp tells of them beside the messages, in no order that matters, so the newest word of each is written when there is time. What a
//! crash takes between hearing and writing comes back with the next change of the same chat or contact; names of groups
//! with the next connection.

use std::sync::Arc;
use std::time::Duration;

use contract::jid::Jid;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::error;
use whatsapp_rust::Client;

use super::outbox::Connection;
use crate::fence::FenceError;
use crate::history::{ChatChange, History};
use crate::whatsapp::identity::Identity;
use crate::whatsapp::notes::Notes;

/// Chats or contacts written in one step.
const WRITTEN_AT_ONCE: usize = 200;

/// How long WhatsApp may take to say which groups there are, or what one is called.
const GROUPS_WITHIN: Duration = Duration::from_secs(30);

/// Pause before what could not be written is written again.
const AGAIN: Duration = Duration::from_secs(1);

/// Writes them.
pub(super) struct Roster {
    pub(super) history: History,
    pub(super) connection: watch::Receiver<Option<Connection>>,
    pub(super) notes: Arc<Notes>,
}

impl Roster {
    /// Writes until the session ends.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let work = async {
            loop {
                tokio::select! {
                    () = self.notes.rings() => {}
                    changed = self.connection.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        self.all_groups().await;
                    }
                }
                self.notes().await;
            }
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.connection.borrow().as_ref().map(|connection| Arc::clone(&connection.client))
    }

    /// Writes what is new of chats and contacts.
    async fn notes(&self) {
        // Without a connection they wait for the next.
        let Some(client) = self.client() else { return };
        let mut waiting = self.notes.drain();
        for group in std::mem::take(&mut waiting.groups) {
            if let Ok(Ok(found)) = timeout(GROUPS_WITHIN, client.groups().get_metadata(&group)).await {
                waiting.chats.entry(group).or_default().name = Some(found.subject);
            }
        }
        let mut contacts = Vec::with_capacity(waiting.contacts.len());
        for (jid, change) in &waiting.contacts {
            if let Some(identity) = Identity::resolve(&client, jid, None).await {
                let lid = identity.lid.filter(|lid| *lid != identity.chat);
                contacts.push((identity.chat, lid, change.clone()));
            }
        }
        let mut chats = Vec::with_capacity(waiting.chats.len());
        for (jid, change) in &waiting.chats {
            chats.extend(Identity::resolve(&client, jid, None).await.map(|identity| (identity.chat, change.clone())));
        }
        let written = async {
            for part in contacts.chunks(WRITTEN_AT_ONCE) {
                self.history.contacts(part).await?;
            }
            for part in chats.chunks(WRITTEN_AT_ONCE) {
                self.history.chats(part).await?;
            }
            Ok::<_, FenceError>(())
        };
        if let Err(error) = written.await {
            error!(%error, "what is new of chats and contacts could not be written");
            self.notes.put_back(waiting);
            sleep(AGAIN).await;
        }
    }

    /// Learns the names of all groups, once a connection.
    async fn all_groups(&self) {
        let Some(client) = self.client() else { return };
        let asked = timeout(GROUPS_WITHIN, client.groups().get_participating()).await;
        let Ok(Ok(found)) = asked else { return };
        let named = found.values().filter_map(|group| {
            let chat = Jid::parse(&group.id.to_string()).ok()?;
            Some((chat, ChatChange { name: Some(group.subject.clone()), ..ChatChange::default() }))
        });
        let named: Vec<_> = named.collect();
        for part in named.chunks(WRITTEN_AT_ONCE) {
            if let Err(error) = self.history.chats(part).await {
                return error!(%error, "the names of groups could not be written");
            }
        }
    }
}

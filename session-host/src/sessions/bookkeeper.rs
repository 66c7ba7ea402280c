//! The session's slow reports: delivery states of own messages, messages read on another device, and messages that did not pass the
//! inbound hook. They are written in the order they came; nothing waits for them.

use std::sync::Arc;

use contract::message::delivery;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::error;
use wacore::types::events::Receipt;
use wacore::types::presence::ReceiptType;
use whatsapp_rust::Client;

use super::outbox::{Connection, Outbox};
use crate::fence::FenceError;
use crate::history::{DeliveryUpdate, History};
use crate::whatsapp::identity::Identity;
use crate::whatsapp::signal::News;
use crate::whatsapp::{announce, inbound};

/// What the reports are written with.
pub(super) struct Desk {
    pub(super) history: History,
    pub(super) outbox: Arc<Outbox>,
    pub(super) connection: watch::Receiver<Option<Connection>>,
}

impl Desk {
    /// Writes until the session ends.
    pub(super) async fn run(self, mut news: mpsc::Receiver<News>, stop: CancellationToken) {
        loop {
            tokio::select! {
                Some(item) = news.recv() => self.report(item).await,
                () = stop.cancelled() => return,
                else => return,
            }
        }
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.connection.borrow().as_ref().map(|connection| Arc::clone(&connection.client))
    }

    async fn report(&self, item: News) {
        let Some(client) = self.client() else { return };
        let written = match item {
            News::Receipt(receipt) => self.receipt(&client, &receipt).await,
            News::Happened(event) => match announce::announcement(&client, &event).await {
                Some(announcement) => self.history.announce(&[announcement]).await,
                None => Ok(()),
            },
            News::Messages(batch) => inbound::file(&client, &self.history, &batch.messages).await,
        };
        if let Err(error) = written {
            error!(%error, "a report of the client could not be written");
        }
    }

    async fn receipt(&self, client: &Client, receipt: &Receipt) -> Result<(), FenceError> {
        let own = [client.pn(), client.lid()];
        let sender = &receipt.source.sender;
        if !own.iter().flatten().any(|own| own.user == sender.user && own.server == sender.server) {
            return delivered(&self.history, &self.outbox, client, receipt).await;
        }
        match receipt.r#type {
            ReceiptType::Read | ReceiptType::ReadSelf => self.history.seen(&receipt.message_ids).await,
            _ => Ok(()),
        }
    }
}

async fn delivered(history: &History, outbox: &Outbox, client: &Client, receipt: &Receipt) -> Result<(), FenceError> {
    let Some(status) = state(&receipt.r#type) else { return Ok(()) };
    let source = &receipt.source;
    let other = if source.is_group { None } else { source.sender_alt.as_ref() };
    let Some(chat) = Identity::resolve(client, &source.chat, other).await else { return Ok(()) };
    let participant = if source.is_group {
        Identity::resolve(client, &source.sender, source.sender_alt.as_ref()).await
    } else {
        None
    };
    let participant = participant.map(|identity| identity.chat.to_string());
    let updates: Vec<DeliveryUpdate> = receipt
        .message_ids
        .iter()
        .map(|id| DeliveryUpdate { id: id.clone(), status, participant: participant.clone() })
        .collect();
    outbox.settled(&receipt.message_ids).await;
    history.delivered(&chat.chat, &updates).await
}

/// What a receipt says of an own message. Receipts between own devices say nothing of it.
fn state(kind: &ReceiptType) -> Option<u8> {
    match kind {
        ReceiptType::Delivered | ReceiptType::Inactive => Some(delivery::DELIVERED),
        ReceiptType::Read => Some(delivery::READ),
        ReceiptType::Played => Some(delivery::PLAYED),
        _ => None,
    }
}

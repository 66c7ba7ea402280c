//! The gate between receiving a message and telling WhatsApp so: the library acknowledges a message only after this hook has
//! written it. A crash at any point makes WhatsApp deliver again, and the history skips what it knows.

use std::sync::Arc;

use async_trait::async_trait;
use wacore::types::events::InboundMessage;
use whatsapp_rust::{Client, InboundDurabilityHook};

use super::inbound;
use crate::history::History;

/// Writes inbound messages into the history.
pub(super) struct Inbox {
    history: History,
}

impl Inbox {
    pub(super) fn new(history: History) -> Self {
        Self { history }
    }
}

#[async_trait]
impl InboundDurabilityHook for Inbox {
    async fn on_messages(&self, client: Arc<Client>, batch: &[InboundMessage]) -> anyhow::Result<()> {
        inbound::file(&client, &self.history, batch).await?;
        Ok(())
    }
}

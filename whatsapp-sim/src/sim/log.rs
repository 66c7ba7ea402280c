//! The stanza log, seen from outside.

use std::time::Duration;

use super::{Sim, SimError};
use crate::stanza_log::LogPage;

impl Sim {
    /// Whether what passes the connections is written down.
    pub fn set_stanza_log(&self, enabled: bool) {
        self.inner.log.set_enabled(enabled);
    }

    /// What passed after a place of the log, of the connections of one phone or of all: at most `limit` stanzas. When
    /// there are none yet, waits for one, or for the log being switched, as long as `within`.
    pub async fn stanza_log(
        &self,
        after: u64,
        number: Option<&str>,
        limit: usize,
        within: Duration,
    ) -> Result<LogPage, SimError> {
        let number = match number {
            None => None,
            Some(typed) => Some(self.inner.state.lock().await.world.find(typed)?.to_string()),
        };
        let log = &self.inner.log;
        let mut moves = log.moves();
        let was_enabled = log.enabled();
        let looking = async {
            loop {
                moves.borrow_and_update();
                let page = log.page(after, number.as_deref(), limit);
                if !page.entries.is_empty() || page.enabled != was_enabled || moves.changed().await.is_err() {
                    return page;
                }
            }
        };
        tokio::select! {
            looked = tokio::time::timeout(within, looking) => {
                Ok(looked.unwrap_or_else(|_| log.page(after, number.as_deref(), limit)))
            }
            () = self.inner.stopping.cancelled() => Err(SimError::Stopped),
        }
    }
}

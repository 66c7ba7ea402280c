//! How people and supervisors end the process: the first signal asks it to stop in order, the second not to wait.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What was asked.
#[derive(Clone)]
pub(crate) struct Signals {
    /// Stop in order.
    pub(crate) stop: CancellationToken,
    /// End at once.
    pub(crate) now: CancellationToken,
}

impl Signals {
    /// Listens from here on: to a supervisor, to ctrl-c, and to the terminal that is closed.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let signals = Self { stop: CancellationToken::new(), now: CancellationToken::new() };
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            let heard = signal(kind).context("signals cannot be heard")?;
            tokio::spawn(signals.clone().hear(heard));
        }
        Ok(signals)
    }

    async fn hear(self, mut heard: Signal) {
        while heard.recv().await.is_some() {
            if self.stop.is_cancelled() {
                self.now.cancel();
            } else {
                tracing::info!("stopping; sessions are handed over (once more: end at once)");
                self.stop.cancel();
            }
        }
    }
}

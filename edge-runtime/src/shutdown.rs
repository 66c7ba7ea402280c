//! Stopping in order: no new requests, then those under way and the background work of instances end by themselves, then
//! what is left is dropped.

use std::time::Duration;

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Shared by everything that can keep a shutdown waiting.
#[derive(Clone, Default)]
pub(crate) struct Shutdown {
    draining: CancellationToken,
    killed: CancellationToken,
    requests: TaskTracker,
    instances: TaskTracker,
}

impl Shutdown {
    /// Counts a request until the token is dropped.
    pub(crate) fn request(&self) -> TaskTrackerToken {
        self.requests.token()
    }

    /// Counts an instance until the token is dropped.
    pub(crate) fn instance(&self) -> TaskTrackerToken {
        self.instances.token()
    }

    /// Whether requests are refused.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Comes when the shutdown begins.
    pub(crate) fn draining(&self) -> WaitForCancellationFutureOwned {
        self.draining.clone().cancelled_owned()
    }

    /// Whether what is left is dropped.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed.is_cancelled()
    }

    /// Comes when the shutdown stops being patient.
    pub(crate) fn killed(&self) -> WaitForCancellationFutureOwned {
        self.killed.clone().cancelled_owned()
    }

    /// Runs the shutdown; `true` when everything ended by itself.
    pub(crate) async fn run(&self, patience: Duration) -> bool {
        self.draining.cancel();
        self.requests.close();
        self.instances.close();
        let ended = tokio::time::timeout(patience, async {
            self.requests.wait().await;
            self.instances.wait().await;
        });
        let orderly = ended.await.is_ok();
        self.killed.cancel();
        // A computing instance notices at its next tick, so this wait is short.
        self.instances.wait().await;
        orderly
    }
}

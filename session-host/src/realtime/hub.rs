//! What the tasks of the realtime side share, and how they are started and retried. It decides nothing about events.

use std::sync::Arc;
use std::time::Duration;

use contract::id::SessionId;
use socketioxide::extract::SocketRef;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SocketAuth;
use super::replies::Replies;
use super::rooms::Rooms;
use crate::doorbell::Reader;
use crate::eventlog::EventLog;
use crate::redis::Redis;

/// First pause after Redis failed.
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// How often a socket with a full buffer is asked to disconnect, which needs a place in that buffer; then the heartbeat ends it.
const DISCONNECT_ATTEMPTS: u32 = 30;

/// Pause between those attempts.
const DISCONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause between attempts while Redis is away: clients wait that long after it is back.
const LAST_RETRY: Duration = Duration::from_secs(2);

pub(super) struct Hub {
    pub log: EventLog,
    pub rooms: Rooms,
    pub replies: Replies,
    pub auth: SocketAuth,
    /// Where the logins of the dashboard are.
    pub logins: Redis,
    pub stall_limit: Duration,
    pub shutdown: CancellationToken,
    pub tracker: TaskTracker,
}

impl Hub {
    /// Starts a task that ends at shutdown.
    pub(super) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        self.tracker.spawn(shutdown.run_until_cancelled_owned(task));
    }

    /// Ends a socket that does not keep up. Its client connects anew, and resumes with the last cursor it saw.
    pub(super) fn end(self: &Arc<Self>, socket: &SocketRef, because: &str) {
        if !self.replies.end(socket.id) {
            return;
        }
        tracing::warn!(socket = %socket.id, because, "a socket is disconnected");
        self.rooms.forget(socket.id);
        let socket = socket.clone();
        self.spawn(async move {
            for _ in 0..DISCONNECT_ATTEMPTS {
                if socket.clone().disconnect().is_ok() {
                    return;
                }
                sleep(DISCONNECT_PAUSE).await;
            }
        });
    }
}

impl Reader for Hub {
    fn ring(&self, session: &SessionId) {
        self.rooms.ring(session);
    }

    fn ring_all(&self) {
        self.rooms.ring_all();
    }
}

/// Pauses between attempts, growing.
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(FIRST_RETRY)
    }

    pub(crate) async fn pause(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(LAST_RETRY);
    }

    pub(crate) fn reset(&mut self) {
        self.0 = FIRST_RETRY;
    }
}

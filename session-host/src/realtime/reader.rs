//! The one task of this host that reads the logs for live members: rooms that rang, many sessions in one round trip. The
//! sweep rings for all, since doorbells may get lost. Rooms that nobody is in cause no traffic.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::catchup;
use super::hub::{Backoff, Hub};

/// How late an event may be when its doorbell was lost.
const SWEEP: Duration = Duration::from_secs(5);

/// Sessions read in one round trip.
const SESSIONS_PER_READ: usize = 32;

/// Entries of one session read at once. With [`SESSIONS_PER_READ`] it bounds one answer to some megabytes.
const PAGE: usize = 100;

/// Reads until the host stops.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = hub.rooms.rung() => {}
            _ = sweep.tick() => {
                hub.rooms.sweep();
                hub.rooms.ring_all();
            }
        }
        drain(&hub).await;
    }
}

/// Reads until no room is queued.
async fn drain(hub: &Arc<Hub>) {
    let mut backoff = Backoff::new();
    loop {
        let wanted = hub.rooms.take(SESSIONS_PER_READ);
        if wanted.is_empty() {
            return;
        }
        match hub.log.read_many(&wanted, PAGE).await {
            Ok(pages) => {
                backoff.reset();
                for ((session, head), page) in wanted.iter().zip(&pages) {
                    for slow in hub.rooms.publish(session, *head, page) {
                        hub.spawn(catchup::run(Arc::clone(hub), slow));
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "live events wait for Redis");
                for (session, _) in &wanted {
                    hub.rooms.ring(session);
                }
                backoff.pause().await;
            }
        }
    }
}

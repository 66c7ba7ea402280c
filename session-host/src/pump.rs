//! The event pump: it invokes the function that delivers to webhooks whenever there may be something to deliver.
//!
//! It is what an event-source mapping is to a queue. It owns when a function is invoked and how often at once; what is delivered, and what follows from an attempt, the
//! function decides and writes.
//!
//! Every lane of every webhook has one invocation at a time. The host that runs a session pumps for it; a session that nobody runs
//! is pumped for by whoever looks first, since the function lets one host at a time work. Rings may get lost: a sweep finds webhooks
//! that lag, and now and then looks at all.

mod functions;
mod health;
mod lanes;
mod look;
mod settled;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::id::SessionId;
use contract::keys;
use redis::{AsyncCommands as _, RedisError};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

pub use functions::{EdgeConfig, Functions, InvokeError};
use lanes::Lanes;
pub(crate) use settled::settled;

use crate::doorbell::Reader;
use crate::redis::Redis;

/// Time between looks at all sessions, for webhooks that lag.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Every so many sweeps each webhook is invoked, also one that does not lag: another host may have died with something set aside.
const LOOK_AT_ALL: u32 = 12;

/// Sessions looked at with one round trip.
const LOOK_CHUNK: usize = 200;

/// The pump of a host.
pub struct Pump {
    redis: Redis,
    host: String,
    lanes: Arc<Lanes>,
    rung: Mutex<HashSet<SessionId>>,
    ring: Notify,
    all: Notify,
}

impl Pump {
    /// Starts pumping, until `stop`.
    pub(crate) async fn start(
        redis: Redis,
        functions: Functions,
        host: &str,
        tracker: &TaskTracker,
        stop: &CancellationToken,
    ) -> Arc<Self> {
        let lanes = Lanes::new(redis.clone(), functions, host, tracker.clone(), stop.clone());
        lanes.begin().await;
        let pump = Arc::new(Self {
            redis,
            host: host.to_owned(),
            lanes: Arc::new(lanes),
            rung: Mutex::default(),
            ring: Notify::new(),
            all: Notify::new(),
        });
        tracker.spawn(stop.clone().run_until_cancelled_owned(Arc::clone(&pump).answer()));
        tracker.spawn(stop.clone().run_until_cancelled_owned(Arc::clone(&pump).sweep()));
        pump
    }

    fn rung(&self) -> Vec<SessionId> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }

    /// Looks at the sessions that rang. Those that ring meanwhile are looked at together, next.
    async fn answer(self: Arc<Self>) {
        loop {
            self.ring.notified().await;
            let rung = self.rung();
            for chunk in rung.chunks(LOOK_CHUNK) {
                if let Err(error) = self.look(chunk, look::Which::Any).await {
                    // The sweep finds what lags.
                    warn!(%error, "webhooks could not be looked at");
                }
            }
        }
    }

    async fn sweep(self: Arc<Self>) {
        let mut tick = interval(SWEEP_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweeps: u32 = 0;
        loop {
            let all = tokio::select! {
                _ = tick.tick() => sweeps.is_multiple_of(LOOK_AT_ALL),
                () = self.all.notified() => true,
            };
            sweeps = sweeps.wrapping_add(1);
            let which = if all { look::Which::Any } else { look::Which::Lagging };
            if let Err(error) = self.look_at_all(which).await {
                warn!(%error, "webhooks could not be swept");
            }
        }
    }

    async fn look_at_all(&self, which: look::Which) -> Result<(), RedisError> {
        let ids: Vec<String> = self.redis.shared().zrange(keys::SESSIONS, 0, -1).await?;
        let ids: Vec<SessionId> = ids.into_iter().filter_map(|id| SessionId::parse(&id).ok()).collect();
        for chunk in ids.chunks(LOOK_CHUNK) {
            self.look(chunk, which).await?;
        }
        Ok(())
    }

    async fn look(&self, sessions: &[SessionId], which: look::Which) -> Result<(), RedisError> {
        for (session, webhook) in look::webhooks(&self.redis, &self.host, sessions, which).await? {
            self.lanes.ring(&session, &webhook);
        }
        Ok(())
    }
}

impl Reader for Pump {
    fn ring(&self, session: &SessionId) {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner).insert(session.clone());
        self.ring.notify_one();
    }

    fn ring_all(&self) {
        self.all.notify_one();
    }
}

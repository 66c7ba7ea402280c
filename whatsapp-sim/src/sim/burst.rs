//! Bursts: many contacts write to one account at a given rate. Each message is a step of its own, so everything else goes on
//! between them; a network that cannot keep up is late, and nothing piles up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::{Sim, SimError};
use crate::world::chat::Chat;

/// The fastest burst; what a network reaches depends on the machine.
const MAX_RATE: u32 = 10_000;
/// The longest burst.
const MAX_COUNT: u32 = 1_000_000;
/// How many contacts may take part; each is an account that stays.
const MAX_SENDERS: u16 = 1000;
/// How many bursts run at once.
const MAX_RUNNING: usize = 8;
/// How many bursts that are over can still be looked at.
const MAX_KEPT: usize = 100;
/// How often it is looked how many messages are due.
const TICK: Duration = Duration::from_millis(5);

/// A burst to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "to": "6281200000101", "senders": 2, "perSecond": 10, "count": 4 }))]
pub struct BurstSpec {
    /// Whom they write to: a number or a JID.
    pub to: String,
    /// How many contacts write, in turn: 1 to 1000.
    pub senders: u16,
    /// How many messages a second, of all together: 1 to 10000.
    pub per_second: u32,
    /// How many messages in all: 1 to 1000000.
    pub count: u32,
}

/// How far a burst is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BurstInfo {
    /// Its id.
    pub id: u64,
    /// The number they write to.
    pub to: String,
    /// How many messages are to be written.
    pub count: u32,
    /// How many were written.
    pub sent: u64,
    /// How many could not be written.
    pub failed: u64,
    /// Whether it goes on.
    pub state: BurstState,
}

/// Whether a burst goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum BurstState {
    /// Messages are still due.
    Running,
    /// All messages were written.
    Done,
    /// It was ended before.
    Cancelled,
}

/// The bursts of a network.
#[derive(Default)]
pub(super) struct Bursts {
    kept: Mutex<BTreeMap<u64, Arc<Burst>>>,
}

struct Burst {
    id: u64,
    to: u64,
    count: u32,
    sent: AtomicU64,
    failed: AtomicU64,
    state: AtomicU8,
    cancelled: CancellationToken,
}

impl Burst {
    fn state(&self) -> BurstState {
        match self.state.load(Ordering::Acquire) {
            0 => BurstState::Running,
            1 => BurstState::Done,
            _ => BurstState::Cancelled,
        }
    }

    fn info(&self) -> BurstInfo {
        BurstInfo {
            id: self.id,
            to: self.to.to_string(),
            count: self.count,
            sent: self.sent.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            state: self.state(),
        }
    }
}

impl Bursts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Burst>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, to: u64, count: u32, cancelled: CancellationToken) -> Result<Arc<Burst>, SimError> {
        let mut kept = self.lock();
        if kept.values().filter(|burst| burst.state() == BurstState::Running).count() >= MAX_RUNNING {
            return Err(SimError::TooManyBursts);
        }
        let id = kept.last_key_value().map_or(1, |(last, _)| last + 1);
        let (sent, failed, state) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU8::new(0));
        let burst = Arc::new(Burst { id, to, count, sent, failed, state, cancelled });
        kept.insert(id, Arc::clone(&burst));
        let over = kept.iter().find(|(_, burst)| burst.state() != BurstState::Running).map(|(id, _)| *id);
        if let Some(over) = over.filter(|_| kept.len() > MAX_KEPT) {
            kept.remove(&over);
        }
        Ok(burst)
    }

    fn find(&self, id: u64) -> Result<Arc<Burst>, SimError> {
        self.lock().get(&id).map(Arc::clone).ok_or(SimError::NoSuchBurst)
    }
}

impl Sim {
    /// Contacts write to an account, until all is written or the burst is cancelled. They are called "Burst 1" and so on, and
    /// are the same in every burst.
    pub async fn burst(&self, spec: BurstSpec) -> Result<BurstInfo, SimError> {
        let bounded = (1..=MAX_SENDERS).contains(&spec.senders)
            && (1..=MAX_RATE).contains(&spec.per_second)
            && (1..=MAX_COUNT).contains(&spec.count);
        if !bounded {
            return Err(SimError::BadCount);
        }
        let mut step = self.step().await?;
        let world = step.world();
        let found = world.find(&spec.to).and_then(|to| {
            let senders: Result<Vec<u64>, SimError> =
                (1..=spec.senders).map(|nth| world.named(&format!("Burst {nth}"))).collect();
            Ok((to, senders?))
        });
        step.done().await?;
        let (to, senders) = found?;
        let burst = self.inner.bursts.begin(to, spec.count, self.stopping().child_token())?;
        let info = burst.info();
        tokio::spawn(run(self.clone(), burst, senders, spec.per_second));
        Ok(info)
    }

    /// The bursts that run, and the last ones that are over.
    pub fn bursts(&self) -> Vec<BurstInfo> {
        self.inner.bursts.lock().values().map(|burst| burst.info()).collect()
    }

    /// How far a burst is.
    pub fn burst_info(&self, id: u64) -> Result<BurstInfo, SimError> {
        self.inner.bursts.find(id).map(|burst| burst.info())
    }

    /// Ends a burst; returns how far it came. The message that is being written is still sent.
    pub fn cancel_burst(&self, id: u64) -> Result<BurstInfo, SimError> {
        let burst = self.inner.bursts.find(id)?;
        burst.cancelled.cancel();
        Ok(burst.info())
    }

    /// Waits until a burst is over; `None` when the time is.
    pub async fn wait_for_burst(&self, id: u64, within: Duration) -> Result<Option<BurstInfo>, SimError> {
        let burst = self.inner.bursts.find(id)?;
        self.wait(within, |_| Ok(Some(burst.info()).filter(|info| info.state != BurstState::Running))).await
    }
}

async fn run(sim: Sim, burst: Arc<Burst>, senders: Vec<u64>, per_second: u32) {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    let mut written = 0_u32;
    let state = loop {
        let due = began.elapsed().as_micros() * u128::from(per_second) / 1_000_000;
        while written < burst.count && u128::from(written) < due && !burst.cancelled.is_cancelled() {
            let sender = senders[written as usize % senders.len()];
            written += 1;
            let counter = match write(&sim, sender, burst.to, written, burst.count).await {
                Ok(()) => &burst.sent,
                Err(SimError::Stopped) => return,
                Err(error) => {
                    tracing::debug!(%error, "a message of a burst could not be written");
                    &burst.failed
                }
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        if written >= burst.count {
            break 1;
        }
        tokio::select! {
            _ = ticks.tick() => {}
            () = burst.cancelled.cancelled() => break 2,
        }
    };
    burst.state.store(state, Ordering::Release);
    // Whoever waits looks again.
    sim.inner.steps.send_modify(|steps| *steps += 1);
}

async fn write(sim: &Sim, from: u64, to: u64, nth: u32, of: u32) -> Result<(), SimError> {
    let mut step = sim.step().await?;
    let written = step.world().phone_text(from, Chat::Person(to), &format!("Burst {nth} of {of}")).await;
    step.done().await?;
    written.map(drop)
}

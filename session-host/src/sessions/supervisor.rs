//! Takes sessions, keeps their leases, and lets them go. A wish rings the doorbell ([`keys::WAKE`]); a sweep finds what the
//! doorbell missed: wishes written while no host listened, and sessions whose host died.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::record::{SessionRecord, field};
use contract::session::{Desired, StatusReason};
use futures::StreamExt as _;
use redis::{AsyncCommands as _, RedisError};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::actor::{Actor, Handle};
use crate::fence::Fencing;
use crate::lease::{self, Lease, Leases};
use crate::media::Media;
use crate::record;
use crate::redis::Redis;
use crate::whatsapp::attachments::Attachments;
use crate::whatsapp::dial::Networks;

/// Time between looks at all sessions.
const SWEEP_EVERY: Duration = Duration::from_secs(2);

/// Sessions looked at with one round trip.
const SWEEP_CHUNK: usize = 500;

/// Pause between two starts: hundreds of logins at once look like an attack, and are one on our own CPU.
const START_EVERY: Duration = Duration::from_millis(20);

/// Pause before the doorbell is connected again.
const DOORBELL_PAUSE: Duration = Duration::from_millis(500);

/// Doorbell rings that may wait; what does not fit is found by the sweep.
const RING_QUEUE: usize = 1_024;

/// Milliseconds without heartbeat after which a host is forgotten.
const FORGET_HOST_AFTER: u64 = 60_000;

/// Longest time all sessions together may take to leave.
const DRAIN_WITHIN: Duration = Duration::from_secs(25);

/// What the supervisor needs.
#[derive(Clone)]
pub struct SessionsConfig {
    /// This host's name: stable over restarts, unique among hosts.
    pub host_id: String,
    /// Most sessions this host takes.
    pub max_sessions: usize,
    /// What sessions may dial.
    pub networks: Networks,
    /// What brings files into messages.
    pub attachments: Attachments,
    /// Where files of messages are kept.
    pub media: Option<Media>,
}

/// The sessions of this host.
#[derive(Clone)]
pub struct Sessions(Arc<Inner>);

struct Inner {
    config: SessionsConfig,
    redis: Redis,
    leases: Leases,
    fencing: Fencing,
    tracker: TaskTracker,
    running: Mutex<HashMap<SessionId, Handle>>,
    rings: mpsc::Sender<Ring>,
    drained: CancellationToken,
}

enum Ring {
    /// A session may have a new wish.
    Look(SessionId),
    /// An actor ended.
    Ended(SessionId),
    /// Rings may have been missed.
    Sweep,
}

impl Sessions {
    /// Starts taking sessions, until `shutdown`; then all sessions leave, and the tracker's tasks end.
    pub fn start(
        config: SessionsConfig,
        redis: Redis,
        fencing: Fencing,
        tracker: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (rings, queue) = mpsc::channel(RING_QUEUE);
        let leases = Leases::new(redis.clone(), &config.host_id);
        let running = Mutex::default();
        let drained = CancellationToken::new();
        let inner = Arc::new(Inner { config, redis, leases, fencing, tracker, running, rings, drained });
        let tracker = &inner.tracker;
        tracker.spawn(until(shutdown.clone(), Arc::clone(&inner).listen()));
        tracker.spawn(Arc::clone(&inner).keep_leases(shutdown.clone()));
        tracker.spawn(Arc::clone(&inner).supervise(queue, shutdown));
        Self(inner)
    }

    /// A session that runs here.
    pub fn get(&self, session: &SessionId) -> Option<Handle> {
        self.0.running().get(session).cloned()
    }

    /// Comes back when a stopping host has let all sessions go.
    pub async fn drained(&self) {
        self.0.drained.cancelled().await;
    }

    /// Answers all requests that wait for an outcome: it is open, and the same key will tell it. For a process that stops as a
    /// whole; where other hosts stay, the next owner answers.
    pub async fn release_waiting(&self) {
        let handles: Vec<Handle> = self.0.running().values().cloned().collect();
        for handle in handles {
            handle.outbox.release_waiting().await;
        }
    }

    /// How many run here.
    pub fn count(&self) -> usize {
        self.0.running().len()
    }
}

async fn until(shutdown: CancellationToken, task: impl Future<Output = ()>) {
    tokio::select! {
        () = task => {}
        () = shutdown.cancelled() => {}
    }
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, HashMap<SessionId, Handle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn supervise(self: Arc<Self>, mut queue: mpsc::Receiver<Ring>, shutdown: CancellationToken) {
        let mut sweep = interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let ring = tokio::select! {
                () = shutdown.cancelled() => break,
                _ = sweep.tick() => Ring::Sweep,
                Some(ring) = queue.recv() => ring,
            };
            let looked = match ring {
                Ring::Look(session) => self.look(&session).await,
                Ring::Ended(session) => {
                    self.running().remove(&session);
                    self.look(&session).await
                }
                Ring::Sweep => self.sweep().await,
            };
            if let Err(error) = looked {
                warn!(%error, "sessions could not be looked at");
            }
        }
        self.drain(queue).await;
        self.drained.cancel();
    }

    /// Looks at one session: a running one hears its wish, one without owner is taken.
    async fn look(self: &Arc<Self>, session: &SessionId) -> Result<(), RedisError> {
        let Some(record) = record::read(&self.redis, session).await? else { return Ok(()) };
        let handle = self.running().get(session).cloned();
        match handle {
            Some(handle) => {
                handle.wish(record.desired, record.wish);
                handle.files.notify_one();
            }
            None => self.take(record).await,
        }
        Ok(())
    }

    async fn sweep(self: &Arc<Self>) -> Result<(), RedisError> {
        let mut redis = self.redis.shared();
        let ids: Vec<String> = redis.zrange(keys::SESSIONS, 0, -1).await?;
        let ids: Vec<SessionId> = ids.into_iter().filter_map(|id| SessionId::parse(&id).ok()).collect();
        for chunk in ids.chunks(SWEEP_CHUNK) {
            let mut reads = redis::pipe();
            for id in chunk {
                reads.hmget(SessionKeys::new(id).record(), &field::ALL);
            }
            let records: Vec<Vec<Option<String>>> = reads.query_async(&mut redis).await?;
            for (id, values) in chunk.iter().zip(records) {
                let Some(record) = SessionRecord::from_fields(id.clone(), &values) else { continue };
                let running = self.running().get(id).cloned();
                match running {
                    Some(handle) => handle.wish(record.desired, record.wish),
                    // By now another host had time to take it.
                    None if self.is_full(&record) => self.waits(&record).await?,
                    None => self.take(record).await,
                }
            }
        }
        Ok(())
    }

    /// Whether there is no room for a session. One that is to be deleted needs none.
    fn is_full(&self, record: &SessionRecord) -> bool {
        record.desired == Desired::Connected && self.running().len() >= self.config.max_sessions
    }

    /// Says of a session that waits for room that it does.
    async fn waits(&self, record: &SessionRecord) -> Result<(), RedisError> {
        const REASON: StatusReason = StatusReason::NoCapacity;
        if record.reason != Some(REASON) && record::waits(&self.redis, &record.id, REASON).await? {
            warn!(session = %record.id, limit = self.config.max_sessions, "a session waits: the host is full (MAX_SESSIONS)");
        }
        Ok(())
    }

    /// Takes a session that should run, when its lease can be had.
    async fn take(self: &Arc<Self>, record: SessionRecord) {
        if record.desired == Desired::Stopped || self.is_full(&record) {
            return;
        }
        let lease = match self.leases.acquire(&record.id, lease::TTL).await {
            Ok(Some(lease)) => lease,
            Ok(None) => return,
            Err(error) => {
                warn!(session = %record.id, %error, "a session could not be taken");
                return;
            }
        };
        self.run(&record, lease);
        sleep(START_EVERY).await;
    }

    fn run(self: &Arc<Self>, record: &SessionRecord, lease: Lease) {
        let session = record.id.clone();
        info!(%session, epoch = lease.epoch, "session taken");
        let fence = self.fencing.fence(&session, lease.epoch);
        let (actor, handle) = Actor::new(session.clone(), record.network, self.config.clone(), fence, &self.tracker);
        handle.wish(record.desired, record.wish);
        self.running().insert(session.clone(), handle);
        let inner = Arc::clone(self);
        self.tracker.spawn(async move {
            let ours = actor.run().await;
            if ours && let Err(error) = inner.leases.release(&session, lease.epoch).await {
                warn!(%session, %error, "a lease was not given back; it runs out by itself");
            }
            // Unless the host is stopping, somebody may want the session at once.
            if inner.rings.send(Ring::Ended(session)).await.is_err() {
                info!("a session ended after the host");
            }
        });
    }

    async fn listen(self: Arc<Self>) {
        loop {
            match self.redis.pubsub().await {
                Ok(mut doorbell) => {
                    if doorbell.subscribe(keys::WAKE).await.is_ok() {
                        let _ = self.rings.try_send(Ring::Sweep);
                        let mut rings = doorbell.on_message();
                        while let Some(ring) = rings.next().await {
                            let session = ring.get_payload::<String>().ok().and_then(|id| SessionId::parse(&id).ok());
                            if let Some(session) = session {
                                let _ = self.rings.try_send(Ring::Look(session));
                            }
                        }
                    }
                }
                Err(error) => warn!(%error, "the doorbell of new wishes is not connected"),
            }
            sleep(DOORBELL_PAUSE).await;
        }
    }

    /// Renews leases and says that this host lives, as long as any session runs, also while the host drains.
    async fn keep_leases(self: Arc<Self>, shutdown: CancellationToken) {
        let mut tick = interval(lease::RENEW_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewed = Instant::now();
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.drained.cancelled() => return,
            }
            let held: Vec<(SessionId, Handle)> =
                self.running().iter().map(|(session, handle)| (session.clone(), handle.clone())).collect();
            if !shutdown.is_cancelled()
                && let Err(error) = timeout(lease::RENEW_EVERY, self.heartbeat()).await.unwrap_or(Ok(()))
            {
                warn!(%error, "the heartbeat could not be written");
            }
            let leases: Vec<(SessionId, u64)> =
                held.iter().map(|(session, handle)| (session.clone(), handle.fence.epoch())).collect();
            match timeout(lease::RENEW_EVERY, self.leases.renew(&leases, lease::TTL)).await {
                Ok(Ok(results)) => {
                    renewed = Instant::now();
                    for ((session, handle), kept) in held.iter().zip(results) {
                        if !kept {
                            warn!(%session, "the lease went to another host");
                            handle.fence.give_up();
                        }
                    }
                }
                Ok(Err(error)) => warn!(%error, "leases could not be renewed"),
                Err(_) => warn!("leases could not be renewed in time"),
            }
            if !held.is_empty() && renewed.elapsed() > lease::GIVE_UP_AFTER {
                error!("leases were not renewed for too long; all sessions of this host are stopped");
                for (_, handle) in &held {
                    handle.fence.give_up();
                }
            }
        }
    }

    async fn heartbeat(&self) -> Result<(), RedisError> {
        let now = self.redis.now_ms().await?;
        let silent = now.saturating_sub(FORGET_HOST_AFTER);
        redis::pipe()
            .zadd(keys::HOSTS, &self.config.host_id, now)
            .ignore()
            .zrembyscore(keys::HOSTS, "-inf", silent)
            .ignore()
            .query_async(&mut self.redis.shared())
            .await
    }

    async fn drain(&self, mut queue: mpsc::Receiver<Ring>) {
        let leaving: Vec<Handle> = self.running().values().cloned().collect();
        info!(sessions = leaving.len(), "the host is stopping; its sessions leave");
        let gone: Result<u64, RedisError> = self.redis.shared().zrem(keys::HOSTS, &self.config.host_id).await;
        if let Err(error) = gone {
            warn!(%error, "the host could not sign off");
        }
        for handle in leaving {
            handle.leave().await;
        }
        let all_left = async {
            while !self.running().is_empty() {
                if let Some(Ring::Ended(session)) = queue.recv().await {
                    self.running().remove(&session);
                }
            }
        };
        if timeout(DRAIN_WITHIN, all_left).await.is_err() {
            warn!(sessions = self.running().len(), "sessions did not leave in time");
        }
    }
}

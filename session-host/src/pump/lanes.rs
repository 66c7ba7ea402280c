//! A task for each lane of a webhook that has something to do: it invokes the function, waits as the function says, and ends when
//! nobody rang for a while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::function::Function;
use contract::id::SessionId;
use contract::webhook::{Invocation, Invoked, Lane, Next};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::functions::{Functions, InvokeError};
use super::health::Health;
use crate::redis::Redis;

/// Invocations at once. Most of their time they wait for receivers, dead ones for ten seconds each.
const INVOCATIONS: usize = 256;

/// How long a lane without work keeps its task.
const IDLE: Duration = Duration::from_mins(1);

/// While a receiver fails, new events ring in vain; a person who wants it to be tried at once is heard within this.
const DEAF_FOR: Duration = Duration::from_secs(1);

/// Pauses after an invocation failed, doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

type Name = (SessionId, String, Lane);

pub(super) struct Lanes {
    functions: Functions,
    host: String,
    tracker: TaskTracker,
    stop: CancellationToken,
    at_once: Semaphore,
    running: Mutex<HashMap<Name, Arc<Bell>>>,
    health: Health,
}

/// Rings that a task has not heard yet.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    ring: Notify,
}

impl Lanes {
    pub(super) fn new(
        redis: Redis,
        functions: Functions,
        host: &str,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self {
            functions,
            host: host.to_owned(),
            tracker,
            stop,
            at_once: Semaphore::new(INVOCATIONS),
            running: Mutex::default(),
            health: Health::new(redis, Function::Webhooks),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Name, Arc<Bell>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done before anything is rung.
    pub(super) async fn begin(&self) {
        self.health.forget().await;
    }

    /// A webhook may have new events. Its other lanes are rung when the function says so.
    pub(super) fn ring(self: &Arc<Self>, session: &SessionId, webhook: &str) {
        self.ring_lane((session.clone(), webhook.to_owned(), Lane::Live));
    }

    fn ring_lane(self: &Arc<Self>, name: Name) {
        let mut running = self.running();
        if let Some(bell) = running.get(&name) {
            bell.rung.store(true, Ordering::Release);
            bell.ring.notify_one();
            return;
        }
        let bell = Arc::new(Bell::default());
        running.insert(name.clone(), Arc::clone(&bell));
        drop(running);
        let work = Arc::clone(self).work(name, bell);
        self.tracker.spawn(self.stop.clone().run_until_cancelled_owned(work));
    }

    async fn work(self: Arc<Self>, name: Name, bell: Arc<Bell>) {
        let mut pause = FIRST_PAUSE;
        loop {
            bell.rung.store(false, Ordering::Release);
            if let Ok(invoked) = self.invoke(&name).await {
                pause = FIRST_PAUSE;
                self.ring_others(&name, &invoked);
                if !self.wait(&name, &bell, &invoked).await {
                    return;
                }
            } else {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    async fn invoke(&self, (session, webhook, lane): &Name) -> Result<Invoked, InvokeError> {
        // Never closed.
        let _place = self.at_once.acquire().await;
        let invocation = Invocation {
            session_id: session.clone(),
            webhook_id: webhook.clone(),
            lane: *lane,
            host: self.host.clone(),
        };
        let invoked = self.functions.deliver(&invocation).await;
        self.health.note(invoked.as_ref().err()).await;
        invoked
    }

    /// Rings the lanes that the live one tells of. One that runs already looks after itself until something of it is due.
    fn ring_others(self: &Arc<Self>, (session, webhook, lane): &Name, invoked: &Invoked) {
        if *lane != Lane::Live {
            return;
        }
        let named = |lane| (session.clone(), webhook.clone(), lane);
        if let Some(ms) = invoked.aside_in_ms
            && (ms == 0 || !self.running().contains_key(&named(Lane::Aside)))
        {
            self.ring_lane(named(Lane::Aside));
        }
        if invoked.replay {
            self.ring_lane(named(Lane::Replay));
        }
    }

    /// Waits for the next invocation. False when there is none.
    async fn wait(&self, name: &Name, bell: &Bell, invoked: &Invoked) -> bool {
        let rest = match (invoked.next, name.2, invoked.aside_in_ms) {
            (Next::Now, ..) => return true,
            (Next::Never, ..) => {
                self.running().remove(name);
                return false;
            }
            (Next::Rung, Lane::Aside, Some(ms)) => Duration::from_millis(ms),
            (Next::Rung, ..) => return self.idle(name, bell).await,
            (Next::After(ms), ..) => {
                let all = Duration::from_millis(ms);
                sleep(all.min(DEAF_FOR)).await;
                all.saturating_sub(DEAF_FOR)
            }
        };
        let _rung_or_over = timeout(rest, bell.ring.notified()).await;
        true
    }

    async fn idle(&self, name: &Name, bell: &Bell) -> bool {
        if timeout(IDLE, bell.ring.notified()).await.is_ok() {
            return true;
        }
        let mut running = self.running();
        // It may have been rung between the two.
        if bell.rung.load(Ordering::Acquire) {
            return true;
        }
        running.remove(name);
        false
    }
}

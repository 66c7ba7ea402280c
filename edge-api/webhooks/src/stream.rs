//! The lanes of events: one delivery after the other, in the order of the log. The first that does not arrive ends the invocation,
//! unless it is set aside.

use std::time::Duration;

use contract::id::SessionId;
use contract::webhook::{Attempt, Delivery, DeliveryState, Filter, Next, Posted};
use edge_core::outbound::Outbound;
use edge_core::port::{Port, RedisError};
use edge_core::store::{Claim, Entry, Outcome, Place, Store, Work};
use edge_core::{clock, ids};

use crate::attempt::Receiver;
use crate::policy::{Case, Verdict, judge};

/// How long an invocation begins new attempts: other lanes share its instance, and its host wants to hear.
const WORKS_FOR: Duration = Duration::from_secs(5);

/// Deliveries whose outcome is written at once, and the longest that one waits to be: what a crash repeats.
const WRITTEN_AT_ONCE: usize = 16;
const WRITTEN_WITHIN: Duration = Duration::from_millis(500);

/// What an attempt is noted as when events were lost before it could be made.
const EVENTS_LOST: &str = "events_lost";

pub(crate) struct Stream<'a, P> {
    pub(crate) store: &'a Store<P>,
    pub(crate) session: &'a SessionId,
    pub(crate) claim: &'a Claim,
    pub(crate) receiver: &'a Receiver<'a>,
    /// Wall clock when the invocation began.
    pub(crate) began_ms: u64,
}

/// What became of one entry.
enum Step {
    /// It is done with; its delivery, when there was one, and where that is kept.
    Done(Option<(Place, Delivery)>),
    /// It is tried again after a pause.
    Again(Duration, Delivery),
}

impl<P: Port + Outbound> Stream<'_, P> {
    /// Works through the entries. Answers when the rest is to be looked at.
    pub(crate) async fn run(&self, work: &Work) -> Result<Next, RedisError> {
        if let Some(due) = work.due_ms.filter(|due| *due > self.redis_now()) {
            return Ok(Next::After(due - self.redis_now()));
        }
        let mut outcome = Outcome::default();
        if work.missing {
            outcome.deliveries.push((Place::Log, self.lost(&work.cursor)));
        }
        let mut failed_before = work.due_ms.is_some();
        let mut written = self.elapsed();
        for (index, entry) in work.entries.iter().enumerate() {
            let step = self.step(entry, &mut failed_before, &mut outcome).await?;
            match step {
                Step::Done(delivery) => {
                    outcome.deliveries.extend(delivery);
                    outcome.cursor = Some(entry.id.clone());
                }
                Step::Again(pause, delivery) => {
                    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    outcome.pause_ms = Some(pause_ms);
                    outcome.deliveries.push((Place::Log, delivery));
                    let kept = self.store.settle(self.claim, &outcome).await?;
                    return Ok(if kept { Next::After(pause_ms) } else { Next::Rung });
                }
            }
            let more = index + 1 < work.entries.len();
            let enough = outcome.deliveries.len() >= WRITTEN_AT_ONCE || self.elapsed() >= written + WRITTEN_WITHIN;
            if more && enough {
                if !self.store.settle(self.claim, &std::mem::take(&mut outcome)).await? {
                    return Ok(Next::Rung);
                }
                written = self.elapsed();
            }
            if more && self.elapsed() >= WORKS_FOR {
                self.store.settle(self.claim, &outcome).await?;
                return Ok(Next::Now);
            }
        }
        // What is left of a replay may have been trimmed away.
        if let Some(end) = work.end.as_ref().filter(|_| work.entries.is_empty()) {
            outcome.cursor = Some(end.clone());
        }
        if outcome.cursor.is_some() {
            self.store.settle(self.claim, &outcome).await?;
        }
        Ok(if work.more { Next::Now } else { Next::Rung })
    }

    async fn step(&self, entry: &Entry, failed_before: &mut bool, sum: &mut Outcome) -> Result<Step, RedisError> {
        // A form that this version does not know was written by a newer one, and no webhook of this one asked for it.
        let Some(event) = &entry.event else { return Ok(Step::Done(None)) };
        if !Filter::new(self.receiver.webhook.events.as_deref()).takes(event) {
            return Ok(Step::Done(None));
        }
        let id = ids::delivery(self.session, &self.receiver.webhook.id, &entry.id);
        let known = if std::mem::take(failed_before) {
            let name = &self.receiver.webhook.id;
            self.store.delivery(self.session, name, &id).await?.filter(|known| known.state == DeliveryState::Retrying)
        } else {
            None
        };
        let posted = Posted { event: event.event.as_str().to_owned(), payload: event.payload.clone() };
        let mut delivery = known.unwrap_or_else(|| new(id, entry.id.clone(), &posted.event));
        let port = self.store.port();
        let end = self.receiver.attempt(port, &mut delivery, &posted).await;
        let case = Case {
            end,
            tries: delivery.tries,
            tried_for: Duration::from_millis(port.now_ms().saturating_sub(delivery.first_try_ms)),
            age: Duration::from_millis(self.redis_now().saturating_sub(time_of(&entry.id))),
            aside: false,
            chance: port.random()[0],
        };
        let verdict = judge(case);
        if verdict == Verdict::Delivered {
            sum.arrived += 1;
            delivery.state = DeliveryState::Delivered;
            return Ok(Step::Done(Some((Place::Log, delivery))));
        }
        sum.failed += 1;
        sum.error = delivery.attempts.last().and_then(error_of);
        Ok(match verdict {
            Verdict::Delivered | Verdict::Again(_) => {
                delivery.state = DeliveryState::Retrying;
                let pause = if let Verdict::Again(pause) = verdict { pause } else { Duration::ZERO };
                Step::Again(pause, delivery)
            }
            Verdict::SetAside(pause) => {
                delivery.state = DeliveryState::SetAside;
                delivery.posted = Some(posted);
                let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                Step::Done(Some((Place::Aside(pause), delivery)))
            }
            Verdict::GiveUp => {
                delivery.state = DeliveryState::Dead;
                delivery.posted = Some(posted);
                Step::Done(Some((Place::Dead, delivery)))
            }
        })
    }

    /// The note that the log lost events before this webhook got them.
    fn lost(&self, cursor: &str) -> Delivery {
        let id = ids::delivery(self.session, &self.receiver.webhook.id, &format!("{cursor} {EVENTS_LOST}"));
        let mut delivery = new(id, cursor.to_owned(), "");
        let now = self.store.port().now_ms();
        let error = Some(EVENTS_LOST.to_owned());
        delivery.note(Attempt { at: clock::iso(now), status: None, duration_ms: 0, error, answer: None }, now);
        delivery.state = DeliveryState::Dead;
        delivery
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.store.port().now_ms().saturating_sub(self.began_ms))
    }

    fn redis_now(&self) -> u64 {
        self.receiver.now_ms + u64::try_from(self.elapsed().as_millis()).unwrap_or_default()
    }
}

fn new(id: String, cursor: String, event: &str) -> Delivery {
    Delivery {
        id,
        cursor,
        event: event.to_owned(),
        state: DeliveryState::Queued,
        tries: 0,
        first_try_ms: 0,
        attempts: Vec::new(),
        posted: None,
    }
}

/// How an attempt failed, in a word, with the status when that says more.
pub(crate) fn error_of(attempt: &Attempt) -> Option<String> {
    match (attempt.status, &attempt.error) {
        (Some(status), Some(_)) => Some(format!("status {status}")),
        (_, error) => error.clone(),
    }
}

/// When an entry of the log was written, Redis time.
fn time_of(entry: &str) -> u64 {
    entry.split('-').next().and_then(|ms| ms.parse().ok()).unwrap_or_default()
}

//! The lane of deliveries that are due by themselves: what was set aside, what a person wants to be delivered again, tests. They are
//! tried at once, since none waits for another.

use std::time::Duration;

use contract::webhook::{Delivery, DeliveryState, Posted};
use edge_core::outbound::Outbound;
use edge_core::port::{Port, RedisError};
use edge_core::store::{Claim, Outcome, Place, Store, Work};
use futures::future::join_all;

use crate::attempt::Receiver;
use crate::policy::{Case, End, Verdict, judge};
use crate::stream::error_of;

/// Tries what is due. Whether there was anything.
pub(crate) async fn run<P: Port + Outbound>(
    store: &Store<P>,
    claim: &Claim,
    receiver: &Receiver<'_>,
    work: Work,
) -> Result<bool, RedisError> {
    let port = store.port();
    let tried = join_all(work.aside.into_iter().map(async |mut delivery: Delivery| {
        let before = delivery.state;
        // Whatever is due by itself carries what is to be posted.
        let Some(posted) = delivery.posted.take() else { return (Place::Log, delivery, None) };
        let end = receiver.attempt(port, &mut delivery, &posted).await;
        let tried_for = Duration::from_millis(port.now_ms().saturating_sub(delivery.first_try_ms));
        let case =
            Case { end, tries: delivery.tries, tried_for, age: Duration::ZERO, aside: true, chance: port.random()[0] };
        let place = settled(&mut delivery, before, posted, case);
        (place, delivery, Some(end))
    }))
    .await;
    if tried.is_empty() {
        return Ok(false);
    }
    let mut outcome = Outcome::default();
    for (place, delivery, end) in tried {
        match end {
            Some(End::Arrived) => outcome.arrived += 1,
            Some(_) => {
                outcome.failed += 1;
                outcome.error = delivery.attempts.last().and_then(error_of);
            }
            None => {}
        }
        outcome.deliveries.push((place, delivery));
    }
    store.settle(claim, &outcome).await?;
    Ok(true)
}

/// Where a tried delivery goes. What a person asked for is tried once: the answer is looked at.
fn settled(delivery: &mut Delivery, before: DeliveryState, posted: Posted, case: Case) -> Place {
    let verdict = judge(case);
    let (state, place) = match (verdict, before) {
        (Verdict::Delivered, _) => (DeliveryState::Delivered, Place::Log),
        // A test: nothing is lost with it.
        (_, DeliveryState::Queued) => (DeliveryState::Dead, Place::Log),
        // Its turn comes in its lane.
        (_, DeliveryState::Retrying) => (DeliveryState::Retrying, Place::Log),
        (Verdict::SetAside(pause) | Verdict::Again(pause), DeliveryState::SetAside) => {
            let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            (DeliveryState::SetAside, Place::Aside(pause))
        }
        _ => (DeliveryState::Dead, Place::Dead),
    };
    delivery.state = state;
    delivery.posted = Some(posted).filter(|_| matches!(place, Place::Aside(_) | Place::Dead));
    place
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settle(before: DeliveryState, end: End, tried_for: Duration) -> (DeliveryState, Place, bool) {
        let json = json!({
            "id": "a", "cursor": "1-0", "event": "message", "state": before, "tries": 7, "firstTryMs": 1, "attempts": [],
        });
        let mut delivery: Delivery = serde_json::from_value(json).unwrap();
        let posted = json!({"event": "message", "payload": {"sessionId": "s", "timestamp": "t"}});
        let posted = serde_json::from_value(posted).unwrap();
        let case = Case { end, tries: 7, tried_for, age: Duration::ZERO, aside: true, chance: 0 };
        let place = settled(&mut delivery, before, posted, case);
        (delivery.state, place, delivery.posted.is_some())
    }

    #[test]
    fn what_was_set_aside_is_tried_for_a_day() {
        let soon = Duration::from_mins(1);
        let (state, place, kept) = settle(DeliveryState::SetAside, End::Refused, soon);
        assert!(matches!(place, Place::Aside(ms) if ms > 1_000) && state == DeliveryState::SetAside && kept);
        let dead = (DeliveryState::Dead, Place::Dead, true);
        assert_eq!(settle(DeliveryState::SetAside, End::Refused, Duration::from_hours(24)), dead);
        let delivered = (DeliveryState::Delivered, Place::Log, false);
        assert_eq!(settle(DeliveryState::SetAside, End::Arrived, soon), delivered);
    }

    #[test]
    fn what_a_person_asked_for_is_tried_once() {
        let soon = Duration::ZERO;
        for before in [DeliveryState::Dead, DeliveryState::Delivered] {
            assert_eq!(settle(before, End::Away(None), soon), (DeliveryState::Dead, Place::Dead, true));
            assert_eq!(settle(before, End::Arrived, soon), (DeliveryState::Delivered, Place::Log, false));
        }
        assert_eq!(settle(DeliveryState::Queued, End::Refused, soon), (DeliveryState::Dead, Place::Log, false));
        assert_eq!(settle(DeliveryState::Retrying, End::Refused, soon), (DeliveryState::Retrying, Place::Log, false));
    }
}

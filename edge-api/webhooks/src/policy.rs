//! What follows from an attempt: pure, with time and chance as arguments.
//!
//! A receiver that does not answer, or is overloaded, holds up the events behind: they would fare no better, and must stay in
//! order. One that answers and refuses this very event is given a minute; then the event is set aside, tried again by itself, and the
//! others go on. After a day a delivery is dead.

use std::time::Duration;

/// Pauses after the first failures in the order of events; the last one repeats. Short at first, since most failures are a restart
/// of the receiver; never so long that a receiver that is back waits more than minutes.
const PAUSES_S: [u64; 10] = [1, 2, 5, 10, 20, 40, 60, 120, 180, 300];

/// Pauses of what was set aside; the last one repeats.
const ASIDE_PAUSES_S: [u64; 6] = [60, 120, 300, 600, 1_800, 3_600];

/// Refusals after which an event is set aside: with the pauses between them about a minute.
const REFUSALS: u32 = 6;

/// How long a delivery is tried.
const TRIED_FOR: Duration = Duration::from_hours(24);

/// Tries of an event that is older than that already when its turn comes.
const STALE_TRIES: u32 = 3;

/// Longest pause that a receiver may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The receiver took it.
    Arrived,
    /// The receiver answered, and refuses this event.
    Refused,
    /// The receiver is away or overloaded. It may have said when to come again.
    Away(Option<Duration>),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing more.
    Delivered,
    /// Try again after a pause, and let nothing pass.
    Again(Duration),
    /// Try again after a pause, and let others pass.
    SetAside(Duration),
    /// Give up.
    GiveUp,
}

/// What an attempt is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// How it ended.
    pub(crate) end: End,
    /// Attempts so far, this one included.
    pub(crate) tries: u32,
    /// Time since the first attempt.
    pub(crate) tried_for: Duration,
    /// Age of the event.
    pub(crate) age: Duration,
    /// Whether it is set aside already.
    pub(crate) aside: bool,
    /// Chance, 0 to 255.
    pub(crate) chance: u8,
}

/// How a status is understood. 408, 425, 429 and the answers of gateways say that the receiver could not, not that it would not.
pub(crate) fn end_of(status: u16, retry_after: Option<Duration>) -> End {
    match status {
        200..=299 => End::Arrived,
        408 | 425 | 429 | 502..=504 => End::Away(retry_after),
        _ => End::Refused,
    }
}

/// What follows.
pub(crate) fn judge(case: Case) -> Verdict {
    let asked = match case.end {
        End::Arrived => return Verdict::Delivered,
        End::Refused => Duration::ZERO,
        End::Away(asked) => asked.unwrap_or_default().min(LONGEST_RETRY_AFTER),
    };
    if case.tried_for >= TRIED_FOR || (case.age >= TRIED_FOR && case.tries >= STALE_TRIES) {
        return Verdict::GiveUp;
    }
    if case.aside {
        return Verdict::SetAside(pause(&ASIDE_PAUSES_S, case.tries.saturating_sub(REFUSALS), case.chance).max(asked));
    }
    if case.end == End::Refused && case.tries >= REFUSALS {
        return Verdict::SetAside(pause(&ASIDE_PAUSES_S, 0, case.chance));
    }
    Verdict::Again(pause(&PAUSES_S, case.tries.saturating_sub(1), case.chance).max(asked))
}

/// The pause after so many before it, four fifths to six fifths of it, so that many webhooks of one receiver do not come at once.
fn pause(pauses: &[u64], index: u32, chance: u8) -> Duration {
    let index = usize::try_from(index).unwrap_or(usize::MAX).min(pauses.len() - 1);
    let base = Duration::from_secs(pauses.get(index).copied().unwrap_or_default());
    base * 4 / 5 + base * 2 / 5 * u32::from(chance) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: Case = Case {
        end: End::Away(None),
        tries: 1,
        tried_for: Duration::ZERO,
        age: Duration::ZERO,
        aside: false,
        chance: 127,
    };

    #[test]
    fn statuses() {
        for status in [200, 204, 299] {
            assert_eq!(end_of(status, None), End::Arrived);
        }
        for status in [300, 301, 400, 401, 404, 410, 422, 500, 501] {
            assert_eq!(end_of(status, None), End::Refused, "{status}");
        }
        for status in [408, 425, 429, 502, 503, 504] {
            assert_eq!(end_of(status, Some(Duration::from_secs(3))), End::Away(Some(Duration::from_secs(3))));
        }
    }

    #[test]
    fn pauses_grow_with_some_chance_and_end() {
        let mut before = Duration::ZERO;
        for tries in 1..=10 {
            let Verdict::Again(low) = judge(Case { tries, chance: 0, ..CASE }) else { panic!("{tries}") };
            let Verdict::Again(high) = judge(Case { tries, chance: 255, ..CASE }) else { panic!("{tries}") };
            assert!(low > before && high > low && high <= low * 3 / 2, "{tries}: {low:?} {high:?}");
            before = low;
        }
        assert_eq!(judge(Case { tries: 500, chance: 0, ..CASE }), Verdict::Again(Duration::from_mins(4)));
    }

    #[test]
    fn a_receiver_that_is_away_holds_everything_up_for_a_day() {
        let day = TRIED_FOR.saturating_sub(Duration::from_secs(1));
        assert!(matches!(judge(Case { tries: 300, tried_for: day, ..CASE }), Verdict::Again(_)));
        assert_eq!(judge(Case { tries: 300, tried_for: TRIED_FOR, ..CASE }), Verdict::GiveUp);
    }

    #[test]
    fn an_event_that_is_refused_is_set_aside_after_a_minute() {
        let refused = Case { end: End::Refused, ..CASE };
        let mut held = Duration::ZERO;
        for tries in 1..REFUSALS {
            match judge(Case { tries, chance: 255, ..refused }) {
                Verdict::Again(pause) => held += pause,
                other => panic!("{tries}: {other:?}"),
            }
        }
        assert!(held < Duration::from_mins(1), "{held:?}");
        assert!(matches!(judge(Case { tries: REFUSALS, ..refused }), Verdict::SetAside(_)));
        assert!(matches!(judge(Case { tries: 30, aside: true, ..refused }), Verdict::SetAside(_)));
        assert_eq!(judge(Case { tries: 30, aside: true, tried_for: TRIED_FOR, ..refused }), Verdict::GiveUp);
    }

    #[test]
    fn what_waited_a_day_behind_others_gets_a_few_tries_of_its_own() {
        let stale = Case { age: TRIED_FOR, ..CASE };
        assert!(matches!(judge(stale), Verdict::Again(_)));
        assert_eq!(judge(Case { tries: STALE_TRIES, ..stale }), Verdict::GiveUp);
    }

    #[test]
    fn receivers_may_ask_for_more_time_but_not_for_ever() {
        let asks = |seconds| End::Away(Some(Duration::from_secs(seconds)));
        assert_eq!(judge(Case { end: asks(90), ..CASE }), Verdict::Again(Duration::from_secs(90)));
        assert_eq!(judge(Case { end: asks(999_999), ..CASE }), Verdict::Again(LONGEST_RETRY_AFTER));
        assert!(matches!(judge(Case { end: asks(0), ..CASE }), Verdict::Again(pause) if !pause.is_zero()));
    }
}

//! A warning about something that happens as often as clients like: told at most once in a while, with how often it happened.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two of the same.
const EVERY: Duration = Duration::from_secs(10);

/// When it was told last, and how often it happened since.
#[derive(Default)]
pub(crate) struct Warning(Mutex<(Option<Instant>, u64)>);

impl Warning {
    /// It happened.
    pub(crate) fn tell(&self, what: &str) {
        let times = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.1 += 1;
            if state.0.is_some_and(|told| told.elapsed() < EVERY) {
                return;
            }
            state.0 = Some(Instant::now());
            std::mem::take(&mut state.1)
        };
        tracing::warn!(times, "{what}");
    }
}

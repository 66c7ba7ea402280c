//! The wall clock, read in one place. Nothing here compares two clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Unix time in seconds; 0 on a machine whose clock stands before 1970.
pub(crate) fn now() -> u64 {
    since_epoch().as_secs()
}

/// Unix time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "this is the crate's clock module")]
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

//! The wall clock, read in one place. Nothing here compares two clocks.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time in seconds; 0 on a machine whose clock stands before 1970.
#[expect(clippy::disallowed_methods, reason = "this is the crate's clock module")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

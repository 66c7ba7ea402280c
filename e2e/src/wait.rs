//! Waiting for facts: with a deadline, and with what was seen last when it passes.

use std::fmt::Debug;
use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep};

/// How long a fact may take that usually takes milliseconds. Two cores may be shared by several stacks and a compiler.
pub const SOON: Duration = Duration::from_secs(30);

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a look showed.
#[derive(Debug)]
pub enum Seen<T> {
    /// The fact.
    Fact(T),
    /// Something else.
    NotYet(String),
}

impl<T: Debug> Seen<T> {
    /// The fact when it is one.
    pub fn when(state: T, is_fact: impl FnOnce(&T) -> bool) -> Self {
        if is_fact(&state) { Self::Fact(state) } else { Self::NotYet(format!("{state:?}")) }
    }
}

/// Looks until the fact is there. A look that fails ends the wait.
pub async fn wait_for<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Seen<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + within;
    loop {
        let last = match look().await? {
            Seen::Fact(fact) => return Ok(fact),
            Seen::NotYet(state) => state,
        };
        if Instant::now() >= deadline {
            bail!("{what}: not within {within:?}; last seen: {last}");
        }
        sleep(LOOK_EVERY).await;
    }
}

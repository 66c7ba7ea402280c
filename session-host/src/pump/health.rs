//! Whether a function can be invoked, said in the log when it changes and noted in Redis for whoever asks whether the stack is ready.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use contract::function::{Function, LastInvocation};
use contract::keys;
use redis::{AsyncCommands as _, RedisError};
use tokio::time::Instant;
use tracing::{info, warn};

use super::functions::InvokeError;
use crate::redis::Redis;

/// How old a note may get while nothing changes: invocations are many, and readers look at the minute.
const NOTED_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// The newest invocations of one function.
pub(super) struct Health {
    redis: Redis,
    function: Function,
    noted: Mutex<Option<(bool, Instant)>>,
}

impl Health {
    pub(super) fn new(redis: Redis, function: Function) -> Self {
        Self { redis, function, noted: Mutex::default() }
    }

    /// Forgets what was noted before this host started: it may have failed because everything was stopping.
    pub(super) async fn forget(&self) {
        let forgotten: Result<u64, RedisError> =
            self.redis.shared().hdel(keys::FUNCTIONS, self.function.as_str()).await;
        if let Err(error) = forgotten {
            warn!(%error, "what was noted of functions could not be forgotten");
        }
    }

    /// Notes how an invocation ended.
    pub(super) async fn note(&self, error: Option<&InvokeError>) {
        let ok = error.is_none();
        let before = {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            let before = *noted;
            if before.is_some_and(|(was, at)| was == ok && at.elapsed() < NOTED_AGAIN_AFTER) {
                return;
            }
            *noted = Some((ok, Instant::now()));
            before.map(|(was, _)| was)
        };
        let function = self.function.as_str();
        match error {
            Some(error) if before != Some(false) => {
                let cause = std::error::Error::source(error).map(tracing::field::display);
                warn!(function, %error, cause, "a function of the edge cannot be invoked");
            }
            None if before == Some(false) => info!(function, "the function can be invoked again"),
            _ => {}
        }
        // Readiness says what it knows; it is noted again soon.
        let _ = self.write(ok, error).await;
    }

    async fn write(&self, ok: bool, error: Option<&InvokeError>) -> Result<(), RedisError> {
        let at = self.redis.now_ms().await?;
        let note = LastInvocation { ok, at, error: error.map(ToString::to_string) };
        let json = serde_json::to_string(&note).unwrap_or_default();
        self.redis.shared().hset(keys::FUNCTIONS, self.function.as_str(), json).await
    }
}

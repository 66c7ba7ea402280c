//! Listens on the channel that says which session has new events, and tells the readers of this host: sockets and webhooks.
//!
//! It connects again when the connection is lost, and then rings for all, since nobody kept what was said meanwhile.

use std::sync::Arc;
use std::time::Duration;

use contract::id::SessionId;
use contract::keys;
use futures::StreamExt;
use redis::aio::PubSubSink;
use redis::{Msg, RedisError};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::realtime::Backoff;
use crate::redis::{Redis, RedisUnavailable};

/// How often the connection is tried: nothing else tells a silent channel from a dead connection.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long an answer may take.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
enum DoorbellError {
    #[error(transparent)]
    Connect(#[from] RedisUnavailable),
    #[error("the channel cannot be subscribed")]
    Subscribe(#[source] RedisError),
    #[error("no answer on the connection")]
    Ping,
    #[error("the connection ended")]
    Ended,
}

/// A reader of event logs. Rings must return at once.
pub trait Reader: Send + Sync {
    /// A session has new events.
    fn ring(&self, session: &SessionId);
    /// Any session may have.
    fn ring_all(&self);
}

/// Listens until the host stops.
pub async fn run(redis: Redis, readers: Vec<Arc<dyn Reader>>) {
    let mut backoff = Backoff::new();
    loop {
        let error = match listen(&redis, &readers, &mut backoff).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        tracing::warn!(%error, "the doorbell of new events is lost; connecting again");
        backoff.pause().await;
    }
}

async fn listen(
    redis: &Redis,
    readers: &[Arc<dyn Reader>],
    backoff: &mut Backoff,
) -> Result<std::convert::Infallible, DoorbellError> {
    let (mut sink, mut messages) = redis.pubsub().await?.split();
    sink.subscribe(keys::EVENTS).await.map_err(DoorbellError::Subscribe)?;
    backoff.reset();
    for reader in readers {
        reader.ring_all();
    }
    let mut ping = interval(PING_INTERVAL);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => ring(readers, &message.ok_or(DoorbellError::Ended)?),
            _ = ping.tick() => answer(&mut sink).await?,
        }
    }
}

fn ring(readers: &[Arc<dyn Reader>], message: &Msg) {
    // What names no session cannot be a doorbell; the channel is open to whoever may use this Redis.
    if let Some(session) = message.get_payload::<String>().ok().and_then(|text| SessionId::parse(&text).ok()) {
        for reader in readers {
            reader.ring(&session);
        }
    }
}

async fn answer(sink: &mut PubSubSink) -> Result<(), DoorbellError> {
    match timeout(PING_TIMEOUT, sink.ping::<redis::Value>()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(DoorbellError::Ping),
    }
}

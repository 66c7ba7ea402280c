//! Listens on the channel that says which session has new events, and rings the rooms of this host. It connects again when
//! the connection is lost, and then rings for all, since nobody kept what was said meanwhile.

use std::sync::Arc;
use std::time::Duration;

use contract::id::SessionId;
use contract::keys;
use futures::StreamExt;
use redis::aio::PubSubSink;
use redis::{Msg, RedisError};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::hub::{Backoff, Hub};
use crate::redis::RedisUnavailable;

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

/// Listens until the host stops.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut backoff = Backoff::new();
    loop {
        let error = match listen(&hub, &mut backoff).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        tracing::warn!(%error, "the doorbell of new events is lost; connecting again");
        backoff.pause().await;
    }
}

async fn listen(hub: &Hub, backoff: &mut Backoff) -> Result<std::convert::Infallible, DoorbellError> {
    let (mut sink, mut messages) = hub.redis.pubsub().await?.split();
    sink.subscribe(keys::EVENTS).await.map_err(DoorbellError::Subscribe)?;
    backoff.reset();
    hub.rooms.ring_all();
    let mut ping = interval(PING_INTERVAL);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => ring(hub, &message.ok_or(DoorbellError::Ended)?),
            _ = ping.tick() => answer(&mut sink).await?,
        }
    }
}

fn ring(hub: &Hub, message: &Msg) {
    // What names no session cannot be a doorbell; the channel is open to whoever may use this Redis.
    if let Some(session) = message.get_payload::<String>().ok().and_then(|text| SessionId::parse(&text).ok()) {
        hub.rooms.ring(&session);
    }
}

async fn answer(sink: &mut PubSubSink) -> Result<(), DoorbellError> {
    match timeout(PING_TIMEOUT, sink.ping::<redis::Value>()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(DoorbellError::Ping),
    }
}

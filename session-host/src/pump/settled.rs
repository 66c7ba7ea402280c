//! Waiting until the webhooks of a session that is about to be erased have got its last events.

use std::collections::HashMap;
use std::time::Duration;

use contract::id::SessionId;
use contract::keys::{SessionKeys, webhook as field};
use contract::webhook::Lane;
use redis::RedisError;
use redis::streams::StreamRangeReply;
use tokio::time::{sleep, timeout};

use crate::redis::Redis;

/// Longest wait: whoever deletes a session waits as well.
const WITHIN: Duration = Duration::from_secs(2);

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until the webhooks that take what they are sent have everything.
pub(crate) async fn settled(redis: &Redis, session: &SessionId) {
    let waiting = async {
        // What cannot be read is not waited for.
        while are_behind(redis, session).await.unwrap_or(false) {
            sleep(LOOK_EVERY).await;
        }
    };
    let _settled_or_over = timeout(WITHIN, waiting).await;
}

async fn are_behind(redis: &Redis, session: &SessionId) -> Result<bool, RedisError> {
    let keys = SessionKeys::new(session);
    let mut redis = redis.shared();
    let (cursors, newest): (HashMap<String, String>, StreamRangeReply) = redis::pipe()
        .hgetall(keys.webhooks())
        .cmd("XREVRANGE")
        .arg(keys.events())
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(1)
        .query_async(&mut redis)
        .await?;
    let newest = newest.ids.first().map(|entry| entry.id.as_str());
    let behind = cursors.iter().filter(|(_, cursor)| newest.is_some_and(|newest| newest != cursor.as_str()));
    let behind: Vec<String> = behind.map(|(webhook, _)| keys.webhook(webhook)).collect();
    if behind.is_empty() {
        return Ok(false);
    }
    let due = format!("{}:{}", Lane::Live.as_str(), field::DUE);
    let mut reads = redis::pipe();
    for webhook in &behind {
        reads.hexists(webhook, &due);
    }
    let failing: Vec<bool> = reads.query_async(&mut redis).await?;
    Ok(failing.contains(&false))
}

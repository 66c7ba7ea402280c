//! Makes sure of the bucket when the host starts, and erases what deleted sessions leave there. A deletion leaves a note in Redis before anything of the session is erased there, so
//! it is made true whenever the bucket can be reached, by any host.
//!
//! A session of the same name may exist by then: what its records know is spared. A file that was on its way during the deletion
//! may come late, so a note stays for some time and is worked on again.

use std::time::Duration;

use contract::id::SessionId;
use contract::keys::{MEDIA_GONE, SessionKeys};
use redis::{AsyncCommands as _, RedisError, Script};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::bucket::BucketError;
use super::object::prefix;
use super::{Media, Object};
use crate::redis::Redis;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Milliseconds for which a note stays although all is erased: longer than a stopped upload can go on.
const LINGER_MS: u64 = 60_000;

/// Sessions worked on at one look.
const SESSIONS_AT_ONCE: u64 = 100;

/// Records looked up in one step.
const LOOKED_UP_AT_ONCE: usize = 1_000;

/// Why a look was not finished.
#[derive(Debug, thiserror::Error)]
enum Unfinished {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

/// Works until the host stops.
pub(crate) async fn run(media: Media, redis: Redis, stop: CancellationToken) {
    let mut tick = interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let work = async {
        if let Err(error) = media.bucket().ensure().await {
            warn!(%error, "files of messages wait for their bucket");
        }
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = media.0.gone.notified() => {}
            }
            if let Err(error) = look(&media, &redis).await {
                warn!(%error, "media of deleted sessions could not be erased; it is tried again");
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}

async fn look(media: &Media, redis: &Redis) -> Result<(), Unfinished> {
    let (_, notes): (u64, Vec<(String, u64)>) = redis::cmd("HSCAN")
        .arg(MEDIA_GONE)
        .arg(0)
        .arg("COUNT")
        .arg(SESSIONS_AT_ONCE)
        .query_async(&mut redis.shared())
        .await?;
    if notes.is_empty() {
        return Ok(());
    }
    let now = redis.now_ms().await?;
    for (name, since) in notes {
        if let Ok(session) = SessionId::parse(&name) {
            let erased = erase(media, redis, &session).await?;
            if erased > 0 {
                info!(%session, erased, "media of a deleted session is erased");
                continue;
            }
        }
        if now.saturating_sub(since) > LINGER_MS {
            forget(redis, &name, since).await?;
        }
    }
    Ok(())
}

/// Erases what no record knows. Answers how much that was.
async fn erase(media: &Media, redis: &Redis, session: &SessionId) -> Result<usize, Unfinished> {
    let prefix = prefix(session);
    let (mut after, mut erased) = (None, 0);
    loop {
        let (keys, more) = media.bucket().list(&prefix, after).await?;
        after = keys.last().cloned();
        let mut unknown = Vec::new();
        for part in keys.chunks(LOOKED_UP_AT_ONCE) {
            let names: Vec<&str> = part.iter().filter_map(|key| key.strip_prefix(&prefix)).collect();
            let known: Vec<Option<String>> = redis.shared().hmget(SessionKeys::new(session).media(), &names).await?;
            let ours = names.iter().zip(known).filter(|(name, known)| known.is_none() && Object::parse(name).is_some());
            unknown.extend(ours.map(|(name, _)| format!("{prefix}{name}")));
        }
        erased += unknown.len();
        if !unknown.is_empty() {
            media.bucket().erase(unknown).await?;
        }
        if !more {
            return Ok(erased);
        }
    }
}

/// Takes a note away, unless the session was deleted once more.
async fn forget(redis: &Redis, session: &str, since: u64) -> Result<(), RedisError> {
    let script =
        Script::new("if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end");
    script.key(MEDIA_GONE).arg(session).arg(since).invoke_async(&mut redis.shared()).await
}

//! Reads this host's command stream and gives each command to its session. The stream is a doorbell: the command itself is in
//! the session's set of unfinished ones (a question is not: whoever asked asks again), so an entry is dropped as soon as it is
//! read, and one for a session that is not here is left to the session's next owner.

use std::time::Duration;

use contract::command::{Command, Request, STREAM_FIELD, STREAM_GROUP};
use contract::keys;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands as _, RedisError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::redis::{Redis, RedisUnavailable};
use crate::sessions::Sessions;

/// Longest wait for an entry, so that a lost connection is noticed.
const BLOCK: Duration = Duration::from_secs(2);

/// Slack given to an answer beyond [`BLOCK`].
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Entries taken at once.
const BATCH: usize = 200;

/// Pause before the stream is connected again.
const PAUSE: Duration = Duration::from_millis(500);

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("no connection")]
    Connect(#[from] RedisUnavailable),
    #[error("the stream could not be read")]
    Read(#[from] RedisError),
    #[error("Redis did not answer")]
    Silence,
}

/// Reads until `shutdown`.
pub(crate) async fn run(redis: Redis, host_id: String, sessions: Sessions, shutdown: CancellationToken) {
    let stream = keys::host_commands(&host_id);
    while !shutdown.is_cancelled() {
        tokio::select! {
            result = read(&redis, &stream, &host_id, &sessions) => {
                if let Err(error) = result {
                    warn!(%error, "commands cannot be read");
                }
                sleep(PAUSE).await;
            }
            () = shutdown.cancelled() => return,
        }
    }
}

async fn read(redis: &Redis, stream: &str, host_id: &str, sessions: &Sessions) -> Result<(), ReadError> {
    let mut connection = redis.blocking().await?;
    create_group(&mut connection, stream).await?;
    let block = usize::try_from(BLOCK.as_millis()).unwrap_or(usize::MAX);
    let options = StreamReadOptions::default().group(STREAM_GROUP, host_id).block(block).count(BATCH);
    loop {
        let (streams, from) = ([stream], [">"]);
        let reply = connection.xread_options(&streams, &from, &options);
        let reply: Option<StreamReadReply> =
            tokio::time::timeout(BLOCK + ANSWER_WITHIN, reply).await.map_err(|_| ReadError::Silence)??;
        let entries: Vec<_> = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).collect();
        if entries.is_empty() {
            continue;
        }
        let now = redis.now_ms().await?;
        let mut done = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(json) = entry.get::<String>(STREAM_FIELD) {
                dispatch(sessions, &json, now);
            }
            done.push(entry.id);
        }
        redis::pipe()
            .xack(stream, STREAM_GROUP, &done)
            .ignore()
            .xdel(stream, &done)
            .ignore()
            .query_async::<()>(&mut redis.shared())
            .await?;
    }
}

fn dispatch(sessions: &Sessions, json: &str, now: u64) {
    let Ok(command) = serde_json::from_str::<Command>(json) else {
        warn!("a command could not be understood; it is from another version");
        return;
    };
    if let Some(handle) = sessions.get(&command.session) {
        let remaining = Duration::from_millis(command.send_by.saturating_sub(now));
        match command.request {
            Request::Ask(_) => handle.questions.submit(command, remaining),
            Request::Send(_) | Request::Change(_) => handle.outbox.submit(command, remaining),
        }
    } else {
        debug!(session = %command.session, "a command for a session that is not here");
    }
}

async fn create_group(connection: &mut MultiplexedConnection, stream: &str) -> Result<(), RedisError> {
    // From now on: what came before is among the unfinished commands of its session.
    let created: Result<(), RedisError> = connection.xgroup_create_mkstream(stream, STREAM_GROUP, "$").await;
    match created {
        Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
        _ => Ok(()),
    }
}

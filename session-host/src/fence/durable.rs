//! Writes that are confirmed to be on disk before they count.
//!
//! `WAITAOF` waits for the writes of its own connection and holds up everything behind it there, so these writes have a
//! connection of their own, and all that come up while one wait is under way share the next: the price of a disk sync is
//! paid per group, not per session.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisError, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::FenceError;
use super::procedure::Call;
use crate::redis::{Redis, RedisUnavailable};

/// Writes that may wait for their turn before their senders wait.
const QUEUE: usize = 1024;

/// Writes that share one wait: bounds the size of a pipeline, a session's write being some kilobytes.
const GROUP: usize = 256;

/// What the round trip may take on top of the wait itself.
const ROUND_TRIP: Duration = Duration::from_secs(5);

/// When a lease-bearing write counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When Redis has it in memory.
    Memory,
    /// When it is in the append-only file on disk, and on that of some replicas.
    Aof {
        /// How many replicas.
        replicas: u32,
        /// How long to wait for them.
        timeout: Duration,
    },
}

/// The server cannot confirm durable writes.
#[derive(Debug, thiserror::Error)]
pub enum DurabilityUnavailable {
    /// It is too old.
    #[error("durable writes need Redis 7.2 or newer: this server does not know WAITAOF")]
    TooOld,
    /// It refuses, most likely because it keeps no append-only file.
    #[error("Redis refuses WAITAOF; durable writes need `appendonly yes`")]
    Refused(#[source] RedisError),
    /// It cannot be reached.
    #[error(transparent)]
    Unreachable(#[from] RedisUnavailable),
}

struct Job {
    call: Call,
    done: oneshot::Sender<Result<Value, FenceError>>,
}

/// Sends writes to the task that groups them. The task ends with the last sender.
#[derive(Clone)]
pub(super) struct DurableWriter {
    queue: mpsc::Sender<Job>,
}

impl DurableWriter {
    pub(super) async fn start(redis: Redis, replicas: u32, wait: Duration) -> Result<Self, DurabilityUnavailable> {
        let mut connection = redis.blocking().await?;
        check(&mut connection).await?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let writer = GroupWriter { redis, connection: Some(connection), replicas, wait };
        tokio::spawn(writer.run(jobs));
        Ok(Self { queue })
    }

    pub(super) async fn write(&self, call: Call) -> Result<Value, FenceError> {
        let (done, answer) = oneshot::channel();
        self.queue.send(Job { call, done }).await.map_err(|_| FenceError::NotDurable)?;
        answer.await.map_err(|_| FenceError::NotDurable)?
    }
}

/// A wait for nothing, which fails exactly where a real one would.
async fn check(connection: &mut MultiplexedConnection) -> Result<(), DurabilityUnavailable> {
    let known: Vec<Value> = redis::cmd("COMMAND")
        .arg("INFO")
        .arg("WAITAOF")
        .query_async(connection)
        .await
        .map_err(DurabilityUnavailable::Refused)?;
    if !matches!(known.first(), Some(Value::Array(_) | Value::Map(_))) {
        return Err(DurabilityUnavailable::TooOld);
    }
    let _: (i64, i64) = redis::cmd("WAITAOF")
        .arg(1)
        .arg(0)
        .arg(1)
        .query_async(connection)
        .await
        .map_err(DurabilityUnavailable::Refused)?;
    Ok(())
}

struct GroupWriter {
    redis: Redis,
    connection: Option<MultiplexedConnection>,
    replicas: u32,
    wait: Duration,
}

impl GroupWriter {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(GROUP);
        while jobs.recv_many(&mut group, GROUP).await > 0 {
            match self.write(&group).await {
                Ok((results, durable)) => {
                    for (job, result) in group.drain(..).zip(results) {
                        // The sender may have given up; then nobody is left to tell.
                        let _ = job.done.send(outcome(result, durable));
                    }
                }
                Err(error) => {
                    self.connection = None;
                    for job in group.drain(..) {
                        let _ = job.done.send(Err(error.clone()));
                    }
                }
            }
        }
    }

    async fn write(&mut self, group: &[Job]) -> Result<(Vec<Value>, bool), FenceError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.redis.blocking().await.map_err(unreachable)?,
        };
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for job in group {
            pipeline.add_command(job.call.with_code());
        }
        pipeline.cmd("WAITAOF").arg(1).arg(self.replicas).arg(self.wait.as_millis().to_string());
        let answer = timeout(self.wait + ROUND_TRIP, pipeline.query_async(&mut connection)).await;
        let mut results: Vec<Value> = answer.map_err(|_| FenceError::NotDurable)??;
        let durable = results.pop().is_some_and(|value| self.is_met(value));
        self.connection = Some(connection);
        Ok((results, durable))
    }

    fn is_met(&self, answer: Value) -> bool {
        redis::from_redis_value::<(u32, u32)>(answer)
            .is_ok_and(|(local, replicas)| local >= 1 && replicas >= self.replicas)
    }
}

/// A refused write is refused, durable or not.
fn outcome(result: Value, durable: bool) -> Result<Value, FenceError> {
    match result {
        Value::ServerError(error) => Err(FenceError::Redis(error.into())),
        _ if !durable => Err(FenceError::NotDurable),
        value => Ok(value),
    }
}

fn unreachable(error: RedisUnavailable) -> FenceError {
    FenceError::Redis(match error {
        RedisUnavailable::Url(error) | RedisUnavailable::Connect(error) => error,
    })
}

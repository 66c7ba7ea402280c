//! The gate in front of everything that only a session's owner may write.
//!
//! Each write goes to Redis as one script that first compares the lease's epoch with the writer's and then runs as a
//! whole, so a host that lost a session cannot change anything of it, however late its write arrives. This module
//! refuses to write two sessions at once, and reads nothing for others.
//!
//! While Redis is away, writes wait for it: a failed write of a ratchet or of a message that WhatsApp is not told of yet would make
//! that message unreadable when it comes again. The wait ends with the lease, and so with the client and all that it remembers.

mod batch;
mod durable;
mod procedure;

use std::sync::Arc;
use std::time::Duration;

use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, ToRedisArgs, Value};
use tokio::sync::watch;
use tokio::time::timeout;

pub use self::batch::Batch;
pub use self::durable::{Durability, DurabilityUnavailable};
pub use self::procedure::Procedure;

use self::durable::DurableWriter;
use crate::redis::Redis;

/// Pauses between tries while Redis is away, doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Why a write did not happen, or may not have.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FenceError {
    /// Another owner has the session, or nobody has it any more. Nothing was written.
    #[error("the session's lease is lost")]
    Lost,
    /// Redis refused the write or did not answer; without an answer the write may have happened.
    #[error("Redis did not take the write")]
    Redis(#[from] RedisError),
    /// The write happened, but is not known to be on disk (and on as many replicas as asked for).
    #[error("Redis did not confirm that the write is durable")]
    NotDurable,
    /// One command has more arguments than a script can pass. Nothing was written.
    #[error("a command of the batch is too long")]
    TooLong,
}

/// Makes fences for the sessions of this host.
#[derive(Clone)]
pub struct Fencing {
    redis: Redis,
    durable: Option<DurableWriter>,
}

impl Fencing {
    /// Checks that the server can do what `durability` asks for.
    pub async fn new(redis: Redis, durability: Durability) -> Result<Self, DurabilityUnavailable> {
        let durable = match durability {
            Durability::Memory => None,
            Durability::Aof { replicas, timeout } => {
                Some(DurableWriter::start(redis.clone(), replicas, timeout).await?)
            }
        };
        Ok(Self { redis, durable })
    }

    /// The fence of a session under an epoch that [`crate::lease::Leases::acquire`] gave.
    pub fn fence(&self, session: &SessionId, epoch: u64) -> Fence {
        Fence(Arc::new(Inner {
            redis: self.redis.clone(),
            durable: self.durable.clone(),
            keys: SessionKeys::new(session),
            epoch,
            lost: watch::Sender::new(false),
        }))
    }
}

/// The right to write a session's keys, as long as its epoch is current. Once lost it stays lost.
#[derive(Clone)]
pub struct Fence(Arc<Inner>);

struct Inner {
    redis: Redis,
    durable: Option<DurableWriter>,
    keys: SessionKeys,
    epoch: u64,
    lost: watch::Sender<bool>,
}

impl Fence {
    /// The keys of the session.
    pub fn keys(&self) -> &SessionKeys {
        &self.0.keys
    }

    /// The way to Redis, for reads.
    pub fn redis(&self) -> &Redis {
        &self.0.redis
    }

    /// The epoch of the lease.
    pub fn epoch(&self) -> u64 {
        self.0.epoch
    }

    /// Whether the lease is known to be lost.
    pub fn lost(&self) -> bool {
        *self.0.lost.borrow()
    }

    /// Becomes `true` when any write learns that the lease is lost, or [`Self::give_up`] is called.
    pub fn lost_signal(&self) -> watch::Receiver<bool> {
        self.0.lost.subscribe()
    }

    /// Closes the fence from this side, before the lease could have ended: nothing is written through it any more.
    pub fn give_up(&self) {
        self.0.lost.send_replace(true);
    }

    /// Asks Redis whether the epoch is current.
    pub async fn is_current(&self) -> Result<bool, FenceError> {
        let epoch: Option<u64> = redis::cmd("HGET")
            .arg(self.0.keys.lease())
            .arg(keys::lease::EPOCH)
            .query_async(&mut self.0.redis.shared())
            .await?;
        let current = epoch == Some(self.0.epoch);
        if !current {
            self.give_up();
        }
        Ok(current && !self.lost())
    }

    /// Runs the commands in order and as one step, and returns their replies.
    ///
    /// A command that Redis refuses (a key of another type) ends the batch; what ran before it stays.
    pub async fn run(&self, batch: Batch) -> Result<Vec<Value>, FenceError> {
        self.run_batch(batch, false).await
    }

    /// As [`Self::run`], and returns only when the writes are as durable as this host's [`Durability`] asks for.
    ///
    /// For writes whose loss after the answer would break the encryption of a session.
    pub async fn run_durably(&self, batch: Batch) -> Result<Vec<Value>, FenceError> {
        self.run_batch(batch, true).await
    }

    async fn run_batch(&self, batch: Batch, durably: bool) -> Result<Vec<Value>, FenceError> {
        if batch.is_empty() {
            return if self.lost() { Err(FenceError::Lost) } else { Ok(Vec::new()) };
        }
        let args = batch.into_args().ok_or(FenceError::TooLong)?;
        let call = batch::PROCEDURE.call(&self.0.keys.lease(), self.0.epoch, &[], args);
        match self.send(call, durably).await? {
            Value::Array(replies) => Ok(replies),
            other => Ok(vec![other]),
        }
    }

    /// Runs a script of our own behind the check.
    pub async fn call<T: FromRedisValue>(
        &self,
        procedure: &'static Procedure,
        keys: &[&str],
        args: impl ToRedisArgs,
    ) -> Result<T, FenceError> {
        let call = procedure.call(&self.0.keys.lease(), self.0.epoch, keys, args.to_redis_args());
        let value = self.send(call, false).await?;
        Ok(redis::from_redis_value(value).map_err(RedisError::from)?)
    }

    async fn send(&self, call: procedure::Call, durably: bool) -> Result<Value, FenceError> {
        let mut pause = FIRST_PAUSE;
        loop {
            if self.lost() {
                return Err(FenceError::Lost);
            }
            let result = match &self.0.durable {
                Some(writer) if durably => writer.write(call.clone()).await,
                _ => call.run(&mut self.0.redis.shared()).await.map_err(FenceError::from),
            };
            match result {
                Err(FenceError::Redis(error)) if procedure::is_fenced(&error) => {
                    self.give_up();
                    return Err(FenceError::Lost);
                }
                // Our scripts may run twice.
                Err(FenceError::Redis(error)) if passes(&error) => self.rest(&mut pause).await,
                result => return result,
            }
        }
    }

    /// Reads with a command, and waits for Redis while it is away. The failure is that of the last try, when the lease has ended.
    pub async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match command.query_async(&mut self.0.redis.shared()).await {
                Err(error) if passes(&error) && !self.lost() => self.rest(&mut pause).await,
                result => return result,
            }
        }
    }

    /// As [`Self::read`], with several commands.
    pub async fn read_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, RedisError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match commands.query_async(&mut self.0.redis.shared()).await {
                Err(error) if passes(&error) && !self.lost() => self.rest(&mut pause).await,
                result => return result,
            }
        }
    }

    /// Pauses, longer each time, unless the lease ends meanwhile.
    async fn rest(&self, pause: &mut Duration) {
        let mut lost = self.lost_signal();
        // The sender lives as long as we do.
        let _lost_or_over = timeout(*pause, lost.wait_for(|lost| *lost)).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether a failure is of the server's being away, starting, or full, and not of what was asked.
fn passes(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
        || matches!(error.code(), Some("LOADING" | "TRYAGAIN" | "MASTERDOWN" | "CLUSTERDOWN" | "READONLY" | "OOM"))
}

//! The library's state of one session, kept in Redis: keys and ratchets, app state, message secrets, the device.
//!
//! Every write goes through the session's [`Fence`]; reads are plain. The keys are those of `keys.rs`, and no other
//! module touches them. This module refuses to read a value whose encoding it does not know, rather than take it for
//! absent.

mod app_sync;
mod device;
mod erase;
mod keys;
mod lid;
mod msg_secret;
mod protocol;
mod sender_key_devices;
mod signal;
mod tc_token;
mod value;
mod volatile;

use std::sync::OnceLock;

use futures::future::BoxFuture;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, ToRedisArgs, ToSingleRedisArg, Value};
use wacore::store::error::{Result, StoreError};

pub use self::erase::erase;

use self::keys::StoreKeys;
use crate::fence::{Batch, Fence, FenceError, Procedure};

/// The five storage traits of the library (together its `Backend`) over Redis, for one session under one lease.
pub struct RedisStore {
    fence: Fence,
    keys: StoreKeys,
    before_pairing: OnceLock<Save>,
}

/// Writes the library's device into this store now.
type Save = Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

impl RedisStore {
    /// The store of the fence's session. Once the fence is lost, every write fails.
    pub fn new(fence: Fence) -> Self {
        let keys = StoreKeys::new(fence.keys());
        Self { fence, keys, before_pairing: OnceLock::new() }
    }

    /// What to call before a phone is told that this device is linked. The library remembers whose device it is with its last
    /// write before that answer, but saves the device itself only some time after; a crash in between would leave a phone
    /// that is linked to nobody.
    pub fn save_before_pairing(&self, save: impl Fn() -> BoxFuture<'static, Result<()>> + Send + Sync + 'static) {
        let _ = self.before_pairing.set(Box::new(save));
    }

    async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.fence.read(command).await.map_err(redis_error)
    }

    async fn read_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T> {
        self.fence.read_all(commands).await.map_err(redis_error)
    }

    /// A field of a HASH, without its version.
    async fn field(&self, key: &str, field: impl ToSingleRedisArg) -> Result<Option<Vec<u8>>> {
        let value: Option<Vec<u8>> = self.read(&Cmd::hget(key, field)).await?;
        value.map(value::open).transpose()
    }

    /// Several fields of a HASH in their order, without their versions.
    async fn fields(&self, key: &str, fields: &[impl ToRedisArgs]) -> Result<Vec<Option<Vec<u8>>>> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<Option<Vec<u8>>> = self.read(redis::cmd("HMGET").arg(key).arg(fields)).await?;
        values.into_iter().map(|value| value.map(value::open).transpose()).collect()
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Value>> {
        self.fence.run(batch).await.map_err(fence_error)
    }

    async fn write_durably(&self, batch: Batch) -> Result<Vec<Value>> {
        self.fence.run_durably(batch).await.map_err(fence_error)
    }

    async fn call<T: FromRedisValue>(
        &self,
        procedure: &'static Procedure,
        keys: &[&str],
        args: impl ToRedisArgs,
    ) -> Result<T> {
        self.fence.call(procedure, keys, args).await.map_err(fence_error)
    }
}

fn redis_error(error: RedisError) -> StoreError {
    if error.is_io_error() { StoreError::Connection(Box::new(error)) } else { StoreError::Database(Box::new(error)) }
}

fn fence_error(error: FenceError) -> StoreError {
    match error {
        FenceError::Redis(error) => redis_error(error),
        other => StoreError::Database(Box::new(other)),
    }
}

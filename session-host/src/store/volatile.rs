//! What expires by itself: sent messages for retries, received messages that wait for their commit, base keys.
//!
//! Each is a STRING with a TTL; an index holds their names, so that a session can be erased without searching the whole
//! of Redis.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{Cmd, Value};
use wacore::store::error::{Result, StoreError};

use super::{RedisStore, value};
use crate::fence::{Batch, Procedure};

/// How long a sent message can be sent again to a device that could not read it; the library's own default.
pub(super) const SENT_TTL: Duration = Duration::from_hours(2);

/// How long a received message waits for its commit: it is offered again when the session is back, and a session that is
/// away for longer has other troubles.
pub(super) const PENDING_TTL: Duration = Duration::from_hours(7 * 24);

/// How long a base key is remembered: it is compared between retries of one message, seconds to minutes apart.
pub(super) const BASE_KEY_TTL: Duration = Duration::from_hours(24);

/// KEYS: index. ARGV: TTL, then key and value for each. Names that have expired leave the index on the way.
static PUT: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
for i = 3, #ARGV, 2 do
  redis.call('SET', ARGV[i], ARGV[i + 1], 'PX', ARGV[2])
  redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[2]), ARGV[i])
end
return 1
",
    )
});

impl RedisStore {
    pub(super) async fn put_volatile(&self, ttl: Duration, rows: &[(String, &[u8])]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut args = vec![ttl.as_millis().to_string().into_bytes()];
        for (key, payload) in rows {
            args.push(key.as_bytes().to_vec());
            args.push(value::seal(payload));
        }
        self.call(&PUT, &[&self.keys.volatile], args).await
    }

    pub(super) async fn get_volatile(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let sealed: Option<Vec<u8>> = self.read(&Cmd::get(key)).await?;
        sealed.map(value::open).transpose()
    }

    /// Reads and removes in one step, so that only one of two callers gets it.
    pub(super) async fn take_volatile(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let mut batch = Batch::new();
        batch.push("GETDEL", key);
        batch.push("ZREM", (&self.keys.volatile, key));
        match self.write(batch).await?.into_iter().next() {
            Some(Value::BulkString(sealed)) => value::open(sealed).map(Some),
            Some(Value::Nil) => Ok(None),
            _ => Err(StoreError::Validation("GETDEL gave an unexpected answer".to_owned())),
        }
    }

    pub(super) async fn delete_volatile(&self, keys: &[String]) -> Result<()> {
        let mut batch = Batch::new();
        for key in keys {
            batch.push("DEL", key);
        }
        batch.push_many("ZREM", &self.keys.volatile, keys);
        self.write(batch).await.map(drop)
    }
}

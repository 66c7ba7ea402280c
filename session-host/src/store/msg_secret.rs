//! Secrets of messages, which decrypt what later refers to them (votes, edits, reactions).

use std::sync::LazyLock;

use async_trait::async_trait;
use redis::Cmd;
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::{MessageSecret, MsgSecretEntry, MsgSecretStore};

use super::{RedisStore, value};
use crate::fence::Procedure;

/// Secrets of one script: a history sync brings tens of thousands, and Redis does nothing else meanwhile.
const PUT_CHUNK: usize = 1000;

/// Secrets that one script removes, for the same reason.
const SWEEP_CHUNK: usize = 1000;

/// Length of a sealed secret; the time of the message follows it as text.
const SEALED: usize = 1 + size_of::<MessageSecret>();

/// KEYS: secrets, expiry. ARGV: length of a sealed secret, then digest, sealed secret, expiry, time of the message, for each.
/// Expiry 0 is never, and wins; else the later one. A later time of the message wins, so an unknown one (0) never does.
static PUT: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local sealed = tonumber(ARGV[2])
for i = 3, #ARGV, 4 do
  local id, secret, expiry, time = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local held = redis.call('HGET', KEYS[2], id)
  if held then
    local held_time = string.sub(held, sealed + 1)
    if tonumber(held_time) > tonumber(time) then time = held_time end
    if not redis.call('ZSCORE', KEYS[3], id) then expiry = '0' end
  end
  redis.call('HSET', KEYS[2], id, secret .. time)
  if expiry == '0' then
    redis.call('ZREM', KEYS[3], id)
  else
    redis.call('ZADD', KEYS[3], 'GT', expiry, id)
  end
end
return 1
",
    )
});

/// KEYS: secrets, expiry. ARGV: cutoff, most to remove. Returns how many it removed.
static SWEEP: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local expired = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
if #expired > 0 then
  redis.call('HDEL', KEYS[2], unpack(expired))
  redis.call('ZREM', KEYS[3], unpack(expired))
end
return #expired
",
    )
});

impl RedisStore {
    fn secret_keys(&self) -> [&str; 2] {
        [&self.keys.secret, &self.keys.secret_expiry]
    }
}

#[async_trait]
impl MsgSecretStore for RedisStore {
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        for chunk in entries.chunks(PUT_CHUNK) {
            let mut args: Vec<Vec<u8>> = vec![SEALED.to_string().into_bytes()];
            for entry in chunk {
                args.push(value::digest(&[&entry.chat, &entry.sender, &entry.msg_id]).to_vec());
                args.push(value::seal(&entry.secret));
                args.push(entry.expires_at.to_string().into_bytes());
                args.push(entry.message_ts.to_string().into_bytes());
            }
            let _: () = self.call(&PUT, &self.secret_keys(), args).await?;
        }
        Ok(entries.len())
    }

    async fn get_msg_secret(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.get_msg_secret_with_ts(chat, sender, msg_id).await?.map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<(Vec<u8>, i64)>> {
        let id = value::digest(&[chat, sender, msg_id]);
        let row: Option<Vec<u8>> = self.read(&Cmd::hget(&self.keys.secret, id.as_slice())).await?;
        let Some(mut secret) = row else {
            return Ok(None);
        };
        if secret.len() <= SEALED {
            return Err(StoreError::Validation("a stored message secret is too short".to_owned()));
        }
        let time = secret.split_off(SEALED);
        let time = std::str::from_utf8(&time).ok().and_then(|time| time.parse().ok());
        let time = time.ok_or_else(|| StoreError::Validation("a stored message secret has no time".to_owned()))?;
        Ok(Some((value::open(secret)?, time)))
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        let mut total = 0;
        loop {
            let removed: u32 = self.call(&SWEEP, &self.secret_keys(), (cutoff_timestamp, SWEEP_CHUNK)).await?;
            total += removed;
            if (removed as usize) < SWEEP_CHUNK {
                return Ok(total);
            }
        }
    }
}

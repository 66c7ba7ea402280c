//! Tokens by which contacts trust each other.
//!
//! Two writers share a contact: received tokens, and the times of the tokens that we issued. Each keeps to its own
//! fields, and each field only moves forward.

use std::sync::LazyLock;

use redis::Cmd;
use wacore::store::error::Result;
use wacore::store::traits::TcTokenEntry;

use super::{RedisStore, value};
use crate::fence::{Batch, Procedure};

/// KEYS: tokens, their times, times of ours. ARGV: contact, time, sealed empty token.
static TOUCH: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local contact, time = ARGV[2], ARGV[3]
if redis.call('HEXISTS', KEYS[2], contact) == 0 then
  redis.call('HSET', KEYS[2], contact, ARGV[4])
  redis.call('HSET', KEYS[3], contact, time)
end
local held = redis.call('HGET', KEYS[4], contact)
if not held or tonumber(held) < tonumber(time) then
  redis.call('HSET', KEYS[4], contact, time)
end
return 1
",
    )
});

/// KEYS: tokens, their times, times of ours. ARGV: contact, time, sealed token, length of a sealed empty token. An older token
/// never replaces a real one.
static RECEIVE: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local contact, time = ARGV[2], ARGV[3]
local real = redis.call('HSTRLEN', KEYS[2], contact) > tonumber(ARGV[5])
if real and tonumber(time) < tonumber(redis.call('HGET', KEYS[3], contact)) then
  return 0
end
redis.call('HSET', KEYS[2], contact, ARGV[4])
redis.call('HSET', KEYS[3], contact, time)
return 1
",
    )
});

/// KEYS: tokens, their times, times of ours. ARGV: oldest live time of a token, oldest live time of ours, length of a sealed
/// empty token. Returns how many contacts went.
static SWEEP: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local removed = 0
local times = redis.call('HGETALL', KEYS[3])
for i = 1, #times, 2 do
  local contact = times[i]
  local live = tonumber(times[i + 1]) >= tonumber(ARGV[2])
    and redis.call('HSTRLEN', KEYS[2], contact) > tonumber(ARGV[4])
  if not live then
    local ours = redis.call('HGET', KEYS[4], contact)
    if not ours or tonumber(ours) < tonumber(ARGV[3]) then
      for key = 2, 4 do redis.call('HDEL', KEYS[key], contact) end
      removed = removed + 1
    end
  end
end
return removed
",
    )
});

impl RedisStore {
    fn tc_keys(&self) -> [&str; 3] {
        [&self.keys.tc_token, &self.keys.tc_token_time, &self.keys.tc_sender_time]
    }

    pub(super) async fn tc_token(&self, contact: &str) -> Result<Option<TcTokenEntry>> {
        let mut row = redis::pipe();
        row.atomic();
        for key in self.tc_keys() {
            row.add_command(Cmd::hget(key, contact));
        }
        let (token, token_time, sender_timestamp): (Option<Vec<u8>>, Option<i64>, Option<i64>) =
            self.read_all(&row).await?;
        let Some(token) = token else { return Ok(None) };
        Ok(Some(TcTokenEntry {
            token: value::open(token)?,
            token_timestamp: token_time.unwrap_or_default(),
            sender_timestamp,
        }))
    }

    pub(super) async fn put_tc(&self, contact: &str, entry: &TcTokenEntry) -> Result<()> {
        let [token, token_time, sender_time] = self.tc_keys();
        let mut batch = Batch::new();
        batch.push("HSET", (token, contact, value::seal(&entry.token)));
        batch.push("HSET", (token_time, contact, entry.token_timestamp));
        match entry.sender_timestamp {
            Some(time) => batch.push("HSET", (sender_time, contact, time)),
            None => batch.push("HDEL", (sender_time, contact)),
        };
        self.write(batch).await.map(drop)
    }

    pub(super) async fn delete_tc(&self, contact: &str) -> Result<()> {
        let mut batch = Batch::new();
        for key in self.tc_keys() {
            batch.push("HDEL", (key, contact));
        }
        self.write(batch).await.map(drop)
    }

    pub(super) async fn tc_contacts(&self) -> Result<Vec<String>> {
        self.read(&Cmd::hkeys(&self.keys.tc_token)).await
    }

    pub(super) async fn touch_tc(&self, contact: &str, time: i64) -> Result<()> {
        self.call(&TOUCH, &self.tc_keys(), (contact, time, value::seal(&[]))).await
    }

    pub(super) async fn receive_tc(&self, contact: &str, token: &[u8], time: i64) -> Result<()> {
        let args = (contact, time, value::seal(token), value::seal(&[]).len());
        self.call(&RECEIVE, &self.tc_keys(), args).await
    }

    pub(super) async fn sweep_tc(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        self.call(&SWEEP, &self.tc_keys(), (token_cutoff, sender_cutoff, value::seal(&[]).len())).await
    }
}

//! Which devices of a group have our sender key: a HASH per group, and the list of groups, through which a device is
//! forgotten in all of them.

use std::sync::LazyLock;

use redis::Cmd;
use wacore::store::error::Result;

use super::RedisStore;
use crate::fence::{Batch, Procedure};

const HAS_KEY: &str = "1";
const NEEDS_KEY: &str = "0";

/// KEYS: groups. ARGV: start of a group's key, devices. Lua passes at most 8000 arguments to one command.
static DELETE_DEVICES: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
for _, group in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local key = ARGV[2] .. group
  for first = 3, #ARGV, 4000 do
    redis.call('HDEL', key, unpack(ARGV, first, math.min(first + 3999, #ARGV)))
  end
  if redis.call('EXISTS', key) == 0 then
    redis.call('SREM', KEYS[2], group)
  end
end
return 1
",
    )
});

/// KEYS: groups. ARGV: start of a group's key.
static CLEAR_ALL: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
for _, group in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  redis.call('UNLINK', ARGV[2] .. group)
end
redis.call('UNLINK', KEYS[2])
return 1
",
    )
});

impl RedisStore {
    pub(super) async fn devices_of_group(&self, group: &str) -> Result<Vec<(String, bool)>> {
        let rows: Vec<(String, String)> = self.read(&Cmd::hgetall(self.keys.sender_key_devices(group))).await?;
        Ok(rows.into_iter().map(|(device, status)| (device, status == HAS_KEY)).collect())
    }

    pub(super) async fn set_devices_of_group(&self, group: &str, entries: &[(&str, bool)]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.push("SADD", (&self.keys.groups, group));
        let rows = entries.iter().map(|(device, has_key)| (*device, if *has_key { HAS_KEY } else { NEEDS_KEY }));
        batch.push_many("HSET", &self.keys.sender_key_devices(group), rows);
        self.write(batch).await.map(drop)
    }

    pub(super) async fn clear_group(&self, group: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("UNLINK", self.keys.sender_key_devices(group));
        batch.push("SREM", (&self.keys.groups, group));
        self.write(batch).await.map(drop)
    }

    pub(super) async fn delete_devices_of_all_groups(&self, devices: &[&str]) -> Result<()> {
        if devices.is_empty() {
            return Ok(());
        }
        let args = (self.keys.sender_key_devices_prefix(), devices);
        self.call(&DELETE_DEVICES, &[&self.keys.groups], args).await
    }

    pub(super) async fn clear_all_groups(&self) -> Result<()> {
        self.call(&CLEAR_ALL, &[&self.keys.groups], self.keys.sender_key_devices_prefix()).await
    }
}

//! Who owns a session: leases in Redis, by Redis time.
//!
//! A lease names its owner and carries an epoch that only grows; every write of the owner is checked against it
//! ([`crate::fence`]). This module refuses to look at any local clock.

use std::sync::LazyLock;
use std::time::Duration;

use contract::id::SessionId;
use contract::keys::SessionKeys;
use redis::{RedisError, Script};

use crate::redis::Redis;

/// How long a lease holds without being renewed. Short enough that sessions of a dead host are back within half a minute.
pub const TTL: Duration = Duration::from_secs(15);

/// How often a lease is renewed: three times within [`TTL`], so one lost answer does no harm.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);

/// How long a host goes on without a successful renewal. What remains of [`TTL`] is its time to stop the client.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(10);

/// KEYS: lease. ARGV: host, ttl. Returns the new epoch, or nothing when another host owns the session.
///
/// The epoch is at least the time in milliseconds: the key vanishes with a deleted session, and a session of the same
/// name must not start below an epoch that a forgotten writer of the deleted one may still hold.
const ACQUIRE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'owner', 'epoch', 'until')
if lease[1] and lease[1] ~= ARGV[1] and tonumber(lease[3] or 0) > now then
  return false
end
local epoch = math.max((tonumber(lease[2]) or 0) + 1, now)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'epoch', string.format('%.0f', epoch),
  'until', string.format('%.0f', now + ARGV[2]))
return epoch
";

/// KEYS: lease. ARGV: host, epoch, ttl. A lease that ran out but was not taken is still the owner's to renew.
const RENEW: &str = r"
local lease = redis.call('HMGET', KEYS[1], 'owner', 'epoch')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + ARGV[3]))
return 1
";

/// KEYS: lease. ARGV: host, epoch. The epoch stays.
const RELEASE: &str = r"
local lease = redis.call('HMGET', KEYS[1], 'owner', 'epoch')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[1], 'owner', 'until')
return 1
";

static ACQUIRE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(ACQUIRE));
static RENEW_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(RENEW));
static RELEASE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(RELEASE));

/// What went wrong with a lease.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// A lease could not be asked for.
    #[error("the lease could not be acquired")]
    Acquire(#[source] RedisError),
    /// Leases could not be renewed. They may hold still.
    #[error("the leases could not be renewed")]
    Renew(#[source] RedisError),
    /// A lease could not be given back. It runs out by itself.
    #[error("the lease could not be released")]
    Release(#[source] RedisError),
    /// The owner could not be read.
    #[error("the lease could not be read")]
    Read(#[source] RedisError),
}

/// The right to be a session's only writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The fencing number.
    pub epoch: u64,
}

/// The leases of one host.
#[derive(Clone)]
pub struct Leases {
    redis: Redis,
    host: String,
}

impl Leases {
    /// The leases of the host with this id.
    pub fn new(redis: Redis, host_id: &str) -> Self {
        Self { redis, host: host_id.to_owned() }
    }

    /// Takes the lease when it is free, has run out, or is held by this very host id.
    ///
    /// A lease under the own id must be one of an earlier life of this host: its epoch ends. `None` when another host
    /// owns the session.
    pub async fn acquire(&self, session: &SessionId, ttl: Duration) -> Result<Option<Lease>, LeaseError> {
        let epoch: Option<u64> = ACQUIRE_SCRIPT
            .key(SessionKeys::new(session).lease())
            .arg(&self.host)
            .arg(millis(ttl))
            .invoke_async(&mut self.redis.shared())
            .await
            .map_err(LeaseError::Acquire)?;
        Ok(epoch.map(|epoch| Lease { epoch }))
    }

    /// Prolongs leases, in one round trip; `false` where the lease is lost.
    pub async fn renew(&self, leases: &[(SessionId, u64)], ttl: Duration) -> Result<Vec<bool>, LeaseError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        // Loading along, for the server may be a new one; then the other commands need no fallback.
        pipeline.cmd("SCRIPT").arg("LOAD").arg(RENEW).ignore();
        for (session, epoch) in leases {
            pipeline
                .cmd("EVALSHA")
                .arg(RENEW_SCRIPT.get_hash())
                .arg(1)
                .arg(SessionKeys::new(session).lease())
                .arg(&self.host)
                .arg(epoch)
                .arg(millis(ttl));
        }
        pipeline.query_async(&mut self.redis.shared()).await.map_err(LeaseError::Renew)
    }

    /// Gives a lease back; `false` when it was lost before.
    pub async fn release(&self, session: &SessionId, epoch: u64) -> Result<bool, LeaseError> {
        RELEASE_SCRIPT
            .key(SessionKeys::new(session).lease())
            .arg(&self.host)
            .arg(epoch)
            .invoke_async(&mut self.redis.shared())
            .await
            .map_err(LeaseError::Release)
    }

    /// The host that owns the session now.
    pub async fn owner(&self, session: &SessionId) -> Result<Option<String>, LeaseError> {
        let mut pipeline = redis::pipe();
        pipeline.hmget(SessionKeys::new(session).lease(), &["owner", "until"]).cmd("TIME");
        let ((owner, until), (seconds, micros)): ((Option<String>, Option<u64>), (u64, u64)) =
            pipeline.query_async(&mut self.redis.shared()).await.map_err(LeaseError::Read)?;
        let now = seconds * 1000 + micros / 1000;
        Ok(owner.filter(|_| until.is_some_and(|until| until > now)))
    }
}

fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}

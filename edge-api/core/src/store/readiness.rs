//! Whether the parts behind the edge are there.

use contract::keys;

use super::{HOST_SILENCE_MS, Reply, Store};
use crate::port::{Port, RedisError};
use crate::script::Script;

/// KEYS: hosts. ARGV: silence.
static HOSTS: Script = Script::new(
    "local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     return {redis.call('ZCOUNT', KEYS[1], now - ARGV[1], '+inf')}",
);

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Redis answers.
    pub redis: bool,
    /// A host is alive.
    pub host: bool,
}

impl<P: Port> Store<P> {
    /// Asks.
    pub async fn readiness(&self) -> Readiness {
        let hosts = self.hosts().await;
        Readiness { redis: hosts.is_ok(), host: hosts.is_ok_and(|count| count > 0) }
    }

    async fn hosts(&self) -> Result<u64, RedisError> {
        let silence = HOST_SILENCE_MS.to_string();
        let reply = HOSTS.run(&self.port, &[keys::HOSTS.to_owned()], &[silence.as_str()]).await?;
        Reply::new("hosts", reply).number()
    }
}

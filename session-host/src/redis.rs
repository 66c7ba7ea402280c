//! The way to Redis: one address, and the kinds of connection that are made to it.
//!
//! It owns no data and no keys. It refuses to hide that kinds differ: what blocks or subscribes never shares the
//! connection of ordinary commands, or it would stall them.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, Client, InfoDict, RedisError, RedisResult};

/// How long an ordinary command may take: a healthy Redis answers in a millisecond, and a script over thousands of rows in
/// some tens; what takes longer is a lost connection.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest pause between attempts to connect again: a host must be back well before its leases end.
const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// Attempts to connect before callers get the error: together with the pauses, shorter than a lease.
const CONNECT_ATTEMPTS: usize = 4;

/// Commands that may queue for the shared connection before their senders wait: hundreds of sessions write through it.
const SHARED_QUEUE: usize = 512;

/// Redis cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum RedisUnavailable {
    /// The address cannot be understood.
    #[error("the Redis URL is not valid")]
    Url(#[source] RedisError),
    /// Nothing answers there, or it refuses the login.
    #[error("Redis cannot be reached")]
    Connect(#[source] RedisError),
}

/// The way to one Redis server.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    shared: ConnectionManager,
}

impl Redis {
    /// Connects, with a few attempts.
    pub async fn connect(url: &str) -> Result<Self, RedisUnavailable> {
        let client = Client::open(url).map_err(RedisUnavailable::Url)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_max_delay(MAX_RECONNECT_DELAY)
            .set_number_of_retries(CONNECT_ATTEMPTS)
            .set_pipeline_buffer_size(SHARED_QUEUE);
        let shared = client.get_connection_manager_with_config(config).await.map_err(RedisUnavailable::Connect)?;
        Ok(Self { client, shared })
    }

    /// The connection for everything ordinary: shared, reconnecting, with a limit on the time of an answer.
    pub fn shared(&self) -> ConnectionManager {
        self.shared.clone()
    }

    /// A new connection for one reader's blocking commands; no limit on the time of an answer, no reconnecting.
    pub async fn blocking(&self) -> Result<MultiplexedConnection, RedisUnavailable> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT)).set_response_timeout(None);
        self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(RedisUnavailable::Connect)
    }

    /// A new connection for one subscriber.
    pub async fn pubsub(&self) -> Result<PubSub, RedisUnavailable> {
        self.client.get_async_pubsub().await.map_err(RedisUnavailable::Connect)
    }

    /// The time of Redis in milliseconds: the only clock that hosts share.
    pub async fn now_ms(&self) -> RedisResult<u64> {
        let (seconds, micros): (u64, u64) = redis::cmd("TIME").query_async(&mut self.shared()).await?;
        Ok(seconds * 1000 + micros / 1000)
    }

    /// What is wrong with the server's settings for data that must not get lost, a sentence each. Reads `INFO`, which
    /// managed servers allow where they forbid `CONFIG`; what cannot be read is not complained about.
    pub async fn durability_warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.info("persistence", "aof_enabled").await.as_deref() == Some("0") {
            warnings.push(
                "Redis runs without an append-only file: a crash of Redis loses linked sessions. Set `appendonly yes`."
                    .to_owned(),
            );
        }
        if let Some(policy) = self.info("memory", "maxmemory_policy").await.filter(|policy| policy != "noeviction") {
            warnings.push(format!(
                "Redis evicts keys when memory runs out (`maxmemory-policy {policy}`), which breaks linked sessions. Set \
                 `maxmemory-policy noeviction`."
            ));
        }
        warnings
    }

    async fn info(&self, section: &str, name: &str) -> Option<String> {
        let info: InfoDict = redis::cmd("INFO").arg(section).query_async(&mut self.shared()).await.ok()?;
        info.get(name)
    }
}

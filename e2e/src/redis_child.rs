//! The Redis that a stack started beside itself. It outlives a killed stack, so whoever throws the data away ends it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use redis::Client;

/// How long it may take to end.
const END_WITHIN: Duration = Duration::from_secs(10);

/// How long it may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The address of the Redis of a data directory. `None` when none was ever started there.
pub(crate) fn url(data: &Path) -> Option<String> {
    let read = |name: &str| fs::read_to_string(data.join(name)).ok();
    let (port, password) = (read("redis/port")?, read("redis-password")?);
    Some(format!("redis://:{}@127.0.0.1:{}", password.trim(), port.trim()))
}

/// A way to it.
pub(crate) fn client(data: &Path) -> anyhow::Result<Option<Client>> {
    url(data).map(Client::open).transpose().context("the address of a Redis")
}

/// Whether it still answers.
pub(crate) fn is_running(data: &Path) -> anyhow::Result<bool> {
    let Some(client) = client(data)? else { return Ok(false) };
    Ok(client.get_connection_with_timeout(ANSWER_WITHIN).is_ok())
}

/// Ends it, and with it what it has not written.
pub(crate) fn end(data: &Path) -> anyhow::Result<()> {
    let Some(client) = client(data)? else { return Ok(()) };
    let deadline = Instant::now() + END_WITHIN;
    while let Ok(mut connection) = client.get_connection_with_timeout(ANSWER_WITHIN) {
        // It answers by going away.
        let _ = redis::cmd("SHUTDOWN").arg("NOSAVE").query::<()>(&mut connection);
        if Instant::now() >= deadline {
            bail!("the Redis of {} does not end", data.display());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

//! The Redis behind everything: the one at `REDIS_URL`, or a child of ours with its files in the data directory, an append-only
//! file, no eviction and a password. A child that dies is started again with what it wrote. A child outlives a killed parent, and
//! the next start finds it; it does not outlive one that ends by itself, however early.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::secrets::DataDir;

/// How long the child may take until it answers; loading a large append-only file takes its time.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Time between two questions whether it answers.
const ASK_EVERY: Duration = Duration::from_millis(25);

/// How long one question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Time between two looks at a child that an earlier life left behind: it is not ours to wait for.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Starts in a row that may fail, or not last [`LASTING`].
const ATTEMPTS: u32 = 5;

/// Pause before the first of them; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How long a child must have run for its end to be the first of a row.
const LASTING: Duration = Duration::from_mins(1);

/// How long the child may take to write everything and end.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A Redis to use.
pub(crate) struct RedisServer {
    /// Where it is.
    pub(crate) address: Address,
    /// What keeps it running; `None` when it is not ours.
    keeper: Option<Keeper>,
}

/// The task that owns the child.
struct Keeper {
    task: JoinHandle<()>,
    stopping: CancellationToken,
    /// It gave up.
    failed: CancellationToken,
}

/// How to start the child.
struct Recipe {
    folder: PathBuf,
    port: u16,
    password: String,
    url: String,
}

/// Where a Redis is.
pub(crate) struct Address {
    /// `redis://host:port[/db]`.
    location: String,
    /// `user:password`, `:password`, or nothing.
    credentials: String,
}

impl Address {
    fn url(&self) -> String {
        match self.location.split_once("://") {
            Some((scheme, rest)) if !self.credentials.is_empty() => format!("{scheme}://{}@{rest}", self.credentials),
            _ => self.location.clone(),
        }
    }

    /// The address without credentials.
    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    /// The credentials alone.
    pub(crate) fn credentials(&self) -> &str {
        &self.credentials
    }

    /// Takes a URL apart.
    pub(crate) fn parse(url: &str) -> Self {
        let split = url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)));
        match split {
            Some((scheme, (credentials, rest))) => {
                Self { location: format!("{scheme}://{rest}"), credentials: credentials.to_owned() }
            }
            None => Self { location: url.to_owned(), credentials: String::new() },
        }
    }
}

impl RedisServer {
    /// The whole address.
    pub(crate) fn url(&self) -> String {
        self.address.url()
    }

    /// The address without credentials.
    pub(crate) fn location(&self) -> &str {
        &self.address.location
    }

    /// Whether it is a child of this stack.
    pub(crate) fn is_ours(&self) -> bool {
        self.keeper.is_some()
    }

    /// Comes back when our Redis cannot be kept running.
    pub(crate) async fn failed(&self) {
        match &self.keeper {
            Some(keeper) => keeper.failed.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Stops the child, with everything written.
    pub(crate) async fn stop(self) {
        let url = self.url();
        let Some(keeper) = self.keeper else { return };
        keeper.stopping.cancel();
        if let Err(error) = shut_down(&url).await {
            tracing::warn!(%error, "Redis did not take the order to stop");
        }
        if timeout(STOP_WITHIN, keeper.task).await.is_err() {
            tracing::warn!("Redis did not end in time");
        }
    }
}

impl Recipe {
    /// Keeps the child running until the server is stopped. A process that ends in another way drops the child, which kills
    /// it: what it wrote is with the operating system.
    async fn keep(self, mut child: Option<Child>, stopping: CancellationToken, failed: CancellationToken) {
        let mut attempts = 0;
        loop {
            let begun = Instant::now();
            let ended = match &mut child {
                Some(child) => child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string()),
                None => self.adopted_ended().await,
            };
            if stopping.is_cancelled() {
                return;
            }
            attempts = if begun.elapsed() < LASTING { attempts + 1 } else { 1 };
            if attempts > ATTEMPTS {
                tracing::error!(ended, "redis-server ends again and again; redis.log in the data directory says why");
                return failed.cancel();
            }
            tracing::error!(ended, attempts, "redis-server ended by itself; it is started again");
            sleep(FIRST_PAUSE * 2_u32.pow(attempts - 1)).await;
            if stopping.is_cancelled() {
                return;
            }
            child = match self.start() {
                Ok(child) => Some(child),
                Err(error) => {
                    tracing::error!(%error, "redis-server cannot be started again");
                    return failed.cancel();
                }
            };
        }
    }

    /// Comes back when the child of an earlier life answers no more.
    async fn adopted_ended(&self) -> String {
        let mut silent = 0;
        while silent < 3 {
            sleep(LOOK_EVERY).await;
            silent = if ping(&self.url).await.is_ok() { 0 } else { silent + 1 };
        }
        "no answer".to_owned()
    }
}

/// Takes the Redis at `url`, or our own.
pub(crate) async fn find_or_start(url: Option<&str>, data: &DataDir) -> anyhow::Result<RedisServer> {
    if let Some(url) = url {
        let address = Address::parse(url);
        ping(&address.url()).await.with_context(|| format!("Redis at {} does not answer", address.location))?;
        return Ok(RedisServer { address, keeper: None });
    }
    let folder = data.folder("redis")?;
    let (password, _) = data.secret("redis-password")?;
    let port_file = folder.join("port");
    let address =
        |port: u16| Address { location: format!("redis://127.0.0.1:{port}"), credentials: format!(":{password}") };
    if let Some(port) = fs::read_to_string(&port_file).ok().and_then(|text| text.trim().parse().ok()) {
        let address = address(port);
        // The password is this directory's, so whoever takes it is the child that an earlier life left behind.
        if ping(&address.url()).await.is_ok() {
            tracing::info!("Redis of an earlier start is still running");
            let recipe = Recipe { folder, port, password, url: address.url() };
            return Ok(RedisServer { address, keeper: Some(recipe.kept(None)) });
        }
    }
    let port = free_port()?;
    let address = address(port);
    let recipe = Recipe { folder, port, password, url: address.url() };
    let mut child = recipe.start()?;
    fs::write(&port_file, port.to_string()).with_context(|| format!("{} cannot be written", port_file.display()))?;
    wait_until_ready(&address.url(), &mut child).await?;
    Ok(RedisServer { address, keeper: Some(recipe.kept(Some(child))) })
}

impl Recipe {
    fn kept(self, child: Option<Child>) -> Keeper {
        let (stopping, failed) = (CancellationToken::new(), CancellationToken::new());
        let task = tokio::spawn(self.keep(child, stopping.clone(), failed.clone()));
        Keeper { task, stopping, failed }
    }

    fn start(&self) -> anyhow::Result<Child> {
        let Self { folder, port, password, .. } = self;
        let config = folder.join("redis.conf");
        let text = format!(
            "bind 127.0.0.1\nport {port}\ndir {}\nrequirepass {password}\nappendonly yes\nappendfsync everysec\nsave \"\"\n\
             maxmemory-policy noeviction\nlogfile {}\n",
            quoted(folder),
            quoted(&folder.join("redis.log")),
        );
        let mut options = fs::OpenOptions::new();
        let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(&config)?;
        io_write(&mut file, &text)?;
        let mut command = Command::new("redis-server");
        command.arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: ctrl-c at a terminal stops us, and we stop it last.
        command.process_group(0).kill_on_drop(true);
        command.spawn().context(
            "redis-server cannot be started: install it (apt-get install redis-server), or set REDIS_URL to one that runs",
        )
    }
}

fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('\\', "\\\\").replace('"', "\\\""))
}

fn io_write(file: &mut fs::File, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    file.write_all(text.as_bytes())
}

async fn wait_until_ready(url: &str, child: &mut Child) -> anyhow::Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        match ping(url).await {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() >= deadline => {
                return Err(error).context("Redis was started but does not answer");
            }
            Err(_) => {}
        }
        if let Some(status) = child.try_wait()? {
            bail!("redis-server ended at once ({status}); redis.log in the data directory says why");
        }
        sleep(ASK_EVERY).await;
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

async fn ping(url: &str) -> anyhow::Result<()> {
    let client = redis::Client::open(url)?;
    let ask = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<String>(&mut connection).await
    };
    timeout(ANSWER_WITHIN, ask).await.context("no answer")??;
    Ok(())
}

async fn shut_down(url: &str) -> anyhow::Result<()> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let order: redis::RedisResult<()> =
        timeout(STOP_WITHIN, redis::cmd("SHUTDOWN").query_async(&mut connection)).await.context("no answer")?;
    match order {
        // It answers by going away.
        Err(error) if !error.is_io_error() => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_kept_apart() {
        for (url, location, credentials) in [
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379", ""),
            ("redis://:secret@127.0.0.1:6379/1", "redis://127.0.0.1:6379/1", ":secret"),
            ("rediss://user:p@h:1", "rediss://h:1", "user:p"),
        ] {
            let address = Address::parse(url);
            assert_eq!((address.location.as_str(), address.credentials.as_str()), (location, credentials));
            assert_eq!(address.url(), url);
        }
    }
}

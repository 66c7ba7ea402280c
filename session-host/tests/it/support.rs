//! A real redis-server for the tests of this binary, and sessions in it that no other test knows.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use contract::id::SessionId;
use session_host::fence::{Durability, Fence, Fencing};
use session_host::lease::Leases;
use session_host::redis::Redis;
use session_host::store::RedisStore;

/// How long redis-server may take to listen on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// How long a test waits for a fact.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Longer than any test.
pub(crate) const LONG_LEASE: Duration = Duration::from_mins(10);

/// Starts the server, and stops it when its own standard input ends, that is, when the test binary does, in whatever way.
const KEEPER: &str = r#"
trap '' INT TERM HUP
redis-server --port 0 --unixsocket "$1/redis.sock" --dir "$1" --save '' \
  --appendonly "$2" --appendfsync always --loglevel warning &
server=$!
cat
kill "$server"
wait "$server"
rm -rf "$1"
"#;

/// A running redis-server; stops when dropped.
pub(crate) struct Server {
    /// Holds the pipe whose end stops the server.
    keeper: Child,
    socket: PathBuf,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static AOF_SERVER: OnceLock<Server> = OnceLock::new();

impl Server {
    pub(crate) fn url(&self) -> String {
        assert!(self.keeper.stdin.is_some(), "the pipe to the keeper of redis-server is open");
        format!("unix://{}", self.socket.display())
    }
}

/// Where the Redis of this test binary listens.
pub(crate) fn redis_url() -> String {
    SERVER.get_or_init(|| start(AppendOnly::No)).url()
}

/// Where another one listens that keeps an append-only file.
pub(crate) fn aof_redis_url() -> String {
    AOF_SERVER.get_or_init(|| start(AppendOnly::Yes)).url()
}

/// Whether a server keeps an append-only file.
#[derive(Clone, Copy)]
pub(crate) enum AppendOnly {
    Yes,
    No,
}

/// Starts a server; for tests that disturb everyone on theirs.
pub(crate) fn start(append_only: AppendOnly) -> Server {
    match Command::new("redis-server").arg("--version").stdout(Stdio::null()).status() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("These tests need redis-server on the PATH (Debian: apt-get install redis-server).")
        }
        other => assert!(other.expect("redis-server runs").success()),
    }
    let directory = tempfile::Builder::new().prefix("chatery-").tempdir().expect("a temporary directory").keep();
    let keeper = Command::new("sh")
        .args(["-c", KEEPER, "sh"])
        .arg(&directory)
        .arg(match append_only {
            AppendOnly::Yes => "yes",
            AppendOnly::No => "no",
        })
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh runs");
    let socket = directory.join("redis.sock");
    let deadline = Instant::now() + START_DEADLINE;
    while UnixStream::connect(&socket).is_err() {
        assert!(Instant::now() < deadline, "redis-server listens in time");
        std::thread::yield_now();
    }
    Server { keeper, socket }
}

/// A connection of the calling test's own runtime.
pub(crate) async fn redis() -> Redis {
    Redis::connect(&redis_url()).await.expect("the test server answers")
}

/// A session no other test has.
pub(crate) fn session() -> SessionId {
    SessionId::parse(&format!("test-{:016x}", rand::random::<u64>())).expect("a valid id")
}

/// A session with its lease.
pub(crate) struct Owned {
    pub(crate) redis: Redis,
    pub(crate) session: SessionId,
    pub(crate) epoch: u64,
    pub(crate) fencing: Fencing,
}

impl Owned {
    /// Takes the lease of a new session.
    pub(crate) async fn take(redis: Redis) -> Self {
        let session = session();
        let leases = Leases::new(redis.clone(), "host-a");
        let lease = leases.acquire(&session, LONG_LEASE).await.expect("Redis answers").expect("the lease is free");
        let fencing = Fencing::new(redis.clone(), Durability::Memory).await.expect("nothing is asked of the server");
        Self { redis, session, epoch: lease.epoch, fencing }
    }

    pub(crate) fn fence(&self) -> Fence {
        self.fencing.fence(&self.session, self.epoch)
    }

    /// A store with a fence of its own.
    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::new(self.fence())
    }
}

/// A new session of this test on the common server, with its lease.
pub(crate) async fn owned() -> Owned {
    Owned::take(redis().await).await
}

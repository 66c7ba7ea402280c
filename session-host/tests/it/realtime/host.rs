//! A host with nothing but its realtime side on a loopback port, and the owner's way to append events.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use contract::event::{Event, EventKind, Payload};
use contract::id::SessionId;
use contract::keys::SessionKeys;
use redis::Script;
use serde_json::{Map, Value, json};
use session_host::doorbell;
use session_host::eventlog::APPEND_EVENT;
use session_host::http::{self, api_key::ApiKey};
use session_host::realtime::{CorsOrigin, Realtime, RealtimeConfig, SocketAuth};
use session_host::redis::Redis;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::DEADLINE;

pub(super) struct Host {
    pub(super) url: String,
    pub(super) redis: Redis,
    pub(super) shutdown: CancellationToken,
    pub(super) tracker: TaskTracker,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Starts a host on the Redis at `redis_url`. The key guards the statistics; Socket.IO asks for it as the configuration says.
pub(super) async fn start_with(redis_url: &str, config: RealtimeConfig, api_key: Option<ApiKey>) -> Host {
    let redis = Redis::connect(redis_url).await.expect("Redis answers");
    let (shutdown, tracker) = (CancellationToken::new(), TaskTracker::new());
    let (realtime, layer) = Realtime::start(redis.clone(), config, shutdown.clone(), tracker.clone());
    tracker.spawn(shutdown.clone().run_until_cancelled_owned(doorbell::run(redis.clone(), vec![realtime.reader()])));
    let app = http::router(redis.clone(), realtime, &layer, api_key);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(axum::serve(listener, app).into_future());
    Host { url, redis, shutdown, tracker }
}

/// Starts an open host.
pub(super) async fn start(redis_url: &str) -> Host {
    start_with(redis_url, config("*", SocketAuth::Off), None).await
}

/// An HTTP client that gives up.
pub(super) fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(DEADLINE).build().expect("a client")
}

pub(super) fn config(origin: &str, auth: SocketAuth) -> RealtimeConfig {
    RealtimeConfig::new(CorsOrigin::parse(origin).expect("an origin"), auth)
}

impl Host {
    /// Appends numbered events as the owner of the session does, one by one.
    pub(super) async fn append(&self, session: &SessionId, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.append_at_once(session, [number]).await;
        }
    }

    /// Appends numbered events in one step.
    pub(super) async fn append_at_once(&self, session: &SessionId, numbers: impl IntoIterator<Item = u64>) {
        let script =
            Script::new(&format!("{APPEND_EVENT} for i = 2, #ARGV do append_event(KEYS[1], ARGV[1], ARGV[i]) end"));
        let mut invocation = script.key(SessionKeys::new(session).events());
        invocation.arg(session.as_str());
        for number in numbers {
            invocation.arg(event(session, number));
        }
        invocation.invoke_async::<()>(&mut self.redis.shared()).await.expect("Redis appends");
    }

    /// What the host tells of its sockets, once it is `expected`.
    pub(super) async fn wait_for_stats(&self, expected: &Value) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let response = http().get(format!("{}/api/websocket/stats", self.url)).send().await.expect("an answer");
            let stats: Value = response.json().await.expect("JSON");
            if stats == *expected {
                return;
            }
            assert!(Instant::now() < deadline, "{stats} becomes {expected}");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A numbered event as it stands in the log.
pub(super) fn event(session: &SessionId, number: u64) -> String {
    let fields =
        Map::from_iter([("number".to_owned(), json!(number)), ("message".to_owned(), json!({"text": "Halo ☀"}))]);
    let payload = Payload { session_id: session.clone(), timestamp: "2026-01-02T03:04:05.678Z".to_owned(), fields };
    serde_json::to_string(&Event { event: EventKind::Message, payload }).expect("JSON")
}

/// A Redis with an append-only file, that a test may kill and start again at the same place.
pub(super) struct OwnRedis {
    folder: TempDir,
    server: Child,
}

impl OwnRedis {
    pub(super) async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("chatery-").tempdir().expect("a folder");
        let server = spawn(&folder);
        let own = Self { folder, server };
        own.wait().await;
        own
    }

    pub(super) fn url(&self) -> String {
        format!("unix://{}", self.folder.path().join("redis.sock").display())
    }

    pub(super) fn kill(&mut self) {
        self.server.kill().expect("it runs");
        self.server.wait().expect("it ends");
    }

    pub(super) async fn start_again(&mut self) {
        self.server = spawn(&self.folder);
        self.wait().await;
    }

    /// Whether it takes commands; it listens before it has loaded its file.
    async fn answers(&self) -> bool {
        let Ok(client) = redis::Client::open(self.url()) else { return false };
        let Ok(mut connection) = client.get_multiplexed_async_connection().await else { return false };
        redis::cmd("PING").query_async::<()>(&mut connection).await.is_ok()
    }

    async fn wait(&self) {
        let deadline = Instant::now() + DEADLINE;
        while !self.answers().await {
            assert!(Instant::now() < deadline, "redis-server answers in time");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(folder: &TempDir) -> Child {
    let folder = folder.path();
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--unixsocket"])
        .arg(folder.join("redis.sock"))
        .arg("--dir")
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("These tests need redis-server on the PATH.")
}

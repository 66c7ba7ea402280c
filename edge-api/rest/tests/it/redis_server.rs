//! A `redis-server` of a test's own, on a socket in a folder that goes with it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longest start of a server on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct RedisServer {
    process: Child,
    folder: TempDir,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(folder.path().join("redis.sock"))
            .arg("--dir")
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server must be on the PATH");
        let server = Self { process, folder };
        let deadline = Instant::now() + START_LIMIT;
        while server.client().get_multiplexed_async_connection().await.is_err() {
            assert!(Instant::now() < deadline, "redis-server does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server
    }

    pub(crate) fn client(&self) -> redis::Client {
        let socket = self.folder.path().join("redis.sock");
        redis::Client::open(format!("redis+unix://{}", socket.display())).unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

//! A Redis of the test's own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::app::DEADLINE;

pub(crate) struct RedisServer {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Another process may take the port between its discovery and its use; then the server exits and the next is tried.
        let deadline = Instant::now() + DEADLINE;
        loop {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut process = Command::new("redis-server")
                .args(["--save", "", "--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"])
                .arg(folder.path())
                .stdout(Stdio::null())
                .spawn()
                .expect("these tests need a redis-server in the PATH (Debian: apt-get install redis-server)");
            while process.try_wait().unwrap().is_none() {
                assert!(Instant::now() < deadline, "redis-server does not answer");
                let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
                if client.get_multiplexed_async_connection().await.is_ok() {
                    return Self { process, port, _folder: folder };
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn connection(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

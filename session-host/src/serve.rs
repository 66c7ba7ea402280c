//! One HTTP port: the peer's address known to handlers, no delay on small answers, and an end in two steps, so that whoever
//! runs the server can stop what holds its connections open in between.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A running server.
#[derive(Debug)]
pub struct Server {
    task: JoinHandle<std::io::Result<()>>,
    refusing: CancellationToken,
}

impl Server {
    /// Serves a router.
    pub fn start(listener: TcpListener, router: Router) -> Self {
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps Nagle's delay");
            }
        });
        let refusing = CancellationToken::new();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(refusing.clone().cancelled_owned());
        Self { task: tokio::spawn(server.into_future()), refusing }
    }

    /// Returns when the server has ended by itself, which it should not.
    pub async fn ended(&mut self) {
        let ended = (&mut self.task).await;
        tracing::error!(?ended, "the server ended");
    }

    /// Takes no further connection, and closes those that are idle. Requests under way go on.
    pub fn refuse_new(&self) {
        self.refusing.cancel();
    }

    /// Gives answers under way `patience` to be sent, then cuts what is left.
    pub async fn close(mut self, patience: Duration) {
        self.refuse_new();
        if !self.task.is_finished() && timeout(patience, &mut self.task).await.is_err() {
            tracing::warn!("connections were cut that did not end in time");
            self.task.abort();
        }
    }
}

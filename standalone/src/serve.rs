//! The public port: HTTP/1.1 with the peer's address known, no delay on small answers, and an end that lets requests finish.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Serves until `stopped`, then gives requests that are under way `patience` to end.
pub(crate) async fn until(
    listener: TcpListener,
    router: Router,
    stopped: impl Future<Output = ()>,
    patience: Duration,
) {
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's delay");
        }
    });
    let stop = CancellationToken::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        () = stopped => {}
        ended = &mut server => {
            tracing::error!(?ended, "the server ended");
            return;
        }
    }
    stop.cancel();
    if timeout(patience, &mut server).await.is_err() {
        // Sockets that stay open on purpose: Socket.IO ends them with the host.
        server.abort();
    }
}

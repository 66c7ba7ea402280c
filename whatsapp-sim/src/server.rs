//! The listener: the wire at `/ws/chat`, the media host and the admin API beside it. It accepts and hands over; what a
//! connection may do is decided by `world`.

mod front;
mod media;
mod quick_ack;
pub(crate) mod socket;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::sim::Sim;
use front::Front;

/// The path that clients open.
pub(crate) const CHAT_PATH: &str = "/ws/chat";
/// A frame ends at 16 MiB; a WebSocket message may hold a few small ones more.
const MAX_WEBSOCKET_MESSAGE: usize = 17 * 1024 * 1024;
/// Most stanzas are below this; a buffer that stays with each connection is better small.
const SOCKET_BUFFER: usize = 4096;

/// The longest host name, and a port.
const MAX_HOST: usize = 253 + 6;

/// Serves until the network is shut down.
pub(crate) async fn serve(sim: Sim, listener: TcpListener, admin_hosts: Vec<String>) {
    let stopping = sim.stopping();
    let app = Router::new()
        .route(CHAT_PATH, get(chat))
        .with_state(sim.clone())
        .merge(media::router(sim.clone()))
        .merge(crate::admin::router(sim.clone(), admin_hosts));
    let (front, accepting) = match Front::new(listener, sim.tls().map(|tls| tls.acceptor.clone())) {
        Ok(parts) => parts,
        Err(error) => return tracing::error!(%error, "the listener failed"),
    };
    let served = axum::serve(front, app).with_graceful_shutdown(async move { stopping.cancelled().await }).await;
    if let Some(accepting) = accepting {
        accepting.abort();
        // Only by the end of the task is the port free.
        drop(accepting.await);
    }
    if let Err(error) = served {
        tracing::error!(%error, "the listener failed");
    }
}

async fn chat(State(sim): State<Sim>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let host = host(&headers);
    upgrade
        .read_buffer_size(SOCKET_BUFFER)
        .write_buffer_size(SOCKET_BUFFER)
        .max_message_size(MAX_WEBSOCKET_MESSAGE)
        .max_frame_size(MAX_WEBSOCKET_MESSAGE)
        .on_upgrade(move |socket| socket::run(sim, socket, host))
}

/// What a client calls this server, when that could be a host and a port.
fn host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    (!host.is_empty() && host.len() <= MAX_HOST && host.chars().all(plain)).then(|| host.to_owned())
}

//! Socket.IO: clients subscribe to sessions and hear their events.
//!
//! It owns the sockets and their positions; the events themselves are in the event log ([`crate::eventlog`]), which every
//! host can read, so that a client may come back through another host and resume from its cursor. It refuses to know what
//! events mean, and it never writes to Redis.
//!
//! ```text
//! pub/sub ─ doorbell ─▶ rooms (queue) ─▶ reader ──▶ live members
//!                         ▲    │ slow
//!  subscribe ─ handlers ──┘    ▼
//!                           catchup (one task each) ──▶ members that are behind
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use contract::id::SessionId;
use serde::Serialize;
use socketioxide::layer::SocketIoLayer;
use socketioxide::{ParserConfig, SocketIo};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::cors::CorsLayer;

use crate::doorbell::Reader;
use crate::eventlog::EventLog;
use crate::http::api_key::ApiKey;
use crate::redis::Redis;
use hub::Hub;
use replies::Replies;
use rooms::Rooms;

mod catchup;
mod cors;
mod handlers;
mod hub;
mod outgoing;
mod reader;
mod replies;
mod request;
mod rooms;

pub use cors::{CorsOrigin, InvalidCorsOrigin};
pub(crate) use hub::Backoff;

/// Where clients connect.
pub const PATH: &str = "/socket.io";

/// Time between heartbeats; the original's.
const PING_INTERVAL: Duration = Duration::from_secs(25);

/// How long a heartbeat may go unanswered; the original's.
const PING_TIMEOUT: Duration = Duration::from_mins(1);

/// Largest packet a client may send, and largest polling answer; the original's.
const MAX_PAYLOAD: usize = 1_000_000;

/// Binary attachments a packet may have. No event here takes any.
const MAX_ATTACHMENTS: usize = 1;

/// Packets that wait for one socket. A socket that is further behind is served from the log, not from memory.
const SEND_BUFFER: usize = 512;

/// How long a socket may take nothing before it is disconnected. Shorter than the time between heartbeats, which a full
/// buffer fails anyway, so that the log names the reason.
const STALL_LIMIT: Duration = Duration::from_secs(20);

/// How long connections may take to close at shutdown; one whose client reads nothing would take minutes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// Whether clients must show the API key.
#[derive(Clone, Debug)]
pub enum SocketAuth {
    /// Anyone may connect, as with the original.
    Off,
    /// Only with this key.
    ApiKey(ApiKey),
}

/// How to serve Socket.IO.
#[derive(Clone, Debug)]
pub struct RealtimeConfig {
    /// Which web pages may connect.
    pub cors_origin: CorsOrigin,
    /// Who may connect.
    pub auth: SocketAuth,
    /// How long a socket may take nothing before it is disconnected.
    pub stall_limit: Duration,
}

impl RealtimeConfig {
    /// The usual limits.
    pub fn new(cors_origin: CorsOrigin, auth: SocketAuth) -> Self {
        Self { cors_origin, auth, stall_limit: STALL_LIMIT }
    }
}

/// What `GET /api/websocket/stats` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Connected sockets.
    pub total_connections: usize,
    /// Sockets of each session that has any.
    pub session_rooms: BTreeMap<SessionId, usize>,
}

/// The running Socket.IO server.
#[derive(Clone)]
pub struct Realtime {
    io: SocketIo,
    hub: Arc<Hub>,
    cors: CorsOrigin,
}

impl Realtime {
    /// Starts the server's tasks, which end when `shutdown` is cancelled; then the connections are closed, and their clients
    /// connect again elsewhere. The layer answers everything below [`PATH`]; [`crate::http::public`] applies it.
    pub fn start(
        redis: Redis,
        config: RealtimeConfig,
        shutdown: CancellationToken,
        tracker: TaskTracker,
    ) -> (Self, SocketIoLayer) {
        let parser =
            ParserConfig::common().max_incoming_binary_buf_size(MAX_PAYLOAD).max_incoming_binaries(MAX_ATTACHMENTS);
        let (layer, io) = SocketIo::builder()
            .req_path(PATH)
            .ping_interval(PING_INTERVAL)
            .ping_timeout(PING_TIMEOUT)
            .max_payload(MAX_PAYLOAD as u64)
            .ws_max_message_size(MAX_PAYLOAD)
            .ws_max_frame_size(MAX_PAYLOAD)
            .max_buffer_size(SEND_BUFFER)
            .with_parser(parser)
            .build_layer();
        let RealtimeConfig { cors_origin, auth, stall_limit } = config;
        let log = EventLog::new(redis.clone());
        let hub = Arc::new(Hub {
            log,
            rooms: Rooms::default(),
            replies: Replies::default(),
            auth,
            logins: redis,
            stall_limit,
            shutdown,
            tracker,
        });
        handlers::serve(&io, &hub);
        hub.spawn(reader::run(Arc::clone(&hub)));
        hub.tracker.spawn({
            let (io, shutdown) = (io.clone(), hub.shutdown.clone());
            async move {
                shutdown.cancelled().await;
                if timeout(CLOSE_TIMEOUT, io.close()).await.is_err() {
                    tracing::warn!("some Socket.IO connections are abandoned, not closed");
                }
            }
        });
        (Self { io, hub, cors: cors_origin }, layer)
    }

    /// Who is connected.
    pub fn stats(&self) -> Stats {
        Stats { total_connections: self.io.sockets().len(), session_rooms: self.hub.rooms.sizes() }
    }

    /// The reader of event logs behind the sockets.
    pub fn reader(&self) -> Arc<dyn Reader> {
        Arc::clone(&self.hub) as Arc<dyn Reader>
    }

    pub(crate) fn cors(&self) -> CorsLayer {
        self.cors.layer()
    }

    pub(crate) fn cors_origin(&self) -> &CorsOrigin {
        &self.cors
    }
}

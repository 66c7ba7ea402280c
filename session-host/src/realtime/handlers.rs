//! The namespace `/`: who may connect, and what clients may say. It owns the replies; it refuses nothing silently except
//! events it does not know, which the original ignores too.

use std::sync::Arc;

use contract::error::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::socket::DisconnectReason;
use time::OffsetDateTime;

use super::SocketAuth;
use super::catchup::{self, Start};
use super::hub::Hub;
use super::request::{self, Failure, Subscribe};
use super::rooms::{Joined, MAX_SUBSCRIPTIONS};
use crate::http::api_key::API_KEY_HEADER;
use crate::http::entrance::admits;

/// Query parameter that carries the key where a client can set nothing else.
const API_KEY_PARAMETER: &str = "apiKey";

/// The `auth` object of the handshake.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handshake {
    api_key: Option<String>,
}

/// Sets up the namespace.
pub(super) fn serve(io: &SocketIo, hub: &Arc<Hub>) {
    let hub = Arc::clone(hub);
    let admit = move |socket: SocketRef, TryData(auth): TryData<Handshake>| {
        let hub = Arc::clone(&hub);
        async move {
            admit(&hub, &socket, auth.ok()).await.map_err(ErrorCode::message)?;
            // Before the client hears that it is connected: its first event must find its handler.
            listen(&socket, &hub);
            Ok::<_, &str>(())
        }
    };
    io.ns("/", connected.with(admit));
}

async fn connected(socket: SocketRef) {
    tracing::debug!(socket = %socket.id, transport = ?socket.transport_type(), "a socket is connected");
}

/// Checks the key of a handshake: the `auth` object, the header, the query, whichever comes first. A page of this server that is
/// logged in to the dashboard needs none.
async fn admit(hub: &Hub, socket: &SocketRef, handshake: Option<Handshake>) -> Result<(), ErrorCode> {
    let SocketAuth::ApiKey(key) = &hub.auth else { return Ok(()) };
    let request = socket.req_parts();
    let offered = handshake
        .and_then(|handshake| handshake.api_key)
        .or_else(|| request.headers.get(API_KEY_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned))
        .or_else(|| parameter(request.uri.query()?, API_KEY_PARAMETER));
    admits(key, &hub.logins, offered.as_deref().map(str::as_bytes), &request.method, &request.headers).await
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let parsed =
        axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&format!("/?{query}").parse().ok()?).ok()?;
    parsed.0.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Registers the handlers. Each does its work before it returns the (empty) future, in the order of the client's packets:
/// only the futures are spawned, and spawned tasks may overtake each other.
fn listen(socket: &SocketRef, hub: &Arc<Hub>) {
    let shared = Arc::clone(hub);
    socket.on("subscribe", move |socket: SocketRef, TryData(argument): TryData<Value>| {
        subscribe(&shared, &socket, &argument.unwrap_or_default());
        async {}
    });
    let shared = Arc::clone(hub);
    socket.on("unsubscribe", move |socket: SocketRef, TryData(argument): TryData<Value>| {
        unsubscribe(&shared, &socket, &argument.unwrap_or_default());
        async {}
    });
    let shared = Arc::clone(hub);
    socket.on("ping", move |socket: SocketRef| {
        shared.reply(&socket, "pong", &json!({"timestamp": unix_ms()}));
        async {}
    });
    let shared = Arc::clone(hub);
    socket.on_disconnect(move |socket: SocketRef, reason: DisconnectReason| {
        shared.rooms.forget(socket.id);
        shared.replies.forget(socket.id);
        tracing::debug!(socket = %socket.id, %reason, "a socket is gone");
        async {}
    });
}

fn subscribe(hub: &Arc<Hub>, socket: &SocketRef, argument: &Value) {
    let Subscribe { session, after } = match request::subscribe(argument) {
        Ok(wish) => wish,
        Err(failure) => return hub.refuse(socket, &failure),
    };
    let start = after.map_or(Start::Now, Start::After);
    match hub.rooms.join(socket, &session, after.is_some()) {
        Joined::New(ticket) => hub.spawn(catchup::start(Arc::clone(hub), ticket, start)),
        Joined::Already(position) => catchup::subscribed(hub, socket, &session, position),
        Joined::Starting => {}
        Joined::Refused => hub.refuse(socket, &Failure::too_many_subscriptions(&session, MAX_SUBSCRIPTIONS)),
    }
}

fn unsubscribe(hub: &Arc<Hub>, socket: &SocketRef, argument: &Value) {
    match request::unsubscribe(argument) {
        Ok(None) => {}
        Ok(Some(session)) => {
            hub.rooms.leave(socket.id, &session);
            hub.reply(socket, "unsubscribed", &json!({"sessionId": session}));
        }
        Err(failure) => hub.refuse(socket, &failure),
    }
}

fn unix_ms() -> i128 {
    OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000
}

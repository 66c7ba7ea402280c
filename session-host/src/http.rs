//! The host's own HTTP: what is public (Socket.IO and its statistics) and what is for operators (liveness, readiness). It
//! owns paths and status codes; it refuses to hold an API, which is the edge's.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use contract::envelope::Envelope;
use contract::error::ErrorCode;
use contract::routes::MEDIA;
use socketioxide::layer::SocketIoLayer;
use tokio::time::timeout;
use tower::{Layer, service_fn};

use crate::media::serve::{Served, serve};
use crate::realtime::{PATH, Realtime};
use crate::redis::Redis;
use api_key::ApiKey;
use entrance::Entrance;

pub mod api_key;
mod door;
pub mod entrance;

/// `GET`: connected sockets.
const STATS: &str = "/api/websocket/stats";
/// `GET`: the process runs.
const HEALTHZ: &str = "/healthz";
/// `GET`: the process can work.
const READYZ: &str = "/readyz";

/// How long Redis may take to answer before the host counts as not ready; below the usual second-scale limits of probes.
const READY_TIMEOUT: Duration = Duration::from_millis(800);

#[derive(Clone)]
struct Public {
    realtime: Realtime,
    entrance: Entrance,
}

/// What clients reach: Socket.IO, `/api/websocket/stats`, and files.
///
/// All are explicit routes, so that the router can be merged into one that has its own fallback. The statistics need the key or
/// a login when there is a key, whatever Socket.IO asks for: they name sessions.
pub(crate) fn public(realtime: Realtime, layer: &SocketIoLayer, entrance: Entrance, served: Served) -> Router {
    // One service for all routes: each that the layer makes has connections of its own, and axum applies a layer to every
    // route, to some with every request.
    let service = layer.layer(service_fn(async |_: Request| Ok::<_, Infallible>(failure(ErrorCode::RouteNotFound))));
    let socket = Router::new()
        .route_service(PATH, service.clone())
        .route_service(&format!("{PATH}/"), service.clone())
        .route_service(&format!("{PATH}/{{*rest}}"), service)
        .layer(realtime.cors());
    let door = from_fn_with_state(realtime.cors_origin().clone(), door::pass);
    let stats = Router::new().route(STATS, any(stats)).with_state(Public { realtime, entrance });
    let files = Router::new().route(MEDIA, any(serve)).with_state(served);
    stats.merge(files).layer(door).merge(socket)
}

/// Gives a path of ours that is spelled otherwise its one spelling, as the API does with its own.
pub(crate) fn respell(uri: &mut Uri) {
    if let Some(known) = door::respelled(uri, STATS) {
        *uri = known;
    }
}

/// What only operators reach: `/healthz` and `/readyz`.
pub fn internal(redis: Redis) -> Router {
    Router::new().route(HEALTHZ, get(|| async { "ok" })).route(READYZ, get(ready)).with_state(redis)
}

/// Everything the host serves by itself but files, for a host with one port.
pub fn router(redis: Redis, realtime: Realtime, layer: &SocketIoLayer, api_key: Option<ApiKey>) -> Router {
    let served = Served { media: None, redis: redis.clone() };
    public(realtime, layer, Entrance::new(api_key, redis.clone()), served).merge(internal(redis))
}

async fn stats(State(public): State<Public>, method: Method, headers: HeaderMap) -> Response {
    if let Err(code) = public.entrance.check(&method, &headers).await {
        return failure(code);
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return failure(ErrorCode::RouteNotFound);
    }
    Json(Envelope::data(public.realtime.stats())).into_response()
}

async fn ready(State(redis): State<Redis>) -> Response {
    let mut connection = redis.shared();
    let ping = redis::cmd("PING");
    match timeout(READY_TIMEOUT, ping.query_async::<redis::Value>(&mut connection)).await {
        Ok(Ok(_)) => "ready".into_response(),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "Redis cannot be reached").into_response(),
    }
}

pub(crate) fn failure(code: ErrorCode) -> Response {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(Envelope::<()>::failure(code, code.message(), None))).into_response()
}

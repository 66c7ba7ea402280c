//! What the network says about itself: its counters, its key, that it is there, and that something happened.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Success, success};
use super::error::{ApiError, Failure};
use super::extract::Parameters;
use crate::sim::{Sim, Stats};

/// How long a question for news waits for some: shorter than what browsers and proxies bear.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default()
        .routes(routes!(stats))
        .routes(routes!(server_key))
        .routes(routes!(certificate))
        .routes(routes!(changes))
        .routes(routes!(health))
}

/// What was counted since the start of the process.
#[utoipa::path(get, path = "/admin/stats", tag = "network", responses((status = 200, body = Success<Stats>)))]
async fn stats(State(sim): State<Sim>) -> impl IntoResponse {
    success(sim.stats().await)
}

/// The network's static key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServerKey {
    /// 64 hex digits.
    public_key: String,
}

/// The key that clients are seeded with.
#[utoipa::path(get, path = "/admin/server-key", tag = "network", responses((status = 200, body = Success<ServerKey>)))]
async fn server_key(State(sim): State<Sim>) -> impl IntoResponse {
    success(ServerKey { public_key: hex::encode(sim.server_public_key()) })
}

/// The certificate that clients of HTTPS and WSS have to trust, as PEM.
#[utoipa::path(
    get,
    path = "/admin/certificate",
    tag = "network",
    responses(
        (status = 200, body = String, content_type = "application/x-pem-file"),
        (status = "default", body = Failure, description = "`unknown_certificate`"),
    ),
)]
async fn certificate(State(sim): State<Sim>) -> Result<impl IntoResponse, ApiError> {
    let pem = sim.certificate().ok_or_else(ApiError::no_certificate)?.to_owned();
    Ok(([(CONTENT_TYPE, "application/x-pem-file")], pem))
}

/// What the asker knows.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct After {
    /// The counter of the last answer. Without it the answer comes at once.
    after: Option<u64>,
}

/// How far the network is.
#[derive(Serialize, ToSchema)]
struct Changes {
    /// Counts what happened on the network.
    counter: u64,
}

/// Waits until something happened on the network.
///
/// The answer comes as soon as the counter is another than `after`, or with the same counter after 25 seconds.
#[utoipa::path(
    get,
    path = "/admin/changes",
    tag = "network",
    params(After),
    responses(
        (status = 200, body = Success<Changes>),
        (status = "default", body = Failure, description = "`invalid_query`"),
    ),
)]
async fn changes(
    State(sim): State<Sim>,
    Parameters(After { after }): Parameters<After>,
) -> Result<impl IntoResponse, ApiError> {
    Ok(success(Changes { counter: sim.wait_for_change(after, PATIENCE).await? }))
}

/// The network is there.
#[derive(Serialize, ToSchema)]
struct Healthy {
    /// Always true.
    success: bool,
}

/// Whether the program serves.
#[utoipa::path(get, path = "/healthz", tag = "network", responses((status = 200, body = Healthy)))]
async fn health() -> impl IntoResponse {
    Json(Healthy { success: true })
}

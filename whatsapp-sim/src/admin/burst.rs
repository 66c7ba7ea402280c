//! Bursts of messages: begin one, see how far it is, end it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::{BurstInfo, BurstSpec, Sim};

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(begin, list)).routes(routes!(one, cancel))
}

/// Many contacts write to one account at a given rate.
#[utoipa::path(
    post,
    path = "/admin/burst",
    tag = "messages",
    request_body = BurstSpec,
    responses(
        (status = 201, body = Success<BurstInfo>),
        (
            status = "default",
            body = Failure,
            description = "`bad_count`, `bad_address`, `unknown_phone`, `too_many_phones`, `too_many_bursts`",
        ),
    ),
)]
async fn begin(State(sim): State<Sim>, Body(spec): Body<BurstSpec>) -> Result<impl IntoResponse, ApiError> {
    Ok((StatusCode::CREATED, success(sim.burst(spec).await?)))
}

/// The bursts that run, and the last ones that are over.
#[utoipa::path(get, path = "/admin/burst", tag = "messages", responses((status = 200, body = Success<Vec<BurstInfo>>)))]
async fn list(State(sim): State<Sim>) -> impl IntoResponse {
    success(sim.bursts())
}

/// How far a burst is.
#[utoipa::path(
    get,
    path = "/admin/burst/{id}",
    tag = "messages",
    params(("id" = u64, Path, description = "The burst.", example = 1)),
    responses(
        (status = 200, body = Success<BurstInfo>),
        (status = "default", body = Failure, description = "`unknown_burst`"),
    ),
)]
async fn one(State(sim): State<Sim>, Segments(id): Segments<u64>) -> Result<impl IntoResponse, ApiError> {
    Ok(success(sim.burst_info(id)?))
}

/// Ends a burst.
#[utoipa::path(
    delete,
    path = "/admin/burst/{id}",
    tag = "messages",
    params(("id" = u64, Path, description = "The burst.", example = 1)),
    responses(
        (status = 200, body = Success<BurstInfo>),
        (status = "default", body = Failure, description = "`unknown_burst`"),
    ),
)]
async fn cancel(State(sim): State<Sim>, Segments(id): Segments<u64>) -> Result<impl IntoResponse, ApiError> {
    Ok(success(sim.cancel_burst(id)?))
}

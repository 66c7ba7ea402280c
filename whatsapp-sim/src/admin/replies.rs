//! What phones answer by themselves.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::scenario::Reply;
use crate::sim::Sim;

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(list, set))
}

/// What a phone answers; of several answers the first that fits.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "replies": [{ "contains": "price", "say": ["25,000 each"] }, { "say": ["{text}?"] }] }))]
struct Replies {
    /// None: the phone answers nothing.
    replies: Vec<Reply>,
}

/// What the phone answers by itself.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/replies",
    tag = "phones",
    responses(
        (status = 200, body = Success<Replies>),
    ),
)]
async fn list(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(Replies { replies: sim.replies(&number).await? }))
}

/// What the phone answers by itself from now on, instead of what it answered before.
#[utoipa::path(
    put,
    path = "/admin/phones/{number}/replies",
    tag = "phones",
    request_body = Replies,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_scenario`"),
    ),
)]
async fn set(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(Replies { replies }): Body<Replies>,
) -> Outcome<impl IntoResponse> {
    sim.set_replies(&number, &replies).await?;
    Ok(success(Nothing {}))
}

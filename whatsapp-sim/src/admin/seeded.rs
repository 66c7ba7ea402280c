//! Linked accounts for load: the stores of many companions in one answer, for a file.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Success, success};
use super::error::{ApiError, Failure};
use super::extract::Body;
use crate::sim::Sim;
use crate::sim::seeded::DEFAULT_PRE_KEYS;
use crate::world::seeded::SeededDevice;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(seed))
}

/// How many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "count": 2 }))]
struct Seed {
    /// 1 to 5000 accounts.
    count: usize,
    /// One-time prekeys of each companion, at most 812.
    #[serde(default = "default_pre_keys")]
    pre_keys: u16,
}

fn default_pre_keys() -> u16 {
    DEFAULT_PRE_KEYS
}

/// New accounts, each with a linked companion whose store is the answer.
///
/// A client that holds it logs in without being linked. The keys are secret only as far as anything here is.
#[utoipa::path(
    post,
    path = "/admin/phones/seeded",
    tag = "linking",
    request_body = Seed,
    responses(
        (status = 201, body = Success<Vec<SeededDevice>>),
        (status = "default", body = Failure, description = "`bad_count`, `too_many_phones`"),
    ),
)]
async fn seed(State(sim): State<Sim>, Body(seed): Body<Seed>) -> Result<impl IntoResponse, ApiError> {
    Ok((StatusCode::CREATED, success(sim.seed_linked_with(seed.count, seed.pre_keys).await?)))
}

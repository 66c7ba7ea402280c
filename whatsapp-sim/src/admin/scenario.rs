//! Loading a scenario.

use axum::extract::State;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Success, success};
use super::error::{ApiError, Failure};
use super::extract::Body;
use crate::scenario::Scenario;
use crate::sim::Sim;
use crate::world::scenario::Loaded;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(load))
}

/// Adds people, groups, history and faults, and begins what is to happen; says what was missing.
#[utoipa::path(
    post,
    path = "/admin/scenario",
    tag = "network",
    request_body = Scenario,
    responses(
        (status = 200, body = Success<Loaded>),
        (
            status = "default",
            body = Failure,
            description = "`bad_scenario`, `bad_fault`, `bad_name`, `bad_address`, `too_many_phones`, `too_many_faults`",
        ),
    ),
)]
async fn load(State(sim): State<Sim>, Body(scenario): Body<Scenario>) -> Result<impl IntoResponse, ApiError> {
    Ok(success(sim.load_scenario(&scenario).await?))
}

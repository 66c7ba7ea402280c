//! The stanza log: switch it, and read what passed the connections as it passes.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Parameters};
use super::system::PATIENCE;
use crate::sim::Sim;
use crate::stanza_log::LogPage;

/// How many stanzas one answer holds unless it is told.
const DEFAULT_LIMIT: usize = 200;
/// How many stanzas one answer holds at most.
const MAX_LIMIT: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(read, switch))
}

/// Which part of the log.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Part {
    /// `next` of the last answer. Without it, everything that is kept.
    after: Option<u64>,
    /// Only the connections of this phone.
    number: Option<String>,
    /// How many stanzas at most, 1 to 1000; 200 unless given.
    limit: Option<usize>,
}

/// What passed the connections after a place in the log.
///
/// With nothing there yet, it waits up to 25 seconds for the next stanza or for the log being switched.
#[utoipa::path(
    get,
    path = "/admin/log",
    tag = "log",
    params(Part),
    responses(
        (status = 200, body = Success<LogPage>),
        (status = "default", body = Failure, description = "`invalid_query`, `bad_address`, `unknown_phone`"),
    ),
)]
async fn read(State(sim): State<Sim>, Parameters(part): Parameters<Part>) -> Result<impl IntoResponse, ApiError> {
    let limit = part.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::query("limit is a number from 1 to 1000"));
    }
    let number = part.number.as_deref();
    // Without a place there is nothing to wait for: whatever is kept is the answer.
    let patience = if part.after.is_some() { PATIENCE } else { std::time::Duration::ZERO };
    Ok(success(sim.stanza_log(part.after.unwrap_or(0), number, limit, patience).await?))
}

/// Whether the log is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "enabled": true }))]
struct Switch {
    enabled: bool,
}

/// Switches the log on or off; what it holds stays.
#[utoipa::path(
    put,
    path = "/admin/log",
    tag = "log",
    request_body = Switch,
    responses((status = 200, body = Success<Nothing>)),
)]
async fn switch(State(sim): State<Sim>, Body(switch): Body<Switch>) -> impl IntoResponse {
    sim.set_stanza_log(switch.enabled);
    success(Nothing {})
}

//! Linking by a code that is typed into the phone.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::{Linked, Sim};

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(enter))
}

/// What the person types.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "ABCD-EFGH" }))]
struct Typed {
    /// Eight characters, with or without a dash, in any case.
    code: String,
}

/// The person types the code that a companion shows for this number.
///
/// Answers when the companion is linked. A wrong code is found out by the companion's answer; three are allowed.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/pair-code",
    tag = "linking",
    request_body = Typed,
    responses(
        (status = 200, body = Success<Linked>),
        (status = "default", body = Failure, description = "`wrong_pair_code`, `pair_code_expired`, \
            `too_many_devices`, `companion_refused`, `companion_silent`, `bad_signature`"),
    ),
)]
async fn enter(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(typed): Body<Typed>,
) -> Result<impl IntoResponse, ApiError> {
    Ok(success(sim.enter_pair_code(&number, &typed.code).await?))
}

//! Calls of phones: ring somebody, answer, refuse, hang up, and the log.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Id, Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::{CallOptions, PhoneCall, Sim};

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(begin, log)).routes(routes!(step))
}

/// Whom to call, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "6281200000102", "video": true }))]
struct NewCall {
    to: String,
    #[serde(default)]
    video: bool,
    /// The group (`…@g.us`) whose call this is.
    group: Option<String>,
}

/// The person calls somebody: the companions of `to` ring.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/calls",
    tag = "calls",
    request_body = NewCall,
    responses(
        (status = 200, body = Success<Id>),
        (status = "default", body = Failure, description = "`wrong_chat`"),
    ),
)]
async fn begin(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(call): Body<NewCall>,
) -> Outcome<impl IntoResponse> {
    let options = CallOptions { video: call.video, group: call.group };
    let id = sim.call(&number, &call.to, &options).await?;
    Ok(success(Id { id }))
}

/// The account's calls since the start of the process, the oldest first.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/calls",
    tag = "calls",
    responses((status = 200, body = Success<Vec<PhoneCall>>)),
)]
async fn log(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.phone_calls(&number).await?))
}

/// What the person does about a call.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum CallAct {
    /// Takes it.
    Accept,
    /// Refuses it.
    Reject,
    /// Hangs up, or gives up.
    End,
    /// Lets it ring until the network gives up.
    Timeout,
}

/// The next step of a call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "act": "reject" }))]
struct CallStep {
    act: CallAct,
}

/// The person answers, refuses or ends a call.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/calls/{id}",
    tag = "calls",
    params(("id" = String, Path, description = "The call.", example = "3EB0AA11BB22CC33DD44")),
    request_body = CallStep,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_call`"),
    ),
)]
async fn step(
    State(sim): State<Sim>,
    Segments((number, id)): Segments<(String, String)>,
    Body(step): Body<CallStep>,
) -> Outcome<impl IntoResponse> {
    match step.act {
        CallAct::Accept => sim.answer_call(&number, &id).await?,
        CallAct::Reject => sim.reject_call(&number, &id).await?,
        CallAct::End => sim.end_call(&number, &id, false).await?,
        CallAct::Timeout => sim.end_call(&number, &id, true).await?,
    }
    Ok(success(Nothing {}))
}

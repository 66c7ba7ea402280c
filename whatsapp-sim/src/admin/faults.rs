//! Trouble on request, so that people and tests can see what a host makes of it.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::ApiError;
use super::extract::Body;
use crate::sim::Sim;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(inject))
}

/// What to do; whatever is not named stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "holdAcks": false, "refuseNextSend": 463 }))]
struct Faults {
    /// While true, clients' messages are taken but not acknowledged; false sends the withheld acknowledgements.
    hold_acks: Option<bool>,
    /// The next message of any client is refused with this code, for example 463.
    refuse_next_send: Option<u16>,
    /// True cuts every connection without a word.
    #[serde(default)]
    drop_connections: bool,
}

/// Makes trouble on the wire, or ends it.
#[utoipa::path(post, path = "/admin/faults", tag = "faults", request_body = Faults, responses((status = 200, body = Success<Nothing>)))]
async fn inject(State(sim): State<Sim>, Body(faults): Body<Faults>) -> Result<impl IntoResponse, ApiError> {
    if let Some(hold) = faults.hold_acks {
        sim.hold_acks(hold).await?;
    }
    if let Some(code) = faults.refuse_next_send {
        sim.refuse_next_send(code).await?;
    }
    if faults.drop_connections {
        sim.drop_connections().await?;
    }
    Ok(success(Nothing {}))
}

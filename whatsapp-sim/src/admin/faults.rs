//! Trouble on request, so that people and tests can see what a host makes of it.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

use super::error::ApiError;
use super::extract::Body;
use super::success;
use crate::sim::Sim;

/// What to do; whatever is not named stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Faults {
    /// While true, clients' messages are taken but not acknowledged; false sends the withheld acknowledgements.
    hold_acks: Option<bool>,
    /// The next message of any client is refused with this code, for example 463.
    refuse_next_send: Option<u16>,
    /// True cuts every connection without a word.
    #[serde(default)]
    drop_connections: bool,
}

pub(super) async fn inject(State(sim): State<Sim>, Body(faults): Body<Faults>) -> Result<impl IntoResponse, ApiError> {
    if let Some(hold) = faults.hold_acks {
        sim.hold_acks(hold).await?;
    }
    if let Some(code) = faults.refuse_next_send {
        sim.refuse_next_send(code).await?;
    }
    if faults.drop_connections {
        sim.drop_connections().await?;
    }
    Ok(success(json!({})))
}

//! Trouble on request, so that people and tests can see what a host makes of it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::{FaultInfo, FaultText, Sim};
use crate::world::faults::FaultSpec;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(add, list, remove_all)).routes(routes!(remove))
}

/// One fault, or the short forms of the three that are wanted most.
#[derive(ToSchema)]
#[schema(example = json!({ "kind": "refuseSends", "code": 463, "number": "6281200000101", "count": 2 }))]
enum Order {
    #[schema(value_type = FaultText)]
    Fault(Box<FaultText>),
    Short(Short),
}

/// What to do; whatever is not named stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Short {
    /// While true, clients' messages are taken but not acknowledged; false sends the withheld acknowledgements.
    hold_acks: Option<bool>,
    /// The next message of any client is refused with this code, for example 463.
    refuse_next_send: Option<u16>,
    /// True cuts every connection without a word.
    #[serde(default)]
    drop_connections: bool,
}

/// The fault that is in force now.
#[derive(Serialize, ToSchema)]
struct Added {
    /// Its id, by which it can be ended.
    id: u64,
}

impl<'de> Deserialize<'de> for Order {
    /// A fault has a kind; so each form can say what is wrong with it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = if value.get("kind").is_some() {
            serde_json::from_value(value).map(|fault| Self::Fault(Box::new(fault)))
        } else {
            serde_json::from_value(value).map(Self::Short)
        };
        read.map_err(D::Error::custom)
    }
}

/// Puts a fault into force, or does what a short form says.
#[utoipa::path(
    post,
    path = "/admin/faults",
    tag = "faults",
    request_body = Order,
    responses(
        (status = 200, body = Success<Nothing>, description = "A short form was done."),
        (status = 201, body = Success<Added>, description = "The fault is in force."),
        (status = "default", body = Failure, description = "`bad_fault`, `too_many_faults`, `bad_address`, `unknown_phone`"),
    ),
)]
async fn add(State(sim): State<Sim>, Body(order): Body<Order>) -> Result<Response, ApiError> {
    let short = match order {
        Order::Fault(text) => {
            let id = sim.add_fault(FaultSpec::try_from(*text)?).await?;
            return Ok((StatusCode::CREATED, success(Added { id })).into_response());
        }
        Order::Short(short) => short,
    };
    if let Some(hold) = short.hold_acks {
        sim.hold_acks(hold).await?;
    }
    if let Some(code) = short.refuse_next_send {
        sim.refuse_next_send(code).await?;
    }
    if short.drop_connections {
        sim.drop_connections().await?;
    }
    Ok(success(Nothing {}).into_response())
}

/// The faults in force, the oldest first.
#[utoipa::path(get, path = "/admin/faults", tag = "faults", responses((status = 200, body = Success<Vec<FaultInfo>>)))]
async fn list(State(sim): State<Sim>) -> impl IntoResponse {
    success(sim.faults().await)
}

/// Ends a fault; what it held goes on its way.
#[utoipa::path(
    delete,
    path = "/admin/faults/{id}",
    tag = "faults",
    params(("id" = u64, Path, description = "The fault.", example = 1)),
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_fault`"),
    ),
)]
async fn remove(State(sim): State<Sim>, Segments(id): Segments<u64>) -> Result<impl IntoResponse, ApiError> {
    sim.remove_fault(id).await?;
    Ok(success(Nothing {}))
}

/// Ends every fault.
#[utoipa::path(delete, path = "/admin/faults", tag = "faults", responses((status = 200, body = Success<Nothing>)))]
async fn remove_all(State(sim): State<Sim>) -> Result<impl IntoResponse, ApiError> {
    sim.remove_faults().await?;
    Ok(success(Nothing {}))
}

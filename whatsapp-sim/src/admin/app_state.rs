//! What a person arranges on the phone: names, labels, chats, stars; and what all devices of the account have set.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Id, Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::phone::app_state::Settings;
use crate::sim::{ChatChange, Sim};

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default()
        .routes(routes!(settings))
        .routes(routes!(set_label))
        .routes(routes!(arrange_chat))
        .routes(routes!(star))
}

/// What the account's devices have set.
///
/// The phone decrypts what its companions write: contacts, labels, chats, starred messages.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/app-state",
    tag = "app state",
    responses((status = 200, body = Success<Settings>), (status = "default", body = Failure)),
)]
async fn settings(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.settings(&number).await?))
}

/// A label.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "id": "1", "name": "Friends", "color": 3 }))]
struct NewLabel {
    /// Which label is changed; a new one without.
    id: Option<String>,
    name: String,
    /// The number of its colour, 0 to 19.
    #[serde(default)]
    color: i32,
    /// Whether it is deleted.
    #[serde(default)]
    deleted: bool,
}

/// The person makes, changes or deletes a label.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/labels",
    tag = "app state",
    request_body = NewLabel,
    responses(
        (status = 200, body = Success<Id>),
        (status = "default", body = Failure, description = "`bad_name`, `bad_label`, `app_state_full`"),
    ),
)]
async fn set_label(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(label): Body<NewLabel>,
) -> Outcome<impl IntoResponse> {
    let id = sim.set_label(&number, label.id.as_deref(), &label.name, label.color, label.deleted).await?;
    Ok(success(Id { id }))
}

/// The person arranges a chat: archive, top, silence, labels.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/chats/{chat}",
    tag = "app state",
    params(("chat" = String, Path, description = "A phone number or a JID", example = "6281200000102")),
    request_body = ChatChange,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_label`, `app_state_full`"),
    ),
)]
async fn arrange_chat(
    State(sim): State<Sim>,
    Segments((number, chat)): Segments<(String, String)>,
    Body(change): Body<ChatChange>,
) -> Outcome<impl IntoResponse> {
    sim.arrange_chat(&number, &chat, &change).await?;
    Ok(success(Nothing {}))
}

/// A star on a message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "chat": "6281200000102", "messageId": "3EB0C0FFEE", "starred": true }))]
struct Star {
    /// The chat in which the message stands.
    chat: String,
    message_id: String,
    starred: bool,
}

/// The person stars a message, or takes the star off.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/star",
    tag = "app state",
    request_body = Star,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_message`, `app_state_full`"),
    ),
)]
async fn star(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(star): Body<Star>,
) -> Outcome<impl IntoResponse> {
    sim.star(&number, &star.chat, &star.message_id, star.starred).await?;
    Ok(success(Nothing {}))
}

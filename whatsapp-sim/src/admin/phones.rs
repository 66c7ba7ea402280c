//! What a person does with a phone: get one, write, react, read, type, answer by itself, unlink a companion.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Id, Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::{PhoneInfo, PhoneMessage, PhoneReceipt, Sim};

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default()
        .routes(routes!(create, list))
        .routes(routes!(one))
        .routes(routes!(messages))
        .routes(routes!(receipts))
        .routes(routes!(react))
        .routes(routes!(read))
        .routes(routes!(typing))
        .routes(routes!(echo))
        .routes(routes!(remove_device))
}

/// A new phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Sari", "number": "6281200000103" }))]
struct Create {
    name: String,
    /// Chosen by the network when it is missing.
    number: Option<String>,
}

/// A new phone.
#[utoipa::path(
    post,
    path = "/admin/phones",
    tag = "phones",
    request_body = Create,
    responses(
        (status = 201, body = Success<PhoneInfo>),
        (status = "default", body = Failure, description = "`bad_name`, `bad_address`, `number_taken`, `too_many_phones`"),
    ),
)]
async fn create(State(sim): State<Sim>, Body(new): Body<Create>) -> Outcome<impl IntoResponse> {
    let phone = sim.create_phone(&new.name, new.number.as_deref()).await?;
    Ok((StatusCode::CREATED, success(phone)))
}

/// All phones, by number.
#[utoipa::path(
    get,
    path = "/admin/phones",
    tag = "phones",
    responses(
        (status = 200, body = Success<Vec<PhoneInfo>>),
    ),
)]
async fn list(State(sim): State<Sim>) -> impl IntoResponse {
    success(sim.phones().await)
}

/// One phone and its companions.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}",
    tag = "phones",
    responses(
        (status = 200, body = Success<PhoneInfo>),
    ),
)]
async fn one(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.phone(&number).await?))
}

/// Who got, read or played what the account's devices wrote.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/receipts",
    tag = "messages",
    responses(
        (status = 200, body = Success<Vec<PhoneReceipt>>),
    ),
)]
async fn receipts(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.phone_receipts(&number).await?))
}

/// What the phone sent and received, the oldest first.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/messages",
    tag = "messages",
    responses(
        (status = 200, body = Success<Vec<PhoneMessage>>),
    ),
)]
async fn messages(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.phone_messages(&number).await?))
}

/// A reaction to a message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "chat": "6281200000102", "messageId": "3EB0AA11BB22CC33DD44", "emoji": "👍" }))]
struct React {
    /// The other person of the chat.
    chat: String,
    /// The message reacted to, one that this phone sent or received.
    message_id: String,
    /// Empty takes the reaction back.
    emoji: String,
}

/// The person reacts to a message.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/react",
    tag = "messages",
    request_body = React,
    responses(
        (status = 200, body = Success<Id>),
        (status = "default", body = Failure, description = "`bad_text`, `unknown_message`, `wrong_chat`"),
    ),
)]
async fn react(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(reaction): Body<React>,
) -> Outcome<impl IntoResponse> {
    let id = sim.phone_react(&number, &reaction.chat, &reaction.message_id, &reaction.emoji).await?;
    Ok(success(Id { id }))
}

/// Which messages were read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "chat": "6281200000102", "messageIds": ["3EB0AA11BB22CC33DD44"] }))]
struct Read {
    /// The other person of the chat.
    chat: String,
    message_ids: Vec<String>,
}

/// The person reads messages of the other one.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/read",
    tag = "messages",
    request_body = Read,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_ids`, `unknown_message`, `wrong_chat`"),
    ),
)]
async fn read(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(receipt): Body<Read>,
) -> Outcome<impl IntoResponse> {
    sim.phone_read(&number, &receipt.chat, &receipt.message_ids).await?;
    Ok(success(Nothing {}))
}

/// Who sees it, and whether it begins or ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "chat": "6281200000102", "typing": true }))]
struct ChatState {
    /// The other person of the chat.
    chat: String,
    /// False when the person stops.
    #[serde(default = "yes")]
    typing: bool,
    /// True when the person records a voice message instead.
    #[serde(default)]
    recording: bool,
}

fn yes() -> bool {
    true
}

/// The person types, or stops.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/typing",
    tag = "messages",
    request_body = ChatState,
    responses(
        (status = 200, body = Success<Nothing>),
    ),
)]
async fn typing(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(state): Body<ChatState>,
) -> Outcome<impl IntoResponse> {
    if state.recording && state.typing {
        sim.phone_recording(&number, &state.chat).await?;
    } else {
        sim.phone_typing(&number, &state.chat, state.typing).await?;
    }
    Ok(success(Nothing {}))
}

/// Whether the phone answers by itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "enabled": true }))]
struct Echo {
    enabled: bool,
}

/// Whether the phone answers each text with "Echo: " and the same text.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/echo",
    tag = "phones",
    request_body = Echo,
    responses(
        (status = 200, body = Success<Nothing>),
    ),
)]
async fn echo(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(echo): Body<Echo>,
) -> Outcome<impl IntoResponse> {
    sim.set_echo(&number, echo.enabled).await?;
    Ok(success(Nothing {}))
}

/// The person unlinks a companion.
#[utoipa::path(
    delete,
    path = "/admin/phones/{number}/devices/{id}",
    tag = "linking",
    params(("id" = u16, Path, description = "the device number of the companion", example = 1)),
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_device`"),
    ),
)]
async fn remove_device(
    State(sim): State<Sim>,
    Segments((number, id)): Segments<(String, u16)>,
) -> Outcome<impl IntoResponse> {
    sim.remove_companion(&number, id).await?;
    Ok(success(Nothing {}))
}

//! What a person does with a phone: get one, write, react, read, type, answer by itself, unlink a companion.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

use super::error::ApiError;
use super::extract::{Body, Segments};
use super::success;
use crate::sim::Sim;

type Outcome<T> = Result<T, ApiError>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    /// Chosen by the network when it is missing.
    number: Option<String>,
}

pub(super) async fn create(State(sim): State<Sim>, Body(new): Body<Create>) -> Outcome<impl IntoResponse> {
    let phone = sim.create_phone(&new.name, new.number.as_deref()).await?;
    Ok((StatusCode::CREATED, success(phone)))
}

pub(super) async fn list(State(sim): State<Sim>) -> impl IntoResponse {
    success(sim.phones().await)
}

pub(super) async fn one(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.phone(&number).await?))
}

/// Who got, read or played what the account's devices wrote.
pub(super) async fn receipts(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.phone_receipts(&number).await?))
}

pub(super) async fn messages(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.phone_messages(&number).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Send {
    /// A phone number or a JID.
    to: String,
    text: String,
}

pub(super) async fn send(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(message): Body<Send>,
) -> Outcome<impl IntoResponse> {
    let id = sim.phone_send(&number, &message.to, &message.text).await?;
    Ok(success(json!({ "id": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct React {
    /// The other person of the chat.
    chat: String,
    /// The message reacted to, one that this phone sent or received.
    message_id: String,
    /// Empty takes the reaction back.
    emoji: String,
}

pub(super) async fn react(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(reaction): Body<React>,
) -> Outcome<impl IntoResponse> {
    let id = sim.phone_react(&number, &reaction.chat, &reaction.message_id, &reaction.emoji).await?;
    Ok(success(json!({ "id": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Read {
    /// The other person of the chat.
    chat: String,
    message_ids: Vec<String>,
}

pub(super) async fn read(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(receipt): Body<Read>,
) -> Outcome<impl IntoResponse> {
    sim.phone_read(&number, &receipt.chat, &receipt.message_ids).await?;
    Ok(success(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typing {
    /// The other person of the chat.
    chat: String,
    /// False when the person stops.
    #[serde(default = "yes")]
    typing: bool,
}

fn yes() -> bool {
    true
}

pub(super) async fn typing(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(state): Body<Typing>,
) -> Outcome<impl IntoResponse> {
    sim.phone_typing(&number, &state.chat, state.typing).await?;
    Ok(success(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Echo {
    enabled: bool,
}

pub(super) async fn echo(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(echo): Body<Echo>,
) -> Outcome<impl IntoResponse> {
    sim.set_echo(&number, echo.enabled).await?;
    Ok(success(json!({})))
}

pub(super) async fn remove_device(
    State(sim): State<Sim>,
    Segments((number, id)): Segments<(String, u16)>,
) -> Outcome<impl IntoResponse> {
    sim.remove_companion(&number, id).await?;
    Ok(success(json!({})))
}

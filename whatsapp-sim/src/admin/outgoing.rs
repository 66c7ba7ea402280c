//! What a person sends: one route for every kind of message, and playing what came.

use axum::extract::{DefaultBodyLimit, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use super::answer::{Id, Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::Sim;
use crate::written::Written;

/// Largest message: a file of 16 MiB as base64, and words around it.
const MAX_MESSAGE: usize = 23 * 1024 * 1024;

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default()
        .routes(routes!(send).layer(DefaultBodyLimit::max(MAX_MESSAGE)))
        .routes(routes!(played))
        .routes(routes!(lose_sessions))
}

/// A message: to whom, exactly one content, and how it is sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "6281200000102", "text": "hello" }))]
struct NewMessage {
    /// A phone number or a JID: of a person, a group (`…@g.us`) or `status@broadcast`.
    to: String,
    #[serde(flatten)]
    message: Written,
}

/// The person sends a message of any kind.
///
/// `to`, exactly one content (`text` … `timer`), and how it is sent (`quote` … `ephemeralWrapper`). Files travel as they do
/// from a real phone: encrypted, through the media host.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/send",
    tag = "messages",
    request_body(
        content = NewMessage,
        examples(
            ("text" = (value = json!({ "to": "6281200000102", "text": "hello" }))),
            ("answer" = (value = json!({
                "to": "6281200000102", "text": "yes, @6281200000102", "quote": "3EB0AA11BB22CC33DD44",
                "mentions": ["6281200000102"],
            }))),
            ("link" = (value = json!({
                "to": "6281200000102", "text": "see https://example.com",
                "link": { "url": "https://example.com", "title": "Example" },
            }))),
            ("image" = (value = json!({
                "to": "6281200000102", "image": { "data": "/9j/4AAQSkZJRg==", "caption": "the sea" }, "viewOnce": true,
            }))),
            ("voice note" = (value = json!({
                "to": "6281200000102", "audio": { "data": "T2dnUw==", "voice": true, "seconds": 3 },
            }))),
            ("document" = (value = json!({
                "to": "6281200000102",
                "document": { "data": "JVBERg==", "mimeType": "application/pdf", "fileName": "plan.pdf", "caption": "read it" },
            }))),
            ("location" = (value = json!({
                "to": "6281200000102", "location": { "latitude": -7.79, "longitude": 110.36, "name": "Tugu" },
            }))),
            ("contacts" = (value = json!({
                "to": "6281200000102", "contacts": [{ "name": "Cy", "vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Cy\nEND:VCARD" }],
            }))),
            ("poll" = (value = json!({
                "to": "6281200000102", "poll": { "name": "When?", "options": ["now", "later"], "selectable": 1 },
            }))),
            ("vote" = (value = json!({
                "to": "6281200000102", "vote": { "id": "3EB0AA11BB22CC33DD44", "options": ["later"] },
            }))),
            ("edit" = (value = json!({
                "to": "6281200000102", "edit": { "id": "3EB0AA11BB22CC33DD44", "text": "hello!" },
            }))),
            ("revoke" = (value = json!({ "to": "6281200000102", "revoke": { "id": "3EB0AA11BB22CC33DD44" } }))),
            ("timer" = (value = json!({ "to": "6281200000102", "timer": 86_400 }))),
        ),
    ),
    responses(
        (status = 200, body = Success<Id>),
        (
            status = "default",
            body = Failure,
            description = "`bad_text`, `bad_message`, `bad_vote`, `wrong_chat`, `unknown_message`, `unknown_poll`, `unknown_event`, \
                `not_your_message`, `not_editable`, `media_full`, `unknown_group`, `not_a_member`, `not_an_admin`, `already_member`",
        ),
    ),
)]
async fn send(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(NewMessage { to, message }): Body<NewMessage>,
) -> Outcome<impl IntoResponse> {
    let id = sim.sends_written(&number, &to, message).await?;
    Ok(success(Id { id }))
}

/// Which messages were played.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "chat": "6281200000102", "messageIds": ["3EB0AA11BB22CC33DD44"] }))]
struct Played {
    /// The other person, or the group.
    chat: String,
    message_ids: Vec<String>,
}

/// The person plays voice notes or videos, or opens what is for one view.
///
/// The author hears of it. What is for one view is gone from the phone afterwards.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/played",
    tag = "messages",
    request_body = Played,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_ids`, `unknown_message`, `not_playable`"),
    ),
)]
async fn played(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(played): Body<Played>,
) -> Outcome<impl IntoResponse> {
    sim.phone_plays(&number, &played.chat, &played.message_ids).await?;
    Ok(success(Nothing {}))
}

/// The phone loses its sessions, as a damaged one does.
///
/// What comes next it cannot decrypt, and asks for again.
#[utoipa::path(
    delete,
    path = "/admin/phones/{number}/sessions",
    tag = "faults",
    responses(
        (status = 200, body = Success<Nothing>),
    ),
)]
async fn lose_sessions(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    sim.phone_loses_sessions(&number).await?;
    Ok(success(Nothing {}))
}

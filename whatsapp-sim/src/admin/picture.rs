//! What people show of themselves: a picture and a line about them.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Raw, Segments};
use crate::sim::Sim;

/// Largest picture: a phone's photo, as base64.
pub(super) const MAX_PICTURE: usize = 16 * 1024 * 1024;
/// A grey point.
pub(super) const EXAMPLE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default()
        .routes(routes!(show, set, remove).layer(DefaultBodyLimit::max(MAX_PICTURE)))
        .routes(routes!(about))
}

/// The picture that the person shows, as JPEG.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/picture",
    tag = "phones",
    responses(
        (status = 200, body = Vec<u8>, content_type = "image/jpeg"),
        (status = "default", body = Failure, description = "`unknown_picture`"),
    ),
)]
async fn show(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    let picture = sim.picture(&number).await?;
    Ok(([(CONTENT_TYPE, "image/jpeg")], Bytes::from(picture)))
}

/// The picture that is shown from now on.
#[derive(Serialize, ToSchema)]
pub(super) struct PictureId {
    /// Another one with every change.
    pub(super) id: String,
}

/// The person shows another picture.
///
/// The body is the picture itself (PNG, JPEG or WebP) or a data URI of it. The middle square is kept.
#[utoipa::path(
    put,
    path = "/admin/phones/{number}/picture",
    tag = "phones",
    request_body(content = String, content_type = "text/plain", example = json!(EXAMPLE)),
    responses(
        (status = 200, body = Success<PictureId>),
        (status = "default", body = Failure, description = "`bad_picture`"),
    ),
)]
async fn set(State(sim): State<Sim>, Segments(number): Segments<String>, Raw(body): Raw) -> Outcome<impl IntoResponse> {
    Ok(success(PictureId { id: sim.set_picture(&number, given(&body)?).await? }))
}

/// The picture that a body brings, as it is or as a data URI.
pub(super) fn given(body: &[u8]) -> Outcome<Vec<u8>> {
    match body.strip_prefix(b"data:") {
        None => Ok(body.to_vec()),
        Some(uri) => decoded(uri).ok_or_else(ApiError::bad_picture),
    }
}

/// The content of a data URI, from behind its scheme.
fn decoded(uri: &[u8]) -> Option<Vec<u8>> {
    let data = uri.iter().position(|byte| *byte == b',').and_then(|comma| uri.get(comma + 1..))?;
    uri.starts_with(b"image/").then(|| STANDARD.decode(data.trim_ascii()).ok()).flatten()
}

/// The person shows no picture any more.
#[utoipa::path(
    delete,
    path = "/admin/phones/{number}/picture",
    tag = "phones",
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_picture`"),
    ),
)]
async fn remove(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    sim.remove_picture(&number).await?;
    Ok(success(Nothing {}))
}

/// What others read about the person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "about": "At the sea" }))]
struct About {
    /// May be empty.
    about: String,
}

/// The person says something else about themselves.
#[utoipa::path(
    put,
    path = "/admin/phones/{number}/about",
    tag = "phones",
    request_body = About,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_text`"),
    ),
)]
async fn about(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(About { about }): Body<About>,
) -> Outcome<impl IntoResponse> {
    sim.set_about(&number, &about).await?;
    Ok(success(Nothing {}))
}

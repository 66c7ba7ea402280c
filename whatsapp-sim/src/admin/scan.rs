//! Scanning a linking code: by a named phone, or by whichever phone the companion's push name means.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments, Text};
use super::qr;
use crate::sim::{Linked, Sim};

/// How many pictures are decoded at a time: each may take 32 MiB, and people scan one by one.
static CAMERAS: Semaphore = Semaphore::const_new(2);
/// A code as companions show it, of one that is long gone.
const EXAMPLE_CODE: &str = "2@gone,AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,\
    AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,1";

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(by_number)).routes(routes!(by_push_name))
}

/// What the camera sees.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "qr": EXAMPLE_CODE }))]
struct Scan {
    /// The code's text, or a data URI of a PNG that shows it.
    qr: String,
}

/// The phone points its camera at a linking code.
///
/// Answers when the companion has signed.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/scan",
    tag = "linking",
    request_body = Scan,
    responses(
        (status = 200, body = Success<Linked>),
        (status = "default", body = Failure, description = "`bad_qr`, `qr_expired`, `already_scanned`, \
            `too_many_devices`, `companion_refused`, `companion_silent`, `bad_signature`"),
    ),
)]
async fn by_number(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(scan): Body<Scan>,
) -> Result<impl IntoResponse, ApiError> {
    let camera = CAMERAS.acquire().await.map_err(|_| ApiError::worker())?;
    let reading = tokio::task::spawn_blocking(move || {
        let read = qr::read(&scan.qr);
        drop(camera);
        read
    })
    .await;
    let text = reading.map_err(|_| ApiError::worker())??;
    Ok(success(sim.scan(&number, &text).await?))
}

/// The phone with the companion's push name scans its code.
///
/// It is created when there is none. Clients that register under one name are devices of one person; the phone called
/// "Sandbox phone" scans those that register without any.
#[utoipa::path(
    post,
    path = "/admin/mock-phone/scan-qr",
    tag = "linking",
    request_body(content = String, content_type = "text/plain", example = json!(EXAMPLE_CODE)),
    responses(
        (status = 200, body = Success<Linked>),
        (status = "default", body = Failure, description = "`bad_qr`, `qr_expired`, `already_scanned`, \
            `too_many_devices`, `too_many_phones`, `companion_refused`, `companion_silent`, `bad_signature`"),
    ),
)]
async fn by_push_name(State(sim): State<Sim>, Text(text): Text) -> Result<impl IntoResponse, ApiError> {
    Ok(success(sim.scan_by_push_name(text.trim()).await?))
}

//! Scanning a linking code: by a named phone, or by whichever phone the companion's push name means.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::error::ApiError;
use super::extract::{Body, Segments, Text};
use super::{qr, success};
use crate::sim::Sim;

/// How many pictures are decoded at a time: each may take 32 MiB, and people scan one by one.
static CAMERAS: Semaphore = Semaphore::const_new(2);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scan {
    /// The code's text, or a data URI of a PNG that shows it.
    qr: String,
}

/// The phone `number` points its camera at a code.
pub(super) async fn by_number(
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

/// The account with the companion's push name scans it, created when there is none: the next device of the same
/// person when clients register under one name.
pub(super) async fn by_push_name(State(sim): State<Sim>, Text(text): Text) -> Result<impl IntoResponse, ApiError> {
    Ok(success(sim.scan_by_push_name(text.trim()).await?))
}

//! `GET /sessions/:id/qr` and `/qr/image`: the QR code that waits, as a data URI and as a picture.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::error::ErrorCode;
use contract::session::{QrView, SessionStatus};
use edge_core::port::Port;
use serde_json::json;

use super::{SessionPath, sessions};
use crate::answer::{self, Answer, Failure};
use crate::app::App;

/// What stands before the picture in a data URI.
const PNG: &str = "data:image/png;base64,";

/// What the original says here about an unknown session.
const UNKNOWN: &str = "Session not found. Please create session first.";

pub(super) async fn data<P: Port>(State(app): State<App<P>>, id: SessionPath) -> Answer {
    let record = sessions::find(&app, id).await?.ok_or(Failure::new(ErrorCode::SessionNotFound, UNKNOWN))?;
    if record.status == SessionStatus::Connected {
        let view = QrView { session_id: record.id, qr_code: None, status: record.status };
        return Ok(answer::ok("Already connected to WhatsApp", view));
    }
    match app.store.qr_code(&record.id).await? {
        Some(picture) => {
            let view = QrView { session_id: record.id, qr_code: Some(picture), status: SessionStatus::QrReady };
            Ok(answer::ok("QR Code ready", view))
        }
        None => Err(Failure::from(ErrorCode::QrNotAvailable).with_data(json!({ "status": record.status }))),
    }
}

pub(super) async fn image<P: Port>(State(app): State<App<P>>, id: SessionPath) -> Answer {
    let record = sessions::find(&app, id).await?.filter(|record| record.status != SessionStatus::Connected);
    let picture = match record {
        Some(record) => app.store.qr_code(&record.id).await?,
        None => None,
    };
    let picture = picture.as_deref().and_then(|uri| STANDARD.decode(uri.strip_prefix(PNG)?).ok());
    if let Some(picture) = picture {
        return Ok(answer::typed("image/png", picture));
    }
    let mut response = answer::typed("text/html; charset=utf-8", "QR Code not available");
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

//! The refusals of the API: a true status, a stable code for programs, a sentence for people.

use axum::Json;
use axum::extract::rejection::{JsonRejection, StringRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::qr::QrError;
use crate::sim::SimError;

/// One refused request.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such address")
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this address does not take that method")
    }

    pub(super) fn foreign_host() -> Self {
        let message = "the admin API answers only under its own host name";
        Self::new(StatusCode::FORBIDDEN, "foreign_host", message)
    }

    pub(super) fn foreign_origin() -> Self {
        let message = "pages of other sites may not use the admin API";
        Self::new(StatusCode::FORBIDDEN, "foreign_origin", message)
    }

    pub(super) fn worker() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the picture could not be worked on")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "success": false, "code": self.code, "message": self.message });
        (self.status, Json(body)).into_response()
    }
}

impl From<SimError> for ApiError {
    fn from(error: SimError) -> Self {
        let (status, code) = match &error {
            SimError::BadAddress(_) => (StatusCode::BAD_REQUEST, "bad_address"),
            SimError::Unregistered => (StatusCode::NOT_FOUND, "unknown_phone"),
            SimError::BadName => (StatusCode::BAD_REQUEST, "bad_name"),
            SimError::NumberTaken => (StatusCode::CONFLICT, "number_taken"),
            SimError::TooManyAccounts => (StatusCode::CONFLICT, "too_many_phones"),
            SimError::BadCode => (StatusCode::BAD_REQUEST, "bad_qr"),
            SimError::CodeExpired => (StatusCode::GONE, "qr_expired"),
            SimError::AlreadyScanned => (StatusCode::CONFLICT, "already_scanned"),
            SimError::TooManyCompanions => (StatusCode::CONFLICT, "too_many_devices"),
            SimError::CompanionRefused => (StatusCode::BAD_GATEWAY, "companion_refused"),
            SimError::BadSignature => (StatusCode::BAD_GATEWAY, "bad_signature"),
            SimError::CompanionSilent => (StatusCode::GATEWAY_TIMEOUT, "companion_silent"),
            SimError::NoSuchDevice => (StatusCode::NOT_FOUND, "unknown_device"),
            SimError::WrongChat => (StatusCode::BAD_REQUEST, "wrong_chat"),
            SimError::NoSuchMessage => (StatusCode::NOT_FOUND, "unknown_message"),
            SimError::BadText => (StatusCode::BAD_REQUEST, "bad_text"),
            SimError::BadIds => (StatusCode::BAD_REQUEST, "bad_ids"),
            SimError::Phone(_) | SimError::Journal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            SimError::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
        };
        if status.is_server_error() {
            tracing::error!(%error, code, "an admin request failed");
        }
        Self::new(status, code, error.to_string())
    }
}

impl From<QrError> for ApiError {
    fn from(error: QrError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_qr", error.to_string())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
            StatusCode::UNPROCESSABLE_ENTITY => "invalid_body",
            _ => "invalid_json",
        };
        Self::new(rejection.status(), code, rejection.body_text())
    }
}

impl From<StringRejection> for ApiError {
    fn from(rejection: StringRejection) -> Self {
        let code = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { "too_large" } else { "invalid_body" };
        Self::new(rejection.status(), code, rejection.body_text())
    }
}

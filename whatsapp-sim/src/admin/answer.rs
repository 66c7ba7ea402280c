//! The shapes that answers share: the envelope of every success and the few that say nothing but an id, or nothing.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The envelope of every success.
#[derive(Serialize, ToSchema)]
pub(super) struct Success<T> {
    /// Always true.
    success: bool,
    data: T,
}

/// What was written.
#[derive(Serialize, ToSchema)]
pub(super) struct Id {
    /// The id of the new message.
    pub(super) id: String,
}

/// It was done, and there is nothing to say about it.
#[derive(Serialize, ToSchema)]
pub(super) struct Nothing {}

/// Puts an answer into its envelope.
pub(super) fn success<T: Serialize>(data: T) -> Json<Success<T>> {
    Json(Success { success: true, data })
}

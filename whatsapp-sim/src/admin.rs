//! The simulator's own HTTP API: what a person or a test does to the network from outside.
//!
//! Owns the routes, their JSON and their refusals; everything else is the network's. It has no password, so the
//! [`guard`] refuses whatever a web page of another site could send, and sizes are bounded before anything is read.

mod error;
mod extract;
mod faults;
mod guard;
mod phones;
mod qr;
mod scan;

use axum::extract::{DefaultBodyLimit, State};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::sim::Sim;
use error::ApiError;
use guard::Guard;

/// Largest body: a PNG of a QR code as base64 in JSON. Real ones have some ten kilobytes.
const MAX_BODY: usize = 1024 * 1024;

/// The routes. Besides loopback names, the API may be addressed by the names in `hosts`.
pub(crate) fn router(sim: Sim, hosts: impl IntoIterator<Item = String>) -> Router {
    Router::new()
        .route("/admin/mock-phone/scan-qr", post(scan::by_push_name))
        .route("/admin/phones", post(phones::create).get(phones::list))
        .route("/admin/phones/{number}", get(phones::one))
        .route("/admin/phones/{number}/scan", post(scan::by_number))
        .route("/admin/phones/{number}/send", post(phones::send))
        .route("/admin/phones/{number}/messages", get(phones::messages))
        .route("/admin/phones/{number}/receipts", get(phones::receipts))
        .route("/admin/phones/{number}/react", post(phones::react))
        .route("/admin/phones/{number}/read", post(phones::read))
        .route("/admin/phones/{number}/typing", post(phones::typing))
        .route("/admin/phones/{number}/echo", post(phones::echo))
        .route("/admin/phones/{number}/devices/{id}", delete(phones::remove_device))
        .route("/admin/faults", post(faults::inject))
        .route("/admin/stats", get(stats))
        .route("/admin/server-key", get(server_key))
        .route("/healthz", get(|| async { Json(json!({ "success": true })) }))
        .method_not_allowed_fallback(|| async { ApiError::method() })
        .fallback(|| async { ApiError::route() })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Guard::new(hosts), guard::check))
        .with_state(sim)
}

/// The envelope of every success.
fn success(data: impl serde::Serialize) -> Json<serde_json::Value> {
    Json(json!({ "success": true, "data": data }))
}

async fn stats(State(sim): State<Sim>) -> impl IntoResponse {
    success(sim.stats().await)
}

async fn server_key(State(sim): State<Sim>) -> impl IntoResponse {
    success(json!({ "publicKey": hex::encode(sim.server_public_key()) }))
}

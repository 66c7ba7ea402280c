//! The entry point for Spin.

use edge_core::spin;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::wasip3::http::types::{ErrorCode, Response};

/// Answers a request.
#[http_service]
async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let answer = crate::answer(request.method(), request.uri().path(), request.headers()).into_response()?;
    spin::give_way().await;
    Ok(answer)
}

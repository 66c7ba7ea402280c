//! The entry point for Spin.

use edge_core::spin;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::wasip3::http::types::{ErrorCode, Response};

use crate::app::App;
use crate::door;

/// Answers a request.
#[http_service]
async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let settings = match spin::settings().await {
        Ok(settings) => settings,
        Err(invalid) => return Err(ErrorCode::InternalError(Some(invalid.to_string()))),
    };
    let request = request.map(axum::body::Body::new);
    let answer = spin::run(&settings.redis_url, |port| {
        let app = App::new(port, (*settings).clone());
        async move { door::answer(&app, request).await }
    })
    .await;
    let answer = answer.into_response()?;
    spin::give_way().await;
    Ok(answer)
}

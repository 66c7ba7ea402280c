//! The entry point for Spin.

use contract::error::ErrorCode::Internal;
use edge_core::spin;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::wasip3::http::types::{ErrorCode, Response};

use crate::answer::Failure;
use crate::app::App;
use crate::{door, trace};

/// Answers a request.
#[http_service]
async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let settings = match spin::settings().await {
        Ok(settings) => settings,
        // Nothing of a request can be judged without them.
        Err(invalid) => {
            trace::log(&invalid);
            let failure = Failure::new(Internal, invalid.to_string());
            return axum::response::IntoResponse::into_response(failure).into_response();
        }
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

//! The entry point for Spin.

use bytes::Bytes;
use edge_core::spin;
use http_body_util::{BodyExt, Full, Limited};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::wasip3::http::types::{ErrorCode, Response};

/// Longest request: a session, a webhook, a host.
const MAX_BODY: usize = 4_096;

/// Answers an invocation.
#[http_service]
async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let (status, text) = answer(request).await;
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("content-length", text.len())
        .body(Full::new(Bytes::from(text)))
        .map_err(|_| ErrorCode::HttpProtocolError)?;
    let response = response.into_response()?;
    spin::give_way().await;
    Ok(response)
}

async fn answer(request: Request) -> (u16, String) {
    let settings = match spin::settings().await {
        Ok(settings) => settings,
        Err(invalid) => {
            log(&invalid);
            return (500, "{}".to_owned());
        }
    };
    let (head, body) = request.into_parts();
    let authorization = head.headers.get("authorization").map(|value| value.as_bytes().to_vec());
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else { return (400, "{}".to_owned()) };
    let body = body.to_bytes();
    let redis_url = settings.redis_url.clone();
    let invoked =
        spin::run(
            &redis_url,
            |port| async move { crate::invoke(port, &settings, authorization.as_deref(), &body).await },
        )
        .await;
    match invoked {
        Ok(invoked) => (200, serde_json::to_string(&invoked).unwrap_or_default()),
        Err(refusal) => {
            if let crate::Refusal::Storage(error) = &refusal {
                log(error);
            }
            (refusal.status(), "{}".to_owned())
        }
    }
}

/// Standard error is the log of a component. Errors name commands and causes, never texts, numbers or keys of a client.
#[expect(clippy::print_stderr, reason = "the log of a component is its standard error")]
fn log(what: &impl std::fmt::Display) {
    eprintln!("edge-webhooks: {what}");
}

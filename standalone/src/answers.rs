//! The edge runtime answers what never reached a component, or did not come back from it, with a bare status, as Spin does. Here
//! such an answer gets the API's form, so that clients of this process meet one form only.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use contract::envelope::Envelope;
use contract::error::ErrorCode;

/// Seconds after which a server that is full is worth another try.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Gives a bare failure its form.
pub(crate) async fn complete(request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    if answer.headers().contains_key(CONTENT_TYPE) {
        return answer;
    }
    let (code, message) = match answer.status() {
        StatusCode::REQUEST_TIMEOUT => (ErrorCode::RequestTimeout, ErrorCode::RequestTimeout.message()),
        StatusCode::SERVICE_UNAVAILABLE => (ErrorCode::Overloaded, "The server is busy; try again in a moment"),
        StatusCode::GATEWAY_TIMEOUT => {
            (ErrorCode::Timeout, "The server is stopping; ask again with the same Idempotency-Key for the outcome.")
        }
        StatusCode::INTERNAL_SERVER_ERROR => (ErrorCode::Internal, ErrorCode::Internal.message()),
        StatusCode::BAD_REQUEST => (ErrorCode::MalformedBody, "The request is malformed"),
        _ => return answer,
    };
    let status = answer.status();
    let mut answer = (status, Json(Envelope::<()>::failure(code, message, None))).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    answer
}

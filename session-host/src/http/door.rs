//! The door of what the host answers itself, so that it behaves like the API beside it: request id, cross-origin headers,
//! preflights, and spellings of the path.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, HeaderName, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::realtime::CorsOrigin;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest `X-Request-Id` that is taken over from a client.
const MAX_REQUEST_ID: usize = 128;

/// Every method of the API, as its preflights say.
const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");

/// The canonical spelling of `known` in a path that differs from it by case and a trailing slash only. `None` when it does
/// not differ, or in more.
pub(super) fn respelled(uri: &Uri, known: &'static str) -> Option<Uri> {
    let path = uri.path();
    if path == known || !path.trim_end_matches('/').eq_ignore_ascii_case(known) {
        return None;
    }
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    format!("{known}{query}").parse().ok()
}

/// What every request passes.
pub(super) async fn pass(State(allowed): State<CorsOrigin>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let mut response = if request.method() == Method::OPTIONS {
        let mut response = StatusCode::NO_CONTENT.into_response();
        permit(&headers, response.headers_mut());
        response
    } else {
        next.run(request).await
    };
    mark(&allowed, &headers, response.headers_mut());
    response.headers_mut().insert(REQUEST_ID, request_id(&headers));
    response
}

fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |id: &&HeaderValue| {
        let id = id.as_bytes();
        !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.iter().all(u8::is_ascii_graphic)
    };
    let new = || HeaderValue::from_str(&hex::encode(rand::random::<[u8; 16]>()));
    let given = headers.get(REQUEST_ID).filter(plain).cloned();
    given.map_or_else(new, Ok).unwrap_or(HeaderValue::from_static("none"))
}

fn mark(allowed: &CorsOrigin, request: &HeaderMap, answer: &mut HeaderMap) {
    if !allowed.is_any() {
        answer.append(VARY, HeaderValue::from_static("Origin"));
    }
    let Some(origin) = allowed.answer(request.get(ORIGIN)) else { return };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id"));
}

fn permit(request: &HeaderMap, answer: &mut HeaderMap) {
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    if let Some(wanted) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        answer.append(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let respelled = |text: &str| respelled(&text.parse().unwrap(), "/api/x").map(|uri| uri.to_string());
        assert_eq!(respelled("/API/x/?a=B").as_deref(), Some("/api/x?a=B"));
        assert_eq!(respelled("/api/X").as_deref(), Some("/api/x"));
        for other in ["/api/x", "/api/xx", "/api/x/y"] {
            assert_eq!(respelled(other), None, "{other}");
        }
    }

    #[test]
    fn origins() {
        let (any, one) = (CorsOrigin::parse("*").unwrap(), CorsOrigin::parse("https://a.example").unwrap());
        let (a, b) = (HeaderValue::from_static("https://A.example"), HeaderValue::from_static("https://b.example"));
        assert_eq!(any.answer(None), Some(HeaderValue::from_static("*")));
        assert_eq!((one.answer(Some(&a)), one.answer(Some(&b)), one.answer(None)), (Some(a), None, None));
    }
}

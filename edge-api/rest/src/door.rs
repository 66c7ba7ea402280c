//! What every request passes, in order: request id, cross-origin headers, spelling of the path, key, route, length of the
//! answer, log.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, HOST, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use contract::routes;
use edge_core::ids;
use edge_core::port::Port;

use crate::answer::Failure;
use crate::app::App;
use crate::trace::{self, Asked};
use crate::{auth, cors, paths, repeat};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request.
pub async fn answer<P: Port>(app: &App<P>, request: Request) -> Response<Body> {
    let headers = request.headers().clone();
    let head = request.method() == Method::HEAD;
    let (asked, begun) = (Asked::new(request.method(), request.uri().path()), app.store.port().now_ms());
    let app = &app.for_request(&request_id(app, &headers));
    let mut response = if request.method() == Method::OPTIONS {
        let mut response = StatusCode::NO_CONTENT.into_response();
        cors::permit(&headers, response.headers_mut());
        response
    } else {
        routed(app, request).await
    };
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        if response.status().is_server_error() {
            app.trace.log(&format_args!("{asked} {failure}"));
        }
        if app.settings.legacy_status {
            response = failure.legacy();
        }
    }
    measure(&mut response, head);
    cors::mark(&app.settings.cors_origin, &headers, response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(app.trace.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if app.settings.log_requests {
        let (status, took) = (response.status().as_u16(), app.store.port().now_ms().saturating_sub(begun));
        trace::note(&format_args!("{} {asked} {status} {took} ms", app.trace));
    }
    response
}

async fn routed<P: Port>(app: &App<P>, mut request: Request) -> Response<Body> {
    keep_host(&mut request);
    let path = paths::canonical(request.uri().path());
    if let Some(session) = paths::session(&path) {
        app.trace.about(&session);
    }
    let closed = paths::is_under(&path, routes::API) || path == routes::DASHBOARD_SESSION;
    if closed && let Err(failure) = auth::check(app, &request).await {
        return failure.into_response();
    }
    let canonical = request.uri().query().map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
    match canonical.parse::<Uri>() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return Failure::from(contract::error::ErrorCode::RouteNotFound).into_response(),
    }
    repeat::answer(app, request).await
}

/// Spin tells the host in the address alone, and the address does not stay as it is.
fn keep_host(request: &mut Request) {
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host.filter(|_| !request.headers().contains_key(HOST)) {
        request.headers_mut().insert(HOST, host);
    }
}

fn request_id<P: Port>(app: &App<P>, headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    ids::request_id(given, app.store.port().random())
}

/// States the length: without it Spin sends an answer in small pieces, which costs 40 ms on a kept connection.
fn measure(response: &mut Response<Body>, head: bool) {
    if head || response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().remove(CONTENT_LENGTH);
    } else if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

//! `Idempotency-Key` on the routes of sessions: the same key is given the same answer for a day, whatever happened meanwhile. Sends and
//! changes at WhatsApp do not come here; they have the ledger.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::routes;
use edge_core::ids;
use edge_core::port::Port;
use edge_core::store::Given;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

use crate::answer::{self, Failure};
use crate::app::App;
use crate::body;

/// Name of the header that makes a request repeatable.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The key of a request.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| ids::is_idempotency_key(key));
    Ok(Some(key.ok_or(ErrorCode::InvalidIdempotencyKey)?.to_owned()))
}

/// The session of a request whose answer is kept: one that changes a session, and has a key.
fn subject(request: &Request) -> Option<SessionId> {
    if matches!(*request.method(), Method::GET | Method::HEAD) || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return None;
    }
    let rest = request.uri().path().strip_prefix(routes::SESSIONS)?.strip_prefix('/')?;
    SessionId::parse(rest.split('/').next()?).ok()
}

/// Answers a request: again with what was answered before, or by the routes.
pub(crate) async fn answer<P: Port>(app: &App<P>, request: Request) -> Response<Body> {
    match subject(&request) {
        None => routed(app, request).await,
        Some(session) => once(app, &session, request).await.unwrap_or_else(axum::response::IntoResponse::into_response),
    }
}

async fn routed<P: Port>(app: &App<P>, request: Request) -> Response<Body> {
    let Ok(response) = routes_of(app).call(request).await;
    response
}

fn routes_of<P: Port>(app: &App<P>) -> axum::Router {
    crate::routes::router(app.clone())
}

async fn once<P: Port>(app: &App<P>, session: &SessionId, request: Request) -> Result<Response<Body>, Failure> {
    let Some(key) = key(request.headers())? else { return Ok(routed(app, request).await) };
    let (parts, body) = request.into_parts();
    let bytes = body::read(body).await?;
    let head = format!("{} {}\n", parts.method, parts.uri);
    let fingerprint = ids::fingerprint(&[head.as_bytes(), &bytes].concat());
    if let Some(given) = app.store.given(session, &key).await? {
        if given.fingerprint != fingerprint {
            return Err(ErrorCode::IdempotencyKeyReused.into());
        }
        let mut again = answer::typed("application/json; charset=utf-8", given.body);
        *again.status_mut() = StatusCode::from_u16(given.status).unwrap_or(StatusCode::OK);
        return Ok(again);
    }
    let response = routed(app, Request::from_parts(parts, Body::from(bytes))).await;
    // What failed changed nothing, and may be tried again under the same key.
    if !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let response = Response::from_parts(parts, Body::from(body.clone()));
    let given =
        Given { fingerprint, status: response.status().as_u16(), body: String::from_utf8_lossy(&body).into_owned() };
    app.store.keep(session, &key, &given).await?;
    Ok(response)
}

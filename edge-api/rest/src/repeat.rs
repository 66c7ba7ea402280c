//! `Idempotency-Key` on the routes of sessions: the same key is given the same answer for a day, or as long as the session exists, and
//! of many requests at once one does the work. Sends and changes at WhatsApp do not come here; they have the ledger. Decides
//! what counts as the same request: what it means, however it is written.

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::routes;
use edge_core::ids;
use edge_core::port::{Port, RedisError};
use edge_core::store::{CLAIM_HOLDS, Claimed, KeyClaim, Keyed};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};
use tower_service::Service as _;

use crate::answer::{self, Failure};
use crate::app::App;
use crate::body::{self, Given};
use crate::fields::Fields;
use crate::form;
use crate::paths;
use crate::pauses::Pauses;

/// Name of the header that makes a request repeatable.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The key of a request. Of two nobody knows which one counts.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Failure::new(ErrorCode::InvalidIdempotencyKey, "There may be only one Idempotency-Key"));
    }
    let key = value.to_str().ok().filter(|key| ids::is_idempotency_key(key));
    Ok(Some(key.ok_or(ErrorCode::InvalidIdempotencyKey)?.to_owned()))
}

/// The session of a request whose answer is kept: one that changes a session, and has a key.
fn subject(request: &Request) -> Option<SessionId> {
    if matches!(*request.method(), Method::GET | Method::HEAD) || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return None;
    }
    paths::session(request.uri().path())
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
    let bytes = body::read(app.store.port(), &parts.headers, body).await?;
    let fingerprint = fingerprint(&parts, Given::of(&parts.headers, &bytes)?);
    let keyed = Keyed { session, key: &key, fingerprint: &fingerprint };
    let claimed = match claim(app, &keyed).await? {
        Ok(claimed) => claimed,
        Err(again) => return Ok(again),
    };
    // That a session was deleted is true after it.
    let outlives =
        parts.method == Method::DELETE && parts.uri.path().strip_prefix(routes::SESSIONS).is_some_and(is_last);
    let response = routed(app, Request::from_parts(parts, Body::from(bytes))).await;
    // What failed is done again under the same key. It may have changed something (a session that no host heard of is recorded); what
    // these routes do is to set what should be, and setting it again is harmless.
    if !response.status().is_success() {
        noted(app, app.store.release(&keyed, &claimed).await);
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let response = Response::from_parts(parts, Body::from(body.clone()));
    let given = edge_core::store::Given {
        status: response.status().as_u16(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    noted(app, app.store.keep(&keyed, &claimed, &given, outlives).await);
    Ok(response)
}

/// The work is done, and its answer is true whether it could be kept or not; the claim runs out by itself.
fn noted<P>(app: &App<P>, kept: Result<(), RedisError>) {
    if let Err(error) = kept {
        app.trace.log(&error);
    }
}

/// Whether what follows the path of all sessions is the name of one and nothing else.
fn is_last(rest: &str) -> bool {
    !rest.trim_start_matches('/').contains('/')
}

/// Claims a key, waiting for another request that has it; `Err` is the answer that this one was given.
async fn claim<P: Port>(app: &App<P>, keyed: &Keyed<'_>) -> Result<Result<Claimed, Response<Body>>, Failure> {
    let mut pauses = Pauses::new(CLAIM_HOLDS);
    loop {
        match app.store.claim(keyed).await? {
            KeyClaim::Claimed(claimed) => return Ok(Ok(claimed)),
            KeyClaim::Reused => return Err(ErrorCode::IdempotencyKeyReused.into()),
            KeyClaim::Known(given) => {
                let mut again = answer::typed("application/json; charset=utf-8", given.body);
                *again.status_mut() = StatusCode::from_u16(given.status).unwrap_or(StatusCode::OK);
                return Ok(Err(again));
            }
            KeyClaim::Taken => {}
        }
        let Some(pause) = pauses.next() else {
            let message = "A request with this Idempotency-Key is under way; ask again for its answer.";
            return Err(Failure::new(ErrorCode::Timeout, message));
        };
        app.store.port().sleep(pause).await;
    }
}

/// Digest of what a request means: method, path, and the fields of query and body in one spelling.
fn fingerprint(parts: &Parts, given: Given) -> String {
    let query = parts.uri.query().unwrap_or_default();
    let query = match form::parse(query.as_bytes()) {
        Some(fields) => Fields::new(fields).canonical(),
        None => Value::String(query.to_owned()),
    };
    let given = given.0.map_or_else(|| Value::Object(Map::new()), Fields::canonical);
    let meant = json!([parts.method.as_str(), parts.uri.path(), query, given]);
    ids::fingerprint(meant.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    fn of(path: &str, kind: &str, body: &str) -> String {
        let request = Request::post(path).header(CONTENT_TYPE, kind).body(Body::empty()).unwrap();
        let (parts, _) = request.into_parts();
        fingerprint(&parts, Given::of(&parts.headers, body.as_bytes()).unwrap())
    }

    #[test]
    fn the_same_request_however_it_is_written() {
        let (json, form) = ("application/json", "application/x-www-form-urlencoded");
        let one = of("/a?x=1&y=/", json, r#"{"a":{"b":"1","c":"2"},"d":["3"]}"#);
        for (path, kind, body) in [
            ("/a?y=%2F&x=1", json, r#"{ "d": ["3"], "a": {"c": "2", "b": "1"} }"#),
            ("/a?x=1&y=/", form, "d[]=3&a[c]=2&a[b]=1"),
        ] {
            assert_eq!(of(path, kind, body), one, "{path} {body}");
        }
        for (path, body) in [("/b", ""), ("/a", r#"{"a":[1,2]}"#), ("/a", r#"{"a":[2,1]}"#), ("/a?x", ""), ("/a", "")] {
            assert_ne!(of(path, json, body), one, "{path} {body}");
        }
        assert_ne!(of("/a", json, r#"{"a":[1,2]}"#), of("/a", json, r#"{"a":[2,1]}"#), "a list has an order");
        assert_eq!(of("/a", json, ""), of("/a", "text/plain", "ignored"));
    }

    #[test]
    fn a_session_by_itself() {
        assert!(is_last("/shop") && !is_last("/shop/webhooks"));
    }
}

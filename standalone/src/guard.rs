//! What protects a server without a key: it serves this machine, but so does every web page that is open on it. Requests that
//! come from a page of another place, or under a name that is not this machine's (DNS rebinding), are refused.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use contract::envelope::Envelope;
use contract::error::ErrorCode;

/// The answer to a page of another place.
const REFUSAL: &str = r#"{"success":false,"message":"Without API_KEY only pages and programs of this machine are served","code":"invalid_api_key"}"#;

/// Whether the guard is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// There is a key, which a page of another place does not have.
    Open,
    /// There is none.
    ThisMachineOnly,
}

/// Refuses what [`Guard`] refuses.
pub(crate) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let rebound = request.uri().authority().is_some_and(|authority| !is_loopback(authority));
    if guard == Guard::ThisMachineOnly && (rebound || !is_local(request.headers())) {
        return (StatusCode::FORBIDDEN, [("content-type", "application/json; charset=utf-8")], REFUSAL).into_response();
    }
    next.run(request).await
}

/// Refuses what hosts alone may ask of the edge. Here they do not ask through the port.
pub(crate) async fn refuse_internal(request: Request, next: Next) -> Response {
    if request.uri().path().starts_with(contract::routes::INTERNAL) {
        let answer = Envelope::<()>::failure(ErrorCode::RouteNotFound, ErrorCode::RouteNotFound.message(), None);
        return (StatusCode::NOT_FOUND, Json(answer)).into_response();
    }
    next.run(request).await
}

fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).is_none_or(|host| {
        host.to_str().ok().and_then(|host| host.parse().ok()).is_some_and(|host: Authority| is_loopback(&host))
    });
    let origin = headers.get(ORIGIN).is_none_or(|origin| {
        let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
        origin.is_some_and(|origin| origin.authority().is_some_and(is_loopback))
    });
    host && origin
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(headers: &[(&'static str, &'static str)]) -> bool {
        let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        is_local(&pairs.collect())
    }

    #[test]
    fn this_machine_by_each_of_its_names() {
        for host in ["localhost:3000", "LOCALHOST", "127.0.0.1:3000", "[::1]:3000", "127.8.8.8"] {
            assert!(local(&[("host", host)]), "{host}");
        }
        assert!(local(&[("host", "localhost:3000"), ("origin", "http://localhost:5173")]));
        assert!(local(&[]));
    }

    #[test]
    fn pages_of_other_places_and_rebound_names() {
        for host in ["evil.example", "localhost.evil.example:3000", "10.0.0.1", "127.0.0.1.nip.example"] {
            assert!(!local(&[("host", host)]), "{host}");
        }
        for origin in ["https://evil.example", "null", "http://localhost.evil.example", "file://"] {
            assert!(!local(&[("host", "localhost:3000"), ("origin", origin)]), "{origin}");
        }
    }
}

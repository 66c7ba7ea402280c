//! Makes of an incoming request what Spin hands to a component: an absolute URI and the `spin-*` headers. Spin adds its
//! headers behind those of the client, so a forged one comes first; that is kept, since components must cope with it in
//! production. Pure.

use std::net::SocketAddr;

use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri};

use crate::route::Match;

/// Prepares `request` for the component behind `found`; the error is the status to answer with.
pub(crate) fn prepare<B>(request: &mut Request<B>, found: &Match<'_>, peer: SocketAddr) -> Result<(), StatusCode> {
    let headers = request.headers_mut();
    // It is about the connection to this server and would confuse a guest that forwards its request.
    headers.remove(CONNECTION);
    if headers.get(HOST).is_some_and(is_service_chaining) {
        headers.remove(HOST);
    }
    let uri = absolute_uri(request)?;
    // Spin reads every header as text and answers 500 to one that is not; the fault is the client's.
    if request.headers().values().any(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let added = [
        ("spin-path-info", found.path_info.clone()),
        ("spin-full-url", format!("http://{host}{path}")),
        ("spin-matched-route", found.based()),
        ("spin-base-path", "/".to_owned()),
        ("spin-raw-component-route", found.route.to_owned()),
        ("spin-component-route", found.prefix().to_owned()),
        ("spin-client-addr", peer.to_string()),
    ];
    for (name, value) in added {
        if let Ok(value) = HeaderValue::try_from(value) {
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    *request.uri_mut() = uri;
    Ok(())
}

fn is_service_chaining(host: &HeaderValue) -> bool {
    let host = host.to_str().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host.split_once('.').is_some_and(|(_, domain)| domain == "spin.internal")
}

fn absolute_uri<B>(request: &Request<B>) -> Result<Uri, StatusCode> {
    let mut parts = request.uri().clone().into_parts();
    let from_header = match request.headers().get(HOST) {
        Some(host) => Some(Authority::try_from(host.as_bytes()).map_err(|_| StatusCode::BAD_REQUEST)?),
        None => None,
    };
    let authority = match (from_header, parts.authority.take()) {
        (Some(header), Some(uri)) if header != uri => return Err(StatusCode::BAD_REQUEST),
        (Some(authority), _) | (None, Some(authority)) => authority,
        (None, None) => return Err(StatusCode::BAD_REQUEST),
    };
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    if parts.path_and_query.is_none() {
        parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
    }
    Uri::from_parts(parts).map_err(|_| StatusCode::BAD_REQUEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Routes;

    fn prepared(request: Request<()>, route: &str) -> Result<Request<()>, StatusCode> {
        let mut routes = Routes::default();
        routes.add(route, 0);
        let mut request = request;
        let path = request.uri().path().to_owned();
        prepare(&mut request, &routes.find(&path).unwrap(), "127.0.0.1:9".parse().unwrap()).map(|()| request)
    }

    #[test]
    fn spins_headers_are_added() {
        let request = Request::get("/foo/bar?a=1").header(HOST, "example.com:80").header(CONNECTION, "close");
        let request = prepared(request.body(()).unwrap(), "/foo/...").unwrap();
        assert_eq!(request.uri(), "http://example.com:80/foo/bar?a=1");
        assert!(!request.headers().contains_key(CONNECTION));
        for (name, value) in [
            ("spin-path-info", "/bar"),
            ("spin-full-url", "http://example.com:80/foo/bar?a=1"),
            ("spin-matched-route", "/foo/..."),
            ("spin-base-path", "/"),
            ("spin-raw-component-route", "/foo/..."),
            ("spin-component-route", "/foo"),
            ("spin-client-addr", "127.0.0.1:9"),
        ] {
            assert_eq!(request.headers()[name], value, "{name}");
        }
    }

    #[test]
    fn a_forged_header_comes_first() {
        let request = Request::get("/").header(HOST, "h").header("spin-client-addr", "6.6.6.6:1");
        let request = prepared(request.body(()).unwrap(), "/...").unwrap();
        let values: Vec<_> = request.headers().get_all("spin-client-addr").iter().collect();
        assert_eq!(values, ["6.6.6.6:1", "127.0.0.1:9"]);
    }

    #[test]
    fn requests_without_a_clear_host_are_refused() {
        let refused = |request: http::request::Builder| prepared(request.body(()).unwrap(), "/...").unwrap_err();
        assert_eq!(refused(Request::get("/")), StatusCode::BAD_REQUEST);
        assert_eq!(refused(Request::get("/").header(HOST, "a b")), StatusCode::BAD_REQUEST);
        assert_eq!(refused(Request::get("http://a/").header(HOST, "b")), StatusCode::BAD_REQUEST);
        assert_eq!(refused(Request::get("/").header(HOST, "x.spin.internal")), StatusCode::BAD_REQUEST);
        let odd = Request::get("/").header(HOST, "a").header("x", HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(refused(odd), StatusCode::BAD_REQUEST);
    }
}

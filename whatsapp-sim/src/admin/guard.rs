//! Keeps web pages of other sites away from the admin API.
//!
//! The API has no password: it is meant for loopback. A browser on the same machine would still carry requests of any
//! page here, by a form post, or by a host name that was rebound to 127.0.0.1. Both show: the first in `Origin`, the
//! second in `Host`. Requests without `Origin` (curl, tests) pass when their `Host` is ours.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::error::ApiError;

/// The host names, besides loopback, under which the API may be addressed.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    hosts: Vec<String>,
}

impl Guard {
    pub(super) fn new(hosts: impl IntoIterator<Item = String>) -> Self {
        let hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase());
        Self { hosts: hosts.collect() }
    }

    fn admits(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let host = single(headers, &HOST)?.ok_or_else(ApiError::foreign_host)?.to_ascii_lowercase();
        let (name, _) = split_port(&host).ok_or_else(ApiError::foreign_host)?;
        if !is_loopback(name) && !self.hosts.iter().any(|known| known == name) {
            return Err(ApiError::foreign_host());
        }
        match single(headers, &ORIGIN)? {
            None => Ok(()),
            Some(origin) if is_origin_of(&origin.to_ascii_lowercase(), &host) => Ok(()),
            Some(_) => Err(ApiError::foreign_origin()),
        }
    }
}

/// The middleware.
pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.admits(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The only value of a header. Two `Host` or `Origin` lines mean that somebody along the way would read another one.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        _ => Err(ApiError::foreign_host()),
    }
}

/// Splits `name`, `name:port` or `[v6]:port`.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (name, after) = rest.split_once(']')?;
            (name, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map(str::parse).transpose().ok()?;
    (!name.is_empty()).then_some((name, port))
}

fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether an `Origin` names the site that `host` names. A proxy may end TLS before us, so both schemes count.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let (authority, default_port) = if let Some(rest) = origin.strip_prefix("http://") {
        (rest, 80)
    } else if let Some(rest) = origin.strip_prefix("https://") {
        (rest, 443)
    } else {
        return false;
    };
    let site = |authority| split_port(authority).map(|(name, port)| (name, port.unwrap_or(default_port)));
    site(authority).is_some_and(|origin| Some(origin) == site(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        Guard::new(["Sim.example".to_owned()]).admits(&headers).is_ok()
    }

    #[test]
    fn loopback_and_configured_hosts_are_admitted() {
        for host in
            ["127.0.0.1:3002", "127.1.2.3", "localhost:3002", "LOCALHOST", "[::1]:3002", "[::1]", "sim.example:80"]
        {
            assert!(admits(host, None), "{host}");
        }
    }

    #[test]
    fn rebound_and_malformed_hosts_are_refused() {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.168.0.1",
            "[::2]",
            "",
            "[::1",
            ":80",
            "localhost:x",
            "localhost:80:80",
            "user@localhost",
        ] {
            assert!(!admits(host, None), "{host}");
        }
        assert!(Guard::default().admits(&HeaderMap::new()).is_err(), "no Host at all");
    }

    #[test]
    fn an_origin_must_be_the_host() {
        assert!(admits("localhost:3002", Some("http://localhost:3002")));
        assert!(admits("localhost", Some("http://localhost")));
        assert!(admits("localhost:80", Some("http://localhost")));
        assert!(admits("sim.example", Some("https://sim.example")));
        for origin in [
            "null",
            "http://evil.example",
            "http://localhost:3003",
            "http://localhost.evil.example:3002",
            "ftp://localhost:3002",
            "localhost:3002",
            "http://localhost:3002/path",
            "http://localhost:3002@evil.example",
        ] {
            assert!(!admits("localhost:3002", Some(origin)), "{origin}");
        }
    }

    #[test]
    fn two_hosts_are_one_too_many() {
        let mut headers = HeaderMap::new();
        headers.append(HOST, "localhost".parse().unwrap());
        headers.append(HOST, "evil.example".parse().unwrap());
        assert!(Guard::default().admits(&headers).is_err());
    }
}

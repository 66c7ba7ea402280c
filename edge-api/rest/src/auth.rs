//! Who may ask: the API key, or a login of the dashboard; and the dashboard's credentials. Comparisons take the same time whatever is
//! wrong, the length included.

use axum::extract::Request;
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method};
use contract::dashboard::Provenance;
use contract::error::ErrorCode;
use edge_core::port::Port;
use edge_core::settings::Settings;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::answer::Failure;
use crate::app::App;

/// Name of the key's header.
const HEADER: &str = "x-api-key";

/// Checks the key of a request. A page of this server that is logged in needs none.
pub(crate) async fn check<P: Port>(app: &App<P>, request: &Request) -> Result<(), Failure> {
    let Some(key) = &app.settings.api_key else { return Ok(()) };
    match request.headers().get(HEADER).filter(|given| !given.is_empty()) {
        Some(given) if same(given.as_bytes(), key.as_bytes()) => Ok(()),
        Some(_) => Err(ErrorCode::InvalidApiKey.into()),
        None if is_logged_in(app, request.method(), request.headers()).await? => Ok(()),
        None => Err(ErrorCode::MissingApiKey.into()),
    }
}

/// Whether a request comes from a page of this server that is logged in.
pub(crate) async fn is_logged_in<P: Port>(app: &App<P>, method: &Method, headers: &HeaderMap) -> Result<bool, Failure> {
    match provenance(method, headers).token() {
        Some(token) => Ok(app.store.is_logged_in(token).await?),
        None => Ok(false),
    }
}

/// Where a request comes from.
pub(crate) fn provenance<'a>(method: &Method, headers: &'a HeaderMap) -> Provenance<'a> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    Provenance {
        cookie: text(COOKIE),
        fetch_site: text(HeaderName::from_static("sec-fetch-site")),
        origin: text(ORIGIN),
        host: text(HOST),
        reads: matches!(*method, Method::GET | Method::HEAD),
    }
}

/// Whether somebody showed the key of this server.
pub(crate) fn has_key(settings: &Settings, headers: &HeaderMap) -> bool {
    let given = headers.get(HEADER).map(axum::http::HeaderValue::as_bytes);
    settings.api_key.as_ref().zip(given).is_some_and(|(key, given)| same(given, key.as_bytes()))
}

/// Whether these are the dashboard's credentials. Without a configured password there are none.
pub(crate) fn is_dashboard_login(settings: &Settings, username: &str, password: &str) -> bool {
    let Some(expected) = &settings.dashboard_password else { return false };
    same(username.as_bytes(), settings.dashboard_username.as_bytes()) & same(password.as_bytes(), expected.as_bytes())
}

fn same(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a).ct_eq(&Sha256::digest(b)).into()
}

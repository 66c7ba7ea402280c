//! Who may use what the host serves itself: whoever has the API key, and pages of this server that are logged in to the dashboard.
//! The logins are in Redis, where the API writes them.

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use contract::dashboard::Provenance;
use contract::error::ErrorCode;
use contract::keys;
use sha2::{Digest, Sha256};
use tracing::warn;

use super::api_key::{API_KEY_HEADER, ApiKey};
use crate::redis::Redis;

/// The entrance.
#[derive(Clone)]
pub struct Entrance {
    api_key: Option<ApiKey>,
    redis: Redis,
}

impl Entrance {
    /// An entrance; without a key it is open.
    pub fn new(api_key: Option<ApiKey>, redis: Redis) -> Self {
        Self { api_key, redis }
    }

    /// Checks a request by its headers.
    pub async fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), ErrorCode> {
        let Some(key) = &self.api_key else { return Ok(()) };
        let offered = headers.get(API_KEY_HEADER).map(HeaderValue::as_bytes);
        admits(key, &self.redis, offered, method, headers).await
    }
}

/// Whether an offered key is right or, when none is offered, a login of the dashboard stands for it.
pub(crate) async fn admits(
    key: &ApiKey,
    redis: &Redis,
    offered: Option<&[u8]>,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), ErrorCode> {
    match key.check_bytes(offered) {
        Err(ErrorCode::MissingApiKey) if is_logged_in(redis, method, headers).await? => Ok(()),
        checked => checked,
    }
}

async fn is_logged_in(redis: &Redis, method: &Method, headers: &HeaderMap) -> Result<bool, ErrorCode> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let provenance = Provenance {
        cookie: text(COOKIE),
        fetch_site: text(HeaderName::from_static("sec-fetch-site")),
        origin: text(ORIGIN),
        host: text(HOST),
        reads: matches!(*method, Method::GET | Method::HEAD),
    };
    let Some(token) = provenance.token() else { return Ok(false) };
    let login = keys::dashboard_login(&hex::encode(Sha256::digest(token)));
    let asked = redis::cmd("EXISTS").arg(login).query_async::<bool>(&mut redis.shared()).await;
    asked.map_err(|error| {
        warn!(%error, "a login cannot be looked up");
        ErrorCode::StorageUnavailable
    })
}

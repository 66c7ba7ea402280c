//! The API key and the dashboard's credentials. Comparisons take the same time whatever is wrong, the length included.

use axum::http::HeaderMap;
use contract::error::ErrorCode;
use edge_core::settings::Settings;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Name of the key's header.
const HEADER: &str = "x-api-key";

/// Checks the key of a request.
pub(crate) fn check(settings: &Settings, headers: &HeaderMap) -> Result<(), ErrorCode> {
    let Some(key) = &settings.api_key else { return Ok(()) };
    match headers.get(HEADER) {
        Some(given) if !given.is_empty() => {
            if same(given.as_bytes(), key.as_bytes()) {
                Ok(())
            } else {
                Err(ErrorCode::InvalidApiKey)
            }
        }
        _ => Err(ErrorCode::MissingApiKey),
    }
}

/// Whether these are the dashboard's credentials. Without a configured password there are none.
pub(crate) fn is_dashboard_login(settings: &Settings, username: &str, password: &str) -> bool {
    let Some(expected) = &settings.dashboard_password else { return false };
    same(username.as_bytes(), settings.dashboard_username.as_bytes()) & same(password.as_bytes(), expected.as_bytes())
}

fn same(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a).ct_eq(&Sha256::digest(b)).into()
}

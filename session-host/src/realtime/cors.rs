//! Which web pages may use the host from another origin, as `CORS_ORIGIN` says: `*`, one origin, or several with commas
//! between (the original takes a list for one literal).

use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// The allowed origins. `None` are all.
#[derive(Clone, Debug)]
pub struct CorsOrigin(Option<Vec<HeaderValue>>);

/// The setting names no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CORS_ORIGIN must be * or a comma-separated list of origins")]
pub struct InvalidCorsOrigin;

impl CorsOrigin {
    /// Reads the setting.
    pub fn parse(text: &str) -> Result<Self, InvalidCorsOrigin> {
        if text.trim() == "*" {
            return Ok(Self(None));
        }
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let origins: Vec<HeaderValue> =
            origins.map(HeaderValue::from_str).collect::<Result<_, _>>().map_err(|_| InvalidCorsOrigin)?;
        // A star inside a list would be a literal that no browser sends.
        if origins.is_empty() || origins.iter().any(|origin| origin == "*") {
            return Err(InvalidCorsOrigin);
        }
        Ok(Self(Some(origins)))
    }

    /// Whether pages of every origin are allowed.
    pub(crate) fn is_any(&self) -> bool {
        self.0.is_none()
    }

    /// What an answer to a request from `origin` says is allowed. `None` when that origin is not.
    pub(crate) fn answer(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        let Some(listed) = &self.0 else { return Some(HeaderValue::from_static("*")) };
        let same = |one: &HeaderValue, other: &HeaderValue| one.as_bytes().eq_ignore_ascii_case(other.as_bytes());
        origin.filter(|origin| listed.iter().any(|one| same(one, origin))).cloned()
    }

    pub(super) fn layer(&self) -> CorsLayer {
        let origins = self.0.clone().map_or_else(AllowOrigin::any, AllowOrigin::list);
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(AllowHeaders::mirror_request())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_or_origins() {
        for good in ["*", "https://a.example", "https://a.example, http://localhost:5173"] {
            assert!(CorsOrigin::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " , ", "https://a.example,*", "https://a.example\n"] {
            // A line break at the end is trimmed away; inside it is refused.
            assert_eq!(CorsOrigin::parse(bad).is_err(), bad.trim() != "https://a.example", "{bad:?}");
        }
        assert_eq!(CorsOrigin::parse("https://a\n.example").unwrap_err(), InvalidCorsOrigin);
    }
}

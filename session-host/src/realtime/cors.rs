//! Which web pages may use Socket.IO from another origin, as `CORS_ORIGIN` says: `*`, one origin, or several with commas
//! between (the original takes a list for one literal). Nothing but Socket.IO is opened by it.

use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// The allowed origins.
#[derive(Clone, Debug)]
pub struct CorsOrigin(AllowOrigin);

/// The setting names no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CORS_ORIGIN must be * or a comma-separated list of origins")]
pub struct InvalidCorsOrigin;

impl CorsOrigin {
    /// Reads the setting.
    pub fn parse(text: &str) -> Result<Self, InvalidCorsOrigin> {
        if text.trim() == "*" {
            return Ok(Self(AllowOrigin::any()));
        }
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let origins: Vec<HeaderValue> =
            origins.map(HeaderValue::from_str).collect::<Result<_, _>>().map_err(|_| InvalidCorsOrigin)?;
        // A star inside a list would be a literal that no browser sends.
        if origins.is_empty() || origins.iter().any(|origin| origin == "*") {
            return Err(InvalidCorsOrigin);
        }
        Ok(Self(AllowOrigin::list(origins)))
    }

    pub(super) fn layer(&self) -> CorsLayer {
        CorsLayer::new()
            .allow_origin(self.0.clone())
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

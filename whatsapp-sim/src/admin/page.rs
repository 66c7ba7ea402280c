//! The page for people: phones, their chats, and what passes the network, all of it by the API of this program. Static
//! files of the binary; they ask nothing of anybody else, and the policy that comes with them forbids it.

use axum::Router;
use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::sim::Sim;

/// What the page may do: load its own files and speak to its own server. What contacts wrote is only ever text in it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// What scripts are served as.
const SCRIPT: &str = "text/javascript; charset=utf-8";

pub(super) fn routes() -> Router<Sim> {
    let page = || get(|| async { file("text/html; charset=utf-8", include_str!("page/index.html")) });
    Router::new()
        .route("/", page())
        .route("/admin", page())
        .route("/admin/", page())
        .route("/admin/page.css", get(|| async { file("text/css; charset=utf-8", include_str!("page/page.css")) }))
        .route("/admin/page.js", get(|| async { file(SCRIPT, include_str!("page/page.js")) }))
        .route("/admin/acts.js", get(|| async { file(SCRIPT, include_str!("page/acts.js")) }))
        .route("/admin/element.js", get(|| async { file(SCRIPT, include_str!("page/element.js")) }))
}

fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // Another version of the program may serve the next request.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, content)
}

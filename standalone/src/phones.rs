//! The simulated phones at this process's own port, for the dashboard: the admin API of the simulated network, without its page, below
//! `/api/sandbox`. It is as open as the API itself, no more: with a key it asks for the key or a login.

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use contract::envelope::Envelope;
use contract::error::ErrorCode;
use session_host::http::entrance::Entrance;

use crate::sandbox::Sandbox;

/// Where the phones are.
const HERE: &str = "/api/sandbox";

/// Where the simulated network has them.
const THERE: &str = "/admin";

/// The routes.
pub(crate) fn routes(sandbox: &Sandbox, entrance: Entrance) -> Router {
    // As a fallback, so that addresses are changed before they are looked up.
    let phones = Router::new().fallback_service(sandbox.phones()).layer(middleware::from_fn_with_state(entrance, pass));
    Router::new().nest_service(HERE, phones)
}

async fn pass(State(entrance): State<Entrance>, mut request: Request, next: Next) -> Response {
    if let Err(code) = entrance.check(request.method(), request.headers()).await {
        return refusal(code);
    }
    let Some(there) = there(request.uri()) else { return refusal(ErrorCode::RouteNotFound) };
    *request.uri_mut() = there;
    // Who may ask was looked at here; the network knows itself by the names of this machine only.
    request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
    request.headers_mut().remove(ORIGIN);
    next.run(request).await
}

/// The address of a request below [`HERE`], as the network knows it.
fn there(rest: &Uri) -> Option<Uri> {
    format!("{THERE}{}", rest.path_and_query()?).parse().ok()
}

fn refusal(code: ErrorCode) -> Response {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(Envelope::<()>::failure(code, code.message(), None))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_network() {
        let there = |here: &str| there(&here.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(there("/phones?x=1").as_deref(), Some("/admin/phones?x=1"));
        assert_eq!(there("/a%2Fb").as_deref(), Some("/admin/a%2Fb"));
    }
}

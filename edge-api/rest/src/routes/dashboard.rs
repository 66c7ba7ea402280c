//! `GET /api/dashboard/session`: what the dashboard has to know before it shows anything. `POST /api/dashboard/logout`: the end of a login.
//! The cookie is written here and nowhere else.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method, Response};
use contract::dashboard::{COOKIE, LASTS_SECONDS};
use contract::error::ErrorCode;
use edge_core::port::Port;
use serde_json::json;

use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::auth;

/// What a proxy that ends TLS says. A client that says it itself only keeps its own cookie from plain HTTP.
const FORWARDED: &str = "x-forwarded-proto";

pub(super) async fn session<P: Port>(State(app): State<App<P>>, method: Method, headers: HeaderMap) -> Answer {
    let settings = &app.settings;
    if !auth::has_key(settings, &headers) && !auth::is_logged_in(&app, &method, &headers).await? {
        return Err(ErrorCode::NotLoggedIn.into());
    }
    let here = json!({
        "username": settings.dashboard_username,
        "sandbox": settings.sandbox_enabled,
        "defaultNetwork": settings.default_network,
        "version": env!("CARGO_PKG_VERSION"),
    });
    Ok(answer::data(here))
}

pub(super) async fn logout<P: Port>(State(app): State<App<P>>, method: Method, headers: HeaderMap) -> Answer {
    if let Some(token) = auth::provenance(&method, &headers).token() {
        app.store.end_login(token).await?;
    }
    let mut response = answer::done("Logged out");
    set_cookie(&mut response, &headers, "", 0);
    Ok(response)
}

/// Gives a page of this server its token. Nobody else gets one: old scripts only want to know whether the password is right.
pub(super) async fn open<P: Port>(
    app: &App<P>,
    headers: &HeaderMap,
    response: &mut Response<Body>,
) -> Result<(), Failure> {
    if auth::provenance(&Method::POST, headers).is_of_this_place() {
        let token = app.store.begin_login().await?;
        set_cookie(response, headers, &token, LASTS_SECONDS);
    }
    Ok(())
}

fn set_cookie(response: &mut Response<Body>, request: &HeaderMap, token: &str, seconds: u64) {
    let secure = request.get(FORWARDED).is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"));
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}

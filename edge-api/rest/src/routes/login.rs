//! `POST /api/dashboard/login`: whether these are the dashboard's credentials. Right ones open a login for a page of this server; wrong
//! ones are logged, without what was typed, and throttled.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::response::IntoResponse as _;
use contract::error::ErrorCode;
use edge_core::port::Port;

use super::dashboard;
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::auth;
use crate::body::Given;
use crate::throttle::{Attempt, Turn};

pub(super) async fn login<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let fields = body.or_empty();
    // A value that is no text is no credential.
    let text = |name| fields.text(&[name]).ok().flatten().unwrap_or_default();
    let port = app.store.port();
    let attempt = match Attempt::begin(port, &headers).await? {
        Turn::Go(attempt) => attempt,
        Turn::Wait(seconds) => return Ok(too_many(seconds)),
    };
    if auth::is_dashboard_login(&app.settings, &text("username"), &text("password")) {
        attempt.was_right(port).await?;
        let mut response = answer::done("Login successful");
        dashboard::open(&app, &headers, &mut response).await?;
        return Ok(response);
    }
    let Attempt { address, left, .. } = &attempt;
    app.trace
        .log(&format_args!("a dashboard login from {address} failed; {left} more until they are refused for a while"));
    Err(ErrorCode::InvalidCredentials.into())
}

/// The answer to an attempt too many, the same with legacy statuses: the original has nothing like it.
fn too_many(seconds: u64) -> Response<Body> {
    let mut response = Failure::from(ErrorCode::TooManyAttempts).into_response();
    response.extensions_mut().remove::<Failure>();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

//! `POST /api/dashboard/login`: whether these are the dashboard's credentials.

use axum::extract::State;
use contract::error::ErrorCode;
use edge_core::port::Port;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::auth;
use crate::body::Given;

pub(super) async fn login<P: Port>(State(app): State<App<P>>, body: Given) -> Answer {
    let fields = body.or_empty();
    // A value that is no text is no credential.
    let text = |name| fields.text(&[name]).ok().flatten().unwrap_or_default();
    if auth::is_dashboard_login(&app.settings, &text("username"), &text("password")) {
        Ok(answer::done("Login successful"))
    } else {
        Err(ErrorCode::InvalidCredentials.into())
    }
}

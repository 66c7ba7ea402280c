//! `GET /api/health`: this component answers. `GET /api/ready`: so do Redis and a host.

use axum::extract::State;
use contract::error::ErrorCode;
use edge_core::clock;
use edge_core::port::Port;
use serde_json::json;

use crate::answer::{self, Answer, Failure};
use crate::app::App;

pub(super) async fn health<P: Port>(State(app): State<App<P>>) -> Answer {
    let now = clock::iso(app.store.port().now_ms());
    Ok(answer::json(&json!({ "success": true, "message": "Server is running", "timestamp": now })))
}

pub(super) async fn ready<P: Port>(State(app): State<App<P>>) -> Answer {
    let ready = app.store.readiness().await;
    // That this function answers is what there is to say of the functions.
    let parts = json!({ "functions": true, "redis": ready.redis, "host": ready.host });
    if !ready.redis {
        return Err(Failure::from(ErrorCode::StorageUnavailable).with_data(parts));
    }
    if !ready.host {
        return Err(Failure::new(ErrorCode::NoHost, "No session host is alive").with_data(parts).with_true_status());
    }
    Ok(answer::ok("Ready", parts))
}

//! `GET /api/health`: this component answers. `GET /api/ready`: so do Redis and a host, and the functions that the host
//! invokes did their work when it last invoked them.

use axum::extract::State;
use contract::error::ErrorCode;
use contract::function::Function;
use edge_core::clock;
use edge_core::port::Port;
use edge_core::store::FunctionState;
use serde_json::{Map, json};

use crate::answer::{self, Answer, Failure};
use crate::app::App;

pub(super) async fn health<P: Port>(State(app): State<App<P>>) -> Answer {
    let now = clock::iso(app.store.port().now_ms());
    Ok(answer::json(&json!({ "success": true, "message": "Server is running", "timestamp": now })))
}

pub(super) async fn ready<P: Port>(State(app): State<App<P>>) -> Answer {
    let ready = app.store.readiness().await;
    let functions: Map<_, _> =
        ready.functions.iter().map(|(function, state)| (function.as_str().to_owned(), json!(state.as_str()))).collect();
    let parts = json!({ "functions": functions, "redis": ready.redis, "host": ready.host });
    if !ready.redis {
        return Err(Failure::from(ErrorCode::StorageUnavailable).with_data(parts));
    }
    if !ready.host {
        return Err(Failure::new(ErrorCode::NoHost, "No session host is alive").with_data(parts).with_true_status());
    }
    let fails = |(function, state): &(Function, FunctionState)| {
        (*state == FunctionState::Fails { lately: true }).then_some(function.as_str())
    };
    let failing: Vec<_> = ready.functions.iter().filter_map(fails).collect();
    if !failing.is_empty() {
        let message = format!("{}: {}", ErrorCode::FunctionFailed.message(), failing.join(", "));
        return Err(Failure::new(ErrorCode::FunctionFailed, message).with_data(parts));
    }
    Ok(answer::ok("Ready", parts))
}

//! The REST API of Chatery Edge as a function of a request: an axum router behind a [`door`], on the shared `edge_core` store.
//! Compiled to WASM it is the Spin component `rest`; compiled natively the same router is what the tests call.

pub mod app;
pub mod door;
#[cfg(not(target_family = "wasm"))]
pub mod openapi;

mod answer;
mod auth;
mod body;
mod cors;
mod fields;
mod form;
mod paths;
mod pauses;
mod repeat;
mod routes;
mod throttle;
mod trace;

#[cfg(target_family = "wasm")]
mod component;

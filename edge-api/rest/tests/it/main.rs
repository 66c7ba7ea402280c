//! The router of the REST API, called natively, against a real `redis-server`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod dashboard;
mod door;
mod history;
mod host;
mod port;
mod redis_server;
mod repeats;
mod sends;
mod sessions;
mod validation;

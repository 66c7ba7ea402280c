//! Tests of the session host against real parts: a real Redis, the real library, real sockets.

#![recursion_limit = "512"]
#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

mod fence;
mod fetch;
mod history;
mod lease;
mod operations;
mod program;
mod realtime;
mod redis;
mod sandbox;
mod store;
mod support;

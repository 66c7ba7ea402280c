//! The runtime with a real component and a real Redis.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod egress;
mod guest;
mod http;
mod limits;
mod logs;
mod redis;
mod redis_server;
mod world;

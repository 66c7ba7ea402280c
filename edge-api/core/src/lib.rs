//! What the edge components share: settings, ids, and everything they read from or write to Redis.
//!
//! A component is a function of a request and a [`port::Port`], the one door to the outside (Redis, time, randomness).
//! `spin` implements that door with spin-sdk and is the only module that names it; the same component code runs
//! natively, in tests, on another implementation.

pub mod clock;
pub mod ids;
pub mod outbound;
pub mod port;
pub mod script;
pub mod settings;
#[cfg(target_family = "wasm")]
pub mod spin;
pub mod store;

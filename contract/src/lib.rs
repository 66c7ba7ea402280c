//! The wire of Chatery Edge, written once.
//!
//! Everything that two parts of the system agree on lives here and nowhere else: what the public API takes and
//! answers, the seventeen events, the closed list of error codes, the commands between edge and host, and the typed
//! Redis keys. It is serde and nothing more: no runtime, no HTTP library, no Redis client, no WhatsApp library, so
//! that it builds for the host and for WASM alike.
#![deny(missing_docs)]

pub mod chat;
pub mod command;
pub mod content;
pub mod cursor;
pub mod dashboard;
pub mod envelope;
pub mod error;
pub mod event;
pub mod function;
pub mod group;
pub mod id;
pub mod jid;
pub mod keys;
pub mod ledger;
pub mod message;
pub mod operation;
pub mod outbound;
pub mod recipient;
pub mod record;
pub mod routes;
pub mod session;
pub mod webhook;

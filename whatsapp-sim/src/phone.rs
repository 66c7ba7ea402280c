//! The simulated phone: device 0 of every account.
//!
//! A companion pairs with it, encrypts to it and gets keys, history and messages from it, so it has to be a real
//! Signal endpoint. [`signal`] owns its keys and sessions, [`content`] builds and reads the messages it exchanges,
//! [`history`] packs the notifications that fill a fresh companion, `media_retry` renews links of files. Nothing here knows about sockets, stanzas or
//! queues: bytes go in, bytes come out, and the caller routes them.

pub mod app_state;
pub mod content;
pub mod history;
pub(crate) mod media_retry;
pub mod signal;

pub(crate) use signal::raw_public;
pub use signal::{
    EncKind, KeyBundle, PhoneError, PhoneSignal, PhoneState, PublicBundle, Recipient, SignedPreKeyPublic, TypedCode,
};

//! The send ledger: one HASH per request that changes something, the memory that makes a repeated request harmless. The entry
//! is named by the `Idempotency-Key`, or by chance when there is none.
//!
//! `accepted` (the edge took the request) → `handed` (the host gave it to the socket) → `sent` or `failed`. A request
//! that names an entry again is answered from here. `failed` with a code that says nothing was handed over may be accepted
//! anew, under the same message id. When the entry is forgotten the key stands for a new message with a new id.

/// Seconds an outcome is remembered: 24 hours, the promise of `Idempotency-Key`.
pub const TTL_SECONDS: u64 = 24 * 60 * 60;

/// Milliseconds after acceptance in which a message may still be started: a host that was down this long does not
/// surprise people with old messages.
pub const SEND_WITHIN_MS: u64 = 5 * 60 * 1000;

/// Field names of a ledger entry.
pub mod field {
    /// Where the send stands ([`super::state`]).
    pub const STATE: &str = "state";
    /// Id of the message; empty for a change.
    pub const ID: &str = "id";
    /// Digest of the request that first used the entry.
    pub const FINGERPRINT: &str = "fp";
    /// The message as it was handed over, a protobuf, until the outcome is known: sent again, it must be the same one.
    pub const HANDED_AS: &str = "message";
    /// The [`crate::command::Outcome`] as JSON, once known.
    pub const OUTCOME: &str = "outcome";
}

/// Values of [`field::STATE`].
pub mod state {
    /// Taken by the edge.
    pub const ACCEPTED: &str = "accepted";
    /// Given to the socket; only WhatsApp's answer is missing.
    pub const HANDED: &str = "handed";
    /// Taken by WhatsApp's server.
    pub const SENT: &str = "sent";
    /// Refused, or never started.
    pub const FAILED: &str = "failed";
}

//! What the edge reads from and writes to Redis. Each step is one script or one command, so it is atomic; what to do with the
//! outcome, and how long to wait for a host, is the component's business.

mod answers;
mod chats;
mod commands;
mod config;
mod dashboard;
mod deliveries;
mod history;
mod readiness;
mod sessions;
mod webhooks;
mod wishes;

use std::vec::IntoIter;

pub use answers::{CLAIM_HOLDS, Claimed, Given, KeyClaim, Keyed};
pub use chats::{ChatKind, Contacts, Listed, ListedChat, ListedContact, Overview};
pub use commands::{Accepted, MessageId, Queue};
pub use config::{Change, Configured};
pub use deliveries::{Begun, Claim, Entry, Outcome, Place, Work};
pub use history::{Position, Slice, Stored};
pub use readiness::{FunctionState, Readiness};
pub use sessions::Connection;
pub use webhooks::{Listed as ListedDeliveries, Replayed};
pub use wishes::{Connect, Connected};

use crate::port::{Port, RedisError, Value};

/// Longest silence of a host that still counts as alive, in milliseconds: six missed heartbeats.
const HOST_SILENCE_MS: u64 = 30_000;

/// The data behind a component.
#[derive(Clone, Debug)]
pub struct Store<P> {
    port: P,
    /// The request for which this is, for those who log what comes of it.
    request: Option<String>,
}

impl<P: Port> Store<P> {
    /// A store behind a door.
    pub fn new(port: P) -> Self {
        Self { port, request: None }
    }

    /// The same, for a request of this id.
    #[must_use]
    pub fn for_request(self, id: &str) -> Self {
        Self { request: Some(id.to_owned()), ..self }
    }

    /// The door.
    pub fn port(&self) -> &P {
        &self.port
    }
}

/// Reads a flat reply value by value.
struct Reply {
    of: &'static str,
    values: IntoIter<Value>,
}

impl Reply {
    fn new(of: &'static str, values: Vec<Value>) -> Self {
        Self { of, values: values.into_iter() }
    }

    /// The next value, which must be there and not be nothing.
    fn text(&mut self) -> Result<String, RedisError> {
        self.values.next().and_then(Value::text).ok_or(RedisError::UnexpectedReply(self.of))
    }

    fn number(&mut self) -> Result<u64, RedisError> {
        self.text()?.parse().map_err(|_| RedisError::UnexpectedReply(self.of))
    }

    fn unexpected<T>(&self) -> Result<T, RedisError> {
        Err(RedisError::UnexpectedReply(self.of))
    }
}

/// The texts before and after the name in a key, so that a script can build the key of a name it reads itself.
fn around(key: &str, name: &str) -> (String, String) {
    let (before, after) = key.split_once(name).unwrap_or((key, ""));
    (before.to_owned(), after.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_in_order_and_to_the_end() {
        let mut reply = Reply::new("x", vec![Value::Bytes(b"a".to_vec()), Value::Int(7), Value::Nil]);
        assert_eq!(reply.text().as_deref(), Ok("a"));
        assert_eq!(reply.number(), Ok(7));
        assert_eq!(reply.text(), Err(RedisError::UnexpectedReply("x")));
        assert_eq!(reply.text(), Err(RedisError::UnexpectedReply("x")));
    }

    #[test]
    fn keys_come_apart_at_the_name() {
        assert_eq!(around("chatery:host:NAME:commands", "NAME"), ("chatery:host:".to_owned(), ":commands".to_owned()));
    }
}

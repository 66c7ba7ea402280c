//! Answers that are given again to the same `Idempotency-Key`: for routes whose work is done in one step here, and done again without
//! harm. (Sends and changes at WhatsApp have the ledger instead.)

use contract::id::SessionId;
use contract::keys;
use contract::ledger::TTL_SECONDS;
use serde::{Deserialize, Serialize};

use super::Store;
use crate::ids;
use crate::port::{Command, Port, RedisError, Value};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Digest of the request.
    pub fingerprint: String,
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

impl<P: Port> Store<P> {
    /// The answer that was given under a key of a session.
    pub async fn given(&self, session: &SessionId, key: &str) -> Result<Option<Given>, RedisError> {
        let reply = self.port.execute(Command::new("GET", [name(session, key).as_str()])).await?;
        let json = reply.into_iter().next().and_then(Value::text);
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }

    /// Keeps an answer, unless one is kept already.
    pub async fn keep(&self, session: &SessionId, key: &str, given: &Given) -> Result<(), RedisError> {
        let json = serde_json::to_string(given).unwrap_or_default();
        let (name, ttl) = (name(session, key), TTL_SECONDS.to_string());
        let set = Command::new("SET", [name.as_str(), json.as_str(), "NX", "EX", ttl.as_str()]);
        self.port.execute(set).await.map(drop)
    }
}

/// The answer outlives its session: that it was deleted is one of them.
fn name(session: &SessionId, key: &str) -> String {
    keys::answer(&ids::fingerprint(format!("{session}\n{key}").as_bytes()))
}

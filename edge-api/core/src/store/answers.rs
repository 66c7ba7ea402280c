//! Answers that are given again to the same `Idempotency-Key`: for routes whose work is done in one step here, and done again without
//! harm. (Sends and changes at WhatsApp have the ledger instead; a key stands in one of the two.)
//!
//! A request first claims its key, so that of many at once one does the work and the others wait for its answer. A claim is
//! short-lived: who died with it holds up nobody for long. An answer belongs to the session that it speaks of, and is erased with it;
//! that a session was deleted outlives it.

use std::time::Duration;

use contract::id::SessionId;
use contract::keys::SessionKeys;
use contract::ledger::TTL_SECONDS;

use super::{Reply, Store};
use crate::ids;
use crate::port::{Port, RedisError};
use crate::script::Script;

/// How long a claim holds: longer than any work of these routes takes, and no longer than a client may be kept waiting behind a
/// request that died.
pub const CLAIM_HOLDS: Duration = Duration::from_secs(20);

/// KEYS: what the key stands for, record, ledger entry of the same key, answer. ARGV: claim, fingerprint, milliseconds it holds.
static TAKE: Script = Script::new(
    "local known = redis.call('HMGET', KEYS[1], 'fp', 'of', 'status', 'body', 'by')
     local record = redis.call('HMGET', KEYS[2], 'created', 'desired')
     local over = false
     if (known[2] or '') ~= '' then
       known[4] = redis.call('GET', KEYS[4])
       over = known[2] ~= record[1] or record[2] == 'deleted' or not known[4]
     end
     if known[1] and not over then
       if known[1] ~= ARGV[2] then return {'reused'} end
       if known[3] then return {'known', known[3], known[4]} end
       return {known[5] == ARGV[1] and 'claimed' or 'taken'}
     end
     if redis.call('EXISTS', KEYS[3]) == 1 then return {'reused'} end
     redis.call('DEL', KEYS[1])
     redis.call('HSET', KEYS[1], 'fp', ARGV[2], 'by', ARGV[1])
     redis.call('PEXPIRE', KEYS[1], ARGV[3])
     return {'claimed'}",
);

/// KEYS: what the key stands for, record, answer. ARGV: claim, fingerprint, status, body, seconds it is kept, whether it outlives
/// its session.
/// A claim that ran out may be another's by now, whose answer counts.
static KEEP: Script = Script::new(
    "local known = redis.call('HMGET', KEYS[1], 'fp', 'by')
     if known[1] and known[2] ~= ARGV[1] then return {'late'} end
     redis.call('DEL', KEYS[1])
     if ARGV[6] == 'outlives' then
       redis.call('HSET', KEYS[1], 'fp', ARGV[2], 'status', ARGV[3], 'body', ARGV[4])
     else
       local session = redis.call('HGET', KEYS[2], 'created')
       if not session then return {'gone'} end
       redis.call('HSET', KEYS[1], 'fp', ARGV[2], 'of', session, 'status', ARGV[3])
       redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[5])
     end
     redis.call('EXPIRE', KEYS[1], ARGV[5])
     return {'kept'}",
);

/// KEYS: what the key stands for. ARGV: claim.
static RELEASE: Script = Script::new(
    "if redis.call('HGET', KEYS[1], 'by') == ARGV[1] then redis.call('DEL', KEYS[1]) end
     return {'released'}",
);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// A request that has a key: which session, which key, and what it asks for.
#[derive(Clone, Debug)]
pub struct Keyed<'a> {
    /// The session.
    pub session: &'a SessionId,
    /// The key.
    pub key: &'a str,
    /// Digest of the request.
    pub fingerprint: &'a str,
}

/// What became of an attempt to claim a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyClaim {
    /// It is the caller's; the work may begin.
    Claimed(Claimed),
    /// The same request is under way.
    Taken,
    /// The same request was answered so.
    Known(Given),
    /// The key stands for another request.
    Reused,
}

/// A key that is the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed(String);

impl<P: Port> Store<P> {
    /// Claims a key, unless it stands for something already.
    pub async fn claim(&self, of: &Keyed<'_>) -> Result<KeyClaim, RedisError> {
        let claim = ids::token(self.port.random());
        let session = SessionKeys::new(of.session);
        let digest = digest(of.key);
        let ledger = session.ledger(&ids::ledger_entry(of.key));
        let keys = [session.answered(&digest), session.record(), ledger, session.answer(&digest)];
        let milliseconds = CLAIM_HOLDS.as_millis().to_string();
        let mut reply =
            Reply::new("claim", TAKE.run(&self.port, &keys, &[claim.as_str(), of.fingerprint, &milliseconds]).await?);
        Ok(match reply.text()?.as_str() {
            "claimed" => KeyClaim::Claimed(Claimed(claim)),
            "taken" => KeyClaim::Taken,
            "reused" => KeyClaim::Reused,
            "known" => {
                let status = reply.number()?.try_into().map_err(|_| RedisError::UnexpectedReply("claim"))?;
                KeyClaim::Known(Given { status, body: reply.text()? })
            }
            _ => return reply.unexpected(),
        })
    }

    /// Keeps the answer to a claimed key, for as long as its session exists or beyond.
    pub async fn keep(
        &self,
        of: &Keyed<'_>,
        claimed: &Claimed,
        given: &Given,
        outlives: bool,
    ) -> Result<(), RedisError> {
        let session = SessionKeys::new(of.session);
        let (status, ttl) = (given.status.to_string(), TTL_SECONDS.to_string());
        let outlives = if outlives { "outlives" } else { "" };
        let arguments = [claimed.0.as_str(), of.fingerprint, &status, &given.body, &ttl, outlives];
        let digest = digest(of.key);
        let keys = [session.answered(&digest), session.record(), session.answer(&digest)];
        KEEP.run(&self.port, &keys, &arguments).await.map(drop)
    }

    /// Gives a claimed key back.
    pub async fn release(&self, of: &Keyed<'_>, claimed: &Claimed) -> Result<(), RedisError> {
        let keys = [SessionKeys::new(of.session).answered(&digest(of.key))];
        RELEASE.run(&self.port, &keys, &[claimed.0.as_str()]).await.map(drop)
    }
}

/// How an idempotency key is named among the keys of a session.
pub(super) fn digest(key: &str) -> String {
    ids::fingerprint(key.as_bytes())
}

#[cfg(test)]
mod tests {
    use contract::record::field;
    use contract::session::Desired;

    use super::*;

    #[test]
    fn the_script_speaks_the_contracts_words() {
        for word in [field::CREATED, field::DESIRED, Desired::Deleted.as_str()] {
            assert!(format!("{TAKE:?}").contains(&format!("'{word}'")), "{word}");
        }
    }
}

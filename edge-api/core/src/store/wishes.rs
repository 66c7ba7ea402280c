//! Wishes: what a client wants of a session is written into its record and rung on the wake channel; a host brings it
//! about. A wish that no host hears at once stays in the record.

use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::session::Network;

use super::webhooks::set_webhooks;
use super::{Change, HOST_SILENCE_MS, Reply, Store};
use crate::port::{Port, RedisError};
use crate::script::Script;

/// KEYS: record, lease, sessions, hosts.
/// ARGV: session, network or '', default network, metadata read, metadata or '', webhooks or '', wake channel, silence.
/// Answers the outcome, whether a host is alive, and for a wish the status and reason before it.
static CONNECT: Script = Script::new(concat!(
    set_webhooks!(),
    "local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local alive = redis.call('ZCOUNT', KEYS[4], now - ARGV[8], '+inf') > 0 and 1 or 0
     local record = redis.call('HMGET', KEYS[1], 'network', 'metadata', 'desired', 'status', 'reason')
     local known = record[1]
     if known then
       if ARGV[2] ~= '' and ARGV[2] ~= known then return {'network_mismatch', alive} end
       if record[3] == 'deleted' then return {'deleting', alive} end
     end
     if (record[2] or '') ~= ARGV[4] then return {'stale', alive} end
     if not known then
       redis.call('HSET', KEYS[1], 'network', ARGV[2] ~= '' and ARGV[2] or ARGV[3], 'created', now)
       redis.call('ZADD', KEYS[3], now, ARGV[1])
     end
     if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'metadata', ARGV[5]) end
     if ARGV[6] ~= '' then set_webhooks(KEYS[1], cjson.decode(ARGV[6])) end
     local till = tonumber(redis.call('HGET', KEYS[2], 'until') or '0')
     if record[4] == 'connected' and till > now then return {'already', alive} end
     redis.call('HSET', KEYS[1], 'desired', 'connected')
     redis.call('HINCRBY', KEYS[1], 'wish', 1)
     redis.call('PUBLISH', ARGV[7], ARGV[1])
     return {known and 'reconnecting' or 'created', alive, record[4] or '', record[5] or ''}",
));

/// KEYS: record, hosts. ARGV: session, wake channel, silence. Answers whether it was known, and whether a host is alive.
static DELETE: Script = Script::new(
    "if redis.call('HEXISTS', KEYS[1], 'network') == 0 then return {0, 0} end
     redis.call('HSET', KEYS[1], 'desired', 'deleted')
     redis.call('HINCRBY', KEYS[1], 'wish', 1)
     redis.call('PUBLISH', ARGV[2], ARGV[1])
     local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     return {1, redis.call('ZCOUNT', KEYS[2], now - ARGV[3], '+inf') > 0 and 1 or 0}",
);

/// The wish to be connected.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The network the client named.
    pub network: Option<Network>,
    /// The network of a new session otherwise.
    pub default_network: Network,
    /// What the client attached.
    pub change: Change,
}

/// What became of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connected {
    /// A session was created, or an existing one is to connect again. With what was so before.
    Wished {
        /// Whether it is new.
        created: bool,
        /// Whether a host is there to hear it.
        heard: bool,
        /// Status and reason before the wish, as in the record.
        before: (String, String),
    },
    /// It is connected; configuration was updated.
    Already,
    /// It exists on the other network.
    NetworkMismatch,
    /// It is being deleted.
    Deleting,
    /// Its metadata changed since they were read.
    Stale,
}

impl<P: Port> Store<P> {
    /// Creates or updates a session and wishes it to be connected. `metadata_read` is the metadata field as it was read,
    /// empty when there was none.
    pub(super) async fn wish_connected(
        &self,
        id: &SessionId,
        wish: &Connect,
        metadata_read: &str,
        metadata: &str,
        webhooks: &str,
    ) -> Result<Connected, RedisError> {
        let session = SessionKeys::new(id);
        let keys = [session.record(), session.lease(), keys::SESSIONS.to_owned(), keys::HOSTS.to_owned()];
        let silence = HOST_SILENCE_MS.to_string();
        let arguments = [
            id.as_str(),
            wish.network.map_or("", Network::as_str),
            wish.default_network.as_str(),
            metadata_read,
            metadata,
            webhooks,
            keys::WAKE,
            silence.as_str(),
        ];
        let mut reply = Reply::new("connect", CONNECT.run(&self.port, &keys, &arguments).await?);
        let outcome = reply.text()?;
        let heard = reply.number()? == 1;
        match outcome.as_str() {
            "created" | "reconnecting" => {
                let before = (reply.text()?, reply.text()?);
                Ok(Connected::Wished { created: outcome == "created", heard, before })
            }
            "already" => Ok(Connected::Already),
            "network_mismatch" => Ok(Connected::NetworkMismatch),
            "deleting" => Ok(Connected::Deleting),
            "stale" => Ok(Connected::Stale),
            _ => reply.unexpected(),
        }
    }

    /// Wishes a session to be deleted. `None` when there is no such session, else whether a host is there to hear it.
    pub async fn wish_deleted(&self, id: &SessionId) -> Result<Option<bool>, RedisError> {
        let keys = [SessionKeys::new(id).record(), keys::HOSTS.to_owned()];
        let silence = HOST_SILENCE_MS.to_string();
        let reply = DELETE.run(&self.port, &keys, &[id.as_str(), keys::WAKE, silence.as_str()]).await?;
        let mut reply = Reply::new("delete", reply);
        let (known, heard) = (reply.number()? == 1, reply.number()? == 1);
        Ok(known.then_some(heard))
    }
}

#[cfg(test)]
mod tests {
    use contract::keys::lease;
    use contract::record::field;
    use contract::session::{Desired, SessionStatus};

    use super::*;

    /// The scripts spell the words of the contract; this holds them to it.
    #[test]
    fn the_scripts_speak_the_contracts_words() {
        let words = [
            field::NETWORK,
            field::METADATA,
            field::WEBHOOKS,
            field::DESIRED,
            field::WISH,
            field::CREATED,
            field::STATUS,
            field::REASON,
            lease::UNTIL,
            Desired::Connected.as_str(),
            SessionStatus::Connected.as_str(),
            Desired::Deleted.as_str(),
        ];
        for word in words {
            assert!(format!("{CONNECT:?}").contains(&format!("'{word}'")), "{word}");
        }
    }
}

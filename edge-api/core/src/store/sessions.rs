//! Reading session records. The owner writes where a session stands; of one whose owner is gone it is said here that it is down,
//! for nobody else could.

use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::record::{SessionRecord, field};
use contract::session::{SessionStatus, StatusReason, StoreStats};

use super::{Reply, Store, around};
use crate::port::{Command, Port, RedisError, Value};
use crate::script::Script;

/// KEYS: sessions. ARGV: a session's keys before the id, the record's after it, the lease's after it, the fields. Answers id,
/// whether somebody owns it, and the values of each session, one after the other.
static ALL: Script = Script::new(
    "local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local out = {}
     for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
       local values = redis.call('HMGET', ARGV[1] .. id .. ARGV[2], unpack(ARGV, 4))
       local held = redis.call('HGET', ARGV[1] .. id .. ARGV[3], 'until')
       out[#out + 1] = id
       out[#out + 1] = tonumber(held or '0') > now and 'held' or ''
       for i = 1, #ARGV - 3 do out[#out + 1] = values[i] or '' end
     end
     return out",
);

/// KEYS: record, lease. ARGV: the fields. Answers whether somebody owns it, and the values.
static ONE: Script = Script::new(
    "local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local values = redis.call('HMGET', KEYS[1], unpack(ARGV))
     local out = {tonumber(redis.call('HGET', KEYS[2], 'until') or '0') > now and 'held' or ''}
     for i = 1, #ARGV do out[#out + 1] = values[i] or '' end
     return out",
);

/// Most chats looked at for the figures of a session; an account with more gets the figures of its newest.
const MAX_COUNTED_CHATS: &str = "1000";

/// KEYS: chats. ARGV: start of a chat's keys, end of its index, chats to look at. Answers chats, messages, groups.
static STATS: Script = Script::new(
    "local messages, groups = 0, 0
     for _, chat in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, tonumber(ARGV[3]) - 1)) do
       messages = messages + redis.call('ZCARD', ARGV[1] .. chat .. ARGV[2])
       if string.sub(chat, -5) == '@g.us' then groups = groups + 1 end
     end
     return {redis.call('ZCARD', KEYS[1]), messages, groups}",
);

/// Whether a session can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// There is no such session.
    Unknown,
    /// It is not connected.
    Down,
    /// It is connected.
    Up,
}

impl<P: Port> Store<P> {
    /// Every session, oldest first.
    pub async fn sessions(&self) -> Result<Vec<SessionRecord>, RedisError> {
        const NAME: &str = "NAME";
        let sample = SessionId::parse(NAME).map_err(|_| RedisError::UnexpectedReply("sessions"))?;
        let keys = SessionKeys::new(&sample);
        let ((before, record), (_, lease)) = (around(&keys.record(), NAME), around(&keys.lease(), NAME));
        let mut arguments = vec![before.as_str(), record.as_str(), lease.as_str()];
        arguments.extend(field::ALL);
        let reply = ALL.run(&self.port, &[keys::SESSIONS.to_owned()], &arguments).await?;
        let texts: Vec<Option<String>> = reply.into_iter().map(Value::text).collect();
        Ok(texts
            .chunks_exact(2 + field::ALL.len())
            .filter_map(|row| {
                let (id, row) = row.split_first()?;
                seen(SessionId::parse(id.as_deref()?).ok()?, row)
            })
            .collect())
    }

    /// One session.
    pub async fn session(&self, id: &SessionId) -> Result<Option<SessionRecord>, RedisError> {
        let keys = SessionKeys::new(id);
        let reply = ONE.run(&self.port, &[keys.record(), keys.lease()], &field::ALL).await?;
        let row: Vec<Option<String>> = reply.into_iter().map(Value::text).collect();
        Ok(seen(id.clone(), &row))
    }

    /// The QR code that waits, as a PNG data URI.
    pub async fn qr_code(&self, id: &SessionId) -> Result<Option<String>, RedisError> {
        let key = SessionKeys::new(id).record();
        let reply = self.port.execute(Command::new("HGET", [key.as_str(), field::QR])).await?;
        Ok(reply.into_iter().next().and_then(Value::text).filter(|image| !image.is_empty()))
    }

    /// Whether a session exists and is connected, as its owner last said: that the owner is gone is told by whoever asks it.
    pub async fn connection(&self, id: &SessionId) -> Result<Connection, RedisError> {
        let record = SessionKeys::new(id).record();
        let reply = self.port.execute(Command::new("HMGET", [record.as_str(), field::NETWORK, field::STATUS])).await?;
        let mut values = reply.into_iter().map(Value::text);
        let (network, status) = (values.next().flatten(), values.next().flatten());
        Ok(match network {
            None => Connection::Unknown,
            Some(_) if status.as_deref() == Some(SessionStatus::Connected.as_str()) => Connection::Up,
            Some(_) => Connection::Down,
        })
    }

    /// How much a session has stored. Contacts and media are not counted here: no key of theirs exists yet.
    pub async fn stats(&self, id: &SessionId) -> Result<StoreStats, RedisError> {
        let keys = SessionKeys::new(id);
        let sample = contract::jid::Jid::phone("0");
        let (before, after) = around(&keys.chat_index(&sample), &sample.to_string());
        let reply =
            STATS.run(&self.port, &[keys.chats()], &[before.as_str(), after.as_str(), MAX_COUNTED_CHATS]).await?;
        let mut reply = Reply::new("stats", reply);
        Ok(StoreStats {
            chats: reply.number()?,
            messages: reply.number()?,
            groups: reply.number()?,
            ..StoreStats::default()
        })
    }
}

/// A session from whether somebody owns it, and the values of its record.
fn seen(id: SessionId, row: &[Option<String>]) -> Option<SessionRecord> {
    let (held, values) = row.split_first()?;
    let mut record = SessionRecord::from_fields(id, values)?;
    let is_held = held.as_ref().is_some_and(|held| !held.is_empty());
    if !is_held && record.status != SessionStatus::Disconnected {
        record.status = SessionStatus::Disconnected;
        record.reason = Some(StatusReason::HandedOver);
    }
    Some(record)
}

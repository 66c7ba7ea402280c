//! Reading session records.

use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::record::{SessionRecord, field};
use contract::session::{SessionStatus, StoreStats};

use super::{Reply, Store, around};
use crate::port::{Command, Port, RedisError, Value};
use crate::script::Script;

/// ARGV: key before the id, key after it, the fields. Answers id and values of each session, one after the other.
static ALL: Script = Script::new(
    "local out = {}
     for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
       local values = redis.call('HMGET', ARGV[1] .. id .. ARGV[2], unpack(ARGV, 3))
       out[#out + 1] = id
       for i = 1, #ARGV - 2 do out[#out + 1] = values[i] or '' end
     end
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
        let (before, after) = around(&SessionKeys::new(&sample).record(), NAME);
        let mut arguments = vec![before.as_str(), after.as_str()];
        arguments.extend(field::ALL);
        let reply = ALL.run(&self.port, &[keys::SESSIONS.to_owned()], &arguments).await?;
        let texts: Vec<Option<String>> = reply.into_iter().map(Value::text).collect();
        Ok(texts
            .chunks_exact(1 + field::ALL.len())
            .filter_map(|row| {
                let (id, values) = row.split_first()?;
                SessionRecord::from_fields(SessionId::parse(id.as_deref()?).ok()?, values)
            })
            .collect())
    }

    /// One session.
    pub async fn session(&self, id: &SessionId) -> Result<Option<SessionRecord>, RedisError> {
        let key = SessionKeys::new(id).record();
        let mut arguments = vec![key.into_bytes()];
        arguments.extend(field::ALL.iter().map(|name| name.as_bytes().to_vec()));
        let values = self.port.execute(Command { name: "HMGET", arguments }).await?;
        let values: Vec<Option<String>> = values.into_iter().map(Value::text).collect();
        Ok(SessionRecord::from_fields(id.clone(), &values))
    }

    /// The QR code that waits, as a PNG data URI.
    pub async fn qr_code(&self, id: &SessionId) -> Result<Option<String>, RedisError> {
        let key = SessionKeys::new(id).record();
        let reply = self.port.execute(Command::new("HGET", [key.as_str(), field::QR])).await?;
        Ok(reply.into_iter().next().and_then(Value::text).filter(|image| !image.is_empty()))
    }

    /// Whether a session exists and is connected.
    pub async fn connection(&self, id: &SessionId) -> Result<Connection, RedisError> {
        Ok(match self.session(id).await? {
            None => Connection::Unknown,
            Some(record) if record.status == SessionStatus::Connected => Connection::Up,
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

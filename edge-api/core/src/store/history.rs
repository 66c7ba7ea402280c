//! Pages of a chat's history, newest first, by score.

use contract::id::SessionId;
use contract::jid::{Jid, Server};
use contract::keys::SessionKeys;
use contract::message::Message;

use super::{Reply, Store};
use crate::port::{Command, Port, RedisError, Value};
use crate::script::Script;

/// KEYS: record, index, messages, delivery states. ARGV: score to start below or '', message to start after or '', entries.
/// Answers a word, then message id, score, JSON and delivery state (or '') of each entry.
static PAGE: Script = Script::new(
    "local record = redis.call('HMGET', KEYS[1], 'network', 'status')
     if not record[1] then return {'unknown'} end
     if record[2] ~= 'connected' then return {'down'} end
     local top = '+inf'
     if ARGV[1] ~= '' then top = '(' .. ARGV[1] end
     if ARGV[2] ~= '' then
       local score = redis.call('ZSCORE', KEYS[2], ARGV[2])
       if not score then return {'unknown_cursor'} end
       top = '(' .. score
     end
     local entries = redis.call('ZREVRANGEBYSCORE', KEYS[2], top, '-inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
     local out = {'page'}
     for i = 1, #entries, 2 do
       out[#out + 1] = entries[i]
       out[#out + 1] = entries[i + 1]
       out[#out + 1] = redis.call('HGET', KEYS[3], entries[i]) or ''
       out[#out + 1] = redis.call('HGET', KEYS[4], entries[i]) or ''
     end
     return out",
);

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// At the newest message.
    Newest,
    /// Below a score.
    Below(u64),
    /// After a message.
    After(String),
}

/// An entry of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// Its place.
    pub score: u64,
    /// The message; `None` when what is stored cannot be read.
    pub message: Option<Message>,
}

/// A page.
#[derive(Clone, Debug, PartialEq)]
pub enum Slice {
    /// There is no such session.
    Unknown,
    /// The session is not connected.
    Down,
    /// The message to start after is not there.
    UnknownCursor,
    /// The entries.
    Page(Vec<Stored>),
}

impl<P: Port> Store<P> {
    /// The chat that holds the history of an address: the phone number of a hidden id, when it is known.
    pub async fn chat_of(&self, session: &SessionId, jid: Jid) -> Result<Jid, RedisError> {
        if jid.server() != Server::Lid {
            return Ok(jid);
        }
        let lids = SessionKeys::new(session).lids();
        let reply = self.port.execute(Command::new("HGET", [lids.as_str(), jid.user()])).await?;
        let phone = reply.into_iter().next().and_then(Value::text);
        Ok(phone.map_or(jid, |digits| Jid::phone(&digits)))
    }

    /// Up to `count` entries of a chat from a position on.
    pub async fn history(
        &self,
        session: &SessionId,
        chat: &Jid,
        from: &Position,
        count: usize,
    ) -> Result<Slice, RedisError> {
        let keys = SessionKeys::new(session);
        let keys = [keys.record(), keys.chat_index(chat), keys.chat_messages(chat), keys.chat_status(chat)];
        let (score, id) = match from {
            Position::Newest => (String::new(), ""),
            Position::Below(score) => (score.to_string(), ""),
            Position::After(id) => (String::new(), id.as_str()),
        };
        let count = count.to_string();
        let reply = PAGE.run(&self.port, &keys, &[score.as_str(), id, count.as_str()]).await?;
        let length = reply.len();
        let mut reply = Reply::new("history", reply);
        match reply.text()?.as_str() {
            "unknown" => return Ok(Slice::Unknown),
            "down" => return Ok(Slice::Down),
            "unknown_cursor" => return Ok(Slice::UnknownCursor),
            "page" => {}
            _ => return reply.unexpected(),
        }
        (1..length)
            .step_by(4)
            .map(|_| {
                let (id, score, json) = (reply.text()?, reply.number()?, reply.text()?);
                let state = reply.text()?.parse().ok();
                let message = serde_json::from_str(&json).ok().map(|message| delivered(message, state));
                Ok(Stored { id, score, message })
            })
            .collect::<Result<_, _>>()
            .map(Slice::Page)
    }
}

/// Lays the delivery state over an own message: it is kept apart from the message, and only grows.
fn delivered(mut message: Message, state: Option<u8>) -> Message {
    if message.from_me {
        message.status = message.status.max(state);
    }
    message
}

//! The way of a send into the ledger and to the owner's command stream, and the reply back. A message id is accepted once;
//! asking again with the same id is answered from the ledger, or rings again for one that is under way.

use std::time::Duration;

use contract::command::{Command, Outcome, Reply as HostReply, Request, STREAM_FIELD, STREAM_LENGTH, Send};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::ledger::{SEND_WITHIN_MS, TTL_SECONDS};

use super::{Reply, Store, around};
use crate::ids;
use crate::port::{POP_SLICE, Port, RedisError};
use crate::script::Script;

/// Most sends of one session that may be under way: what a host works off well within [`SEND_WITHIN_MS`].
const MAX_UNFINISHED: u64 = 1_000;

/// KEYS: record, lease, ledger, unfinished.
/// ARGV: message id, fingerprint, command before and after its `send_by`, stream before and after the owner, stream field,
/// stream length, ledger seconds, milliseconds to start within, most unfinished, codes that may be accepted anew.
static ACCEPT: Script = Script::new(
    "local record = redis.call('HMGET', KEYS[1], 'network', 'status')
     if not record[1] then return {'unknown'} end
     local entry = redis.call('HMGET', KEYS[3], 'state', 'fp', 'outcome')
     local state = entry[1]
     if state and entry[2] ~= ARGV[2] then return {'reused'} end
     if state == 'sent' then return {'known', entry[3]} end
     if state == 'failed' then
       local code = cjson.decode(entry[3]).failed.code
       if not string.find(ARGV[12], ' ' .. code .. ' ', 1, true) then return {'known', entry[3]} end
       state = false
     end
     local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local held = redis.call('HMGET', KEYS[2], 'owner', 'until')
     local owned = held[1] and tonumber(held[2] or '0') > now
     if state and not (owned and record[2] == 'connected') then return {'under_way'} end
     if record[2] ~= 'connected' then return {'down'} end
     if not owned then return {'no_host'} end
     local command = ARGV[3] .. string.format('%.0f', now + ARGV[10]) .. ARGV[4]
     if not state then
       if redis.call('HLEN', KEYS[4]) >= tonumber(ARGV[11]) then return {'overloaded'} end
       redis.call('DEL', KEYS[3])
       redis.call('HSET', KEYS[3], 'state', 'accepted', 'fp', ARGV[2])
       redis.call('EXPIRE', KEYS[3], ARGV[9])
       redis.call('HSET', KEYS[4], ARGV[1], command)
     end
     redis.call('XADD', ARGV[5] .. held[1] .. ARGV[6], 'MAXLEN', '~', ARGV[8], '*', ARGV[7], command)
     return {'accepted'}",
);

/// Outcomes that say that nothing was handed over, so that the same id may be tried again.
const RETRYABLE: [ErrorCode; 3] = [ErrorCode::Timeout, ErrorCode::Overloaded, ErrorCode::NoHost];

/// A send to accept.
#[derive(Clone, Debug)]
pub struct SendRequest {
    /// Of which session.
    pub session: SessionId,
    /// What.
    pub send: Send,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// There is no such session.
    Unknown,
    /// The session is not connected.
    Down,
    /// No host owns the session.
    NoHost,
    /// Too much is under way.
    Overloaded,
    /// The message id stands for another request.
    Reused,
    /// It was asked before, and this came of it.
    Known(Outcome),
    /// It was asked before and is under way, but nobody can be asked about it at the moment.
    UnderWay,
    /// It is under way; the reply comes through this queue.
    Waiting(Queue),
}

/// A reply queue and the command whose reply it will bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    command: String,
    list: String,
}

impl<P: Port> Store<P> {
    /// Accepts a send, once per message id, and rings its host.
    pub async fn accept(&self, request: &SendRequest) -> Result<Accepted, RedisError> {
        const OWNER: &str = "OWNER";
        const BROKEN: RedisError = RedisError::UnexpectedReply("accept");
        let queue =
            Queue { command: ids::token(self.port.random()), list: keys::replies(&ids::token(self.port.random())) };
        let fingerprint = ids::fingerprint(&serde_json::to_vec(&request.send).map_err(|_| BROKEN)?);
        let command = Command {
            id: queue.command.clone(),
            session: request.session.clone(),
            reply_to: queue.list.clone(),
            send_by: 0,
            request: Request::Send(request.send.clone()),
        };
        // The latest start is a Redis time, so the script puts it in.
        let command = serde_json::to_string(&command).map_err(|_| BROKEN)?;
        let (before, after) = command.split_once("\"send_by\":0").ok_or(BROKEN)?;
        let before = format!("{before}\"send_by\":");
        let (stream_before, stream_after) = around(&keys::host_commands(OWNER), OWNER);
        let retryable = RETRYABLE.iter().fold(" ".to_owned(), |text, code| text + code.as_str() + " ");
        let session = SessionKeys::new(&request.session);
        let keys = [session.record(), session.lease(), session.ledger(&request.send.message_id), session.unfinished()];
        let numbers = [STREAM_LENGTH, TTL_SECONDS, SEND_WITHIN_MS, MAX_UNFINISHED].map(|number| number.to_string());
        let [length, ttl, within, unfinished] = numbers.each_ref().map(String::as_str);
        let arguments = [
            request.send.message_id.as_str(),
            &fingerprint,
            &before,
            after,
            &stream_before,
            &stream_after,
            STREAM_FIELD,
            length,
            ttl,
            within,
            unfinished,
            &retryable,
        ];
        let mut reply = Reply::new("accept", ACCEPT.run(&self.port, &keys, &arguments).await?);
        Ok(match reply.text()?.as_str() {
            "unknown" => Accepted::Unknown,
            "down" => Accepted::Down,
            "no_host" => Accepted::NoHost,
            "overloaded" => Accepted::Overloaded,
            "reused" => Accepted::Reused,
            "under_way" => Accepted::UnderWay,
            "known" => Accepted::Known(serde_json::from_str(&reply.text()?).map_err(|_| BROKEN)?),
            "accepted" => Accepted::Waiting(queue),
            _ => return reply.unexpected(),
        })
    }

    /// Waits for the reply. `None` when none came within the limit: the outcome will stand in the ledger.
    pub async fn reply(&self, queue: &Queue, limit: Duration) -> Result<Option<Outcome>, RedisError> {
        let mut waited = Duration::ZERO;
        while waited < limit {
            // An element comes at any time; nothing comes after one whole slice.
            match self.port.pop(queue.list.clone()).await? {
                None => waited += POP_SLICE,
                Some(text) => {
                    let reply: HostReply =
                        serde_json::from_slice(&text).map_err(|_| RedisError::UnexpectedReply("reply"))?;
                    if reply.id == queue.command {
                        return Ok(Some(reply.outcome));
                    }
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use contract::{ledger, record};

    use super::*;

    /// The script spells the words of the contract; this holds it to it.
    #[test]
    fn the_script_speaks_the_contracts_words() {
        let words = [
            record::field::NETWORK,
            record::field::STATUS,
            keys::lease::OWNER,
            keys::lease::UNTIL,
            ledger::field::STATE,
            ledger::field::FINGERPRINT,
            ledger::field::OUTCOME,
            ledger::state::ACCEPTED,
            ledger::state::SENT,
            ledger::state::FAILED,
        ];
        for word in words {
            assert!(format!("{ACCEPT:?}").contains(&format!("'{word}'")), "{word}");
        }
    }
}

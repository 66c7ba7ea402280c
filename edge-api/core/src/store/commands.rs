//! The way of a command to the owner of its session, and the reply back. A send or a change goes through the ledger: its entry is
//! accepted once, and asking again with the same key is answered from there, or rings again for one that is under way. A
//! question is only rung.

use std::time::Duration;

use contract::command::{Command, Outcome, Reply as HostReply, Request, STREAM_FIELD, STREAM_LENGTH};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::ledger::{SEND_WITHIN_MS, TTL_SECONDS};
use contract::operation::Question;

use super::{Reply, Store, answers, around};
use crate::ids;
use crate::port::{POP_SLICE, Port, RedisError};
use crate::script::Script;

/// Most sends and changes of one session that may be under way: what a host works off well within [`SEND_WITHIN_MS`].
const MAX_UNFINISHED: u64 = 1_000;

/// KEYS: record, lease, ledger, unfinished, what the same key stands for on the routes of sessions ([`super::answers`]).
/// ARGV: message id if it is new, entry, fingerprint, command before its `send_by`, between that and its message id, after that,
/// stream before and after the owner, stream field, stream length, ledger seconds, milliseconds to start within, most
/// unfinished, codes that may be accepted anew.
static ACCEPT: Script = Script::new(
    "local record = redis.call('HMGET', KEYS[1], 'network', 'status', 'created')
     if not record[1] then return {'unknown'} end
     local answer = redis.call('HMGET', KEYS[5], 'fp', 'of')
     if answer[1] and ((answer[2] or '') == '' or answer[2] == record[3]) then return {'reused'} end
     local entry = redis.call('HMGET', KEYS[3], 'state', 'fp', 'outcome', 'id')
     local state = entry[1]
     local id = entry[4] or ARGV[1]
     if state and entry[2] ~= ARGV[3] then return {'reused'} end
     if state == 'sent' then return {'known', id, entry[3]} end
     if state == 'failed' then
       local code = cjson.decode(entry[3]).failed.code
       if not string.find(ARGV[14], ' ' .. code .. ' ', 1, true) then return {'known', id, entry[3]} end
       state = false
     end
     local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local held = redis.call('HMGET', KEYS[2], 'owner', 'until')
     local owned = held[1] and tonumber(held[2] or '0') > now
     if state and not (owned and record[2] == 'connected') then return {'under_way', id} end
     if record[2] ~= 'connected' then return {'down'} end
     if not owned then return {'no_host'} end
     local command = ARGV[4] .. string.format('%.0f', now + ARGV[12]) .. ARGV[5] .. id .. ARGV[6]
     if not state then
       if redis.call('HLEN', KEYS[4]) >= tonumber(ARGV[13]) then return {'overloaded'} end
       redis.call('DEL', KEYS[3])
       redis.call('HSET', KEYS[3], 'state', 'accepted', 'fp', ARGV[3], 'id', id)
       redis.call('EXPIRE', KEYS[3], ARGV[11])
       redis.call('HSET', KEYS[4], ARGV[2], command)
     end
     redis.call('XADD', ARGV[7] .. held[1] .. ARGV[8], 'MAXLEN', '~', ARGV[10], '*', ARGV[9], command)
     return {'accepted', id}",
);

/// KEYS: record, lease.
/// ARGV: command before and after its `send_by`, stream before and after the owner, stream field, stream length,
/// milliseconds to start within.
static ASK: Script = Script::new(
    "local record = redis.call('HMGET', KEYS[1], 'network', 'status')
     if not record[1] then return {'unknown'} end
     if record[2] ~= 'connected' then return {'down'} end
     local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local held = redis.call('HMGET', KEYS[2], 'owner', 'until')
     if not held[1] or tonumber(held[2] or '0') <= now then return {'no_host'} end
     local command = ARGV[1] .. string.format('%.0f', now + ARGV[7]) .. ARGV[2]
     redis.call('XADD', ARGV[3] .. held[1] .. ARGV[4], 'MAXLEN', '~', ARGV[6], '*', ARGV[5], command)
     return {'accepted', ''}",
);

/// Outcomes that say that nothing was handed over, so that the same entry may be tried again.
const RETRYABLE: [ErrorCode; 3] = [ErrorCode::Timeout, ErrorCode::Overloaded, ErrorCode::NoHost];

/// How a command that carries no message id yet shows its place. It stands before everything that a client wrote.
const NO_MESSAGE_ID: &str = "\"message_id\":\"\"";

/// A command of ours that cannot be written or cut.
const BROKEN: RedisError = RedisError::UnexpectedReply("command");

/// What became of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepted {
    /// There is no such session.
    Unknown,
    /// The session is not connected.
    Down,
    /// No host owns the session.
    NoHost,
    /// Too much is under way.
    Overloaded,
    /// The key stands for another request.
    Reused,
    /// It was asked before, and this came of it.
    Known(MessageId, Outcome),
    /// It was asked before and is under way, but nobody can be asked about it at the moment.
    UnderWay(MessageId),
    /// It is under way; the reply comes through this queue.
    Waiting(MessageId, Queue),
}

/// The id of a message, chosen when it was first asked for; empty for what is no message.
pub type MessageId = String;

/// A reply queue and the command whose reply it will bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    command: String,
    list: String,
}

impl<P: Port> Store<P> {
    /// Accepts a send or a change, once per key, and rings its host. The message id of a send is filled in here.
    pub async fn accept(
        &self,
        session: &SessionId,
        key: Option<&str>,
        mut request: Request,
    ) -> Result<Accepted, RedisError> {
        let message_id = match &mut request {
            Request::Send(send) => {
                send.message_id.clear();
                ids::message_id(self.port.random())
            }
            Request::Change(_) | Request::Ask(_) => String::new(),
        };
        let fingerprint = serde_json::to_vec(&request).map_err(|_| BROKEN)?;
        let fingerprint = ids::fingerprint(&fingerprint);
        let entry = key.map_or_else(|| ids::token(self.port.random()), ids::ledger_entry);
        let rung = self.rung(session, Some(&entry), request)?;
        let (between, after) = match rung.after.split_once(NO_MESSAGE_ID) {
            Some((between, after)) => (format!("{between}\"message_id\":\""), format!("\"{after}")),
            None => (rung.after, String::new()),
        };
        let retryable = RETRYABLE.iter().fold(" ".to_owned(), |text, code| text + code.as_str() + " ");
        let session = SessionKeys::new(session);
        let answered = session.answered(&answers::digest(key.unwrap_or(&entry)));
        let keys = [session.record(), session.lease(), session.ledger(&entry), session.unfinished(), answered];
        let numbers = [STREAM_LENGTH, TTL_SECONDS, SEND_WITHIN_MS, MAX_UNFINISHED].map(|number| number.to_string());
        let [length, ttl, within, unfinished] = numbers.each_ref().map(String::as_str);
        let arguments = [
            message_id.as_str(),
            &entry,
            &fingerprint,
            &rung.before,
            &between,
            &after,
            &rung.stream_before,
            &rung.stream_after,
            STREAM_FIELD,
            length,
            ttl,
            within,
            unfinished,
            &retryable,
        ];
        accepted(Reply::new("accept", ACCEPT.run(&self.port, &keys, &arguments).await?), rung.queue)
    }

    /// Rings a session's host with a question that is worth an answer for `within`.
    pub async fn ask(&self, session: &SessionId, question: Question, within: Duration) -> Result<Accepted, RedisError> {
        let rung = self.rung(session, None, Request::Ask(question))?;
        let keys = SessionKeys::new(session);
        let (length, within) = (STREAM_LENGTH.to_string(), within.as_millis().to_string());
        let arguments = [
            rung.before.as_str(),
            &rung.after,
            &rung.stream_before,
            &rung.stream_after,
            STREAM_FIELD,
            &length,
            &within,
        ];
        let reply = ASK.run(&self.port, &[keys.record(), keys.lease()], &arguments).await?;
        accepted(Reply::new("ask", reply), rung.queue)
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

fn accepted(mut reply: Reply, queue: Queue) -> Result<Accepted, RedisError> {
    Ok(match reply.text()?.as_str() {
        "unknown" => Accepted::Unknown,
        "down" => Accepted::Down,
        "no_host" => Accepted::NoHost,
        "overloaded" => Accepted::Overloaded,
        "reused" => Accepted::Reused,
        "under_way" => Accepted::UnderWay(reply.text()?),
        "known" => {
            let id = reply.text()?;
            Accepted::Known(
                id,
                serde_json::from_str(&reply.text()?).map_err(|_| RedisError::UnexpectedReply("accept"))?,
            )
        }
        "accepted" => Accepted::Waiting(reply.text()?, queue),
        _ => return reply.unexpected(),
    })
}

/// A command as the scripts take it: cut where they put in what only they know.
struct Rung {
    queue: Queue,
    /// The command before and after its latest start, a Redis time.
    before: String,
    after: String,
    /// The stream's key before and after the owner's id.
    stream_before: String,
    stream_after: String,
}

impl<P: Port> Store<P> {
    fn rung(&self, session: &SessionId, entry: Option<&str>, request: Request) -> Result<Rung, RedisError> {
        const OWNER: &str = "OWNER";
        let port = &self.port;
        let queue = Queue { command: ids::token(port.random()), list: keys::replies(&ids::token(port.random())) };
        let command = Command {
            id: queue.command.clone(),
            session: session.clone(),
            reply_to: queue.list.clone(),
            send_by: 0,
            entry: entry.map(str::to_owned),
            request,
            request_id: self.request.clone(),
        };
        let command = serde_json::to_string(&command).map_err(|_| BROKEN)?;
        let (before, after) = command.split_once("\"send_by\":0").ok_or(BROKEN)?;
        let (stream_before, stream_after) = around(&keys::host_commands(OWNER), OWNER);
        Ok(Rung {
            queue,
            before: format!("{before}\"send_by\":"),
            after: after.to_owned(),
            stream_before,
            stream_after,
        })
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
            record::field::CREATED,
            keys::lease::OWNER,
            keys::lease::UNTIL,
            ledger::field::STATE,
            ledger::field::FINGERPRINT,
            ledger::field::OUTCOME,
            ledger::field::ID,
            ledger::state::ACCEPTED,
            ledger::state::SENT,
            ledger::state::FAILED,
        ];
        for word in words {
            assert!(format!("{ACCEPT:?}").contains(&format!("'{word}'")), "{word}");
        }
    }
}

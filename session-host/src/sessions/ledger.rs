//! The owner's half of the send ledger ([`contract::ledger`]): what became of a message, in Redis before anyone is told.

use std::sync::LazyLock;
use std::time::Duration;

use contract::command::{Command, Outcome, REPLY_TTL_SECONDS, Reply, Send};
use contract::event::EventKind;
use contract::id::SessionId;
use contract::keys;
use contract::ledger::{TTL_SECONDS, field, state};
use contract::message::{Sent, delivery};
use redis::RedisError;
use waproto::codec;
use waproto::whatsapp as wa;

use crate::fence::{Batch, Fence, FenceError, Procedure};
use crate::history::{Entry, History, SentEntry, event};

/// KEYS: ledger entry. ARGV: ledger TTL, message or ''. The outcome, when there is one; else the entry is `handed`.
static HAND: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local entry = redis.call('HMGET', KEYS[2], 'state', 'outcome')
if entry[1] == 'sent' or entry[1] == 'failed' then return entry[2] or '' end
redis.call('HSET', KEYS[2], 'state', 'handed')
if ARGV[3] ~= '' then redis.call('HSET', KEYS[2], 'message', ARGV[3]) end
redis.call('EXPIRE', KEYS[2], ARGV[2])
return ''
",
    )
});

/// A command that was accepted and not finished.
pub(super) struct Unfinished {
    pub(super) command: Command,
    /// Time left to start it.
    pub(super) remaining: Duration,
    /// Whether it was handed over.
    pub(super) handed: bool,
    /// As what.
    pub(super) message: Option<wa::Message>,
}

/// The ledger of one session.
#[derive(Clone)]
pub(super) struct Ledger {
    fence: Fence,
}

impl Ledger {
    pub(super) fn new(fence: Fence) -> Self {
        Self { fence }
    }

    /// The message goes to the socket now, unless its outcome stands already: then this is it, and nothing may go out. A repeat
    /// of a request can reach us after the first one is finished.
    pub(super) async fn handed(
        &self,
        entry: &str,
        message: Option<&wa::Message>,
    ) -> Result<Option<Outcome>, FenceError> {
        let key = self.fence.keys().ledger(entry);
        let message = message.map(codec::message_to_vec).unwrap_or_default();
        let args = vec![TTL_SECONDS.to_string().into_bytes(), message];
        let outcome: String = self.fence.call(&HAND, &[&key], args).await?;
        Ok(serde_json::from_str(&outcome).ok())
    }

    /// WhatsApp's server took it.
    pub(super) async fn sent(
        &self,
        history: &History,
        ledger: &str,
        entry: &Entry,
        sent: &Sent,
    ) -> Result<(), FenceError> {
        let outcome = json(&Outcome::Sent(sent.clone()));
        history.sent(&SentEntry { entry, ledger, outcome: &outcome }).await
    }

    /// A change is made, or was refused.
    pub(super) async fn done(&self, entry: &str, outcome: &Outcome) -> Result<(), FenceError> {
        let keys = self.fence.keys();
        let ledger = keys.ledger(entry);
        let state = if matches!(outcome, Outcome::Failed(_)) { state::FAILED } else { state::SENT };
        let mut batch = Batch::new();
        batch.push("HSET", (&ledger, field::STATE, state, field::OUTCOME, json(outcome)));
        batch.push("EXPIRE", (&ledger, TTL_SECONDS));
        batch.push("HDEL", (keys.unfinished(), entry));
        self.fence.run(batch).await.map(drop)
    }

    /// It was not sent; who subscribed hears of it too.
    pub(super) async fn failed(
        &self,
        session: &SessionId,
        entry: &str,
        send: &Send,
        outcome: &Outcome,
    ) -> Result<(), FenceError> {
        let keys = self.fence.keys();
        let ledger = keys.ledger(entry);
        let Outcome::Failed(failure) = outcome else { return Ok(()) };
        let code = failure.whatsapp_code.map_or_else(|| failure.code.as_str().to_owned(), |code| code.to_string());
        let update = serde_json::json!([{
            "key": { "remoteJid": send.chat, "id": send.message_id, "fromMe": true },
            "update": { "status": delivery::ERROR, "messageStubParameters": [code] },
        }]);
        let event = event(session, EventKind::MessageUpdate, [("update", update)]);
        let mut batch = Batch::new();
        batch.push("HSET", (&ledger, field::STATE, state::FAILED, field::OUTCOME, json(outcome)));
        batch.push("HDEL", (&ledger, field::HANDED_AS));
        batch.push("EXPIRE", (&ledger, TTL_SECONDS));
        batch.push("HDEL", (keys.unfinished(), entry));
        batch.push("XADD", (keys.events(), "*", keys::EVENT_FIELD, json(&event)));
        batch.push("PUBLISH", (keys::EVENTS, session.as_str()));
        self.fence.run(batch).await.map(drop)
    }

    /// Answers the requests that wait for an outcome.
    pub(super) async fn reply(&self, waiting: Vec<(String, String)>, outcome: &Outcome) -> Result<(), RedisError> {
        if waiting.is_empty() {
            return Ok(());
        }
        let mut replies = redis::pipe();
        for (id, queue) in waiting {
            replies.rpush(&queue, json(&Reply { id, outcome: outcome.clone() })).ignore();
            replies.expire(&queue, i64::try_from(REPLY_TTL_SECONDS).unwrap_or(i64::MAX)).ignore();
        }
        replies.query_async(&mut self.fence.redis().shared()).await
    }

    /// Commands that were accepted and not finished, oldest first. What is older than the ledger's memory is dropped.
    pub(super) async fn unfinished(&self) -> Result<Vec<Unfinished>, FenceError> {
        let keys = self.fence.keys();
        let mut redis = self.fence.redis().shared();
        let entries: Vec<(String, String)> =
            redis::cmd("HGETALL").arg(keys.unfinished()).query_async(&mut redis).await?;
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut states = redis::pipe();
        for (entry, _) in &entries {
            states.hmget(keys.ledger(entry), &[field::STATE, field::HANDED_AS]);
        }
        let states: Vec<(Option<String>, Option<Vec<u8>>)> = states.query_async(&mut redis).await?;
        let now = self.fence.redis().now_ms().await?;
        let mut commands = Vec::new();
        let mut gone = Batch::new();
        for ((entry, command), (state, message)) in entries.into_iter().zip(states) {
            match (serde_json::from_str::<Command>(&command), state) {
                (Ok(command), Some(state)) if state == state::ACCEPTED || state == state::HANDED => {
                    let remaining = Duration::from_millis(command.send_by.saturating_sub(now));
                    let message = message.and_then(|message| codec::message_decode(&message).ok());
                    commands.push(Unfinished { command, remaining, handed: state == state::HANDED, message });
                }
                _ => {
                    gone.push("HDEL", (keys.unfinished(), entry));
                }
            }
        }
        if !gone.is_empty() {
            self.fence.run(gone).await?;
        }
        commands.sort_by_key(|unfinished| unfinished.command.send_by);
        Ok(commands)
    }
}

/// The wire types are plain data: they always serialise.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

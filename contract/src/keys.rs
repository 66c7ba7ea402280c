//! Every Redis key, typed: what it holds, who writes it, who reads it, how long it lives.
//!
//! All keys start with `chatery:`. Everything of one session shares the hash tag `{sessionId}`, so a Redis cluster keeps it
//! in one slot and one script may touch it at once. Nothing of a session has a TTL except where the table says so;
//! Redis must run with `maxmemory-policy noeviction`.
//!
//! | key | type | value | writer → reader | lives |
//! |---|---|---|---|---|
//! | `sessions` | ZSET | session id by creation time (ms) | edge, host → both | for ever |
//! | `hosts` | ZSET | host id by time of last heartbeat (Redis ms) | host → both | entry drops after silence |
//! | `wake` | channel | session id whose record has a new wish, or of whose past a file is asked for | edge, hosts → hosts | – |
//! | `functions` | HASH | function ([`crate::function::Function`]) → its last [`crate::function::LastInvocation`] as JSON | host → edge | for ever |
//! | `host:<id>:commands` | STREAM | [`crate::command::Command`] as JSON in one field | edge → host | capped |
//! | `answer:{s}:<digest>` | HASH | that an `Idempotency-Key` was answered, or the claim of who works at it; beside the session's own keys, since that it was deleted outlives it | edge → edge | 24 h; a claim 20 s |
//! | `{s}:answer:<digest>` | STRING | the answer itself, as JSON | edge → edge | 24 h, until deleted |
//! | `login:<digest>` | STRING | when somebody logged in to the dashboard (Unix ms), by the digest of the cookie's token ([`crate::dashboard`]) | edge → both | 12 h |
//! | `reply:<queue>` | LIST | [`crate::command::Reply`] as JSON | host → edge | 2 min after the last push |
//! | `{s}:session` | HASH | [`crate::record`] | edge and owner → both | until deleted |
//! | `{s}:lease` | HASH | `owner`, `epoch`, `until` (Redis ms) | hosts → both | until deleted; the epoch only grows |
//! | `{s}:wa:*` | HASH, STRING | state of the WhatsApp library | owner → owner | until deleted |
//! | `{s}:ledger:<entry>` | HASH | [`crate::ledger`] | edge and owner → both | 24 h |
//! | `{s}:unfinished` | HASH | ledger entry → [`crate::command::Command`] as JSON | edge and owner → owner | until finished |
//! | `{s}:events` | STREAM | [`crate::event::Event`] as JSON in one field | owner → readers | capped |
//! | `events` | channel | session id with new events | owner → hosts with sockets | – |
//! | `{s}:chats` | ZSET | chat by time of its newest message (s) | owner → edge | until deleted |
//! | `{s}:chat:<jid>` | HASH | [`crate::chat::field`] | owner → edge | until deleted |
//! | `{s}:chat:<jid>:index` | ZSET | message by score ([`crate::cursor`]) | owner → edge | capped |
//! | `{s}:chat:<jid>:messages` | HASH | message → [`crate::message::Message`] as JSON | owner → edge | capped |
//! | `{s}:chat:<jid>:status` | HASH | own message → delivery state ([`crate::message::delivery`]) | owner → edge | capped |
//! | `{s}:chat:<jid>:raw` | HASH | message → protobuf, for quotes and forwards | owner → owner | capped |
//! | `{s}:chat:<jid>:media` | HASH | message → its media object (`<chat>/<name>`) | owner → owner | capped |
//! | `{s}:media` | HASH | media object → what it is, as JSON; with `size` once it is stored | owner → hosts | as long as the message |
//! | `{s}:media:jobs` | HASH | media object → how it is fetched, as JSON | owner → owner | until stored or given up |
//! | `{s}:media:due` | ZSET | media object by when it is fetched (Redis ms); a file of the past not before somebody asks | owner, hosts → owner | as the job |
//! | `{s}:media:kept` | ZSET | stored media object by time of storing (Redis ms) | owner → owner | as the object |
//! | `{s}:media:bytes` | STRING | bytes of all stored objects | owner → owner | until deleted |
//! | `{s}:media:erase` | SET | media object that is to be erased from the bucket | owner → owner | until erased |
//! | `media:secret` | STRING | what media links are signed with, hexadecimal | hosts → hosts | for ever |
//! | `media:gone` | HASH | deleted session whose objects are to be erased → when it was deleted (Redis ms) | owner → hosts | until erased |
//! | `{s}:unread` | HASH | unread message → its chat | owner → owner | capped |
//! | `{s}:contacts` | HASH | address → [`crate::chat::StoredContact`] as JSON | owner → edge | capped |
//! | `{s}:contacts:names` | ZSET | name, own name and address, folded, between zero bytes; all scores 0 | owner → edge | capped |
//! | `{s}:lids` | HASH | LID digits → phone digits | owner → edge | until deleted |
//! | `{s}:webhooks` | HASH | webhook → entry of the event log up to which it is done | edge → edge, owner | until removed |
//! | `{s}:webhook:<id>` | HASH | [`webhook`] | edge → edge | until removed |
//! | `{s}:webhook:<id>:deliveries` | HASH | delivery → [`crate::webhook::Delivery`] as JSON | edge → edge | capped |
//! | `{s}:webhook:<id>:log` | ZSET | delivery by time of its newest attempt (ms) | edge → edge | capped |
//! | `{s}:webhook:<id>:aside` | ZSET | delivery by the time it is due (Redis ms) | edge → edge | until delivered or dead |
//! | `{s}:webhook:<id>:dead` | ZSET | delivery by the time it was given up (Redis ms) | edge → edge | capped |

use crate::id::SessionId;
use crate::jid::Jid;

/// Start of every key.
pub const PREFIX: &str = "chatery:";

/// ZSET of all sessions.
pub const SESSIONS: &str = "chatery:sessions";

/// ZSET of live hosts.
pub const HOSTS: &str = "chatery:hosts";

/// HASH of the last invocation of each function.
pub const FUNCTIONS: &str = "chatery:functions";

/// Channel that tells hosts of a new wish; the message is the session id.
pub const WAKE: &str = "chatery:wake";

/// Channel that tells hosts of new events; the message is the session id.
pub const EVENTS: &str = "chatery:events";

/// STRING: what media links are signed with, the same for all hosts.
pub const MEDIA_SECRET: &str = "chatery:media:secret";

/// HASH of deleted sessions whose media is to be erased.
pub const MEDIA_GONE: &str = "chatery:media:gone";

/// Field names of the lease HASH.
pub mod lease {
    /// Host id of the owner.
    pub const OWNER: &str = "owner";
    /// Fencing number: grows with every change of owner and every start of a host.
    pub const EPOCH: &str = "epoch";
    /// Redis time in milliseconds until which the lease holds.
    pub const UNTIL: &str = "until";
}

/// Field names of the HASH of a webhook. Those of a lane stand behind its name and a colon.
pub mod webhook {
    /// Of a lane: the host whose invocation is at work.
    pub const BY: &str = "by";
    /// Of a lane: that invocation.
    pub const TOKEN: &str = "token";
    /// Of a lane: until when it keeps others off, Redis ms.
    pub const UNTIL: &str = "until";
    /// Of a lane: when its first delivery is due again, Redis ms; absent when the newest attempt did not fail.
    pub const DUE: &str = "due";
    /// Of the lane that replays: the entry up to which it is done.
    pub const CURSOR: &str = "cursor";
    /// Of the lane that replays: the last entry.
    pub const END: &str = "end";
    /// How many deliveries arrived.
    pub const DELIVERED: &str = "delivered";
    /// How many attempts failed.
    pub const FAILED: &str = "failed";
    /// When one last arrived, Unix ms.
    pub const LAST_SUCCESS: &str = "lastSuccess";
    /// When an attempt last failed, Unix ms.
    pub const LAST_FAILURE: &str = "lastFailure";
    /// How it failed.
    pub const LAST_ERROR: &str = "lastError";
}

/// The only field of an event log entry: an [`crate::event::Event`] as JSON.
pub const EVENT_FIELD: &str = "e";

/// STREAM of commands to a host.
pub fn host_commands(host: &str) -> String {
    format!("{PREFIX}host:{host}:commands")
}

/// STRING: a login of the dashboard.
pub fn dashboard_login(digest: &str) -> String {
    format!("{PREFIX}login:{digest}")
}

/// LIST of replies to an edge instance.
pub fn replies(queue: &str) -> String {
    format!("{PREFIX}reply:{queue}")
}

/// The keys of one session.
#[derive(Clone, Debug)]
pub struct SessionKeys {
    prefix: String,
    answers: String,
}

impl SessionKeys {
    /// The keys of a session.
    pub fn new(session: &SessionId) -> Self {
        Self { prefix: format!("{PREFIX}{{{session}}}:"), answers: format!("{PREFIX}answer:{{{session}}}:") }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What every key of the session starts with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// HASH: the session record.
    pub fn record(&self) -> String {
        self.key("session")
    }

    /// HASH: the lease.
    pub fn lease(&self) -> String {
        self.key("lease")
    }

    /// A key of the WhatsApp library's state.
    pub fn whatsapp(&self, name: &str) -> String {
        format!("{}wa:{name}", self.prefix)
    }

    /// HASH: an entry of the ledger.
    pub fn ledger(&self, entry: &str) -> String {
        format!("{}ledger:{entry}", self.prefix)
    }

    /// HASH: what an idempotency key stands for. It lies beside the session's keys, not among them, so that erasing the session
    /// leaves it.
    pub fn answered(&self, digest: &str) -> String {
        format!("{}{digest}", self.answers)
    }

    /// STRING: the answer that an idempotency key is given again. It is erased with the session.
    pub fn answer(&self, digest: &str) -> String {
        format!("{}answer:{digest}", self.prefix)
    }

    /// HASH: commands that are accepted and not finished.
    pub fn unfinished(&self) -> String {
        self.key("unfinished")
    }

    /// STREAM: the event log.
    pub fn events(&self) -> String {
        self.key("events")
    }

    /// ZSET: chats by newest message.
    pub fn chats(&self) -> String {
        self.key("chats")
    }

    /// HASH: properties of a chat.
    pub fn chat(&self, chat: &Jid) -> String {
        format!("{}chat:{chat}", self.prefix)
    }

    /// ZSET: messages of a chat by score.
    pub fn chat_index(&self, chat: &Jid) -> String {
        format!("{}chat:{chat}:index", self.prefix)
    }

    /// HASH: messages of a chat.
    pub fn chat_messages(&self, chat: &Jid) -> String {
        format!("{}chat:{chat}:messages", self.prefix)
    }

    /// HASH: delivery states of the own messages of a chat; they only grow. Laid over the stored message by whoever reads it.
    pub fn chat_status(&self, chat: &Jid) -> String {
        format!("{}chat:{chat}:status", self.prefix)
    }

    /// HASH: protobuf of the messages of a chat.
    pub fn chat_raw(&self, chat: &Jid) -> String {
        format!("{}chat:{chat}:raw", self.prefix)
    }

    /// HASH: media objects.
    pub fn media(&self) -> String {
        self.key("media")
    }

    /// HASH: how media objects are fetched.
    pub fn media_jobs(&self) -> String {
        self.key("media:jobs")
    }

    /// ZSET: media objects by when they are fetched.
    pub fn media_due(&self) -> String {
        self.key("media:due")
    }

    /// ZSET: stored media objects by age.
    pub fn media_kept(&self) -> String {
        self.key("media:kept")
    }

    /// STRING: bytes of all stored media objects.
    pub fn media_bytes(&self) -> String {
        self.key("media:bytes")
    }

    /// SET: media objects to be erased from the bucket.
    pub fn media_erase(&self) -> String {
        self.key("media:erase")
    }

    /// HASH: the media object of each message of a chat.
    pub fn chat_media(&self, chat: &Jid) -> String {
        format!("{}chat:{chat}:media", self.prefix)
    }

    /// HASH: the chat of each unread message.
    pub fn unread(&self) -> String {
        self.key("unread")
    }

    /// HASH: contacts.
    pub fn contacts(&self) -> String {
        self.key("contacts")
    }

    /// ZSET: contacts by name.
    pub fn contact_names(&self) -> String {
        self.key("contacts:names")
    }

    /// HASH: how far each webhook got.
    pub fn webhooks(&self) -> String {
        self.key("webhooks")
    }

    /// HASH: the state of a webhook.
    pub fn webhook(&self, id: &str) -> String {
        format!("{}webhook:{id}", self.prefix)
    }

    /// HASH: the deliveries of a webhook.
    pub fn deliveries(&self, id: &str) -> String {
        format!("{}webhook:{id}:deliveries", self.prefix)
    }

    /// ZSET: the deliveries of a webhook by time.
    pub fn delivery_log(&self, id: &str) -> String {
        format!("{}webhook:{id}:log", self.prefix)
    }

    /// ZSET: deliveries of a webhook that are due by themselves.
    pub fn deliveries_aside(&self, id: &str) -> String {
        format!("{}webhook:{id}:aside", self.prefix)
    }

    /// ZSET: deliveries of a webhook that were given up.
    pub fn dead_deliveries(&self, id: &str) -> String {
        format!("{}webhook:{id}:dead", self.prefix)
    }

    /// HASH: hidden id → phone number.
    pub fn lids(&self) -> String {
        self.key("lids")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stays_in_one_slot() {
        let keys = SessionKeys::new(&SessionId::parse("shop").unwrap());
        let chat = Jid::phone("6281200001111");
        for key in [
            keys.record(),
            keys.lease(),
            keys.whatsapp("x"),
            keys.ledger("A"),
            keys.answer("x"),
            keys.events(),
            keys.chat_index(&chat),
            keys.lids(),
        ] {
            assert!(key.starts_with("chatery:{shop}:"), "{key}");
        }
        assert!(keys.answered("x").starts_with("chatery:answer:{shop}:"), "in the same slot, and not erased with it");
    }
}

//! Chats and messages of a session, and the events that tell of them: written in one fenced step, so that what a client was
//! told is what a read finds, and a repeated delivery changes nothing.
//!
//! A message is known by chat, id and author. Ids are unique per author only; a second author who reuses an id (chance
//! or malice) is filed under `id~author`. Order within a chat is a score ([`contract::cursor`]): time, then arrival.

mod chats;
mod contacts;
mod effects;
mod media;
mod unread;

pub use chats::ChatChange;
pub use contacts::ContactChange;
pub(crate) use effects::Effect;
pub(crate) use media::Due;

use std::sync::{Arc, LazyLock};

use contract::event::{Event, EventKind};
use contract::id::SessionId;
use contract::jid::Jid;
use contract::message::Message;
use redis::RedisError;
use tokio::sync::Notify;
use waproto::codec;
use waproto::whatsapp as wa;

use contacts::UNCHANGED;
use media::{FORGET, keep_media};

use crate::clock;
use crate::eventlog::APPEND_EVENT;
use crate::fence::{Fence, FenceError, Procedure};
use crate::media::Media;
use crate::whatsapp::announce::Announcement;
use crate::whatsapp::attached::Attached;
use crate::whatsapp::consequences;

/// Messages kept per chat: some years of an ordinary chat, and a bound on what one noisy group may cost.
const MESSAGES_PER_CHAT: u64 = 1_000;

/// Messages of the past that are written in one step.
const PAST_AT_ONCE: usize = 100;

/// Unread messages whose chat is looked up when another device reads them; of more, only whole chats can be marked as read.
const MAX_UNREAD: usize = 20_000;

/// `store(prefix, chat, id, author, seconds, json, raw, cap, past)` files a message; false when it is known already, else what it is
/// stored under. Within a second what
/// arrives comes after all that was there, in order; what is told of the past comes before, the newest told first.
const STORE_MESSAGE: &str = r"
local function store(prefix, chat, id, author, seconds, json, raw, cap, past)
  local base = prefix .. 'chat:' .. chat
  local messages = base .. ':messages'
  local member = id
  for _ = 1, 2 do
    local known = redis.call('HGET', messages, member)
    if not known then break end
    if cjson.decode(known)['from'] == author then return false end
    if member ~= id then return false end
    member = id .. '~' .. author
  end
  if redis.call('HEXISTS', messages, member) == 1 then return false end
  local arrival
  if past then
    arrival = 524287 - redis.call('HINCRBY', base, 'past', 1) % 524288
  else
    arrival = 524288 + redis.call('HINCRBY', base, 'arrivals', 1) % 524288
  end
  local score = string.format('%.0f', tonumber(seconds) * 1048576 + arrival)
  redis.call('HSET', messages, member, json)
  redis.call('HSET', base .. ':raw', member, raw)
  redis.call('ZADD', base .. ':index', score, member)
  redis.call('ZADD', prefix .. 'chats', 'GT', seconds, chat)
  while redis.call('ZCARD', base .. ':index') > cap do
    local oldest = redis.call('ZPOPMIN', base .. ':index')[1]
    forget(prefix, base, oldest)
  end
  return member
end
";

/// KEYS: event log. ARGV: session, key prefix, cap; then for each message chat, id, author, seconds, json, raw, event,
/// 1 when it counts as unread, the other person's own name, folded, and hidden address, the name of its file or '', its record, its job,
/// the author's other address or '', and what it does to an earlier message: that one, the kind or '', the value, a protobuf.
static INGEST: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{APPEND_EVENT}
{FORGET}
{STORE_MESSAGE}
{}
{}
{}
local session, prefix, cap = ARGV[2], ARGV[3], tonumber(ARGV[4])
local unread = prefix .. 'unread'
local new = 0
for i = 5, #ARGV, 19 do
  local member = store(prefix, ARGV[i], ARGV[i+1], ARGV[i+2], ARGV[i+3], ARGV[i+4], ARGV[i+5], cap)
  if member then
    new = new + 1
    if ARGV[i+11] ~= '' then keep_media(prefix, ARGV[i], member, ARGV[i+11], ARGV[i+12], ARGV[i+13]) end
    if ARGV[i+7] == '1' then
      redis.call('HINCRBY', prefix .. 'chat:' .. ARGV[i], 'unread', 1)
      if redis.call('HLEN', unread) < {MAX_UNREAD} then redis.call('HSET', unread, ARGV[i+1], ARGV[i]) end
    end
    contact(prefix, ARGV[i], '{UNCHANGED}', '', ARGV[i+8], ARGV[i+9], ARGV[i+10])
    if ARGV[i+10] ~= '' then redis.call('HSET', prefix .. 'chat:' .. ARGV[i], 'lid', ARGV[i+10]) end
    local allowed = ARGV[i+16] == ''
      or affect(prefix, ARGV[i], ARGV[i+2], ARGV[i+14], ARGV[i+15], ARGV[i+16], ARGV[i+17], ARGV[i+18])
    -- JSON has no line breaks. The first event is that of the message itself.
    for event in string.gmatch(ARGV[i+6], '[^\n]+') do
      append_event(KEYS[2], session, event)
      if not allowed then break end
    end
  end
end
return new
",
        contacts::keep_contact(),
        keep_media(),
        effects::affect()
    ))
});

/// ARGV: key prefix, cap, chat, unread messages; then for each message id, author, seconds, json, raw, the name of its
/// file or '', its record, its job. Answers how many were new.
/// What is unread is taken from the phone only for a chat that nothing is known of.
static PAST: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{FORGET}
{STORE_MESSAGE}
{}
local prefix, cap, chat, unread = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local base = prefix .. 'chat:' .. chat
local known = redis.call('EXISTS', base .. ':index') == 1
local new = 0
for i = 6, #ARGV, 8 do
  local member = store(prefix, chat, ARGV[i], ARGV[i+1], ARGV[i+2], ARGV[i+3], ARGV[i+4], cap, true)
  if member then
    new = new + 1
    if ARGV[i+5] ~= '' then keep_media(prefix, chat, member, ARGV[i+5], ARGV[i+6], ARGV[i+7], true) end
  end
end
if not known and unread ~= '0' then redis.call('HSETNX', base, 'unread', unread) end
return new
",
        keep_media()
    ))
});

/// KEYS: event log. ARGV: session, then events.
static ANNOUNCE: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{APPEND_EVENT}
for i = 3, #ARGV do append_event(KEYS[2], ARGV[2], ARGV[i]) end
return #ARGV - 2
"
    ))
});

/// KEYS: event log, ledger entry, unfinished commands. ARGV: session, key prefix, cap, chat, id, author, seconds, json, raw,
/// event, outcome, ledger TTL.
static SENT: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{APPEND_EVENT}
{FORGET}
{STORE_MESSAGE}
local session, prefix, cap = ARGV[2], ARGV[3], tonumber(ARGV[4])
redis.call('HSET', KEYS[3], 'state', 'sent', 'outcome', ARGV[12])
redis.call('HDEL', KEYS[3], 'message')
redis.call('EXPIRE', KEYS[3], ARGV[13])
redis.call('HDEL', KEYS[4], ARGV[14])
if store(prefix, ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], cap) then
  for event in string.gmatch(ARGV[11], '[^\n]+') do append_event(KEYS[2], session, event) end
  return 1
end
return 0
"
    ))
});

/// KEYS: event log, delivery states of the chat. ARGV: session, then for each message id, state, event. A state only grows.
static DELIVERY: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{APPEND_EVENT}
for i = 3, #ARGV, 3 do
  local known = tonumber(redis.call('HGET', KEYS[3], ARGV[i]) or '0')
  if tonumber(ARGV[i+1]) > known then
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i+1])
    append_event(KEYS[2], ARGV[2], ARGV[i+2])
  end
end
return 1
"
    ))
});

/// A message with everything that is stored of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The chat it is filed under.
    pub chat: Jid,
    /// What clients see.
    pub message: Message,
    /// What WhatsApp said.
    pub raw: wa::Message,
    /// The file that is to be fetched for it.
    pub(crate) media: Option<Attached>,
    /// What it does to an earlier message.
    pub(crate) effect: Option<Effect>,
}

impl Entry {
    /// A message without a file that is to be fetched, and that changes no other.
    pub fn new(chat: Jid, message: Message, raw: wa::Message) -> Self {
        Self { chat, message, raw, media: None, effect: None }
    }

    /// With what it does to an earlier message. `by_admin` is whether WhatsApp's server let it through as an admin's.
    #[must_use]
    pub fn with_effect(self, by_admin: bool) -> Self {
        Self { effect: Effect::of(&self.raw, by_admin), ..self }
    }
}

/// What of a send goes into the record of it.
pub struct SentEntry<'a> {
    /// The message.
    pub entry: &'a Entry,
    /// The name of its ledger entry.
    pub ledger: &'a str,
    /// The outcome as JSON.
    pub outcome: &'a str,
}

/// Chats and messages of one session.
#[derive(Clone)]
pub struct History {
    fence: Fence,
    session: SessionId,
    media: Option<Media>,
    /// Rings when there are files to be fetched or erased.
    bell: Arc<Notify>,
}

impl History {
    /// The history of the fence's session; files of messages are kept when there is somewhere to keep them.
    pub fn new(fence: Fence, session: SessionId, media: Option<Media>) -> Self {
        Self { fence, session, media, bell: Arc::default() }
    }

    /// Files messages that arrived or were written on another device, in order, with their events. Known ones are skipped.
    pub async fn ingest(&self, entries: Vec<Entry>) -> Result<u64, FenceError> {
        let keys = self.fence.keys();
        let mut args = self.head();
        let mut files = false;
        for mut entry in entries {
            let filing = self.file_media(&mut entry);
            files |= !filing.object.is_empty();
            let message = &entry.message;
            let kind = if message.from_me { EventKind::MessageSent } else { EventKind::Message };
            let unread = !message.from_me;
            let other = !message.is_group;
            let push = message.sender_name.as_deref().filter(|_| other && unread);
            let lid = message.lid.as_deref().filter(|lid| other && *lid != message.chat_id);
            args.extend([
                entry.chat.to_string().into_bytes(),
                message.id.clone().into_bytes(),
                message.from.clone().into_bytes(),
                message.timestamp.to_string().into_bytes(),
                json(message),
                Effect::raw(entry.effect.as_ref(), &entry.raw),
                self.with_consequences(kind, &entry, filing.refused),
                if unread { b"1".to_vec() } else { b"0".to_vec() },
            ]);
            args.extend(ContactChange::arguments(push));
            args.push(lid.unwrap_or_default().as_bytes().to_vec());
            args.extend([filing.object.into_bytes(), filing.record, filing.job]);
            let other = [&message.pn, &message.lid].into_iter().flatten().find(|jid| **jid != message.from);
            args.push(other.filter(|_| !message.from_me).cloned().unwrap_or_default().into_bytes());
            args.extend(Effect::arguments(entry.effect));
        }
        let new = self.fence.call(&INGEST, &[&keys.events()], args).await?;
        if files {
            self.bell.notify_one();
        }
        Ok(new)
    }

    /// Files a message that WhatsApp's server took: outcome, message and event at once.
    pub async fn sent(&self, sent: &SentEntry<'_>) -> Result<(), FenceError> {
        let keys = self.fence.keys();
        let message = &sent.entry.message;
        let mut args = self.head();
        args.extend([
            sent.entry.chat.to_string().into_bytes(),
            message.id.clone().into_bytes(),
            message.from.clone().into_bytes(),
            message.timestamp.to_string().into_bytes(),
            json(message),
            codec::message_to_vec(&sent.entry.raw),
            self.with_consequences(EventKind::MessageSent, sent.entry, None),
            sent.outcome.as_bytes().to_vec(),
            contract::ledger::TTL_SECONDS.to_string().into_bytes(),
            sent.ledger.as_bytes().to_vec(),
        ]);
        let (events, ledger, unfinished) = (keys.events(), keys.ledger(sent.ledger), keys.unfinished());
        self.fence.call::<u64>(&SENT, &[&events, &ledger, &unfinished], args).await.map(drop)
    }

    /// Files messages of the past of one chat, newest first, without a word to anybody; their files are fetched when somebody asks. Answers how many were new.
    pub async fn remember(&self, chat: &Jid, unread: u64, entries: &mut [Entry]) -> Result<u64, FenceError> {
        let mut new = 0;
        // An empty chat is one of which only the name is known.
        for part in entries.chunks_mut(PAST_AT_ONCE) {
            let mut args: Vec<Vec<u8>> = self.head().into_iter().skip(1).collect();
            args.extend([chat.to_string().into_bytes(), unread.to_string().into_bytes()]);
            for entry in part {
                let filing = self.file_media(entry);
                let message = &entry.message;
                args.extend([
                    message.id.clone().into_bytes(),
                    message.from.clone().into_bytes(),
                    message.timestamp.to_string().into_bytes(),
                    json(message),
                    codec::message_to_vec(&entry.raw),
                    filing.object.into_bytes(),
                    filing.record,
                    filing.job,
                ]);
            }
            new += self.fence.call::<u64>(&PAST, &[], args).await?;
        }
        Ok(new)
    }

    /// Announces what happened beside messages.
    pub(crate) async fn announce(&self, events: &[Announcement]) -> Result<(), FenceError> {
        let mut args = vec![self.session.as_str().as_bytes().to_vec()];
        args.extend(events.iter().map(|event| self.announced(event)));
        self.fence.call::<u64>(&ANNOUNCE, &[&self.fence.keys().events()], args).await.map(drop)
    }

    /// Notes how far own messages of a chat got, and announces what is new.
    pub async fn delivered(&self, chat: &Jid, updates: &[DeliveryUpdate]) -> Result<(), FenceError> {
        let keys = self.fence.keys();
        let mut args = vec![self.session.as_str().as_bytes().to_vec()];
        for update in updates {
            args.extend([
                update.id.clone().into_bytes(),
                update.status.to_string().into_bytes(),
                self.event(EventKind::MessageUpdate, "update", &update.event_items(chat)),
            ]);
        }
        let (events, states) = (keys.events(), keys.chat_status(chat));
        self.fence.call::<u64>(&DELIVERY, &[&events, &states], args).await.map(drop)
    }

    /// A stored message of a chat, for quoting and votes: what WhatsApp said, and what clients see. Waits for Redis while it is away.
    pub async fn find(&self, chat: &Jid, id: &str) -> Result<Option<(wa::Message, Message)>, RedisError> {
        let keys = self.fence.keys();
        let mut stored = redis::pipe();
        stored.hget(keys.chat_raw(chat), id).hget(keys.chat_messages(chat), id);
        let (raw, json): (Option<Vec<u8>>, Option<String>) = self.fence.read_all(&stored).await?;
        let raw = raw.and_then(|bytes| codec::message_decode(&bytes).ok());
        Ok(raw.zip(json.and_then(|json| serde_json::from_str(&json).ok())))
    }

    /// What rings when there are files to be fetched.
    pub(crate) fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// The time of Redis.
    pub(crate) async fn now_ms(&self) -> Result<u64, RedisError> {
        self.fence.redis().now_ms().await
    }

    /// The event of a message and those that follow from it, a line each.
    fn with_consequences(&self, kind: EventKind, entry: &Entry, last: Option<Announcement>) -> Vec<u8> {
        let mut lines = self.event(kind, "message", &entry.message);
        for event in consequences::of(entry).into_iter().chain(last) {
            lines.push(b'\n');
            lines.extend(self.announced(&event));
        }
        lines
    }

    fn announced(&self, event: &Announcement) -> Vec<u8> {
        let payload = contract::event::Payload {
            session_id: self.session.clone(),
            timestamp: clock::iso_now(),
            fields: event.fields.clone(),
        };
        json(&Event { event: event.kind, payload })
    }

    fn head(&self) -> Vec<Vec<u8>> {
        vec![
            self.session.as_str().as_bytes().to_vec(),
            self.fence.keys().prefix().as_bytes().to_vec(),
            MESSAGES_PER_CHAT.to_string().into_bytes(),
        ]
    }

    fn event(&self, kind: EventKind, field: &str, value: &impl serde::Serialize) -> Vec<u8> {
        json(&event(&self.session, kind, [(field, value_of(value))]))
    }
}

/// How far an own message got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryUpdate {
    /// The message.
    pub id: String,
    /// [`contract::message::delivery`].
    pub status: u8,
    /// Who received or read it, in groups.
    pub participant: Option<String>,
}

impl DeliveryUpdate {
    fn event_items(&self, chat: &Jid) -> serde_json::Value {
        let mut key = serde_json::json!({ "remoteJid": chat, "id": self.id, "fromMe": true });
        if let Some(participant) = &self.participant {
            key["participant"] = participant.clone().into();
        }
        serde_json::json!([{ "key": key, "update": { "status": self.status } }])
    }
}

/// An event of now.
pub fn event<const N: usize>(session: &SessionId, event: EventKind, fields: [(&str, serde_json::Value); N]) -> Event {
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let payload = contract::event::Payload { session_id: session.clone(), timestamp: clock::iso_now(), fields };
    Event { event, payload }
}

/// The wire types are plain data: they always serialise.
fn value_of(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

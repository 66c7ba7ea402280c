//! The files of messages in the history: named when their message is filed, stored or given up later, and dropped with their message.
//! Each change and what tells of it is one step; a file whose message is gone is on the list of those to be erased from the bucket.

use std::sync::LazyLock;
use std::time::Duration;

use contract::event::EventKind;
use contract::jid::Jid;
use contract::message::Message;
use redis::RedisError;
use serde_json::{Value, json};

use super::{Entry, History, json as bytes};
use crate::eventlog::APPEND_EVENT;
use crate::fence::{Batch, FenceError, Procedure};
use crate::media::{Job, Lost, Object, Plan, Record, Stored};
use crate::whatsapp::announce::Announcement;

/// `drop_media(prefix, object)`: a file is served no more, and is to be erased.
/// `forget(prefix, base, member)`: a message and all that is kept for it is gone.
pub(super) const FORGET: &str = r"
local function drop_media(prefix, object)
  local record = redis.call('HGET', prefix .. 'media', object)
  local size = record and cjson.decode(record)['size']
  if size then redis.call('DECRBY', prefix .. 'media:bytes', string.format('%.0f', size)) end
  redis.call('HDEL', prefix .. 'media', object)
  redis.call('HDEL', prefix .. 'media:jobs', object)
  redis.call('ZREM', prefix .. 'media:due', object)
  redis.call('ZREM', prefix .. 'media:kept', object)
  redis.call('SADD', prefix .. 'media:erase', object)
end
local function forget(prefix, base, member)
  local object = redis.call('HGET', base .. ':media', member)
  if object then
    drop_media(prefix, object)
    redis.call('HDEL', base .. ':media', member)
  end
  redis.call('HDEL', base .. ':messages', member)
  redis.call('HDEL', base .. ':raw', member)
  redis.call('HDEL', base .. ':status', member)
  redis.call('HDEL', prefix .. 'unread', member)
end
";

/// `now()`: Redis time in milliseconds.
const NOW: &str = r"
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
";

/// `keep_media(prefix, chat, member, object, record, job, asleep)`: the file of a message is to be fetched; one that sleeps, when somebody
/// asks for it.
pub(super) fn keep_media() -> String {
    format!(
        r"
{NOW}
local function keep_media(prefix, chat, member, object, record, job, asleep)
  redis.call('HSET', prefix .. 'chat:' .. chat .. ':media', member, object)
  redis.call('HSET', prefix .. 'media', object, record)
  redis.call('HSET', prefix .. 'media:jobs', object, job)
  if not asleep then redis.call('ZADD', prefix .. 'media:due', string.format('%.0f', now()), object) end
end
"
    )
}

/// ARGV: key prefix, object, record, size. A file whose message went meanwhile is to be erased again.
static STORED: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local prefix, object = ARGV[2], ARGV[3]
if redis.call('HDEL', prefix .. 'media:jobs', object) == 0 then
  redis.call('SADD', prefix .. 'media:erase', object)
  return 0
end
redis.call('ZREM', prefix .. 'media:due', object)
redis.call('HSET', prefix .. 'media', object, ARGV[4])
redis.call('ZADD', prefix .. 'media:kept', ARGV[6], object)
redis.call('INCRBY', prefix .. 'media:bytes', ARGV[5])
return 1
",
    )
});

/// ARGV: key prefix, object, job, pause in ms.
static POSTPONE: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{NOW}
local prefix, object = ARGV[2], ARGV[3]
if redis.call('HEXISTS', prefix .. 'media:jobs', object) == 0 then return 0 end
redis.call('HSET', prefix .. 'media:jobs', object, ARGV[4])
redis.call('ZADD', prefix .. 'media:due', string.format('%.0f', now() + ARGV[5]), object)
return 1
"
    ))
});

/// KEYS: event log. ARGV: session, key prefix, object, chat, member, message as it was read, as it is now, event. 0 when the message is
/// another by now.
static LOSE: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{APPEND_EVENT}
{FORGET}
local prefix, object, member = ARGV[3], ARGV[4], ARGV[6]
local base = prefix .. 'chat:' .. ARGV[5]
if redis.call('HGET', base .. ':messages', member) ~= ARGV[7] then return 0 end
redis.call('HSET', base .. ':messages', member, ARGV[8])
redis.call('HDEL', base .. ':media', member)
drop_media(prefix, object)
append_event(KEYS[2], ARGV[2], ARGV[9])
return 1
"
    ))
});

/// ARGV: key prefix, object. For a file that no message has.
static DROP: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{FORGET}
drop_media(ARGV[2], ARGV[3])
return 1
"
    ))
});

/// A file that is to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) object: Object,
    pub(crate) record: Record,
    pub(crate) job: Job,
}

/// The files to be fetched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    /// Those that are due, the longest due first.
    pub(crate) due: Vec<Due>,
    /// In how long the next one is due.
    pub(crate) next: Option<Duration>,
}

/// Time, bytes, and names with times, as Redis answers.
type KeptAnswer = ((u64, u64), Option<u64>, Vec<(String, u64)>);

/// How much is stored, and what is oldest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) bytes: u64,
    /// Oldest first, with the time of storing (Redis ms).
    pub(crate) oldest: Vec<(Object, Record, u64)>,
    /// Redis time in ms.
    pub(crate) now: u64,
}

/// What one entry asks of the step that files it.
pub(super) struct Filing {
    pub(super) object: String,
    pub(super) record: Vec<u8>,
    pub(super) job: Vec<u8>,
    /// What follows from a file that is not fetched at all.
    pub(super) refused: Option<Announcement>,
}

impl History {
    /// Names the file of a message, if it has one that is kept, and puts the link into the message.
    pub(super) fn file_media(&self, entry: &mut Entry) -> Filing {
        let none = |refused| Filing { object: String::new(), record: Vec::new(), job: Vec::new(), refused };
        let (Some(media), Some(attached)) = (&self.media, &entry.media) else { return none(None) };
        match media.plan(&self.session, &entry.chat, &entry.message, attached, rand::random()) {
            Ok(Plan { object, url, record, job }) => {
                entry.message.media_url = Some(url);
                Filing { object: object.to_string(), record: bytes(&record), job: bytes(&job), refused: None }
            }
            Err(lost) => {
                none(Some(Announcement::new(EventKind::MessageUpdate, "update", update(&entry.message, lost))))
            }
        }
    }

    /// What is to be fetched: at most `most` that are due.
    pub(crate) async fn agenda(&self, most: usize) -> Result<Agenda, FenceError> {
        let keys = self.fence.keys();
        let mut redis = self.fence.redis().shared();
        let last = isize::try_from(most).unwrap_or(isize::MAX);
        let ((seconds, micros), first): ((u64, u64), Vec<(String, u64)>) =
            redis::pipe().cmd("TIME").zrange_withscores(keys.media_due(), 0, last).query_async(&mut redis).await?;
        let now = seconds * 1000 + micros / 1000;
        let next = first.iter().find(|(_, at)| *at > now).map(|(_, at)| Duration::from_millis(at - now));
        let due: Vec<String> = first.into_iter().filter(|(_, at)| *at <= now).map(|(object, _)| object).collect();
        if due.is_empty() {
            return Ok(Agenda { due: Vec::new(), next });
        }
        let (records, jobs): (Vec<Option<String>>, Vec<Option<String>>) =
            redis::pipe().hmget(keys.media(), &due).hmget(keys.media_jobs(), &due).query_async(&mut redis).await?;
        let mut agenda = Agenda { due: Vec::new(), next };
        let mut unreadable = Vec::new();
        for ((name, record), job) in due.into_iter().zip(records).zip(jobs) {
            let read = || {
                let object = Object::parse(&name)?;
                let (record, job) = (serde_json::from_str(&record?).ok()?, serde_json::from_str(&job?).ok()?);
                Some(Due { object, record, job })
            };
            match read() {
                Some(file) => agenda.due.push(file),
                None => unreadable.push(name),
            }
        }
        if !unreadable.is_empty() {
            // Left where they are they would stand before all others.
            tracing::error!(count = unreadable.len(), "files to be fetched are not known any more");
            let mut batch = Batch::new();
            batch.push_many("ZREM", &keys.media_due(), unreadable);
            self.fence.run(batch).await?;
        }
        Ok(agenda)
    }

    /// A file is in the bucket. Answers whether its message is still there.
    pub(crate) async fn media_stored(
        &self,
        object: &Object,
        record: Record,
        stored: Stored,
    ) -> Result<bool, FenceError> {
        let (size, at) = (stored.size.to_string(), stored.at.to_string());
        let record = Record { stored: Some(stored), ..record };
        let args = [self.prefix(), object.to_string().into_bytes(), bytes(&record), size.into_bytes(), at.into_bytes()];
        let kept: u64 = self.fence.call(&STORED, &[], &args[..]).await?;
        Ok(kept == 1)
    }

    /// A file is tried again later.
    pub(crate) async fn media_postponed(&self, object: &Object, job: &Job, pause: Duration) -> Result<(), FenceError> {
        let pause = pause.as_millis().to_string();
        let args = [self.prefix(), object.to_string().into_bytes(), bytes(job), pause.into_bytes()];
        self.fence.call::<u64>(&POSTPONE, &[], &args[..]).await.map(drop)
    }

    /// A file will not be there: its message has no link any more, and whoever listens is told why.
    pub(crate) async fn media_lost(&self, object: &Object, record: &Record, why: Lost) -> Result<(), FenceError> {
        let keys = self.fence.keys();
        let name = object.to_string();
        if let Ok(chat) = Jid::parse(&record.chat) {
            // Another one has changed the message meanwhile: it is read again.
            while let Some((member, stored)) = self.message_of(&chat, record, &name).await? {
                let Ok(mut message) = serde_json::from_str::<Message>(&stored) else { break };
                message.media_url = None;
                let event = self.event(EventKind::MessageUpdate, "update", &update(&message, why));
                let args = [
                    self.session.as_str().as_bytes().to_vec(),
                    self.prefix(),
                    name.clone().into_bytes(),
                    chat.to_string().into_bytes(),
                    member.into_bytes(),
                    stored.into_bytes(),
                    bytes(&message),
                    event,
                ];
                if self.fence.call::<u64>(&LOSE, &[&keys.events()], &args[..]).await? == 1 {
                    return Ok(());
                }
            }
        }
        self.fence.call::<u64>(&DROP, &[], &[self.prefix(), name.into_bytes()][..]).await.map(drop)
    }

    /// The message that has a file, and the name it is stored under.
    async fn message_of(
        &self,
        chat: &Jid,
        record: &Record,
        object: &str,
    ) -> Result<Option<(String, String)>, RedisError> {
        let keys = self.fence.keys();
        let mut redis = self.fence.redis().shared();
        let members = [record.id.clone(), format!("{}~{}", record.id, record.author)];
        let (objects, stored): (Vec<Option<String>>, Vec<Option<String>>) = redis::pipe()
            .hmget(keys.chat_media(chat), &members)
            .hmget(keys.chat_messages(chat), &members)
            .query_async(&mut redis)
            .await?;
        let found = members.into_iter().zip(objects).zip(stored);
        Ok(found
            .filter(|((_, held), _)| held.as_deref() == Some(object))
            .find_map(|((member, _), json)| Some((member, json?))))
    }

    /// How much is stored, with the oldest files.
    pub(crate) async fn media_kept(&self, most: usize) -> Result<Kept, RedisError> {
        let keys = self.fence.keys();
        let mut redis = self.fence.redis().shared();
        let last = isize::try_from(most).unwrap_or(isize::MAX) - 1;
        let ((seconds, micros), bytes, oldest): KeptAnswer = redis::pipe()
            .cmd("TIME")
            .get(keys.media_bytes())
            .zrange_withscores(keys.media_kept(), 0, last)
            .query_async(&mut redis)
            .await?;
        let mut kept =
            Kept { bytes: bytes.unwrap_or_default(), now: seconds * 1000 + micros / 1000, oldest: Vec::new() };
        if !oldest.is_empty() {
            let names: Vec<&String> = oldest.iter().map(|(name, _)| name).collect();
            let records: Vec<Option<String>> =
                redis::cmd("HMGET").arg(keys.media()).arg(names).query_async(&mut redis).await?;
            let read = oldest.iter().zip(records).filter_map(|((name, at), record)| {
                Some((Object::parse(name)?, serde_json::from_str(&record?).ok()?, *at))
            });
            kept.oldest = read.collect();
        }
        Ok(kept)
    }

    /// Files that are to be erased from the bucket, some of them.
    pub(crate) async fn media_to_erase(&self, most: usize) -> Result<Vec<String>, RedisError> {
        let mut redis = self.fence.redis().shared();
        redis::cmd("SRANDMEMBER").arg(self.fence.keys().media_erase()).arg(most).query_async(&mut redis).await
    }

    /// Files are erased.
    pub(crate) async fn media_erased(&self, objects: &[String]) -> Result<(), FenceError> {
        let mut batch = Batch::new();
        batch.push_many("SREM", &self.fence.keys().media_erase(), objects);
        self.fence.run(batch).await.map(drop)
    }

    fn prefix(&self) -> Vec<u8> {
        self.fence.keys().prefix().as_bytes().to_vec()
    }
}

/// What listeners hear of a file that will not be there.
fn update(message: &Message, why: Lost) -> Value {
    let mut key = json!({ "remoteJid": message.chat_id, "id": message.id, "fromMe": message.from_me });
    if message.is_group {
        key["participant"] = json!(message.from);
    }
    json!([{ "key": key, "update": { "mediaUrl": Value::Null, "mediaError": why.code() } }])
}

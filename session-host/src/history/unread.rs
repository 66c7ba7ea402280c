//! What of a chat is unread. The counter of a chat is the number of its newest messages from others that nobody here has
//! read; reading up to a message leaves the newer ones unread.

use std::sync::LazyLock;

use contract::jid::Jid;
use contract::message::Message;
use redis::{AsyncCommands as _, RedisError};

use super::History;
use crate::fence::{FenceError, Procedure};

/// Messages looked at in one step.
const STEP: isize = 100;

/// KEYS: chat, unread messages. ARGV: how many were read; then which. What came meanwhile stays unread.
static READ: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local unread = tonumber(redis.call('HGET', KEYS[2], 'unread') or '0')
local left = math.max(0, unread - tonumber(ARGV[2]))
if unread > 0 then redis.call('HSET', KEYS[2], 'unread', left) end
redis.call('HDEL', KEYS[2], 'marked_unread')
for i = 3, #ARGV do redis.call('HDEL', KEYS[3], ARGV[i]) end
return left
",
    )
});

/// KEYS: unread messages. ARGV: key prefix; then which were read. Answers how many of them were unread.
static SEEN: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local seen = 0
for i = 3, #ARGV do
  local chat = redis.call('HGET', KEYS[2], ARGV[i])
  if chat then
    local base = ARGV[2] .. 'chat:' .. chat
    redis.call('HDEL', KEYS[2], ARGV[i])
    if tonumber(redis.call('HGET', base, 'unread') or '0') > 0 then redis.call('HINCRBY', base, 'unread', -1) end
    redis.call('HDEL', base, 'marked_unread')
    seen = seen + 1
  end
end
return seen
",
    )
});

/// What is unread.
pub(crate) struct Unread {
    /// How much the counter says of it; messages that are kept no more count as well.
    pub(crate) count: u64,
    /// The messages, oldest first.
    pub(crate) messages: Vec<Message>,
}

impl History {
    /// The unread messages of a chat, or those up to one of them. An id that the chat does not have means all.
    pub(crate) async fn unread(&self, chat: &Jid, up_to: Option<&str>) -> Result<Unread, RedisError> {
        let keys = self.fence.keys();
        let mut redis = self.fence.redis().shared();
        let count: Option<u64> = redis.hget(keys.chat(chat), "unread").await?;
        let count = count.unwrap_or_default();
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let mut unread = Vec::new();
        let mut newer = None;
        let mut from = 0;
        while unread.len() < wanted {
            let members: Vec<String> = redis.zrevrange(keys.chat_index(chat), from, from + STEP - 1).await?;
            if members.is_empty() {
                break;
            }
            from += STEP;
            let messages: Vec<Option<String>> =
                redis::cmd("HMGET").arg(keys.chat_messages(chat)).arg(&members).query_async(&mut redis).await?;
            let messages =
                messages.into_iter().flatten().filter_map(|json| serde_json::from_str::<Message>(&json).ok());
            for message in messages {
                if newer.is_none() && up_to == Some(message.id.as_str()) {
                    newer = Some(unread.len());
                }
                if !message.from_me && unread.len() < wanted {
                    unread.push(message);
                }
            }
        }
        let newer = newer.unwrap_or_default();
        let mut messages = unread.split_off(newer);
        messages.reverse();
        Ok(Unread { count: count.saturating_sub(u64::try_from(newer).unwrap_or(u64::MAX)), messages })
    }

    /// So many of the unread messages of a chat are read, these among them.
    pub(crate) async fn read(&self, chat: &Jid, count: u64, ids: &[&str]) -> Result<(), FenceError> {
        let keys = self.fence.keys();
        let args: Vec<String> =
            std::iter::once(count.to_string()).chain(ids.iter().map(|id| (*id).to_owned())).collect();
        self.fence.call::<u64>(&READ, &[&keys.chat(chat), &keys.unread()], args).await.map(drop)
    }

    /// Another device of the account has read these, in whatever chat they stand.
    pub(crate) async fn seen(&self, ids: &[String]) -> Result<(), FenceError> {
        let keys = self.fence.keys();
        let args: Vec<&str> = std::iter::once(keys.prefix()).chain(ids.iter().map(String::as_str)).collect();
        self.fence.call::<u64>(&SEEN, &[&keys.unread()], args).await.map(drop)
    }
}

//! What people do to chats, on whatever device: archive, pin, mute, mark, clear, delete, rename.

use std::sync::LazyLock;

use contract::chat::{field, kept};
use contract::cursor::ARRIVALS_PER_SECOND;
use contract::jid::Jid;

use super::History;
use super::media::FORGET;
use crate::fence::{FenceError, Procedure};

/// ARGV: key prefix; then for each chat its address, until when it is cleared (a score, or ''), a number of fields, and for each
/// its name and value ('' takes it away).
static CHATS: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{FORGET}
local prefix = ARGV[2]
local i = 3
while i <= #ARGV do
  local chat, cleared, count = ARGV[i], ARGV[i+1], tonumber(ARGV[i+2])
  local base = prefix .. 'chat:' .. chat
  i = i + 3
  for _ = 1, count do
    if ARGV[i+1] == '' then redis.call('HDEL', base, ARGV[i]) else redis.call('HSET', base, ARGV[i], ARGV[i+1]) end
    i = i + 2
  end
  if cleared ~= '' then
    local old = redis.call('ZRANGEBYSCORE', base .. ':index', '-inf', '(' .. cleared)
    for _, member in ipairs(old) do forget(prefix, base, member) end
    redis.call('ZREMRANGEBYSCORE', base .. ':index', '-inf', '(' .. cleared)
    if redis.call('ZCARD', base .. ':index') == 0 then
      redis.call('ZREM', prefix .. 'chats', chat)
      redis.call('HDEL', base, 'unread', 'marked_unread')
    end
  end
end
return 1
"
    ))
});

/// What is new of a chat. `None` is "as it was".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatChange {
    /// A group's subject.
    pub name: Option<String>,
    /// Whether it is archived.
    pub archived: Option<bool>,
    /// Whether it is pinned.
    pub pinned: Option<bool>,
    /// Until when it is muted, unix seconds; `Some(None)` is not at all.
    pub muted_until: Option<Option<i64>>,
    /// Whether all of it is read, or it is marked as unread.
    pub read: Option<bool>,
    /// What was written until this second is gone.
    pub cleared_until: Option<u64>,
}

impl ChatChange {
    /// Puts a newer change over this one.
    pub fn merge(&mut self, newer: Self) {
        let Self { name, archived, pinned, muted_until, read, cleared_until } = newer;
        self.name = name.or(self.name.take());
        self.archived = archived.or(self.archived);
        self.pinned = pinned.or(self.pinned);
        self.muted_until = muted_until.or(self.muted_until);
        self.read = read.or(self.read);
        self.cleared_until = cleared_until.max(self.cleared_until);
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let flag = |on: bool| if on { "1".to_owned() } else { String::new() };
        let mut fields = Vec::new();
        fields.extend(self.name.as_deref().map(|name| (field::NAME, kept(name))));
        fields.extend(self.archived.map(|on| (field::ARCHIVED, flag(on))));
        fields.extend(self.pinned.map(|on| (field::PINNED, flag(on))));
        fields.extend(
            self.muted_until.map(|until| (field::MUTED_UNTIL, until.map_or_else(String::new, |s| s.to_string()))),
        );
        if let Some(read) = self.read {
            fields.push((field::MARKED_UNREAD, flag(!read)));
            if read {
                fields.push((field::UNREAD, String::new()));
            }
        }
        fields
    }
}

impl History {
    /// Keeps what is new of chats.
    pub async fn chats(&self, changes: &[(Jid, ChatChange)]) -> Result<(), FenceError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut args = vec![self.fence.keys().prefix().as_bytes().to_vec()];
        for (chat, change) in changes {
            let fields = change.fields();
            let after = |seconds: u64| seconds.saturating_add(1).saturating_mul(ARRIVALS_PER_SECOND);
            let cleared = change.cleared_until.map(|seconds| after(seconds).to_string());
            args.push(chat.to_string().into_bytes());
            args.push(cleared.unwrap_or_default().into_bytes());
            args.push(fields.len().to_string().into_bytes());
            args.extend(fields.into_iter().flat_map(|(name, value)| [name.as_bytes().to_vec(), value.into_bytes()]));
        }
        self.fence.call::<u64>(&CHATS, &[], args).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_changes_win_and_keep_the_rest() {
        let mut change = ChatChange { archived: Some(true), cleared_until: Some(9), ..ChatChange::default() };
        change.merge(ChatChange {
            archived: Some(false),
            pinned: Some(true),
            cleared_until: Some(5),
            ..ChatChange::default()
        });
        let expected =
            ChatChange { archived: Some(false), pinned: Some(true), cleared_until: Some(9), ..ChatChange::default() };
        assert_eq!(change, expected);
    }

    #[test]
    fn reading_takes_both_marks_away() {
        let change = ChatChange { read: Some(true), muted_until: Some(None), ..ChatChange::default() };
        let nothing = String::new;
        assert_eq!(
            change.fields(),
            [(field::MUTED_UNTIL, nothing()), (field::MARKED_UNREAD, nothing()), (field::UNREAD, nothing())]
        );
    }
}

//! The event log of a session: a capped Redis stream that is the truth behind Socket.IO, webhooks and replay.
//!
//! This module owns the cursor grammar, the cap, the Lua that appends, and reading that notices gaps. It refuses to append
//! by itself: only the session's owner writes, inside its own fenced scripts, so that an event and the state it tells of are
//! one step.

use std::fmt;
use std::str::FromStr;

use contract::event::Event;
use contract::id::SessionId;
use contract::keys::{EVENT_FIELD, SessionKeys};
use redis::streams::StreamRangeReply;
use redis::{RedisError, RedisResult};
use serde::{Serialize, Serializer};

use crate::redis::Redis;

/// Entries a log keeps, about: a busy account's day, and some ten megabytes of Redis at most.
pub const EVENT_LOG_LENGTH: usize = 10_000;

/// Entries it keeps, about, while a webhook has not got them yet: what a receiver may miss in a long night.
pub const HELD_LOG_LENGTH: usize = 50_000;

/// Lua that the owner puts in front of its scripts: `append_event(log key, session id, event JSON)` appends, caps the log,
/// rings the doorbell [`contract::keys::EVENTS`] and returns the new entry's id.
pub const APPEND_EVENT: &str = r"
local function append_event(log, session, event)
  local id = redis.call('XADD', log, '*', 'e', event)
  redis.call('PUBLISH', 'chatery:events', session)
  local length = redis.call('XLEN', log)
  -- Now and then is enough, and a thousand at a time, so that no append takes long.
  if length > 10000 and length % 100 == 0 then
    local function parts(id) return tonumber(string.match(id, '^%d+')), tonumber(string.match(id, '%d+$')) end
    local oldest = redis.call('XRANGE', log, '-', '+', 'COUNT', math.min(length - 10000, 1000) + 1)
    local first_kept = oldest[#oldest][1]
    local ms, count = parts(first_kept)
    local held = false
    for _, cursor in ipairs(redis.call('HVALS', string.sub(log, 1, -7) .. 'webhooks')) do
      local done_ms, done_count = parts(cursor)
      if done_ms < ms or (done_ms == ms and done_count < count) then held = true end
    end
    if not held or length > 50000 then redis.call('XTRIM', log, 'MINID', first_kept) end
  end
  return id
end
";

/// The id of an entry: the cursor that clients resume from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    ms: u64,
    seq: u64,
}

/// The text is not of the form `digits-digits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid cursor: expected a value like 1700000000000-0")]
pub struct InvalidEventId;

impl EventId {
    /// Before every entry.
    pub const START: Self = Self { ms: 0, seq: 0 };
}

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        let number = |part: &str| {
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|_| digits).ok_or(InvalidEventId)
        };
        let (ms, seq) = text.split_once('-').ok_or(InvalidEventId)?;
        Ok(Self { ms: number(ms)?, seq: number(seq)? })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What failed.
#[derive(Debug, thiserror::Error)]
pub enum EventLogError {
    /// Entries could not be read.
    #[error("the event log cannot be read")]
    Read(#[source] RedisError),
    /// The end could not be read.
    #[error("the end of the event log cannot be read")]
    LastId(#[source] RedisError),
}

/// Whether a page follows its starting position without a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// Nothing is missing.
    Unbroken,
    /// The position and everything before it are trimmed away; what lay between may be missing.
    Trimmed,
    /// The log ends before the position: it was erased, or lost its end, or the position is from another log.
    Ahead {
        /// The newest entry there is, or the start when there is none.
        newest: EventId,
    },
}

/// Some entries of a log, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The events. Entries of a form that this version does not know are left out.
    pub events: Vec<(EventId, Event)>,
    /// Where to read on.
    pub end: EventId,
    /// Whether the page is full, so that there may be more.
    pub more: bool,
    /// Whether something is missing in front.
    pub continuity: Continuity,
}

/// The event logs of all sessions.
#[derive(Clone)]
pub struct EventLog {
    redis: Redis,
}

impl EventLog {
    /// Reads through the shared connection of `redis`.
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// The id of the newest entry; the start when there is none.
    pub async fn last_id(&self, session: &SessionId) -> Result<EventId, EventLogError> {
        let mut pipe = redis::pipe();
        newest(&mut pipe, session);
        let (reply,): (StreamRangeReply,) =
            pipe.query_async(&mut self.redis.shared()).await.map_err(EventLogError::LastId)?;
        Ok(edge_id(&reply).unwrap_or(EventId::START))
    }

    /// The entries after a position, `limit` at most.
    pub async fn read_after(&self, session: &SessionId, after: EventId, limit: usize) -> Result<Page, EventLogError> {
        let mut pages = self.read_many(&[(session.clone(), after)], limit).await?;
        // One page comes back for each position.
        Ok(pages.swap_remove(0))
    }

    /// The entries after each position, `limit` at most for each, in one round trip (two when a position is not in its log).
    pub async fn read_many(
        &self,
        positions: &[(SessionId, EventId)],
        limit: usize,
    ) -> Result<Vec<Page>, EventLogError> {
        self.pages(positions, limit).await.map_err(EventLogError::Read)
    }

    /// Reads from each position *inclusive*: when the first entry is the position itself, nothing was trimmed behind the
    /// reader's back, and no second question is needed.
    async fn pages(&self, positions: &[(SessionId, EventId)], limit: usize) -> RedisResult<Vec<Page>> {
        let mut connection = self.redis.shared();
        let mut pipe = redis::pipe();
        for (session, after) in positions {
            let key = SessionKeys::new(session).events();
            pipe.cmd("XRANGE").arg(key).arg(after.to_string()).arg("+").arg("COUNT").arg(limit + 1);
        }
        let replies: Vec<StreamRangeReply> = pipe.query_async(&mut connection).await?;
        let mut pages = Vec::with_capacity(positions.len());
        let mut doubtful = Vec::new();
        for ((session, after), reply) in positions.iter().zip(&replies) {
            let (page, found) = page(session, *after, limit, reply);
            if !found && *after != EventId::START {
                doubtful.push(pages.len());
            }
            pages.push(page);
        }
        if doubtful.is_empty() {
            return Ok(pages);
        }
        let mut pipe = redis::pipe();
        for &index in &doubtful {
            let (session, _) = &positions[index];
            pipe.cmd("XRANGE").arg(SessionKeys::new(session).events()).arg("-").arg("+").arg("COUNT").arg(1);
            newest(&mut pipe, session);
        }
        let edges: Vec<StreamRangeReply> = pipe.query_async(&mut connection).await?;
        for (&index, edges) in doubtful.iter().zip(edges.chunks_exact(2)) {
            pages[index].continuity = continuity(positions[index].1, edge_id(&edges[0]), edge_id(&edges[1]));
        }
        Ok(pages)
    }
}

fn newest(pipe: &mut redis::Pipeline, session: &SessionId) {
    pipe.cmd("XREVRANGE").arg(SessionKeys::new(session).events()).arg("+").arg("-").arg("COUNT").arg(1);
}

fn edge_id(reply: &StreamRangeReply) -> Option<EventId> {
    reply.ids.first()?.id.parse().ok()
}

/// What to think of a position that is not an entry of its log.
fn continuity(after: EventId, oldest: Option<EventId>, newest: Option<EventId>) -> Continuity {
    match (oldest, newest) {
        (_, None) => Continuity::Ahead { newest: EventId::START },
        (_, Some(newest)) if newest < after => Continuity::Ahead { newest },
        (Some(oldest), _) if oldest > after => Continuity::Trimmed,
        _ => Continuity::Unbroken,
    }
}

/// Makes a page of a reply that starts at `after` inclusive, and says whether `after` was there.
fn page(session: &SessionId, after: EventId, limit: usize, reply: &StreamRangeReply) -> (Page, bool) {
    let mut page = Page { events: Vec::new(), end: after, more: false, continuity: Continuity::Unbroken };
    let mut found = false;
    let mut count = 0;
    for entry in &reply.ids {
        let Ok(id) = entry.id.parse::<EventId>() else { continue };
        if id == after {
            found = true;
            continue;
        }
        if count == limit {
            // Came in place of the position, which is gone; the next page starts with it.
            page.more = true;
            break;
        }
        count += 1;
        page.end = id;
        let json = entry.get::<String>(EVENT_FIELD);
        if let Some(event) = json.and_then(|json| serde_json::from_str(&json).ok()) {
            page.events.push((id, event));
        } else {
            tracing::warn!(%session, %id, "an entry of the event log has an unknown form");
        }
    }
    page.more |= count == limit;
    (page, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> EventId {
        text.parse().unwrap()
    }

    #[test]
    fn cursors_are_digits_dash_digits() {
        for good in ["0-0", "1700000000000-0", "1-18446744073709551615", "007-1"] {
            assert!(good.parse::<EventId>().is_ok(), "{good}");
        }
        for bad in
            ["", "-", "1-", "-1", "1", "$", "+", "1-2-3", "+1-2", "1-+2", " 1-2", "1-18446744073709551616", "١-1"]
        {
            assert_eq!(bad.parse::<EventId>(), Err(InvalidEventId), "{bad:?}");
        }
        assert_eq!(id("1700000000000-3").to_string(), "1700000000000-3");
        assert!(id("9-9") < id("10-0"));
    }

    #[test]
    fn the_lua_says_what_the_constants_say() {
        assert!(APPEND_EVENT.contains(&format!("log, '*', '{EVENT_FIELD}', event")));
        assert_eq!(APPEND_EVENT.matches(&EVENT_LOG_LENGTH.to_string()).count(), 2);
        assert!(APPEND_EVENT.contains(&format!("length > {HELD_LOG_LENGTH} ")));
        let keys = SessionKeys::new(&SessionId::parse("a").unwrap());
        assert_eq!(keys.events().strip_suffix("events"), keys.webhooks().strip_suffix("webhooks"));
        assert!(APPEND_EVENT.contains(&format!("'PUBLISH', '{}', session", contract::keys::EVENTS)));
    }

    #[test]
    fn a_position_outside_the_log_is_noticed() {
        let (oldest, newest) = (Some(id("5-0")), Some(id("9-0")));
        assert_eq!(continuity(id("4-0"), oldest, newest), Continuity::Trimmed);
        assert_eq!(continuity(id("7-7"), oldest, newest), Continuity::Unbroken);
        assert_eq!(continuity(id("9-1"), oldest, newest), Continuity::Ahead { newest: id("9-0") });
        assert_eq!(continuity(id("9-1"), None, None), Continuity::Ahead { newest: EventId::START });
    }
}

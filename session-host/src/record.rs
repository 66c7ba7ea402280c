//! The owner's half of the session record ([`contract::record`]): status, identity, QR code, and the giving up of a wish. Each
//! change and the events that tell of it are one fenced step.

use std::sync::LazyLock;

use contract::event::Event;
use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::record::{SessionRecord, field};
use contract::session::{SessionStatus, StatusReason};
use redis::{AsyncCommands as _, RedisError, Script};

use crate::eventlog::APPEND_EVENT;
use crate::fence::{Fence, FenceError, Procedure};
use crate::redis::Redis;

/// Seconds the event log outlives its session, so that subscribers still hear of the end.
const EVENTS_AFTER_DELETION: u64 = 60;

/// Keys looked at per step while a session is erased.
const SCAN_COUNT: usize = 500;

/// KEYS: record, event log. ARGV: session, number of field names and values, those, events. A log that was about to vanish
/// is that of a deleted session of the same name: its entries go, its cursors stay valid.
static RECORD: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{APPEND_EVENT}
local fields = tonumber(ARGV[3])
redis.call('HSET', KEYS[2], unpack(ARGV, 4, 3 + fields))
if redis.call('PERSIST', KEYS[3]) == 1 then redis.call('XTRIM', KEYS[3], 'MAXLEN', 0) end
for i = 4 + fields, #ARGV do append_event(KEYS[3], ARGV[2], ARGV[i]) end
return 1
"
    ))
});

/// KEYS: record. ARGV: the wish that is given up.
static GIVE_UP: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
if redis.call('HGET', KEYS[2], 'wish') == ARGV[2] then
  redis.call('HSET', KEYS[2], 'desired', 'stopped')
  return 1
end
return 0
",
    )
});

/// KEYS: record, lease. ARGV: status, reason. Not fenced: there is no owner, and when there is one nothing is written.
static WAITS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local lease = redis.call('HMGET', KEYS[2], 'owner', 'until')
if lease[1] and tonumber(lease[2] or 0) > time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end
if redis.call('HGET', KEYS[1], 'desired') ~= 'connected' then return 0 end
redis.call('HSET', KEYS[1], 'status', ARGV[1], 'reason', ARGV[2])
return 1
",
    )
});

/// Says of a session without owner why nobody takes it. Returns whether it has none.
pub async fn waits(redis: &Redis, session: &SessionId, reason: StatusReason) -> Result<bool, RedisError> {
    let keys = SessionKeys::new(session);
    let status = SessionStatus::Disconnected.as_str();
    let mut call = WAITS.key(keys.record());
    let written: u64 =
        call.key(keys.lease()).arg(status).arg(reason.as_str()).invoke_async(&mut redis.shared()).await?;
    Ok(written == 1)
}

/// Reads a session's record.
pub async fn read(redis: &Redis, session: &SessionId) -> Result<Option<SessionRecord>, RedisError> {
    let values: Vec<Option<String>> = redis.shared().hmget(SessionKeys::new(session).record(), &field::ALL).await?;
    Ok(SessionRecord::from_fields(session.clone(), &values))
}

/// Writes fields of the record, and the events that tell of them.
pub async fn write(
    fence: &Fence,
    session: &SessionId,
    fields: &[(&str, String)],
    events: &[Event],
) -> Result<(), FenceError> {
    let mut args = vec![session.to_string(), (fields.len() * 2).to_string()];
    args.extend(fields.iter().flat_map(|(name, value)| [(*name).to_owned(), value.clone()]));
    args.extend(events.iter().map(|event| serde_json::to_string(event).unwrap_or_default()));
    let keys = fence.keys();
    fence.call::<u64>(&RECORD, &[&keys.record(), &keys.events()], args).await.map(drop)
}

/// Writes `stopped` as the wish, unless there is a newer one than `wish`. Returns whether it was written.
pub async fn give_up(fence: &Fence, wish: u64) -> Result<bool, FenceError> {
    let given_up: u64 = fence.call(&GIVE_UP, &[&fence.keys().record()], wish).await?;
    Ok(given_up == 1)
}

/// Leaves a note of a session's files in the bucket, if it has any: they are erased when the bucket can be reached.
async fn note_media(fence: &Fence, session: &SessionId) -> Result<(), FenceError> {
    let keys = fence.keys();
    let mut redis = fence.redis().shared();
    let files: u64 = redis::cmd("EXISTS").arg(&[keys.media(), keys.media_erase()]).query_async(&mut redis).await?;
    if files > 0 && fence.is_current().await? {
        let now = fence.redis().now_ms().await?;
        let _: () = redis.hset(keys::MEDIA_GONE, session.as_str(), now).await?;
    }
    Ok(())
}

/// Erases everything of a session. Record and lease go last and at once: until then an interrupted call is repeated by the next
/// owner, and from then on nothing is left.
pub async fn erase(fence: &Fence, session: &SessionId) -> Result<(), FenceError> {
    note_media(fence, session).await?;
    let redis = fence.redis();
    let keys = fence.keys();
    let last = [keys.record(), keys.lease(), keys.events()];
    let pattern = format!("{}*", keys.prefix());
    let mut cursor = 0_u64;
    loop {
        let (next, found): (u64, Vec<String>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(&pattern)
            .arg("COUNT")
            .arg(SCAN_COUNT)
            .query_async(&mut redis.shared())
            .await?;
        let found: Vec<String> = found.into_iter().filter(|key| !last.contains(key)).collect();
        if !found.is_empty() {
            let mut batch = crate::fence::Batch::new();
            batch.push("UNLINK", &found);
            fence.run(batch).await?;
        }
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    let mut batch = crate::fence::Batch::new();
    batch.push("EXPIRE", (keys.events(), EVENTS_AFTER_DELETION));
    batch.push("UNLINK", &[keys.record(), keys.lease()]);
    fence.run(batch).await?;
    let _: u64 = redis.shared().zrem(keys::SESSIONS, session.as_str()).await?;
    Ok(())
}

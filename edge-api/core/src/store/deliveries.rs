//! What the function that delivers reads and writes: one step to begin an invocation, one for each outcome, one to end it.
//!
//! An invocation claims its lane. A newer one of the same host replaces it, so that a crashed one holds nothing up; another host's
//! waits until the claim runs out. Whoever lost its claim writes nothing more.

use contract::event::Event;
use contract::id::SessionId;
use contract::keys::SessionKeys;
use contract::webhook::{Delivery, Invocation, Lane, Webhook};
use serde_json::{Map, Value as Json};

use super::{Reply, Store};
use crate::port::{Port, RedisError, Value};
use crate::script::Script;

/// How long a claim keeps other hosts off: longer than one attempt may take.
const CLAIM_MS: &str = "20000";

/// Deliveries that arrived, or are told of beside these, and are kept: a day of an ordinary account.
const KEPT_DELIVERIES: &str = "1000";

/// Deliveries that were given up and are kept with what was to be posted.
const KEPT_DEAD: &str = "1000";

/// Entries read at once.
const ENTRIES: &str = "64";

/// Deliveries aside taken at once.
const ASIDE: &str = "8";

/// KEYS: record, cursors, state, aside, deliveries, events. ARGV: webhook, lane, host, token, claim, entries, deliveries aside.
/// Answers: the outcome; then Redis time, when the next delivery aside is due or '', whether there is something to replay, metadata,
/// webhooks; then, of the live lane and the one that replays: when it is due or '', the cursor, the end or '', whether entries are
/// missing, and the entries, each id and JSON; of the lane aside: the deliveries that are due.
static BEGIN: Script = Script::new(
    "local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local record = redis.call('HMGET', KEYS[1], 'network', 'metadata', 'webhooks')
     local cursor = redis.call('HGET', KEYS[2], ARGV[1])
     if not record[1] or not cursor then return {'gone'} end
     local lane = ARGV[2] .. ':'
     local claim = redis.call('HMGET', KEYS[3], lane .. 'by', lane .. 'until', lane .. 'due')
     if claim[1] and claim[1] ~= ARGV[3] and tonumber(claim[2]) > now then return {'busy', claim[2] - now} end
     redis.call('HSET', KEYS[3], lane .. 'by', ARGV[3], lane .. 'token', ARGV[4], lane .. 'until', now + ARGV[5])
     local aside = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2] or ''
     local replay = redis.call('HMGET', KEYS[3], 'replay:cursor', 'replay:end')
     local out = {'begun', now, aside, replay[1] and 1 or 0, record[2] or '', record[3] or ''}
     if ARGV[2] == 'aside' then
       for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, ARGV[7])) do
         local delivery = redis.call('HGET', KEYS[5], id)
         if delivery then out[#out + 1] = delivery else redis.call('ZREM', KEYS[4], id) end
       end
       return out
     end
     local till = ''
     if ARGV[2] == 'replay' then
       cursor, till = replay[1] or '', replay[2] or ''
       if cursor == '' then return out end
     end
     local entries = redis.call('XRANGE', KEYS[6], '(' .. cursor, till ~= '' and till or '+', 'COUNT', ARGV[6])
     local missing = 0
     if ARGV[2] == 'live' and cursor ~= '0-0' and #redis.call('XRANGE', KEYS[6], cursor, cursor) == 0 then
       local oldest = redis.call('XRANGE', KEYS[6], '-', '+', 'COUNT', 1)[1]
       if oldest and entries[1] and oldest[1] == entries[1][1] then missing = 1 end
     end
     out[#out + 1] = claim[3] or ''
     out[#out + 1] = cursor
     out[#out + 1] = till
     out[#out + 1] = missing
     for _, entry in ipairs(entries) do
       out[#out + 1] = entry[1]
       out[#out + 1] = entry[2][2]
     end
     return out",
);

/// KEYS: cursors, state, aside, deliveries, log, dead. ARGV: webhook, lane, token, claim, cursor or '', pause or '', wall clock, error
/// or '', arrived, failed, kept deliveries, kept dead; then of each delivery place, id, JSON, pause. Answers 1, or 0 when the claim is
/// lost.
static SETTLE: Script = Script::new(
    "local lane = ARGV[2] .. ':'
     if redis.call('HGET', KEYS[2], lane .. 'token') ~= ARGV[3] or redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return {0} end
     local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     redis.call('HSET', KEYS[2], lane .. 'until', now + ARGV[4])
     if ARGV[5] ~= '' then
       if ARGV[2] == 'live' then
         redis.call('HSET', KEYS[1], ARGV[1], ARGV[5])
       elseif ARGV[5] == redis.call('HGET', KEYS[2], 'replay:end') then
         redis.call('HDEL', KEYS[2], 'replay:cursor', 'replay:end')
       else
         redis.call('HSET', KEYS[2], 'replay:cursor', ARGV[5])
       end
     end
     if ARGV[2] ~= 'aside' then
       if ARGV[6] ~= '' then redis.call('HSET', KEYS[2], lane .. 'due', now + ARGV[6]) else redis.call('HDEL', KEYS[2], lane .. 'due') end
     end
     if ARGV[9] ~= '0' then
       redis.call('HINCRBY', KEYS[2], 'delivered', ARGV[9])
       redis.call('HSET', KEYS[2], 'lastSuccess', ARGV[7])
     end
     if ARGV[10] ~= '0' then
       redis.call('HINCRBY', KEYS[2], 'failed', ARGV[10])
       redis.call('HSET', KEYS[2], 'lastFailure', ARGV[7], 'lastError', ARGV[8])
     end
     for i = 13, #ARGV, 4 do
       local place, id = ARGV[i], ARGV[i + 1]
       redis.call('HSET', KEYS[4], id, ARGV[i + 2])
       -- Of one moment, in their order.
       redis.call('ZADD', KEYS[5], ARGV[7] + (i - 13) * 0.00025, id)
       if place == 'aside' then redis.call('ZADD', KEYS[3], now + ARGV[i + 3], id) else redis.call('ZREM', KEYS[3], id) end
       if place == 'dead' then redis.call('ZADD', KEYS[6], now, id) else redis.call('ZREM', KEYS[6], id) end
     end
     local function forget(key, most)
       local extra = redis.call('ZCARD', key) - most
       if extra <= 0 then return end
       for _, id in ipairs(redis.call('ZRANGE', key, 0, extra - 1)) do
         redis.call('ZREM', key, id)
         local needed = redis.call('ZSCORE', KEYS[3], id) or redis.call('ZSCORE', KEYS[6], id) or redis.call('ZSCORE', KEYS[5], id)
         if not needed then redis.call('HDEL', KEYS[4], id) end
       end
     end
     forget(KEYS[5], tonumber(ARGV[11]))
     forget(KEYS[6], tonumber(ARGV[12]))
     return {1}",
);

/// KEYS: state, aside. ARGV: lane, token. Answers when the next delivery aside is due, in milliseconds, or '', and whether there is
/// something to replay.
static END: Script = Script::new(
    "local lane = ARGV[1] .. ':'
     if redis.call('HGET', KEYS[1], lane .. 'token') == ARGV[2] then redis.call('HSET', KEYS[1], lane .. 'until', 0) end
     local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local aside = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
     return {aside and tostring(math.max(0, aside - now)) or '', redis.call('HEXISTS', KEYS[1], 'replay:cursor')}",
);

/// One invocation's hold on a lane.
#[derive(Clone, Debug)]
pub struct Claim {
    session: SessionId,
    webhook: String,
    lane: Lane,
    token: String,
}

/// How an invocation begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// There is no such webhook.
    Gone,
    /// Another host is at it, for so many milliseconds at most.
    Busy(u64),
    /// It may work.
    Work(Box<Work>),
}

/// What an invocation works on.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// The time of Redis, Unix milliseconds.
    pub now_ms: u64,
    /// The webhook.
    pub webhook: Webhook,
    /// Of the session.
    pub metadata: Map<String, Json>,
    /// When the first entry may be tried again, Redis time.
    pub due_ms: Option<u64>,
    /// How far the lane is done.
    pub cursor: String,
    /// The last entry, when there is one.
    pub end: Option<String>,
    /// Whether entries before the first one were lost, because they were too many.
    pub missing: bool,
    /// Entries of the log.
    pub entries: Vec<Entry>,
    /// Whether there may be more entries.
    pub more: bool,
    /// Deliveries that are due by themselves.
    pub aside: Vec<Delivery>,
}

/// An entry of the event log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// The event. `None` when this version does not know its form.
    pub event: Option<Event>,
}

/// Where a delivery is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// With those that need nothing more, or whose turn comes in their lane.
    Log,
    /// With those that are due by themselves, after so many milliseconds.
    Aside(u64),
    /// With those that were given up.
    Dead,
}

/// What some attempts came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// How far the lane is done now.
    pub cursor: Option<String>,
    /// After how many milliseconds the first entry may be tried again.
    pub pause_ms: Option<u64>,
    /// Deliveries to keep, each in its place.
    pub deliveries: Vec<(Place, Delivery)>,
    /// How many arrived.
    pub arrived: u64,
    /// How many attempts failed.
    pub failed: u64,
    /// How the newest failed.
    pub error: Option<String>,
}

impl<P: Port> Store<P> {
    /// Begins an invocation.
    pub async fn begin(&self, invocation: &Invocation) -> Result<(Claim, Begun), RedisError> {
        let of = SessionKeys::new(&invocation.session_id);
        let name = invocation.webhook_id.as_str();
        let claim = Claim {
            session: invocation.session_id.clone(),
            webhook: name.to_owned(),
            lane: invocation.lane,
            token: crate::ids::token(self.port().random()),
        };
        let keys =
            [of.record(), of.webhooks(), of.webhook(name), of.deliveries_aside(name), of.deliveries(name), of.events()];
        let arguments =
            [name, invocation.lane.as_str(), invocation.host.as_str(), claim.token.as_str(), CLAIM_MS, ENTRIES, ASIDE];
        let mut reply = Reply::new("begin", BEGIN.run(self.port(), &keys, &arguments).await?);
        let begun = match reply.text()?.as_str() {
            "gone" => Begun::Gone,
            "busy" => Begun::Busy(reply.number()?),
            "begun" => work(&claim, reply)?.map_or(Begun::Gone, |work| Begun::Work(Box::new(work))),
            _ => return reply.unexpected(),
        };
        Ok((claim, begun))
    }

    /// Writes what attempts came to. False when the claim is lost.
    pub async fn settle(&self, claim: &Claim, outcome: &Outcome) -> Result<bool, RedisError> {
        let of = SessionKeys::new(&claim.session);
        let name = claim.webhook.as_str();
        let keys = [
            of.webhooks(),
            of.webhook(name),
            of.deliveries_aside(name),
            of.deliveries(name),
            of.delivery_log(name),
            of.dead_deliveries(name),
        ];
        let pause = outcome.pause_ms.map(|ms| ms.to_string()).unwrap_or_default();
        let now = self.port().now_ms().to_string();
        let (arrived, failed) = (outcome.arrived.to_string(), outcome.failed.to_string());
        let mut arguments = vec![
            name,
            claim.lane.as_str(),
            claim.token.as_str(),
            CLAIM_MS,
            outcome.cursor.as_deref().unwrap_or_default(),
            pause.as_str(),
            now.as_str(),
            outcome.error.as_deref().unwrap_or_default(),
            arrived.as_str(),
            failed.as_str(),
            KEPT_DELIVERIES,
            KEPT_DEAD,
        ];
        let written: Vec<(&str, &str, String, String)> = outcome
            .deliveries
            .iter()
            .map(|(place, delivery)| {
                let json = serde_json::to_string(delivery).unwrap_or_default();
                let (place, pause) = match place {
                    Place::Log => ("log", 0),
                    Place::Aside(ms) => ("aside", *ms),
                    Place::Dead => ("dead", 0),
                };
                (place, delivery.id.as_str(), json, pause.to_string())
            })
            .collect();
        for (place, id, json, pause) in &written {
            arguments.extend([*place, *id, json.as_str(), pause.as_str()]);
        }
        let mut reply = Reply::new("settle", SETTLE.run(self.port(), &keys, &arguments).await?);
        Ok(reply.number()? == 1)
    }

    /// Ends an invocation. Answers in how many milliseconds something aside is due, and whether there is something to replay.
    pub async fn end(&self, claim: &Claim) -> Result<(Option<u64>, bool), RedisError> {
        let of = SessionKeys::new(&claim.session);
        let keys = [of.webhook(&claim.webhook), of.deliveries_aside(&claim.webhook)];
        let reply = END.run(self.port(), &keys, &[claim.lane.as_str(), claim.token.as_str()]).await?;
        let mut reply = Reply::new("end", reply);
        let aside = reply.text()?.parse::<f64>().ok();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a pause of at most a day")]
        let aside = aside.map(|ms| ms as u64);
        Ok((aside, reply.number()? == 1))
    }
}

fn work(claim: &Claim, mut reply: Reply) -> Result<Option<Work>, RedisError> {
    let now_ms = reply.number()?;
    let (_aside, _replay) = (reply.text()?, reply.text()?);
    let metadata = serde_json::from_str(&reply.text()?).unwrap_or_default();
    let webhooks: Vec<Webhook> = serde_json::from_str(&reply.text()?).unwrap_or_default();
    let Some(webhook) = webhooks.into_iter().find(|webhook| webhook.id == claim.webhook) else { return Ok(None) };
    let mut work = Work {
        now_ms,
        webhook,
        metadata,
        due_ms: None,
        cursor: String::new(),
        end: None,
        missing: false,
        entries: Vec::new(),
        more: false,
        aside: Vec::new(),
    };
    let mut rest = reply.values.filter_map(Value::text);
    if claim.lane == Lane::Aside {
        work.aside = rest.filter_map(|json| serde_json::from_str(&json).ok()).collect();
        return Ok(Some(work));
    }
    let Some(due) = rest.next() else { return Ok(Some(work)) };
    work.due_ms = due.parse().ok();
    work.cursor = rest.next().unwrap_or_default();
    work.end = rest.next().filter(|end| !end.is_empty());
    work.missing = rest.next().as_deref() == Some("1");
    while let (Some(id), Some(json)) = (rest.next(), rest.next()) {
        work.entries.push(Entry { id, event: serde_json::from_str(&json).ok() });
    }
    work.more = ENTRIES.parse() == Ok(work.entries.len());
    Ok(Some(work))
}

#[cfg(test)]
mod tests {
    use contract::keys::webhook as field;

    use super::*;

    /// The scripts spell the words of the contract; this holds them to it.
    #[test]
    fn the_scripts_speak_the_contracts_words() {
        let all = format!("{BEGIN:?}{SETTLE:?}{END:?}");
        for word in [field::BY, field::TOKEN, field::UNTIL, field::DUE] {
            assert!(all.contains(&format!("lane .. '{word}'")), "{word}");
        }
        for word in [field::CURSOR, field::END] {
            assert!(all.contains(&format!("'{}:{word}'", Lane::Replay.as_str())), "{word}");
        }
        for word in [field::DELIVERED, field::FAILED, field::LAST_SUCCESS, field::LAST_FAILURE, field::LAST_ERROR] {
            assert!(all.contains(&format!("'{word}'")), "{word}");
        }
    }
}

//! Webhooks as clients handle them: the list in the record, how each fares, its deliveries, and what is asked of it by hand.
//!
//! A webhook that is registered starts at the end of the event log. What a request does not name of a webhook that is there stays
//! as it is, since secrets and the values of headers are not shown and so cannot be sent back.

use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::webhook::{Delivery, Webhook, WebhookHealth};

use super::{Reply, Store};
use crate::clock;
use crate::port::{Port, RedisError, Value};
use crate::script::Script;

/// Lua in front of scripts that write the list: `set_webhooks(record key, list)`. It keeps what the new list does not name,
/// lets a replaced secret sign for another day, gives new webhooks their place in the event log, and forgets those that are gone.
macro_rules! set_webhooks {
    () => {
        "local function set_webhooks(record, list)
           local prefix = string.sub(record, 1, -8)
           local time = redis.call('TIME')
           local now = time[1] * 1000 + math.floor(time[2] / 1000)
           local stored = redis.call('HGET', record, 'webhooks')
           local before = {}
           for _, one in ipairs(cjson.decode(stored and stored ~= '' and stored or '[]')) do before[one.id or ''] = one end
           local last = redis.call('XREVRANGE', prefix .. 'events', '+', '-', 'COUNT', 1)[1]
           local kept = {}
           for _, one in ipairs(list) do
             local old = before[one.id]
             if old then
               if one.headers == nil then one.headers = old.headers end
               if one.paused == nil then one.paused = old.paused end
               if one.secret == nil then one.secret = old.secret end
               one.previousSecret, one.previousUntil = old.previousSecret, old.previousUntil
               if old.secret and one.secret ~= old.secret then
                 one.previousSecret, one.previousUntil = old.secret, now + 86400000
               end
             end
             if one.secret == '' then one.secret, one.previousSecret, one.previousUntil = nil, nil, nil end
             kept[one.id] = true
             redis.call('HSETNX', prefix .. 'webhooks', one.id, last and last[1] or '0-0')
           end
           redis.call('HSET', record, 'webhooks', #list == 0 and '[]' or cjson.encode(list))
           for _, id in ipairs(redis.call('HKEYS', prefix .. 'webhooks')) do
             if not kept[id] then
               redis.call('HDEL', prefix .. 'webhooks', id)
               local base = prefix .. 'webhook:' .. id
               redis.call('DEL', base, base .. ':deliveries', base .. ':log', base .. ':aside', base .. ':dead')
             end
           end
           -- Whoever waits because the receiver failed tries again now.
           for id in pairs(kept) do
             for _, due in ipairs({'live:due', 'replay:due'}) do
               if redis.call('HEXISTS', prefix .. 'webhook:' .. id, due) == 1 then redis.call('HSET', prefix .. 'webhook:' .. id, due, 0) end
             end
           end
           redis.call('PUBLISH', 'chatery:events', string.match(prefix, '{(.*)}'))
         end
         "
    };
}
pub(super) use set_webhooks;

/// KEYS: cursors, state, aside, dead, events. ARGV: webhook. Answers pending, aside, dead, and the fields of the state.
static HEALTH: Script = Script::new(
    "local cursor = redis.call('HGET', KEYS[1], ARGV[1])
     if not cursor then return {} end
     local out = {#redis.call('XRANGE', KEYS[5], '(' .. cursor, '+', 'COUNT', 1000), redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[4])}
     local state = redis.call('HMGET', KEYS[2], 'delivered', 'failed', 'lastSuccess', 'lastFailure', 'lastError', 'live:due', 'replay:cursor')
     for i = 1, 7 do out[#out + 1] = state[i] or '' end
     return out",
);

/// KEYS: cursors, deliveries, log, aside, dead. ARGV: webhook, `log`, `aside` or `dead`, position before which (exclusive) or '',
/// how many. Answers position and delivery of each, the newest first.
static LIST: Script = Script::new(
    "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return {'unknown'} end
     local key = ({log = KEYS[3], aside = KEYS[4], dead = KEYS[5]})[ARGV[2]]
     local before = ARGV[3] ~= '' and '(' .. ARGV[3] or '+inf'
     local found = redis.call('ZREVRANGEBYSCORE', key, before, '-inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
     local out = {'known'}
     for i = 1, #found, 2 do
       local delivery = redis.call('HGET', KEYS[2], found[i])
       if delivery then
         out[#out + 1] = found[i + 1]
         out[#out + 1] = delivery
       end
     end
     return out",
);

/// KEYS: cursors, deliveries, aside, events, dead. ARGV: webhook, delivery, channel, session. What is to be posted is taken from the
/// event log when it is not kept with the delivery.
static REDELIVER: Script = Script::new(
    "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return {'no_webhook'} end
     local stored = redis.call('HGET', KEYS[2], ARGV[2])
     if not stored then return {'no_delivery'} end
     local delivery = cjson.decode(stored)
     if delivery.posted == nil then
       local entry = delivery.cursor ~= '' and redis.call('XRANGE', KEYS[4], delivery.cursor, delivery.cursor)[1]
       if not entry then return {'gone'} end
       -- Spliced in as text: decoding and encoding would change empty lists.
       stored = string.sub(stored, 1, -2) .. ',\"posted\":' .. entry[2][2] .. '}'
       redis.call('HSET', KEYS[2], ARGV[2], stored)
     end
     redis.call('ZREM', KEYS[5], ARGV[2])
     redis.call('ZADD', KEYS[3], 0, ARGV[2])
     redis.call('PUBLISH', ARGV[3], ARGV[4])
     return {'done', tostring(delivery.tries)}",
);

/// KEYS: cursors, deliveries, aside. ARGV: webhook, delivery, its JSON, channel, session.
static ENQUEUE: Script = Script::new(
    "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return {'no_webhook'} end
     redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
     redis.call('ZADD', KEYS[3], 0, ARGV[2])
     redis.call('PUBLISH', ARGV[4], ARGV[5])
     return {'done'}",
);

/// KEYS: cursors, state, events. ARGV: webhook, from, to, channel, session. Answers how many entries lie between.
static REPLAY: Script = Script::new(
    "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return {'no_webhook'} end
     if redis.call('HEXISTS', KEYS[2], 'replay:cursor') == 1 then return {'running'} end
     local found = redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[3])
     if #found == 0 then return {'done', 0} end
     local before = string.match(found[1][1], '^(%d+)-')
     local count = tonumber(string.match(found[1][1], '-(%d+)$'))
     local cursor = count > 0 and before .. '-' .. string.format('%.0f', count - 1) or string.format('%.0f', tonumber(before) - 1) .. '-18446744073709551615'
     redis.call('HSET', KEYS[2], 'replay:cursor', cursor, 'replay:end', found[#found][1])
     redis.call('HDEL', KEYS[2], 'replay:due')
     redis.call('PUBLISH', ARGV[4], ARGV[5])
     return {'done', #found}",
);

/// A page of deliveries.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The newest first, each with its position.
    pub deliveries: Vec<(String, Delivery)>,
}

/// What became of a wish to replay or to deliver again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It is under way; for a replay, with the number of entries; for a delivery, with the tries before.
    Begun(u64),
    /// There is no such webhook.
    NoWebhook,
    /// There is no such delivery.
    NoDelivery,
    /// The event is no more in the log.
    Gone,
    /// A replay is under way already.
    Running,
}

impl<P: Port> Store<P> {
    /// How a webhook fares. `None` when it is not registered.
    pub async fn webhook_health(&self, id: &SessionId, webhook: &Webhook) -> Result<Option<WebhookHealth>, RedisError> {
        let of = SessionKeys::new(id);
        let name = webhook.id.as_str();
        let keys = [of.webhooks(), of.webhook(name), of.deliveries_aside(name), of.dead_deliveries(name), of.events()];
        let reply = HEALTH.run(self.port(), &keys, &[name]).await?;
        if reply.is_empty() {
            return Ok(None);
        }
        let mut reply = Reply::new("webhook health", reply);
        let (pending, set_aside, dead) = (reply.number()?, reply.number()?, reply.number()?);
        let mut field = || reply.text().map(|text| Some(text).filter(|text| !text.is_empty()));
        let count = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
        let when = |text: Option<String>| text.and_then(|text| text.parse().ok()).filter(|ms| *ms > 0).map(clock::iso);
        Ok(Some(WebhookHealth {
            webhook: webhook.view(),
            pending,
            set_aside,
            dead,
            delivered: count(field()?),
            failed: count(field()?),
            last_success_at: when(field()?),
            last_failure_at: when(field()?),
            last_error: field()?,
            retry_at: when(field()?),
            replaying: field()?.is_some(),
        }))
    }

    /// Deliveries, the newest first. `None` when there is no such webhook.
    pub async fn deliveries(
        &self,
        id: &SessionId,
        webhook: &str,
        list: &str,
        before: &str,
        limit: usize,
    ) -> Result<Option<Listed>, RedisError> {
        let of = SessionKeys::new(id);
        let keys = [
            of.webhooks(),
            of.deliveries(webhook),
            of.delivery_log(webhook),
            of.deliveries_aside(webhook),
            of.dead_deliveries(webhook),
        ];
        let limit = limit.to_string();
        let reply = LIST.run(self.port(), &keys, &[webhook, list, before, limit.as_str()]).await?;
        let mut values = reply.into_iter().filter_map(Value::text);
        if values.next().as_deref() != Some("known") {
            return Ok(None);
        }
        let mut deliveries = Vec::new();
        while let (Some(position), Some(json)) = (values.next(), values.next()) {
            if let Ok(delivery) = serde_json::from_str(&json) {
                deliveries.push((position, delivery));
            }
        }
        Ok(Some(Listed { deliveries }))
    }

    /// A delivery, when it is known.
    pub async fn delivery(
        &self,
        id: &SessionId,
        webhook: &str,
        delivery: &str,
    ) -> Result<Option<Delivery>, RedisError> {
        let key = SessionKeys::new(id).deliveries(webhook);
        let reply = self.port().execute(crate::port::Command::new("HGET", [key.as_str(), delivery])).await?;
        let json = reply.into_iter().next().and_then(Value::text);
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }

    /// Has a delivery made once more.
    pub async fn redeliver(&self, id: &SessionId, webhook: &str, delivery: &str) -> Result<Replayed, RedisError> {
        let of = SessionKeys::new(id);
        let keys = [
            of.webhooks(),
            of.deliveries(webhook),
            of.deliveries_aside(webhook),
            of.events(),
            of.dead_deliveries(webhook),
        ];
        let arguments = [webhook, delivery, keys::EVENTS, id.as_str()];
        begun("redeliver", REDELIVER.run(self.port(), &keys, &arguments).await?)
    }

    /// Has a made-up delivery made.
    pub async fn enqueue(&self, id: &SessionId, webhook: &str, delivery: &Delivery) -> Result<Replayed, RedisError> {
        let of = SessionKeys::new(id);
        let keys = [of.webhooks(), of.deliveries(webhook), of.deliveries_aside(webhook)];
        let json = serde_json::to_string(delivery).unwrap_or_default();
        let arguments = [webhook, delivery.id.as_str(), json.as_str(), keys::EVENTS, id.as_str()];
        begun("enqueue", ENQUEUE.run(self.port(), &keys, &arguments).await?)
    }

    /// Has a part of the event log delivered once more: positions as Redis takes them, both inclusive.
    pub async fn replay(&self, id: &SessionId, webhook: &str, from: &str, to: &str) -> Result<Replayed, RedisError> {
        let of = SessionKeys::new(id);
        let keys = [of.webhooks(), of.webhook(webhook), of.events()];
        let arguments = [webhook, from, to, keys::EVENTS, id.as_str()];
        begun("replay", REPLAY.run(self.port(), &keys, &arguments).await?)
    }
}

fn begun(of: &'static str, reply: Vec<Value>) -> Result<Replayed, RedisError> {
    let mut reply = Reply::new(of, reply);
    Ok(match reply.text()?.as_str() {
        "done" => Replayed::Begun(reply.number().unwrap_or_default()),
        "no_webhook" => Replayed::NoWebhook,
        "no_delivery" => Replayed::NoDelivery,
        "gone" => Replayed::Gone,
        "running" => Replayed::Running,
        _ => return reply.unexpected(),
    })
}

#[cfg(test)]
mod tests {
    use contract::keys::webhook as field;
    use contract::webhook::{Lane, PREVIOUS_SECRET_LIVES_MS};

    use super::*;

    /// The scripts spell the words of the contract; this holds them to it.
    #[test]
    fn the_scripts_speak_the_contracts_words() {
        let registered = set_webhooks!();
        let lane = |lane: Lane, name: &str| format!("'{}:{name}'", lane.as_str());
        for word in [lane(Lane::Live, field::DUE), lane(Lane::Replay, field::DUE)] {
            assert!(registered.contains(&word), "{word}");
        }
        assert!(registered.contains(&PREVIOUS_SECRET_LIVES_MS.to_string()));
        assert!(registered.contains(keys::EVENTS));
        let health = format!("{HEALTH:?}");
        for word in [field::DELIVERED, field::FAILED, field::LAST_SUCCESS, field::LAST_FAILURE, field::LAST_ERROR] {
            assert!(health.contains(&format!("'{word}'")), "{word}");
        }
        let replay = format!("{REPLAY:?}");
        for word in [lane(Lane::Replay, field::CURSOR), lane(Lane::Replay, field::END)] {
            assert!(replay.contains(&word), "{word}");
        }
    }
}

//! Metadata and webhooks of a session. Metadata are merged key by key; the merge is made here and written only if the value
//! read is still the value stored, so that two merges at once lose nothing.

use contract::id::SessionId;
use contract::keys::SessionKeys;
use contract::record::{SessionRecord, field};
use contract::webhook::Webhook;
use serde_json::{Map, Value as Json};

use super::webhooks::set_webhooks;
use super::wishes::{Connect, Connected};
use super::{Reply, Store};
use crate::port::{Command, Port, RedisError, Value};
use crate::script::Script;

/// Attempts of a merge against others that write the same metadata at the same moment. Each round one of them wins, so this
/// many can be at it at once.
const MERGE_ATTEMPTS: usize = 100;

/// Largest metadata of a session as JSON, in bytes: merged again and again, they would grow without end.
const MAX_METADATA: usize = 64 * 1024;

/// KEYS: record. ARGV: metadata read, metadata or '', webhooks or ''.
static CONFIGURE: Script = Script::new(concat!(
    set_webhooks!(),
    "local record = redis.call('HMGET', KEYS[1], 'network', 'metadata')
     if not record[1] then return {'unknown'} end
     if (record[2] or '') ~= ARGV[1] then return {'stale'} end
     if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'metadata', ARGV[2]) end
     if ARGV[3] ~= '' then set_webhooks(KEYS[1], cjson.decode(ARGV[3])) end
     return {'done'}",
));

/// KEYS: record. ARGV: address, webhook as JSON or '' to remove it, most webhooks. One of the same address takes the other's place.
static WEBHOOK: Script = Script::new(concat!(
    set_webhooks!(),
    "local record = redis.call('HMGET', KEYS[1], 'network', 'webhooks')
     if not record[1] then return {'unknown'} end
     local known = cjson.decode(record[2] and record[2] ~= '' and record[2] or '[]')
     local list, placed = {}, false
     for _, webhook in ipairs(known) do
       if webhook.url ~= ARGV[1] then
         list[#list + 1] = webhook
       elseif ARGV[2] ~= '' and not placed then
         list[#list + 1] = cjson.decode(ARGV[2])
         placed = true
       end
     end
     if ARGV[2] ~= '' and not placed then
       if #list >= tonumber(ARGV[3]) then return {'full'} end
       list[#list + 1] = cjson.decode(ARGV[2])
     end
     set_webhooks(KEYS[1], list)
     return {'done'}",
));

/// What a client wants changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Merged key by key into what is there.
    pub metadata: Option<Map<String, Json>>,
    /// Replaces the list.
    pub webhooks: Option<Vec<Webhook>>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Configured<T> {
    /// It was written.
    Done(T),
    /// The metadata would grow beyond the limit.
    TooLarge,
    /// Others kept changing the metadata.
    Contended,
}

impl Change {
    /// The metadata field after the change, or empty when it does not change. `None` when too large.
    fn merged(&self, read: &str) -> Option<String> {
        let Some(added) = &self.metadata else { return Some(String::new()) };
        let mut all: Map<String, Json> = serde_json::from_str(read).unwrap_or_default();
        all.extend(added.clone());
        let text = Json::Object(all).to_string();
        (text.len() <= MAX_METADATA).then_some(text)
    }

    fn webhooks(&self) -> String {
        let text = self.webhooks.as_ref().map(serde_json::to_string);
        text.and_then(Result::ok).unwrap_or_default()
    }
}

impl<P: Port> Store<P> {
    /// Changes the configuration of a session. `Done(None)` when there is no such session.
    pub async fn configure(
        &self,
        id: &SessionId,
        change: &Change,
    ) -> Result<Configured<Option<SessionRecord>>, RedisError> {
        let keys = [SessionKeys::new(id).record()];
        for _ in 0..MERGE_ATTEMPTS {
            let read = self.metadata(id).await?;
            let Some(merged) = change.merged(&read) else { return Ok(Configured::TooLarge) };
            let webhooks = change.webhooks();
            let reply = CONFIGURE.run(&self.port, &keys, &[read.as_str(), merged.as_str(), webhooks.as_str()]).await?;
            let mut reply = Reply::new("configure", reply);
            match reply.text()?.as_str() {
                "done" => return Ok(Configured::Done(self.session(id).await?)),
                "unknown" => return Ok(Configured::Done(None)),
                "stale" => {}
                _ => return reply.unexpected(),
            }
        }
        Ok(Configured::Contended)
    }

    /// Adds a webhook, or changes the one of the same address. `Done(None)` when there is no such session.
    pub async fn add_webhook(
        &self,
        id: &SessionId,
        webhook: &Webhook,
        most: usize,
    ) -> Result<Configured<Option<SessionRecord>>, RedisError> {
        let json = serde_json::to_string(webhook).unwrap_or_default();
        self.change_webhook(id, &webhook.url, &json, most).await
    }

    /// Removes the webhook of an address, when there is one. `None` when there is no such session.
    pub async fn remove_webhook(&self, id: &SessionId, url: &str) -> Result<Option<SessionRecord>, RedisError> {
        match self.change_webhook(id, url, "", 0).await? {
            Configured::Done(record) => Ok(record),
            Configured::TooLarge | Configured::Contended => Err(RedisError::UnexpectedReply("webhook")),
        }
    }

    async fn change_webhook(
        &self,
        id: &SessionId,
        url: &str,
        webhook: &str,
        most: usize,
    ) -> Result<Configured<Option<SessionRecord>>, RedisError> {
        let most = most.to_string();
        let reply = WEBHOOK.run(&self.port, &[SessionKeys::new(id).record()], &[url, webhook, most.as_str()]).await?;
        let mut reply = Reply::new("webhook", reply);
        match reply.text()?.as_str() {
            "done" => Ok(Configured::Done(self.session(id).await?)),
            "unknown" => Ok(Configured::Done(None)),
            "full" => Ok(Configured::TooLarge),
            _ => reply.unexpected(),
        }
    }

    /// Creates or updates a session and wishes it to be connected.
    pub async fn connect(&self, id: &SessionId, wish: &Connect) -> Result<Configured<Connected>, RedisError> {
        for _ in 0..MERGE_ATTEMPTS {
            let read = self.metadata(id).await?;
            let Some(merged) = wish.change.merged(&read) else { return Ok(Configured::TooLarge) };
            match self.wish_connected(id, wish, &read, &merged, &wish.change.webhooks()).await? {
                Connected::Stale => {}
                outcome => return Ok(Configured::Done(outcome)),
            }
        }
        Ok(Configured::Contended)
    }

    async fn metadata(&self, id: &SessionId) -> Result<String, RedisError> {
        let record = SessionKeys::new(id).record();
        let reply = self.port.execute(Command::new("HGET", [record.as_str(), field::METADATA])).await?;
        Ok(reply.into_iter().next().and_then(Value::text).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(metadata: &Json) -> Change {
        Change { metadata: metadata.as_object().cloned(), webhooks: None }
    }

    #[test]
    fn metadata_merge_key_by_key() {
        let merged = change(&json!({"b": 2, "c": {}})).merged(r#"{"a":1,"b":[]}"#).unwrap();
        assert_eq!(serde_json::from_str::<Json>(&merged).unwrap(), json!({"a": 1, "b": 2, "c": {}}));
        assert_eq!(Change::default().merged("{}").as_deref(), Some(""));
    }

    #[test]
    fn metadata_do_not_grow_without_end() {
        assert_eq!(change(&json!({"a": "x".repeat(MAX_METADATA)})).merged(""), None);
    }

    #[test]
    fn an_empty_list_of_webhooks_is_a_change() {
        assert_eq!(Change { metadata: None, webhooks: Some(vec![]) }.webhooks(), "[]");
        assert_eq!(Change::default().webhooks(), "");
    }
}

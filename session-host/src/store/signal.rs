//! Signal state: identities, sessions, prekeys, sender keys.
//!
//! Sessions and sender keys carry leases of counters, so their writes wait until they are as durable as the host asks for.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, Value};
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::SignalStore;

use super::{RedisStore, value};
use crate::fence::{Batch, Procedure};

/// The second byte of a prekey, behind the version.
const UPLOADED: u8 = 1;
const NOT_UPLOADED: u8 = 0;

/// Score of every member of the index of addresses, which is ordered by name.
const UNORDERED: u8 = 0;

/// KEYS: where to delete, the other HASH, addresses. ARGV: address. It leaves the index with its last record.
static DELETE_RECORD: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
redis.call('HDEL', KEYS[2], ARGV[2])
if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 0 then
  redis.call('ZREM', KEYS[4], ARGV[2])
end
return 1
",
    )
});

/// KEYS: prekeys. ARGV: uploaded flag, ids. A prekey that was used meanwhile stays gone.
static MARK_UPLOADED: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
for i = 3, #ARGV do
  local held = redis.call('HGET', KEYS[2], ARGV[i])
  if held then
    redis.call('HSET', KEYS[2], ARGV[i], string.sub(held, 1, 1) .. ARGV[2] .. string.sub(held, 3))
  end
end
return 1
",
    )
});

fn seal_prekey(record: &[u8], uploaded: bool) -> Vec<u8> {
    let mut sealed = vec![value::VERSION, if uploaded { UPLOADED } else { NOT_UPLOADED }];
    sealed.extend_from_slice(record);
    sealed
}

fn open_prekey(sealed: Vec<u8>) -> Result<Bytes> {
    let payload = value::open_bytes(sealed)?;
    if payload.is_empty() {
        return Err(StoreError::Validation("a stored prekey has no flag".to_owned()));
    }
    Ok(payload.slice(1..))
}

impl RedisStore {
    /// Records and their entries in the index.
    fn put_records<'a>(&self, key: &str, records: impl Iterator<Item = (&'a str, &'a [u8])> + Clone) -> Batch {
        let mut batch = Batch::new();
        batch.push_many("HSET", key, records.clone().map(|(address, record)| (address, value::seal(record))));
        batch.push_many("ZADD", &self.keys.addresses, records.map(|(address, _)| (UNORDERED, address)));
        batch
    }
}

#[async_trait]
impl SignalStore for RedisStore {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Result<()> {
        let batch = self.put_records(&self.keys.identity, std::iter::once((address, key.as_slice())));
        self.write(batch).await.map(drop)
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        let records = identities.iter().map(|(address, key)| (&**address, key.as_slice()));
        let batch = self.put_records(&self.keys.identity, records);
        self.write(batch).await.map(drop)
    }

    async fn load_identity(&self, address: &str) -> Result<Option<[u8; 32]>> {
        let Some(key) = self.field(&self.keys.identity, address).await? else {
            return Ok(None);
        };
        let key = key.try_into().map_err(|_| StoreError::Validation("a stored identity is not 32 bytes".to_owned()))?;
        Ok(Some(key))
    }

    async fn delete_identity(&self, address: &str) -> Result<()> {
        let keys = [&*self.keys.identity, &self.keys.session_record, &self.keys.addresses];
        self.call(&DELETE_RECORD, &keys, address).await
    }

    async fn get_session(&self, address: &str) -> Result<Option<Bytes>> {
        Ok(self.field(&self.keys.session_record, address).await?.map(Bytes::from))
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Result<()> {
        let batch = self.put_records(&self.keys.session_record, std::iter::once((address, session)));
        self.write_durably(batch).await.map(drop)
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        let records = sessions.iter().map(|(address, session)| (&**address, &**session));
        let batch = self.put_records(&self.keys.session_record, records);
        self.write_durably(batch).await.map(drop)
    }

    async fn delete_session(&self, address: &str) -> Result<()> {
        let keys = [&*self.keys.session_record, &self.keys.identity, &self.keys.addresses];
        self.call(&DELETE_RECORD, &keys, address).await
    }

    async fn has_session(&self, address: &str) -> Result<bool> {
        self.read(&Cmd::hexists(&self.keys.session_record, address)).await
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        // Addresses are `user:device@server` or `user@server`; each form is one range of the index. `;` follows `:` and `A`
        // follows `@`.
        let mut ranges = redis::pipe();
        for (first, behind) in [(':', ';'), ('@', 'A')] {
            ranges
                .cmd("ZRANGEBYLEX")
                .arg(&self.keys.addresses)
                .arg(format!("[{user}{first}"))
                .arg(format!("({user}{behind}"))
                .arg("LIMIT")
                .arg(0)
                .arg(1);
        }
        let (devices, primary): (Vec<Value>, Vec<Value>) = self.read_all(&ranges).await?;
        Ok(!devices.is_empty() || !primary.is_empty())
    }

    async fn store_prekey(&self, id: u32, record: &[u8], uploaded: bool) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HSET", (&self.keys.prekey, id, seal_prekey(record, uploaded)));
        batch.push("ZADD", (&self.keys.prekey_max, "GT", id, "id"));
        self.write(batch).await.map(drop)
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], uploaded: bool) -> Result<()> {
        let Some(max) = keys.iter().map(|(id, _)| *id).max() else {
            return Ok(());
        };
        let mut batch = Batch::new();
        let rows = keys.iter().map(|(id, record)| (*id, seal_prekey(record, uploaded)));
        batch.push_many("HSET", &self.keys.prekey, rows);
        batch.push("ZADD", (&self.keys.prekey_max, "GT", max, "id"));
        self.write(batch).await.map(drop)
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        let value: Option<Vec<u8>> = self.read(&Cmd::hget(&self.keys.prekey, id)).await?;
        value.map(open_prekey).transpose()
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Result<Vec<(u32, Bytes)>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<Option<Vec<u8>>> = self.read(redis::cmd("HMGET").arg(&self.keys.prekey).arg(ids)).await?;
        let held = ids.iter().zip(values).filter_map(|(id, value)| value.map(|value| (*id, value)));
        held.map(|(id, value)| Ok((id, open_prekey(value)?))).collect()
    }

    async fn mark_prekeys_uploaded(&self, ids: &[u32]) -> Result<()> {
        let mut args = vec![vec![UPLOADED]];
        args.extend(ids.iter().map(|id| id.to_string().into_bytes()));
        self.call(&MARK_UPLOADED, &[&self.keys.prekey], args).await
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HDEL", (&self.keys.prekey, id));
        self.write(batch).await.map(drop)
    }

    /// The highest id there ever was: an id that was used up must not be given out again.
    async fn get_max_prekey_id(&self) -> Result<u32> {
        let max: Option<u32> = self.read(&Cmd::zscore(&self.keys.prekey_max, "id")).await?;
        Ok(max.unwrap_or(0))
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HSET", (&self.keys.signed_prekey, id, value::seal(record)));
        self.write(batch).await.map(drop)
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        self.field(&self.keys.signed_prekey, id).await
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        let rows: Vec<(u32, Vec<u8>)> = self.read(&Cmd::hgetall(&self.keys.signed_prekey)).await?;
        rows.into_iter().map(|(id, sealed)| Ok((id, value::open(sealed)?))).collect()
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HDEL", (&self.keys.signed_prekey, id));
        self.write(batch).await.map(drop)
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HSET", (&self.keys.sender_key, address, value::seal(record)));
        self.write_durably(batch).await.map(drop)
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        let mut batch = Batch::new();
        let rows = sender_keys.iter().map(|(address, record)| (&**address, value::seal(record)));
        batch.push_many("HSET", &self.keys.sender_key, rows);
        self.write_durably(batch).await.map(drop)
    }

    async fn get_sender_key(&self, address: &str) -> Result<Option<Vec<u8>>> {
        self.field(&self.keys.sender_key, address).await
    }

    async fn delete_sender_key(&self, address: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HDEL", (&self.keys.sender_key, address));
        self.write(batch).await.map(drop)
    }
}

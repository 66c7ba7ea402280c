//! App state: sync keys, the version of each collection, and the MACs of its mutations.
//!
//! The library puts MACs before the version that counts on them, so a crash in between makes it apply a patch again
//! instead of losing it.

use std::collections::HashMap;

use async_trait::async_trait;
use redis::Cmd;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::error::Result;
use wacore::store::traits::{AppStateSyncKey, AppSyncStore};

use super::{RedisStore, value};
use crate::fence::Batch;

#[async_trait]
impl AppSyncStore for RedisStore {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        let json = self.field(&self.keys.sync_key, key_id).await?;
        json.map(|json| value::from_json(&json)).transpose()
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HSET", (&self.keys.sync_key, key_id, value::seal_json(&key)?));
        batch.push("SET", (&self.keys.sync_key_latest, value::seal(key_id)));
        self.write(batch).await.map(drop)
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        let json = self.field(&self.keys.version, name).await?;
        json.map_or_else(|| Ok(HashState::default()), |json| value::from_json(&json))
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HSET", (&self.keys.version, name, value::seal_json(&state)?));
        self.write(batch).await.map(drop)
    }

    async fn put_mutation_macs(&self, name: &str, _version: u64, mutations: &[AppStateMutationMAC]) -> Result<()> {
        if mutations.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.push("SADD", (&self.keys.collections, name));
        let rows = mutations.iter().map(|mac| (&mac.index_mac, value::seal(&mac.value_mac)));
        batch.push_many("HSET", &self.keys.macs(name), rows);
        self.write(batch).await.map(drop)
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        self.field(&self.keys.macs(name), index_mac).await
    }

    async fn get_mutation_macs(&self, name: &str, index_macs: &[[u8; 32]]) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        let fields: Vec<&[u8]> = index_macs.iter().map(<[u8; 32]>::as_slice).collect();
        let values = self.fields(&self.keys.macs(name), &fields).await?;
        Ok(index_macs.iter().zip(values).filter_map(|(index, value)| Some((*index, value?))).collect())
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        let mut batch = Batch::new();
        batch.push_many("HDEL", &self.keys.macs(name), index_macs);
        self.write(batch).await.map(drop)
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("UNLINK", self.keys.macs(name));
        batch.push("SREM", (&self.keys.collections, name));
        self.write(batch).await.map(drop)
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        let id: Option<Vec<u8>> = self.read(&Cmd::get(&self.keys.sync_key_latest)).await?;
        id.map(value::open).transpose()
    }
}

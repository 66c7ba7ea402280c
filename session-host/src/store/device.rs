//! The device: the account's own keys and names.
//!
//! The library leaves out of its serialization what the program sets at each start (`device_props`, `client_profile`).

use async_trait::async_trait;
use redis::Cmd;
use wacore::stats::StorageResourceReport;
use wacore::store::Device;
use wacore::store::error::Result;
use wacore::store::traits::DeviceStore;

use super::{RedisStore, value};
use crate::fence::Batch;

/// A session has one device; its number has no meaning.
const DEVICE_ID: i32 = 1;

#[async_trait]
impl DeviceStore for RedisStore {
    async fn save(&self, device: &Device) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("SET", (&self.keys.device, value::seal_json(device)?));
        self.write(batch).await.map(drop)
    }

    async fn load(&self) -> Result<Option<Device>> {
        let sealed: Option<Vec<u8>> = self.read(&Cmd::get(&self.keys.device)).await?;
        sealed.map(|sealed| value::from_json(&value::open(sealed)?)).transpose()
    }

    async fn exists(&self) -> Result<bool> {
        self.read(&Cmd::exists(&self.keys.device)).await
    }

    /// Never replaces a device.
    async fn create(&self) -> Result<i32> {
        let mut batch = Batch::new();
        batch.push("SET", (&self.keys.device, value::seal_json(&Device::new())?, "NX"));
        self.write(batch).await?;
        Ok(DEVICE_ID)
    }

    async fn resource_report(&self) -> StorageResourceReport {
        StorageResourceReport { memory_bytes: Some(0), ..StorageResourceReport::default() }
    }
}

//! The device.

use std::sync::Arc;

use wacore::store::Device;
use wacore::store::traits::{Backend, DeviceStore};

use crate::support::owned;

conformance! {
    devices,
    creating_keeps_a_device_that_is_there,
}

fn fields(device: &Device) -> serde_json::Value {
    serde_json::to_value(device).unwrap()
}

async fn devices(backend: Arc<dyn Backend>) {
    assert!(!backend.exists().await.unwrap());
    assert!(backend.load().await.unwrap().is_none());
    let mut device = Device::new();
    "Toko Contoh".clone_into(&mut device.push_name);
    backend.save(&device).await.unwrap();
    assert!(backend.exists().await.unwrap());
    assert_eq!(fields(&backend.load().await.unwrap().unwrap()), fields(&device));
    "Toko Lain".clone_into(&mut device.push_name);
    backend.save(&device).await.unwrap();
    assert_eq!(backend.load().await.unwrap().unwrap().push_name, "Toko Lain");
    backend.snapshot_db("label", Some(b"extra")).await.unwrap();
}

async fn creating_keeps_a_device_that_is_there(backend: Arc<dyn Backend>) {
    let id = backend.create().await.unwrap();
    assert!(id > 0);
    let created = fields(&backend.load().await.unwrap().unwrap());
    // The backend in memory counts on; an id has no meaning where a backend holds one device.
    assert!(backend.create().await.unwrap() >= id);
    assert_eq!(fields(&backend.load().await.unwrap().unwrap()), created);
}

#[tokio::test]
async fn nothing_is_held_in_this_process() {
    assert_eq!(owned().await.store().resource_report().await.memory_bytes, Some(0));
}

//! Sender key devices, LID mappings, device lists, group metadata.

use std::collections::HashMap;
use std::sync::Arc;

use contract::keys::SessionKeys;
use wacore::store::traits::{Backend, DeviceInfo, DeviceListRecord, LidPnMappingEntry, ProtocolStore};

use crate::support::owned;

conformance! {
    sender_key_devices,
    a_device_is_forgotten_in_all_groups,
    lid_mappings,
    a_lid_moves_to_another_phone_number,
    a_phone_number_gets_a_new_lid,
    many_lid_mappings,
    device_lists,
    group_metadata,
}

async fn devices(backend: &Arc<dyn Backend>, group: &str) -> Vec<(String, bool)> {
    let mut devices = backend.get_sender_key_devices(group).await.unwrap();
    devices.sort_unstable();
    devices
}

fn rows(rows: &[(&str, bool)]) -> Vec<(String, bool)> {
    rows.iter().map(|(device, has_key)| ((*device).to_owned(), *has_key)).collect()
}

async fn sender_key_devices(backend: Arc<dyn Backend>) {
    assert!(devices(&backend, "g1").await.is_empty());
    backend.set_sender_key_status("g1", &[("a", true), ("b", false)]).await.unwrap();
    backend.set_sender_key_status("g1", &[("b", true), ("c", false)]).await.unwrap();
    backend.set_sender_key_status("g1", &[]).await.unwrap();
    backend.set_sender_key_status("g2", &[("a", true)]).await.unwrap();
    assert_eq!(devices(&backend, "g1").await, rows(&[("a", true), ("b", true), ("c", false)]));
    backend.clear_sender_key_devices("g1").await.unwrap();
    assert!(devices(&backend, "g1").await.is_empty());
    assert_eq!(devices(&backend, "g2").await, rows(&[("a", true)]));
    backend.set_sender_key_status("g1", &[("a", true)]).await.unwrap();
    backend.clear_all_sender_key_devices().await.unwrap();
    assert!(devices(&backend, "g1").await.is_empty() && devices(&backend, "g2").await.is_empty());
    backend.set_sender_key_status("g1", &[("d", false)]).await.unwrap();
    assert_eq!(devices(&backend, "g1").await, rows(&[("d", false)]));
}

async fn a_device_is_forgotten_in_all_groups(backend: Arc<dyn Backend>) {
    for group in 0..50 {
        let own = format!("only-{group}");
        backend.set_sender_key_status(&format!("g{group}"), &[("a", true), ("b", false), (&own, true)]).await.unwrap();
    }
    backend.set_sender_key_status("small", &[("a", true)]).await.unwrap();
    backend.delete_sender_key_device_rows(&["a", "b", "unknown"]).await.unwrap();
    backend.delete_sender_key_device_rows(&[]).await.unwrap();
    for group in 0..50 {
        let own = format!("only-{group}");
        assert_eq!(devices(&backend, &format!("g{group}")).await, rows(&[(&own, true)]));
    }
    assert!(devices(&backend, "small").await.is_empty());
    let many: Vec<String> = (0..10_000).map(|n| format!("only-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    backend.delete_sender_key_device_rows(&many).await.unwrap();
    assert!(devices(&backend, "g49").await.is_empty());
}

fn mapping(lid: &str, phone: &str, time: i64) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: lid.to_owned(),
        phone_number: phone.to_owned(),
        created_at: time,
        updated_at: time + 1,
        learning_source: "usync".to_owned(),
    }
}

async fn phone_of(backend: &Arc<dyn Backend>, lid: &str) -> Option<String> {
    backend.get_lid_mapping(lid).await.unwrap().map(|entry| entry.phone_number)
}

async fn lid_of(backend: &Arc<dyn Backend>, phone: &str) -> Option<String> {
    backend.get_pn_mapping(phone).await.unwrap().map(|entry| entry.lid)
}

async fn lid_mappings(backend: Arc<dyn Backend>) {
    assert!(backend.get_lid_mapping("100").await.unwrap().is_none());
    assert!(backend.get_pn_mapping("6281200001111").await.unwrap().is_none());
    backend.put_lid_mapping(&mapping("100", "6281200001111", 5)).await.unwrap();
    for entry in [backend.get_lid_mapping("100").await, backend.get_pn_mapping("6281200001111").await] {
        let entry = entry.unwrap().unwrap();
        assert_eq!((entry.lid.as_str(), entry.phone_number.as_str()), ("100", "6281200001111"));
        assert_eq!((entry.created_at, entry.updated_at, entry.learning_source.as_str()), (5, 6, "usync"));
    }
    backend.put_lid_mapping(&mapping("100", "6281200001111", 50)).await.unwrap();
    assert_eq!(backend.get_lid_mapping("100").await.unwrap().unwrap().created_at, 50);
    assert_eq!(backend.get_all_lid_mappings().await.unwrap().len(), 1);
}

async fn a_lid_moves_to_another_phone_number(backend: Arc<dyn Backend>) {
    backend.put_lid_mapping(&mapping("100", "6281200001111", 1)).await.unwrap();
    backend.put_lid_mapping(&mapping("100", "6281200002222", 2)).await.unwrap();
    assert_eq!(phone_of(&backend, "100").await.as_deref(), Some("6281200002222"));
    assert_eq!(lid_of(&backend, "6281200002222").await.as_deref(), Some("100"));
    assert_eq!(lid_of(&backend, "6281200001111").await, None, "the old number forgets it");
}

async fn a_phone_number_gets_a_new_lid(backend: Arc<dyn Backend>) {
    backend.put_lid_mapping(&mapping("100", "6281200001111", 1)).await.unwrap();
    backend.put_lid_mapping(&mapping("200", "6281200001111", 2)).await.unwrap();
    assert_eq!(lid_of(&backend, "6281200001111").await.as_deref(), Some("200"), "the most recent one");
    assert_eq!(phone_of(&backend, "100").await.as_deref(), Some("6281200001111"), "the old one is still known");
}

async fn many_lid_mappings(backend: Arc<dyn Backend>) {
    let entries: Vec<LidPnMappingEntry> =
        (0..2500).map(|n| mapping(&format!("{}", 100_000 + n), &format!("15550{n:06}"), n)).collect();
    backend.put_lid_mappings(&entries).await.unwrap();
    backend.put_lid_mappings(&[]).await.unwrap();
    let all: HashMap<String, String> = backend
        .get_all_lid_mappings()
        .await
        .unwrap()
        .into_iter()
        .map(|entry| (entry.lid, entry.phone_number))
        .collect();
    assert_eq!(all.len(), entries.len());
    assert_eq!(all["102499"], "15550002499");
    assert_eq!(lid_of(&backend, "15550001234").await.as_deref(), Some("101234"));
}

fn list(user: &str, devices: u32, raw_id: Option<u32>) -> DeviceListRecord {
    DeviceListRecord {
        user: user.to_owned(),
        devices: (0..devices).map(|id| DeviceInfo::new(id, Some(id * 2)).with_hosting(id == 1)).collect(),
        timestamp: 77,
        phash: Some("2:abc".to_owned()),
        raw_id,
    }
}

async fn device_lists(backend: Arc<dyn Backend>) {
    assert!(backend.get_devices("1").await.unwrap().is_none());
    backend.update_device_list(list("1", 1, None)).await.unwrap();
    let many = (1..=1500).map(|user| list(&user.to_string(), user % 4, Some(user))).collect();
    backend.update_device_lists(many).await.unwrap();
    backend.update_device_lists(Vec::new()).await.unwrap();
    let stored = backend.get_devices("1502").await.unwrap();
    assert!(stored.is_none());
    let stored = backend.get_devices("1499").await.unwrap().unwrap();
    let devices: Vec<(u32, Option<u32>, bool)> =
        stored.devices.iter().map(|device| (device.device_id, device.key_index, device.is_hosted)).collect();
    assert_eq!(devices, [(0, Some(0), false), (1, Some(2), true), (2, Some(4), false)]);
    assert_eq!((stored.user.as_str(), stored.timestamp, stored.raw_id), ("1499", 77, Some(1499)));
    assert_eq!(stored.phash.as_deref(), Some("2:abc"));
    assert_eq!(backend.get_devices("1").await.unwrap().unwrap().raw_id, Some(1), "a list is replaced as a whole");
    backend.delete_devices("1").await.unwrap();
    backend.delete_devices("1").await.unwrap();
    assert!(backend.get_devices("1").await.unwrap().is_none());
}

async fn group_metadata(backend: Arc<dyn Backend>) {
    assert_eq!(backend.get_group_metadata("g").await.unwrap(), None);
    backend.put_group_metadata("g", b"one").await.unwrap();
    backend.put_group_metadata("g", b"\0two").await.unwrap();
    assert_eq!(backend.get_group_metadata("g").await.unwrap().as_deref(), Some(b"\0two".as_slice()));
    backend.delete_group_metadata("g").await.unwrap();
    backend.delete_group_metadata("g").await.unwrap();
    assert_eq!(backend.get_group_metadata("g").await.unwrap(), None);
}

/// The backend in memory lets the old number of a moved LID forget also another, newer LID.
#[tokio::test]
async fn a_number_keeps_its_newer_lid_when_the_older_one_moves() {
    let store = owned().await.store();
    store.put_lid_mapping(&mapping("100", "6281200001111", 1)).await.unwrap();
    store.put_lid_mapping(&mapping("200", "6281200001111", 2)).await.unwrap();
    store.put_lid_mapping(&mapping("100", "6281200002222", 3)).await.unwrap();
    assert_eq!(store.get_pn_mapping("6281200001111").await.unwrap().unwrap().lid, "200");
}

#[tokio::test]
async fn the_edge_reads_phone_numbers_by_lid() {
    let owned = owned().await;
    let store = owned.store();
    store.put_lid_mappings(&[mapping("100", "6281200001111", 1), mapping("200", "6281200002222", 1)]).await.unwrap();
    store.put_lid_mapping(&mapping("100", "6281200003333", 2)).await.unwrap();
    let lids: HashMap<String, String> = redis::cmd("HGETALL")
        .arg(SessionKeys::new(&owned.session).lids())
        .query_async(&mut owned.redis.shared())
        .await
        .unwrap();
    let expected = [("100", "6281200003333"), ("200", "6281200002222")];
    assert_eq!(lids, expected.map(|(lid, phone)| (lid.to_owned(), phone.to_owned())).into());
}

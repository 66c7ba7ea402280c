//! App state keys, versions, mutation MACs.

use std::collections::HashMap;
use std::sync::Arc;

use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::traits::{AppStateSyncKey, Backend};

conformance! {
    sync_keys,
    the_latest_sync_key_is_the_last_one_stored,
    versions,
    mutation_macs,
    many_mutation_macs,
}

fn key(byte: u8) -> AppStateSyncKey {
    AppStateSyncKey { key_data: vec![byte; 32], fingerprint: vec![byte, 0, 255], timestamp: i64::from(byte) }
}

fn mac(index: u16, value: u8) -> AppStateMutationMAC {
    AppStateMutationMAC { index_mac: index_mac(index).to_vec(), value_mac: vec![value; 32] }
}

fn index_mac(index: u16) -> [u8; 32] {
    let mut mac = [0; 32];
    mac[..2].copy_from_slice(&index.to_be_bytes());
    mac
}

async fn sync_keys(backend: Arc<dyn Backend>) {
    assert!(backend.get_sync_key(b"\x00\xff").await.unwrap().is_none());
    backend.set_sync_key(b"\x00\xff", key(1)).await.unwrap();
    backend.set_sync_key(b"\x00\xff", key(2)).await.unwrap();
    let stored = backend.get_sync_key(b"\x00\xff").await.unwrap().unwrap();
    assert_eq!((stored.key_data, stored.fingerprint, stored.timestamp), (vec![2; 32], vec![2, 0, 255], 2));
}

async fn the_latest_sync_key_is_the_last_one_stored(backend: Arc<dyn Backend>) {
    assert_eq!(backend.get_latest_sync_key_id().await.unwrap(), None);
    for id in [b"b", b"a", b"b", b"a"] {
        backend.set_sync_key(id, key(9)).await.unwrap();
        assert_eq!(backend.get_latest_sync_key_id().await.unwrap().as_deref(), Some(id.as_slice()));
    }
}

async fn versions(backend: Arc<dyn Backend>) {
    let absent = backend.get_version("regular").await.unwrap();
    assert_eq!((absent.version, absent.hash), (0, [0; 128]));
    let state = HashState {
        version: u64::MAX,
        hash: [7; 128],
        index_value_map: HashMap::from([("index".to_owned(), vec![0, 255])]),
        mac_mismatch_fatal: true,
    };
    backend.set_version("regular", state).await.unwrap();
    let stored = backend.get_version("regular").await.unwrap();
    assert_eq!((stored.version, stored.hash, stored.mac_mismatch_fatal), (u64::MAX, [7; 128], true));
    assert_eq!(stored.index_value_map["index"], [0, 255]);
    assert_eq!(backend.get_version("regular_low").await.unwrap().version, 0);
}

async fn mutation_macs(backend: Arc<dyn Backend>) {
    backend.put_mutation_macs("regular", 1, &[mac(1, 1), mac(2, 2), mac(3, 3)]).await.unwrap();
    backend.put_mutation_macs("critical", 1, &[mac(1, 9)]).await.unwrap();
    backend.put_mutation_macs("regular", 2, &[mac(2, 22)]).await.unwrap();
    backend.put_mutation_macs("regular", 3, &[]).await.unwrap();
    assert_eq!(backend.get_mutation_mac("regular", &index_mac(2)).await.unwrap(), Some(vec![22; 32]));
    assert_eq!(backend.get_mutation_mac("regular", &index_mac(4)).await.unwrap(), None);
    backend.delete_mutation_macs("regular", &[index_mac(1).to_vec(), index_mac(4).to_vec()]).await.unwrap();
    backend.delete_mutation_macs("regular", &[]).await.unwrap();
    let found = backend.get_mutation_macs("regular", &[index_mac(1), index_mac(2), index_mac(3)]).await.unwrap();
    assert_eq!(found, HashMap::from([(index_mac(2), vec![22; 32]), (index_mac(3), vec![3; 32])]));
    assert!(backend.get_mutation_macs("regular", &[]).await.unwrap().is_empty());
    backend.clear_mutation_macs("regular").await.unwrap();
    assert_eq!(backend.get_mutation_mac("regular", &index_mac(2)).await.unwrap(), None);
    assert_eq!(backend.get_mutation_mac("critical", &index_mac(1)).await.unwrap(), Some(vec![9; 32]));
}

async fn many_mutation_macs(backend: Arc<dyn Backend>) {
    let all: Vec<AppStateMutationMAC> = (0..10_000).map(|n| mac(n, n.to_be_bytes()[1])).collect();
    backend.put_mutation_macs("regular", 1, &all).await.unwrap();
    let indexes: Vec<[u8; 32]> = (0..10_001).map(index_mac).collect();
    assert_eq!(backend.get_mutation_macs("regular", &indexes).await.unwrap().len(), all.len());
    let half: Vec<Vec<u8>> = indexes.iter().step_by(2).map(|index| index.to_vec()).collect();
    backend.delete_mutation_macs("regular", &half).await.unwrap();
    assert_eq!(backend.get_mutation_macs("regular", &indexes).await.unwrap().len(), all.len() / 2);
}

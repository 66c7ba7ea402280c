//! Identities, sessions, prekeys, sender keys.

use std::sync::Arc;

use bytes::Bytes;
use wacore::store::traits::{Backend, SignalStore};

use crate::support::owned;

/// What the library stores when a server has no prekeys of the device.
const PREKEYS: u32 = 812;

conformance! {
    identities,
    sessions,
    session_batches,
    signal_state_of_a_user,
    prekeys,
    many_prekeys,
    prekeys_marked_as_uploaded,
    signed_prekeys,
    sender_keys,
    large_and_odd_records,
}

fn address(text: &str) -> Arc<str> {
    Arc::from(text)
}

async fn identities(backend: Arc<dyn Backend>) {
    assert_eq!(backend.load_identity("1@lid.0").await.unwrap(), None);
    backend.put_identity("1@lid.0", [1; 32]).await.unwrap();
    backend.put_identity("1@lid.0", [2; 32]).await.unwrap();
    backend.put_identities_batch(&[(address("2@lid.0"), [3; 32]), (address("3@lid.0"), [4; 32])]).await.unwrap();
    backend.put_identities_batch(&[]).await.unwrap();
    assert_eq!(backend.load_identity("1@lid.0").await.unwrap(), Some([2; 32]));
    assert_eq!(backend.load_identity("3@lid.0").await.unwrap(), Some([4; 32]));
    backend.delete_identity("1@lid.0").await.unwrap();
    backend.delete_identity("1@lid.0").await.unwrap();
    assert_eq!(backend.load_identity("1@lid.0").await.unwrap(), None);
    assert_eq!(backend.load_identity("2@lid.0").await.unwrap(), Some([3; 32]));
}

async fn sessions(backend: Arc<dyn Backend>) {
    assert_eq!(backend.get_session("1:2@lid.0").await.unwrap(), None);
    assert!(!backend.has_session("1:2@lid.0").await.unwrap());
    backend.put_session("1:2@lid.0", b"first").await.unwrap();
    backend.put_session("1:2@lid.0", b"second").await.unwrap();
    assert_eq!(backend.get_session("1:2@lid.0").await.unwrap().as_deref(), Some(b"second".as_slice()));
    assert!(backend.has_session("1:2@lid.0").await.unwrap());
    backend.delete_session("1:2@lid.0").await.unwrap();
    backend.delete_session("1:2@lid.0").await.unwrap();
    assert!(!backend.has_session("1:2@lid.0").await.unwrap());
}

async fn session_batches(backend: Arc<dyn Backend>) {
    let rows: Vec<(Arc<str>, Bytes)> =
        (0..3000).map(|n| (address(&format!("{n}@lid.0")), Bytes::from(format!("record {n}")))).collect();
    backend.put_session("7@lid.0", b"old").await.unwrap();
    backend.put_sessions_batch(&rows).await.unwrap();
    backend.put_sessions_batch(&[]).await.unwrap();
    for (address, record) in &rows {
        assert_eq!(backend.get_session(address).await.unwrap().as_ref(), Some(record));
    }
}

async fn signal_state_of_a_user(backend: Arc<dyn Backend>) {
    backend.put_session("62812:5@lid.0", b"x").await.unwrap();
    backend.put_identity("62812:5@lid.0", [1; 32]).await.unwrap();
    backend.put_identity("62813@lid.0", [1; 32]).await.unwrap();
    assert!(backend.has_signal_state_for_user("62812").await.unwrap());
    assert!(backend.has_signal_state_for_user("62813").await.unwrap());
    for other in ["6281", "62812:5", "62812:", "62814", "", "2812"] {
        let expected = other == "62812:5";
        assert_eq!(backend.has_signal_state_for_user(other).await.unwrap(), expected, "{other:?}");
    }
    backend.delete_session("62812:5@lid.0").await.unwrap();
    assert!(backend.has_signal_state_for_user("62812").await.unwrap(), "its identity is left");
    backend.delete_identity("62812:5@lid.0").await.unwrap();
    assert!(!backend.has_signal_state_for_user("62812").await.unwrap());
}

async fn prekeys(backend: Arc<dyn Backend>) {
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), 0);
    assert_eq!(backend.load_prekey(5).await.unwrap(), None);
    backend.store_prekey(5, b"five", false).await.unwrap();
    backend.store_prekey(3, b"three", true).await.unwrap();
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), 5);
    backend.store_prekey(5, b"new five", true).await.unwrap();
    assert_eq!(backend.load_prekey(5).await.unwrap().as_deref(), Some(b"new five".as_slice()));
    backend.remove_prekey(3).await.unwrap();
    backend.remove_prekey(3).await.unwrap();
    assert_eq!(backend.load_prekey(3).await.unwrap(), None);
    let batch = backend.load_prekeys_batch(&[3, 5, 9]).await.unwrap();
    assert_eq!(batch, [(5, Bytes::from_static(b"new five"))]);
    assert!(backend.load_prekeys_batch(&[]).await.unwrap().is_empty());
}

async fn many_prekeys(backend: Arc<dyn Backend>) {
    let rows: Vec<(u32, Bytes)> = (1..=PREKEYS).map(|id| (id, Bytes::from(vec![7; 100 + id as usize % 3]))).collect();
    backend.store_prekeys_batch(&rows, false).await.unwrap();
    backend.store_prekeys_batch(&[], false).await.unwrap();
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), PREKEYS);
    let ids: Vec<u32> = rows.iter().map(|(id, _)| *id).collect();
    let mut loaded = backend.load_prekeys_batch(&ids).await.unwrap();
    loaded.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(loaded, rows);
}

async fn prekeys_marked_as_uploaded(backend: Arc<dyn Backend>) {
    let rows: Vec<(u32, Bytes)> = (1..=PREKEYS).map(|id| (id, Bytes::from(format!("record {id}")))).collect();
    backend.store_prekeys_batch(&rows, false).await.unwrap();
    backend.remove_prekey(2).await.unwrap();
    let ids: Vec<u32> = (1..=PREKEYS + 1).collect();
    backend.mark_prekeys_uploaded(&ids).await.unwrap();
    backend.mark_prekeys_uploaded(&[]).await.unwrap();
    assert_eq!(backend.load_prekey(2).await.unwrap(), None, "a used key stays gone");
    assert_eq!(backend.load_prekey(PREKEYS + 1).await.unwrap(), None, "nothing is inserted");
    assert_eq!(backend.load_prekey(1).await.unwrap().as_deref(), Some(b"record 1".as_slice()));
}

async fn signed_prekeys(backend: Arc<dyn Backend>) {
    assert!(backend.load_all_signed_prekeys().await.unwrap().is_empty());
    backend.store_signed_prekey(1, b"one").await.unwrap();
    backend.store_signed_prekey(2, b"two").await.unwrap();
    backend.store_signed_prekey(2, b"new two").await.unwrap();
    let mut all = backend.load_all_signed_prekeys().await.unwrap();
    all.sort_unstable();
    assert_eq!(all, [(1, b"one".to_vec()), (2, b"new two".to_vec())]);
    backend.remove_signed_prekey(1).await.unwrap();
    assert_eq!(backend.load_signed_prekey(1).await.unwrap(), None);
    assert_eq!(backend.load_signed_prekey(2).await.unwrap().as_deref(), Some(b"new two".as_slice()));
}

async fn sender_keys(backend: Arc<dyn Backend>) {
    let name = "120363000000000001@g.us6281200001111:3@lid.0";
    assert_eq!(backend.get_sender_key(name).await.unwrap(), None);
    backend.put_sender_key(name, b"one").await.unwrap();
    backend
        .put_sender_keys_batch(&[
            (address(name), Bytes::from_static(b"two")),
            (address("g2"), Bytes::from_static(b"x")),
        ])
        .await
        .unwrap();
    backend.put_sender_keys_batch(&[]).await.unwrap();
    assert_eq!(backend.get_sender_key(name).await.unwrap().as_deref(), Some(b"two".as_slice()));
    backend.delete_sender_key(name).await.unwrap();
    assert_eq!(backend.get_sender_key(name).await.unwrap(), None);
    assert_eq!(backend.get_sender_key("g2").await.unwrap().as_deref(), Some(b"x".as_slice()));
}

async fn large_and_odd_records(backend: Arc<dyn Backend>) {
    let large: Vec<u8> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    backend.put_session("a", &large).await.unwrap();
    backend.put_session("", b"").await.unwrap();
    backend.put_session("ключ\r\n{x}\0", b"\r\n").await.unwrap();
    assert_eq!(backend.get_session("a").await.unwrap().as_deref(), Some(large.as_slice()));
    assert_eq!(backend.get_session("").await.unwrap().as_deref(), Some(b"".as_slice()));
    assert_eq!(backend.get_session("ключ\r\n{x}\0").await.unwrap().as_deref(), Some(b"\r\n".as_slice()));
}

/// The backend in memory takes the highest id that is left, and so may give a used one again.
#[tokio::test]
async fn the_highest_prekey_id_never_falls() {
    let store = owned().await.store();
    store.store_prekeys_batch(&[(8, Bytes::from_static(b"x")), (9, Bytes::from_static(b"x"))], true).await.unwrap();
    store.remove_prekey(9).await.unwrap();
    store.store_prekey(4, b"x", false).await.unwrap();
    assert_eq!(store.get_max_prekey_id().await.unwrap(), 9);
}

/// The backend in memory keeps no flag; here it is the second byte of the value.
#[tokio::test]
async fn the_uploaded_flag_is_kept() {
    let owned = owned().await;
    let store = owned.store();
    store.store_prekey(1, b"a", false).await.unwrap();
    store.store_prekey(2, b"b", false).await.unwrap();
    store.store_prekey(3, b"c", true).await.unwrap();
    store.mark_prekeys_uploaded(&[2]).await.unwrap();
    let key = owned.fence().keys().whatsapp("prekey");
    let rows: Vec<Vec<u8>> =
        redis::cmd("HMGET").arg(key).arg(&[1, 2, 3]).query_async(&mut owned.redis.shared()).await.unwrap();
    assert_eq!(rows, [b"\x01\x00a", b"\x01\x01b", b"\x01\x01c"]);
}

/// Silence would make the library build the session anew.
#[tokio::test]
async fn a_record_of_an_unknown_encoding_is_an_error() {
    let owned = owned().await;
    let key = owned.fence().keys().whatsapp("session");
    redis::cmd("HSET").arg(key).arg("a").arg(b"\x63x").exec_async(&mut owned.redis.shared()).await.unwrap();
    assert!(owned.store().get_session("a").await.is_err());
}

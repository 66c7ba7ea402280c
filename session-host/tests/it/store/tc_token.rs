//! Tokens of trusted contacts.

use std::sync::Arc;

use wacore::store::traits::{Backend, TcTokenEntry};

conformance! {
    tokens,
    touching_only_moves_forward_and_keeps_the_token,
    received_tokens_are_replaced_by_newer_ones,
    expired_tokens_go_when_both_sides_are_stale,
    concurrent_writers_converge,
}

async fn held(backend: &Arc<dyn Backend>, contact: &str) -> Option<(Vec<u8>, i64, Option<i64>)> {
    let entry = backend.get_tc_token(contact).await.unwrap();
    entry.map(|entry| (entry.token, entry.token_timestamp, entry.sender_timestamp))
}

fn entry(token: &[u8], token_timestamp: i64, sender_timestamp: Option<i64>) -> TcTokenEntry {
    TcTokenEntry { token: token.to_vec(), token_timestamp, sender_timestamp }
}

async fn tokens(backend: Arc<dyn Backend>) {
    assert_eq!(held(&backend, "1@lid").await, None);
    backend.put_tc_token("1@lid", &entry(b"\x00\xff", 10, Some(20))).await.unwrap();
    assert_eq!(held(&backend, "1@lid").await, Some((vec![0, 255], 10, Some(20))));
    backend.put_tc_token("1@lid", &entry(b"", 5, None)).await.unwrap();
    assert_eq!(held(&backend, "1@lid").await, Some((vec![], 5, None)), "put replaces the whole row");
    backend.put_tc_token("2@lid", &entry(b"x", 1, None)).await.unwrap();
    let mut contacts = backend.get_all_tc_token_jids().await.unwrap();
    contacts.sort_unstable();
    assert_eq!(contacts, ["1@lid", "2@lid"]);
    backend.delete_tc_token("1@lid").await.unwrap();
    backend.delete_tc_token("1@lid").await.unwrap();
    assert_eq!(held(&backend, "1@lid").await, None);
    assert_eq!(backend.get_all_tc_token_jids().await.unwrap(), ["2@lid"]);
}

async fn touching_only_moves_forward_and_keeps_the_token(backend: Arc<dyn Backend>) {
    backend.touch_tc_token_sender_timestamp("new", 30).await.unwrap();
    assert_eq!(held(&backend, "new").await, Some((vec![], 30, Some(30))));
    backend.touch_tc_token_sender_timestamp("new", 20).await.unwrap();
    assert_eq!(held(&backend, "new").await, Some((vec![], 30, Some(30))));
    backend.put_tc_token("old", &entry(b"token", 10, None)).await.unwrap();
    backend.touch_tc_token_sender_timestamp("old", 40).await.unwrap();
    backend.touch_tc_token_sender_timestamp("old", 9).await.unwrap();
    assert_eq!(held(&backend, "old").await, Some((b"token".to_vec(), 10, Some(40))));
    backend.touch_tc_token_sender_timestamp("old", 100).await.unwrap();
    assert_eq!(held(&backend, "old").await, Some((b"token".to_vec(), 10, Some(100))));
}

async fn received_tokens_are_replaced_by_newer_ones(backend: Arc<dyn Backend>) {
    backend.store_received_tc_token("new", b"a", 10).await.unwrap();
    assert_eq!(held(&backend, "new").await, Some((b"a".to_vec(), 10, None)));
    backend.store_received_tc_token("new", b"stale", 9).await.unwrap();
    assert_eq!(held(&backend, "new").await, Some((b"a".to_vec(), 10, None)));
    backend.store_received_tc_token("new", b"same time", 10).await.unwrap();
    assert_eq!(held(&backend, "new").await, Some((b"same time".to_vec(), 10, None)));
    backend.touch_tc_token_sender_timestamp("placeholder", 50).await.unwrap();
    backend.store_received_tc_token("placeholder", b"older but real", 20).await.unwrap();
    assert_eq!(held(&backend, "placeholder").await, Some((b"older but real".to_vec(), 20, Some(50))));
}

async fn expired_tokens_go_when_both_sides_are_stale(backend: Arc<dyn Backend>) {
    for (contact, row) in [
        ("live token", entry(b"x", 100, None)),
        ("live sender", entry(b"x", 99, Some(200))),
        ("both stale", entry(b"x", 99, Some(199))),
        ("stale and silent", entry(b"x", 99, None)),
        ("placeholder", entry(b"", 500, Some(199))),
        ("live placeholder", entry(b"", 1, Some(200))),
    ] {
        backend.put_tc_token(contact, &row).await.unwrap();
    }
    assert_eq!(backend.delete_expired_tc_tokens(100, 200).await.unwrap(), 3);
    assert_eq!(backend.delete_expired_tc_tokens(100, 200).await.unwrap(), 0);
    let mut left = backend.get_all_tc_token_jids().await.unwrap();
    left.sort_unstable();
    assert_eq!(left, ["live placeholder", "live sender", "live token"]);
}

async fn concurrent_writers_converge(backend: Arc<dyn Backend>) {
    let writers = (1..=20_i64).map(|time| {
        let backend = Arc::clone(&backend);
        tokio::spawn(async move {
            backend.store_received_tc_token("c", time.to_string().as_bytes(), time).await.unwrap();
            backend.touch_tc_token_sender_timestamp("c", time * 10).await.unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(held(&backend, "c").await, Some((b"20".to_vec(), 20, Some(200))));
}

//! Sent messages, messages that wait for their commit, base keys.

use std::sync::Arc;

use contract::keys::SessionKeys;
use wacore::store::traits::{Backend, PendingInboundKey, PendingInboundRow, ProtocolStore};

use crate::support::{Owned, owned};

conformance! {
    sent_messages,
    a_sent_message_is_taken_once,
    pending_messages,
    base_keys,
}

async fn sent_messages(backend: Arc<dyn Backend>) {
    assert_eq!(backend.take_sent_message("chat", "A").await.unwrap(), None);
    backend.store_sent_message("chat", "A", b"old").await.unwrap();
    backend.store_sent_message("chat", "A", b"payload\0").await.unwrap();
    backend.store_sent_message("other", "A", b"").await.unwrap();
    assert_eq!(backend.delete_expired_sent_messages(0).await.unwrap(), 0);
    assert_eq!(backend.take_sent_message("chat", "A").await.unwrap().as_deref(), Some(b"payload\0".as_slice()));
    assert_eq!(backend.take_sent_message("chat", "A").await.unwrap(), None);
    assert_eq!(backend.take_sent_message("other", "A").await.unwrap().as_deref(), Some(b"".as_slice()));
}

async fn a_sent_message_is_taken_once(backend: Arc<dyn Backend>) {
    backend.store_sent_message("chat", "A", b"payload").await.unwrap();
    let takers = (0..10).map(|_| {
        let backend = Arc::clone(&backend);
        tokio::spawn(async move { backend.take_sent_message("chat", "A").await.unwrap().is_some() })
    });
    let mut taken = 0;
    for taker in takers.collect::<Vec<_>>() {
        taken += u32::from(taker.await.unwrap());
    }
    assert_eq!(taken, 1);
}

async fn pending_messages(backend: Arc<dyn Backend>) {
    assert_eq!(backend.get_pending_inbound("c", "s", "1").await.unwrap(), None);
    backend.store_pending_inbound("c", "s", "1", b"one").await.unwrap();
    backend
        .store_pending_inbound_batch(&[
            PendingInboundRow { chat: "c", sender: "s", id: "2", message: b"two" },
            PendingInboundRow { chat: "c", sender: "other", id: "1", message: b"" },
        ])
        .await
        .unwrap();
    backend.store_pending_inbound_batch(&[]).await.unwrap();
    for _ in 0..2 {
        assert_eq!(backend.get_pending_inbound("c", "s", "1").await.unwrap().as_deref(), Some(b"one".as_slice()));
    }
    assert_eq!(backend.delete_expired_pending_inbound(0).await.unwrap(), 0);
    backend.delete_pending_inbound("c", "s", "1").await.unwrap();
    backend.delete_pending_inbound("c", "s", "1").await.unwrap();
    assert_eq!(backend.get_pending_inbound("c", "s", "1").await.unwrap(), None);
    assert_eq!(backend.get_pending_inbound("c", "other", "1").await.unwrap().as_deref(), Some(b"".as_slice()));
    backend
        .delete_pending_inbound_batch(&[
            PendingInboundKey { chat: "c", sender: "s", id: "2" },
            PendingInboundKey { chat: "c", sender: "other", id: "1" },
        ])
        .await
        .unwrap();
    backend.delete_pending_inbound_batch(&[]).await.unwrap();
    assert_eq!(backend.get_pending_inbound("c", "s", "2").await.unwrap(), None);
}

async fn base_keys(backend: Arc<dyn Backend>) {
    assert!(!backend.has_same_base_key("a", "1", b"key").await.unwrap());
    backend.save_base_key("a", "1", b"key").await.unwrap();
    assert!(backend.has_same_base_key("a", "1", b"key").await.unwrap());
    assert!(!backend.has_same_base_key("a", "1", b"other").await.unwrap());
    assert!(!backend.has_same_base_key("a", "2", b"key").await.unwrap());
    backend.save_base_key("a", "1", b"other").await.unwrap();
    assert!(backend.has_same_base_key("a", "1", b"other").await.unwrap());
    backend.delete_base_key("a", "1").await.unwrap();
    backend.delete_base_key("a", "1").await.unwrap();
    assert!(!backend.has_same_base_key("a", "1", b"other").await.unwrap());
}

/// The remaining life of the only key of a kind, in milliseconds.
async fn life(owned: &Owned, kind: &str) -> i64 {
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{}*", SessionKeys::new(&owned.session).whatsapp(kind)))
        .query_async(&mut owned.redis.shared())
        .await
        .unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    redis::cmd("PTTL").arg(&keys[0]).query_async(&mut owned.redis.shared()).await.unwrap()
}

/// The backend in memory removes them when it is asked to; Redis does so by itself, so the sweeps have nothing to do.
#[tokio::test]
async fn they_expire_by_themselves() {
    const HOUR: i64 = 3_600_000;
    let owned = owned().await;
    let store = owned.store();
    store.store_sent_message("c", "1", b"x").await.unwrap();
    store.store_pending_inbound("c", "s", "1", b"x").await.unwrap();
    store.save_base_key("a", "1", b"x").await.unwrap();
    for (kind, hours) in [("sent:", 2), ("pending:", 7 * 24), ("base-key:", 24)] {
        let life = life(&owned, kind).await;
        assert!(life > (hours - 1) * HOUR && life <= hours * HOUR, "{kind} {life}");
    }
    assert_eq!(store.delete_expired_sent_messages(i64::MAX).await.unwrap(), 0);
    assert_eq!(store.delete_expired_pending_inbound(i64::MAX).await.unwrap(), 0);
}

#[tokio::test]
async fn the_index_forgets_what_is_gone() {
    let owned = owned().await;
    let store = owned.store();
    let index = SessionKeys::new(&owned.session).whatsapp("volatile");
    let count = || async {
        let count: u32 = redis::cmd("ZCARD").arg(&index).query_async(&mut owned.redis.shared()).await.unwrap();
        count
    };
    redis::cmd("ZADD").arg(&index).arg(1).arg("expired long ago").exec_async(&mut owned.redis.shared()).await.unwrap();
    store.store_sent_message("c", "1", b"x").await.unwrap();
    store.store_pending_inbound("c", "s", "1", b"x").await.unwrap();
    assert_eq!(count().await, 2, "the expired one went");
    store.take_sent_message("c", "1").await.unwrap();
    store.delete_pending_inbound("c", "s", "1").await.unwrap();
    assert_eq!(count().await, 0);
}

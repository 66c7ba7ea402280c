//! Erasing leaves nothing of the library's state, and everything else.

use std::sync::Arc;

use contract::keys::SessionKeys;
use session_host::lease::Leases;
use session_host::store::erase;
use wacore::store::traits::{AppSyncStore, DeviceStore, ProtocolStore};

use super::writes::{puts, snapshot};
use crate::support::{LONG_LEASE, owned};

#[tokio::test]
async fn every_key_of_the_store_goes_and_no_other() {
    let owned = owned().await;
    let store = Arc::new(owned.store());
    for (method, write) in puts(&store, 1) {
        assert!(write.await.is_ok(), "{method}");
    }
    for n in 0..600 {
        store.store_sent_message("chat", &n.to_string(), b"x").await.unwrap();
        store.set_sender_key_status(&format!("g{n}"), &[("a", true)]).await.unwrap();
    }
    store.put_mutation_macs("critical", 1, &[]).await.unwrap();
    let keys = SessionKeys::new(&owned.session);
    redis::cmd("HSET").arg(keys.record()).arg("name").arg("x").exec_async(&mut owned.redis.shared()).await.unwrap();

    erase(&owned.fence()).await.unwrap();
    erase(&owned.fence()).await.unwrap();

    let left: Vec<String> = snapshot(&owned).await.into_keys().collect();
    assert_eq!(left, [keys.lids(), keys.record()]);
    assert!(!store.exists().await.unwrap());
}

#[tokio::test]
async fn a_fenced_out_host_erases_nothing() {
    let owned = owned().await;
    for (method, write) in puts(&Arc::new(owned.store()), 1) {
        assert!(write.await.is_ok(), "{method}");
    }
    let before = snapshot(&owned).await;
    let leases = Leases::new(owned.redis.clone(), "host-a");
    leases.acquire(&owned.session, LONG_LEASE).await.unwrap().unwrap();
    assert!(erase(&owned.fence()).await.is_err());
    assert!(snapshot(&owned).await == before);
}

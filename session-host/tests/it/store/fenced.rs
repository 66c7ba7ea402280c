//! A host that lost a session changes nothing of it, by no method.

use std::sync::Arc;

use session_host::lease::Leases;
use session_host::store::RedisStore;

use super::writes::{puts, removals, snapshot};
use crate::support::{LONG_LEASE, owned};

#[tokio::test]
async fn a_fenced_out_writer_changes_nothing() {
    let owned = owned().await;
    for (method, write) in puts(&Arc::new(owned.store()), 1) {
        assert!(write.await.is_ok(), "{method} of the owner");
    }
    let before = snapshot(&owned).await;
    assert!(before.len() > 20, "the owner has written: {}", before.len());

    let leases = Leases::new(owned.redis.clone(), "host-a");
    let next = leases.acquire(&owned.session, LONG_LEASE).await.unwrap().unwrap();

    // A fence remembers that it is lost; a new one for each write lets each ask Redis.
    let count = puts(&Arc::new(owned.store()), 2).len();
    for index in 0..count {
        let (method, write) = puts(&Arc::new(owned.store()), 2).swap_remove(index);
        assert!(write.await.is_err(), "{method} of a fenced-out writer");
        assert!(snapshot(&owned).await == before, "{method} of a fenced-out writer changed something");
    }
    let count = removals(&Arc::new(owned.store())).len();
    for index in 0..count {
        let (method, write) = removals(&Arc::new(owned.store())).swap_remove(index);
        assert!(write.await.is_err(), "{method} of a fenced-out writer");
        assert!(snapshot(&owned).await == before, "{method} of a fenced-out writer changed something");
    }

    // The same list under the current epoch does change things: it is no list of writes that do nothing.
    let heir = Arc::new(RedisStore::new(owned.fencing.fence(&owned.session, next.epoch)));
    for (method, write) in puts(&heir, 2) {
        let before = snapshot(&owned).await;
        assert!(write.await.is_ok(), "{method} of the new owner");
        assert!(snapshot(&owned).await != before, "{method} of the new owner");
    }
    for (method, write) in removals(&heir) {
        assert!(write.await.is_ok(), "{method} of the new owner");
    }
}

#[tokio::test]
async fn a_writer_without_any_lease_changes_nothing() {
    let owned = owned().await;
    let lease = owned.fence().keys().lease();
    redis::cmd("DEL").arg(lease).exec_async(&mut owned.redis.shared()).await.unwrap();
    for (method, write) in puts(&Arc::new(owned.store()), 1) {
        assert!(write.await.is_err(), "{method} without a lease");
    }
    assert!(snapshot(&owned).await.is_empty());
}

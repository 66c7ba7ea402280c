//! Leases by Redis time.

use std::time::Duration;

use contract::keys::SessionKeys;
use session_host::lease::Leases;
use tokio::time::Instant;

use crate::support::{DEADLINE, LONG_LEASE, redis, session};

/// Short, for tests that see a lease end.
const SHORT_LEASE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn one_host_owns_a_session() {
    let (redis, session) = (redis().await, session());
    let (a, b) = (Leases::new(redis.clone(), "host-a"), Leases::new(redis, "host-b"));
    assert_eq!(a.owner(&session).await.unwrap(), None);
    let lease = a.acquire(&session, LONG_LEASE).await.unwrap().unwrap();
    assert_eq!(b.acquire(&session, LONG_LEASE).await.unwrap(), None);
    assert_eq!(b.owner(&session).await.unwrap().as_deref(), Some("host-a"));

    assert!(!b.release(&session, lease.epoch).await.unwrap(), "only the owner releases");
    assert!(a.release(&session, lease.epoch).await.unwrap());
    assert!(!a.release(&session, lease.epoch).await.unwrap(), "only once");
    assert_eq!(a.owner(&session).await.unwrap(), None);
    let next = b.acquire(&session, LONG_LEASE).await.unwrap().unwrap();
    assert!(next.epoch > lease.epoch, "the epoch survives the release");
}

#[tokio::test]
async fn of_many_contenders_one_wins() {
    let (redis, session) = (redis().await, session());
    let contenders = (0..16).map(|n| {
        let (leases, session) = (Leases::new(redis.clone(), &format!("host-{n}")), session.clone());
        tokio::spawn(async move { leases.acquire(&session, LONG_LEASE).await.unwrap() })
    });
    let mut winners = 0;
    for contender in contenders.collect::<Vec<_>>() {
        winners += usize::from(contender.await.unwrap().is_some());
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn a_restarted_host_takes_its_own_lease_with_a_new_epoch() {
    let (redis, session) = (redis().await, session());
    let leases = Leases::new(redis, "host-a");
    let first = leases.acquire(&session, LONG_LEASE).await.unwrap().unwrap();
    let second = leases.acquire(&session, LONG_LEASE).await.unwrap().unwrap();
    assert!(second.epoch > first.epoch);
    let renewed = leases.renew(&[(session.clone(), first.epoch), (session, second.epoch)], LONG_LEASE).await.unwrap();
    assert_eq!(renewed, [false, true]);
}

#[tokio::test]
async fn a_lease_ends_by_redis_time_and_renewing_prevents_it() {
    let (redis, kept, left) = (redis().await, session(), session());
    let (a, b) = (Leases::new(redis.clone(), "host-a"), Leases::new(redis, "host-b"));
    let keep = a.acquire(&kept, SHORT_LEASE).await.unwrap().unwrap();
    let leave = a.acquire(&left, SHORT_LEASE).await.unwrap().unwrap();
    assert_eq!(a.renew(&[(kept.clone(), keep.epoch)], LONG_LEASE).await.unwrap(), [true]);

    let deadline = Instant::now() + DEADLINE;
    let taken = loop {
        if let Some(lease) = b.acquire(&left, LONG_LEASE).await.unwrap() {
            break lease;
        }
        assert!(Instant::now() < deadline, "the lease ends");
    };
    assert!(taken.epoch > leave.epoch);
    assert_eq!(b.acquire(&kept, LONG_LEASE).await.unwrap(), None);
    assert_eq!(a.renew(&[(left, leave.epoch), (kept, keep.epoch)], LONG_LEASE).await.unwrap(), [false, true]);
}

#[tokio::test]
async fn a_lease_that_ran_out_but_was_not_taken_is_renewed() {
    let (redis, session) = (redis().await, session());
    let leases = Leases::new(redis, "host-a");
    let lease = leases.acquire(&session, SHORT_LEASE).await.unwrap().unwrap();
    let deadline = Instant::now() + DEADLINE;
    while leases.owner(&session).await.unwrap().is_some() {
        assert!(Instant::now() < deadline, "the lease ends");
    }
    assert_eq!(leases.renew(&[(session.clone(), lease.epoch)], LONG_LEASE).await.unwrap(), [true]);
    assert_eq!(leases.owner(&session).await.unwrap().as_deref(), Some("host-a"));
}

#[tokio::test]
async fn a_session_of_a_deleted_name_starts_above_the_old_epoch() {
    let (redis, session) = (redis().await, session());
    let leases = Leases::new(redis.clone(), "host-a");
    let mut epoch = 0;
    for _ in 0..5 {
        epoch = leases.acquire(&session, LONG_LEASE).await.unwrap().unwrap().epoch;
    }
    let key = SessionKeys::new(&session).lease();
    redis::cmd("DEL").arg(key).exec_async(&mut redis.shared()).await.unwrap();
    // Epochs grow with the milliseconds of Redis, so five within one leave the sixth behind by as many.
    let deadline = Instant::now() + DEADLINE;
    while redis.now_ms().await.unwrap() <= epoch {
        assert!(Instant::now() < deadline, "time passes");
    }
    assert!(leases.acquire(&session, LONG_LEASE).await.unwrap().unwrap().epoch > epoch);
}

#[tokio::test]
async fn no_leases_are_renewed_without_asking() {
    let leases = Leases::new(redis().await, "host-a");
    assert!(leases.renew(&[], LONG_LEASE).await.unwrap().is_empty());
}

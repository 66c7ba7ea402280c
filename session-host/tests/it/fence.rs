//! The fence: what passes, what does not, and writes that are confirmed to be on disk.

use redis::{InfoDict, Value};
use session_host::fence::{Batch, Durability, DurabilityUnavailable, Fence, FenceError, Fencing};
use session_host::lease::Leases;
use session_host::redis::Redis;
use tokio::time::timeout;

use crate::support::{AppendOnly, DEADLINE, LONG_LEASE, Owned, aof_redis_url, owned, redis, session, start};

#[tokio::test]
async fn replies_of_a_batch_come_as_redis_gives_them() {
    let owned = owned().await;
    let fence = owned.fence();
    let (hash, zset) = (fence.keys().whatsapp("h"), fence.keys().whatsapp("z"));
    let binary: Vec<u8> = (0..=255).collect();
    let mut batch = Batch::new();
    batch
        .push("HSET", (&hash, "field", &binary))
        .push("HGET", (&hash, "none"))
        .push("HMGET", (&hash, "none", "field", "none"))
        .push("ZADD", (&zset, 1.5, "member"))
        .push("ZSCORE", (&zset, "member"))
        .push("SET", (fence.keys().whatsapp("s"), "x"))
        .push("HDEL", (&hash, "none"));
    assert_eq!(
        fence.run(batch).await.unwrap(),
        [
            Value::Int(1),
            Value::Nil,
            Value::Array(vec![Value::Nil, Value::BulkString(binary), Value::Nil]),
            Value::Int(1),
            Value::BulkString(b"1.5".to_vec()),
            Value::Okay,
            Value::Int(0),
        ]
    );
}

#[tokio::test]
async fn a_batch_may_be_large_and_is_one_write() {
    let owned = owned().await;
    let fence = owned.fence();
    let hash = fence.keys().whatsapp("h");
    let mut batch = Batch::new();
    batch.push_many("HSET", &hash, (0..20_000_u32).map(|n| (n, [0_u8; 64].as_slice().to_vec())));
    batch.push("HLEN", &hash);
    let replies = fence.run(batch).await.unwrap();
    assert_eq!(replies.last(), Some(&Value::Int(20_000)));
    assert!(fence.run(Batch::new()).await.unwrap().is_empty());
    let mut too_long = Batch::new();
    too_long.push("DEL", vec![&hash; 5000]);
    assert!(matches!(fence.run(too_long).await, Err(FenceError::TooLong)));
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_gets_them_again() {
    let server = start(AppendOnly::No);
    let owned = Owned::take(Redis::connect(&server.url()).await.unwrap()).await;
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut owned.redis.shared()).await.unwrap();
    let mut batch = Batch::new();
    batch.push("PING", "answer");
    assert_eq!(owned.fence().run(batch).await.unwrap().len(), 1);
    let leases = Leases::new(owned.redis.clone(), "host-a");
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut owned.redis.shared()).await.unwrap();
    assert_eq!(leases.renew(&[(owned.session, owned.epoch)], LONG_LEASE).await.unwrap(), [true]);
}

#[tokio::test]
async fn a_lost_lease_closes_the_fence_and_tells_its_owner() {
    let owned = owned().await;
    let (fence, idle) = (owned.fence(), owned.fence());
    let mut signal = fence.lost_signal();
    assert!(fence.is_current().await.unwrap() && !fence.lost());

    let leases = Leases::new(owned.redis.clone(), "host-a");
    assert!(leases.release(&owned.session, owned.epoch).await.unwrap());
    Leases::new(owned.redis.clone(), "host-b").acquire(&owned.session, LONG_LEASE).await.unwrap().unwrap();

    let key = fence.keys().whatsapp("s");
    let mut batch = Batch::new();
    batch.push("SET", (&key, "late"));
    assert!(matches!(fence.run(batch.clone()).await, Err(FenceError::Lost)));
    timeout(DEADLINE, signal.wait_for(|lost| *lost)).await.unwrap().unwrap();
    assert!(fence.lost() && fence.clone().lost());
    let held: Option<String> = redis::cmd("GET").arg(&key).query_async(&mut owned.redis.shared()).await.unwrap();
    assert_eq!(held, None);

    assert!(!idle.lost(), "another fence learns it by itself");
    assert!(!idle.is_current().await.unwrap() && idle.lost());
}

#[tokio::test]
async fn a_fence_that_was_given_up_writes_nothing_though_its_epoch_is_current() {
    let owned = owned().await;
    let fence = owned.fence();
    fence.give_up();
    let mut batch = Batch::new();
    batch.push("SET", (fence.keys().whatsapp("s"), "late"));
    assert!(matches!(fence.run(batch).await, Err(FenceError::Lost)));
    assert!(matches!(fence.run(Batch::new()).await, Err(FenceError::Lost)));
    assert!(!fence.is_current().await.unwrap());
}

#[tokio::test]
async fn a_server_that_cannot_confirm_durable_writes_is_refused() {
    // The test server keeps no append-only file: a new one refuses, an old one does not know the command.
    let durability = Durability::Aof { replicas: 0, timeout: DEADLINE };
    let error = Fencing::new(redis().await, durability).await.err().unwrap();
    assert!(matches!(error, DurabilityUnavailable::TooOld | DurabilityUnavailable::Refused(_)), "{error}");
}

fn one_write(fence: &Fence) -> Batch {
    let mut batch = Batch::new();
    batch.push("SET", (fence.keys().whatsapp("s"), "x"));
    batch
}

async fn lease(redis: &Redis, fencing: &Fencing) -> Fence {
    let session = session();
    let lease = Leases::new(redis.clone(), "host-a").acquire(&session, LONG_LEASE).await.unwrap().unwrap();
    fencing.fence(&session, lease.epoch)
}

/// A server that keeps an append-only file, unless it is too old for `WAITAOF`.
async fn durable(url: &str, replicas: u32) -> Option<(Redis, Fencing)> {
    let redis = Redis::connect(url).await.unwrap();
    // Long enough for a disk, short enough to wait for a replica that is not there.
    let wait = if replicas == 0 { DEADLINE } else { std::time::Duration::from_millis(20) };
    match Fencing::new(redis.clone(), Durability::Aof { replicas, timeout: wait }).await {
        Ok(fencing) => Some((redis, fencing)),
        Err(error) => {
            let info: InfoDict = redis::cmd("INFO").arg("server").query_async(&mut redis.shared()).await.unwrap();
            let version: String = info.get("redis_version").unwrap();
            let version: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
            assert!(version < vec![7, 2], "{version:?}: {error}");
            assert!(matches!(error, DurabilityUnavailable::TooOld), "{error}");
            None
        }
    }
}

#[tokio::test]
async fn durable_writes_of_many_sessions_are_confirmed() {
    let Some((redis, fencing)) = durable(&aof_redis_url(), 0).await else {
        return;
    };
    let mut writers = Vec::new();
    for _ in 0..300 {
        let fence = lease(&redis, &fencing).await;
        writers.push(tokio::spawn(async move { (fence.run_durably(one_write(&fence)).await, fence) }));
    }
    for writer in writers {
        let (result, fence) = writer.await.unwrap();
        assert_eq!(result.unwrap(), [Value::Okay]);
        let held: String =
            redis::cmd("GET").arg(fence.keys().whatsapp("s")).query_async(&mut redis.shared()).await.unwrap();
        assert_eq!(held, "x");
    }
}

#[tokio::test]
async fn a_durable_write_is_fenced_and_does_not_fail_its_neighbours() {
    let Some((redis, fencing)) = durable(&aof_redis_url(), 0).await else {
        return;
    };
    let (lost, kept) = (lease(&redis, &fencing).await, lease(&redis, &fencing).await);
    redis::cmd("DEL").arg(lost.keys().lease()).exec_async(&mut redis.shared()).await.unwrap();
    let (refused, written) = tokio::join!(lost.run_durably(one_write(&lost)), kept.run_durably(one_write(&kept)));
    assert!(matches!(refused, Err(FenceError::Lost)) && lost.lost());
    assert_eq!(written.unwrap(), [Value::Okay]);
}

#[tokio::test]
async fn a_write_without_its_replicas_is_not_durable() {
    let Some((redis, fencing)) = durable(&aof_redis_url(), 1).await else {
        return;
    };
    let fence = lease(&redis, &fencing).await;
    assert!(matches!(fence.run_durably(one_write(&fence)).await, Err(FenceError::NotDurable)));
    assert!(!fence.lost());
    assert_eq!(fence.run(one_write(&fence)).await.unwrap(), [Value::Okay], "ordinary writes ask for nothing");
}

#[tokio::test]
async fn durable_writes_go_on_after_a_broken_connection() {
    let server = start(AppendOnly::Yes);
    let Some((redis, fencing)) = durable(&server.url(), 0).await else {
        return;
    };
    let fence = lease(&redis, &fencing).await;
    fence.run_durably(one_write(&fence)).await.unwrap();
    redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").exec_async(&mut redis.shared()).await.unwrap();
    timeout(DEADLINE, async { while fence.run_durably(one_write(&fence)).await.is_err() {} }).await.unwrap();
}

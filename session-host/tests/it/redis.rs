//! The way to Redis.

use std::time::Duration;

use futures::StreamExt;
use session_host::redis::{Redis, RedisUnavailable};
use tokio::time::timeout;

use crate::support::{DEADLINE, aof_redis_url, redis, session};

#[tokio::test]
async fn settings_that_lose_data_are_warned_of() {
    let warnings = redis().await.durability_warnings().await;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("appendonly"));
}

#[tokio::test]
async fn settings_that_keep_data_are_not_warned_of() {
    let warnings = Redis::connect(&aof_redis_url()).await.unwrap().durability_warnings().await;
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[tokio::test]
async fn an_address_that_is_none_is_told_from_a_server_that_is_not_there() {
    assert!(matches!(Redis::connect("http://x").await, Err(RedisUnavailable::Url(_))));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(matches!(Redis::connect(&format!("redis://{address}")).await, Err(RedisUnavailable::Connect(_))));
}

#[tokio::test]
async fn a_blocked_reader_does_not_hold_up_others() {
    let redis = redis().await;
    let list = format!("list-{}", session());
    let mut blocking = redis.blocking().await.unwrap();
    let popped = tokio::spawn({
        let list = list.clone();
        async move {
            let answer: (String, String) =
                redis::cmd("BLPOP").arg(list).arg(0).query_async(&mut blocking).await.unwrap();
            answer.1
        }
    });
    assert!(redis.now_ms().await.unwrap() > 0);
    redis::cmd("RPUSH").arg(&list).arg("x").exec_async(&mut redis.shared()).await.unwrap();
    assert_eq!(timeout(DEADLINE, popped).await.unwrap().unwrap(), "x");
}

#[tokio::test]
async fn subscribers_hear() {
    let redis = redis().await;
    let channel = format!("channel-{}", session());
    let mut subscriber = redis.pubsub().await.unwrap();
    subscriber.subscribe(&channel).await.unwrap();
    redis::cmd("PUBLISH").arg(&channel).arg("x").exec_async(&mut redis.shared()).await.unwrap();
    let message = timeout(DEADLINE, subscriber.on_message().next()).await.unwrap().unwrap();
    assert_eq!(message.get_payload::<String>().unwrap(), "x");
}

#[tokio::test]
async fn the_shared_connection_comes_back() {
    // On the other server, where nothing else waits for an answer over a shared connection that breaks.
    let redis = Redis::connect(&aof_redis_url()).await.unwrap();
    let id: u64 = redis::cmd("CLIENT").arg("ID").query_async(&mut redis.shared()).await.unwrap();
    let other = Redis::connect(&aof_redis_url()).await.unwrap();
    let killed: u32 =
        redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async(&mut other.shared()).await.unwrap();
    assert_eq!(killed, 1);
    timeout(DEADLINE, async {
        while redis.now_ms().await.is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .unwrap();
}

//! Reuse, concurrency, and guests that misbehave.

use std::pin::pin;
use std::time::{Duration, Instant};

use edge_runtime::{EdgeRuntime, Limits, Options};
use futures::future::join_all;
use http::StatusCode;

use crate::app::{App, DEADLINE, get, plain, request, send, status, text};

fn limited(change: impl FnOnce(&mut Limits)) -> EdgeRuntime {
    let mut limits = Limits { instance_idle: Duration::from_mins(1), ..Limits::default() };
    change(&mut limits);
    App::new("").load_with(&[("token", "t")], &Options { limits, ..Options::default() }).unwrap()
}

/// A place is free again a moment after the answer that held it is there.
async fn answers_soon(runtime: &EdgeRuntime) {
    let deadline = Instant::now() + DEADLINE;
    while status(runtime, "/hello").await != StatusCode::OK {
        assert!(Instant::now() < deadline, "nothing became free");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_answers_many_requests_and_is_then_replaced() {
    let runtime = limited(|limits| limits.instance_reuse = 3);
    let mut counts = Vec::new();
    for _ in 0..7 {
        counts.push(get(&runtime, "/count").await);
    }
    assert_eq!(counts, ["1", "2", "3", "1", "2", "3", "1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_requests_share_an_instance_up_to_its_limit() {
    let runtime = limited(|limits| limits.instance_concurrency = 4);
    assert_eq!(get(&runtime, "/count").await, "1");
    let started = Instant::now();
    let counts = join_all((0..8).map(|_| get(&runtime, "/sleep?ms=1000"))).await;
    assert!(started.elapsed() < Duration::from_secs(6), "one after the other they would take eight seconds");
    let highest = counts.iter().map(|count| count.parse::<u32>().unwrap()).max().unwrap();
    assert!(highest <= 5, "an instance had more than four beside its first: {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_takes_no_place_before_its_body_is_there() {
    let runtime = limited(|limits| {
        // One more than is needed: a place is free again only a moment after its answer.
        limits.in_flight = 2;
        limits.request_buffer = 1000;
    });
    let mut slow = Vec::new();
    for _ in 0..3 {
        let (sender, body) = futures::channel::mpsc::channel::<Result<bytes::Bytes, std::io::Error>>(1);
        let request = request("/echo").map(|_| axum::body::Body::from_stream(body));
        let runtime = runtime.clone();
        slow.push((sender, tokio::spawn(async move { send(&runtime, request).await })));
    }
    answers_soon(&runtime).await;
    let (mut sender, answer) = slow.pop().unwrap();
    sender.try_send(Err(std::io::Error::other("gone"))).unwrap();
    assert_eq!(answer.await.unwrap().status(), StatusCode::REQUEST_TIMEOUT);
    let (mut sender, answer) = slow.pop().unwrap();
    sender.try_send(Ok("late".into())).unwrap();
    drop(sender);
    assert_eq!(text(answer.await.unwrap()).await, "late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stalls_is_not_waited_for_for_ever() {
    let runtime = limited(|limits| {
        limits.request_buffer = 1000;
        limits.request_patience = Duration::from_millis(100);
    });
    let (mut sender, body) = futures::channel::mpsc::channel::<Result<bytes::Bytes, std::io::Error>>(1);
    sender.try_send(Ok("{".into())).unwrap();
    let stalled = send(&runtime, request("/hello").map(|_| axum::body::Body::from_stream(body))).await;
    assert_eq!(stalled.status(), StatusCode::REQUEST_TIMEOUT);

    // One that is announced as longer than what is waited for goes to the guest at once, which may refuse it by its length.
    let (_sender, body) = futures::channel::mpsc::channel::<Result<bytes::Bytes, std::io::Error>>(1);
    let mut announced = request("/hello").map(|_| axum::body::Body::from_stream(body));
    announced.headers_mut().insert("content-length", "1001".parse().unwrap());
    assert_eq!(text(send(&runtime, announced).await).await, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_instance_goes_away() {
    let runtime = limited(|limits| limits.instance_idle = Duration::from_millis(50));
    let deadline = Instant::now() + DEADLINE;
    loop {
        assert_eq!(get(&runtime, "/hello").await, "hello");
        tokio::time::sleep(Duration::from_millis(100)).await;
        if get(&runtime, "/count").await == "1" {
            break;
        }
        assert!(Instant::now() < deadline, "the instance was kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_its_instance_only() {
    let runtime = limited(|_| ());
    assert_eq!(get(&runtime, "/count").await, "1");
    let response = send(&runtime, request("/panic")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(response).await, "");
    assert_eq!(get(&runtime, "/count").await, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_loop_is_ended_and_blocks_nobody() {
    let runtime = limited(|limits| limits.guest_cpu = Duration::from_secs(2));
    // More loops than the runtime has threads.
    let loops: Vec<_> = (0..4)
        .map(|_| {
            let runtime = runtime.clone();
            tokio::spawn(async move { status(&runtime, "/loop").await })
        })
        .collect();
    assert_eq!(get(&runtime, "/hello").await, "hello");
    for ended in loops {
        assert_eq!(ended.await.unwrap(), StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(get(&runtime, "/hello").await, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_is_not_computing() {
    let runtime = limited(|limits| limits.guest_cpu = Duration::from_millis(200));
    assert_eq!(get(&runtime, "/sleep?ms=1000").await, "1");
    assert_eq!(get(&runtime, "/stream?n=20&ms=50").await.lines().count(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_limited() {
    let runtime = limited(|limits| limits.instance_memory = 64 << 20);
    assert_eq!(get(&runtime, "/memory?mib=30").await, "30");
    assert_eq!(status(&runtime, "/memory?mib=100").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(get(&runtime, "/memory?mib=30").await, "30");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_refused() {
    let runtime = limited(|limits| limits.in_flight = 2);
    // A request counts until its response is read or dropped.
    let first = send(&runtime, request("/hello")).await;
    let second = send(&runtime, request("/stream?n=1000&ms=50")).await;
    assert_eq!(status(&runtime, "/hello").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text(first).await, "hello");
    answers_soon(&runtime).await;
    drop(second);
    answers_soon(&runtime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_its_client_counts_until_the_guest_is_done() {
    let runtime = limited(|limits| limits.in_flight = 1);
    let abandoned = runtime.handle(request("/sleep?ms=1000"), crate::app::PEER);
    assert!(tokio::time::timeout(Duration::from_millis(200), abandoned).await.is_err());
    assert_eq!(status(&runtime, "/hello").await, StatusCode::SERVICE_UNAVAILABLE);
    answers_soon(&runtime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_are_limited() {
    let runtime = limited(|limits| {
        limits.instances = 2;
        limits.instance_concurrency = 1;
    });
    let answers = join_all((0..4).map(|_| status(&runtime, "/sleep?ms=500"))).await;
    let refused = answers.iter().filter(|status| **status == StatusCode::SERVICE_UNAVAILABLE).count();
    let answered = answers.iter().filter(|status| **status == StatusCode::OK).count();
    assert_eq!((answered, refused), (2, 2), "{answers:?}");
    answers_soon(&runtime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_lets_requests_end_and_refuses_new_ones() {
    let runtime = plain();
    let response = send(&runtime, request("/stream?n=5&ms=100")).await;
    let stopping = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.shutdown(DEADLINE).await }
    });
    let deadline = Instant::now() + DEADLINE;
    while status(&runtime, "/hello").await != StatusCode::SERVICE_UNAVAILABLE {
        assert!(Instant::now() < deadline, "requests are still answered");
        tokio::task::yield_now().await;
    }
    assert_eq!(text(response).await, "0\n1\n2\n3\n4\n");
    assert!(stopping.await.unwrap(), "everything ended by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_ever() {
    let runtime = plain();
    let mut waiting = pin!(status(&runtime, "/sleep?ms=600000"));
    let mut looping = pin!(status(&runtime, "/loop"));
    assert!(futures::poll!(&mut waiting).is_pending(), "let in");
    assert!(futures::poll!(&mut looping).is_pending(), "let in");
    assert!(!runtime.shutdown(Duration::from_millis(100)).await, "something had to be dropped");
    assert_eq!(waiting.await, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(looping.await, StatusCode::GATEWAY_TIMEOUT);
}

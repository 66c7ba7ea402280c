//! `spin:redis` against a real server.

use std::time::{Duration, Instant};

use axum::body::Body;
use edge_runtime::{EdgeRuntime, Limits, Options};
use http::Request;
use redis::AsyncCommands;

use crate::app::{App, DEADLINE, get, send, text};
use crate::redis_server::RedisServer;

fn load(server: &RedisServer, limits: Limits) -> EdgeRuntime {
    let app = App::new(r#"allowed_outbound_hosts = ["{{ redis_url }}"]"#);
    let variables = [("token", "t"), ("redis_url", &server.url())];
    app.load_with(&variables, &Options { limits, ..Options::default() }).unwrap()
}

async fn commands(runtime: &EdgeRuntime, server: &RedisServer, commands: &[&str]) -> Vec<String> {
    let request = Request::post(format!("/redis?url={}", server.url()))
        .header("host", "test.example")
        .body(Body::from(commands.join("\n")))
        .unwrap();
    text(send(runtime, request).await).await.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_do_what_they_say() {
    let server = RedisServer::start().await;
    let runtime = load(&server, Limits::default());
    let answer = get(&runtime, &format!("/redis-functions?url={}", server.url())).await;
    let wrong = r#"Err(Error::Other("An error was signalled by the server - ResponseError: value is not an integer or out of range"))"#;
    assert_eq!(answer, format!("true None (1, 2) 2 [\"a\", \"b\"] 1 3 {wrong}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_flat_and_errors_have_spins_text() {
    let server = RedisServer::start().await;
    let runtime = load(&server, Limits::default());
    let cases = [
        ("SET s x", "+OK"),
        ("SET s y NX", "nil"),
        ("GET s", "x"),
        ("INCRBY n :41", ":41"),
        ("XADD stream 1-0 f v", "1-0"),
        ("XADD stream 2-0 g w", "2-0"),
        ("XRANGE stream - +", "1-0 f v 2-0 g w"),
        ("XGROUP CREATE stream group 0", "+OK"),
        ("XGROUP CREATE stream group 0", r#"Error::Other("BUSYGROUP: Consumer Group name already exists")"#),
        ("XREADGROUP GROUP group me COUNT :1 STREAMS stream >", "stream 1-0 f v"),
        ("LRANGE none :0 :-1", ""),
        ("MGET s none", "x nil"),
        ("ZADD z :1 m", ":1"),
        ("ZSCORE z m", "1"),
        ("LPUSH s x", r#"Error::Other("WRONGTYPE: Operation against a key holding the wrong kind of value")"#),
        (
            "EVALSHA 0000000000000000000000000000000000000000 :0",
            r#"Error::Other("An error was signalled by the server - NoScriptError: No matching script. Please use EVAL.")"#,
        ),
        ("EVAL return~redis.error_reply('MYERR~custom~text') :0", r#"Error::Other("MYERR: custom text")"#),
        ("EVAL return~{1,{2,{3}}} :0", ":1 :2 :3"),
        ("BLPOP none :1", "nil"),
    ];
    let lines: Vec<&str> = cases.iter().map(|(command, _)| *command).collect();
    let answers = commands(&runtime, &server, &lines).await;
    for ((command, expected), answer) in cases.iter().zip(&answers) {
        assert_eq!(answer, expected, "{command}");
    }
    assert_eq!(answers.len(), cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_in_order_and_another_does_not_wait() {
    let server = RedisServer::start().await;
    let runtime = load(&server, Limits::default());
    let answer = get(&runtime, &format!("/redis-order?url={}", server.url())).await;
    assert_eq!(answer, "beside blocking behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_outside_the_list_are_refused() {
    let server = RedisServer::start().await;
    let other = RedisServer::start().await;
    let runtime = load(&server, Limits::default());
    for url in
        [&other.url(), "nonsense", "redis://", "unix:///run/redis.sock", &server.url().replace("redis", "rediss")]
    {
        let answer = get(&runtime, &format!("/redis-functions?url={url}")).await;
        assert_eq!(answer, "Error::InvalidAddress", "{url}");
    }
    let with_password = server.url().replace("redis://", "redis://:wrong@");
    let answer = get(&runtime, &format!("/redis-functions?url={with_password}")).await;
    assert_eq!(answer, r#"Error::Other("Password authentication failed- AuthenticationFailed")"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_limited_and_closed_when_dropped() {
    let server = RedisServer::start().await;
    let runtime = load(&server, Limits { redis_connections: 5, ..Limits::default() });
    let answer = get(&runtime, &format!("/redis-many?url={}&n=8", server.url())).await;
    assert_eq!(answer, r#"5 Some("Error::TooManyConnections") true"#);
    let mut own = server.connection().await;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut own).await.unwrap();
        if clients.lines().count() == 1 {
            break;
        }
        assert!(Instant::now() < deadline, "connections stayed open: {clients}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_is_a_broken_pipe() {
    let mut server = RedisServer::start().await;
    let runtime = load(&server, Limits::default());
    let url = server.url();
    let waiting = tokio::spawn({
        let runtime = runtime.clone();
        let request = Request::post(format!("/redis?url={url}")).header("host", "h").body(Body::from("BLPOP none :0"));
        async move { text(send(&runtime, request.unwrap()).await).await }
    });
    let mut own = server.connection().await;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut own).await.unwrap();
        if clients.contains("cmd=blpop") {
            break;
        }
        assert!(Instant::now() < deadline, "the guest does not wait: {clients}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.stop();
    assert_eq!(waiting.await.unwrap(), "Error::Other(\"broken pipe\")\n");
    let answer = get(&runtime, &format!("/redis-functions?url={url}")).await;
    assert!(answer.contains("Connection refused"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn background_work_ends_before_a_shutdown_does() {
    let server = RedisServer::start().await;
    let runtime = load(&server, Limits::default());
    assert_eq!(get(&runtime, &format!("/background?url={}&key=b", server.url())).await, "later");
    assert!(runtime.shutdown(DEADLINE).await);
    let written: Option<String> = server.connection().await.get("b").await.unwrap();
    assert_eq!(written.as_deref(), Some("done"));
}

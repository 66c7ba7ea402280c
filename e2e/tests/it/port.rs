//! The port of the program itself: what clients of any kind may do to it, and what the others notice.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use contract::id::SessionId;
use contract::keys::{HOSTS, SessionKeys};
use contract::routes::{CHECK_NUMBER, READY, SEND_TEXT};
use e2e::stack::{Plan, Stack};
use e2e::wait::{SOON, Seen, wait_for};
use futures::future::try_join_all;
use redis::AsyncCommands as _;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an ordinary answer may take beside many stuck ones.
const AT_ONCE: Duration = Duration::from_secs(10);

/// How long the server may take to give a client up: ten seconds for a body that stalls, and some.
const GIVEN_UP: Duration = Duration::from_secs(20);

/// More clients than the edge works on at once.
const STUCK: usize = 1_200;

fn address(stack: &Stack) -> anyhow::Result<SocketAddr> {
    let base = stack.api.base().strip_prefix("http://").context("an address")?;
    Ok(base.parse()?)
}

/// Sends these bytes, and reads what comes back until the server closes.
async fn said(stack: &Stack, bytes: &[u8]) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address(stack)?).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    timeout(GIVEN_UP, stream.read_to_end(&mut answer)).await.context("it does not close")??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn stuck_clients_cost_nobody_else() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let mut stuck_clients = Vec::new();
    for number in 0..STUCK {
        let mut stream = TcpStream::connect(address(&stack)?).await?;
        let head = if number % 2 == 0 {
            "POST /api/whatsapp/chats/send-text HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\ncontent-length: 5000\r\n\r\n{"
        } else {
            "GET /api/health HTTP/1.1\r\nhost: loc"
        };
        stream.write_all(head.as_bytes()).await?;
        stuck_clients.push(stream);
    }
    let answer = timeout(AT_ONCE, stack.api.get("/api/health")).await.context("no answer beside stuck clients")??;
    assert_eq!(answer.status, 200, "{answer:?}");
    stack.terminate().await?;
    let output = stack.output()?;
    assert!(!output.contains("trapped"), "{output}");
    drop(stuck_clients);
    Ok(())
}

/// Who does not send what was announced is told so, whatever the route and the key.
#[tokio::test]
async fn a_body_that_stalls_is_given_up() -> anyhow::Result<()> {
    let stack = Plan::default().api_key("a-key-for-tests").start().await?;
    let head = |path: &str, key: &str, length: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{{"
        )
    };
    let send = "/api/whatsapp/chats/send-text";
    for (path, key, status, code) in [
        (send, "a-key-for-tests", 413, "body_too_large"),
        (send, "a guess", 403, "invalid_api_key"),
        ("/api/dashboard/login", "", 413, "body_too_large"),
    ] {
        let answer = said(&stack, head(path, key, "99999999999").as_bytes()).await?;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(code), "{path} {key}: {answer}");
    }
    let stalled = [(send, "a-key-for-tests"), (send, "a guess"), ("/api/whatsapp/sessions/shop/connect", "a guess")];
    let stalled = stalled.map(|(path, key)| head(path, key, "5000"));
    for answer in try_join_all(stalled.iter().map(|head| said(&stack, head.as_bytes()))).await? {
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":\"request_timeout\""), "{answer}");
    }
    stack.stop().await
}

#[tokio::test]
async fn what_is_no_request_is_not_served() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let preface = said(&stack, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    assert!(preface.is_empty() || preface.starts_with("HTTP/1.1 400"), "{preface:?}");
    let latin = b"GET /api/health HTTP/1.1\r\nhost: localhost\r\nx-name: M\xfcller\r\nconnection: close\r\n\r\n";
    let latin = said(&stack, latin).await?;
    assert!(latin.starts_with("HTTP/1.1 400") && latin.contains("\"code\":\"malformed_body\""), "{latin}");
    stack.stop().await
}

#[tokio::test]
async fn statistics_have_the_same_door_as_the_api() -> anyhow::Result<()> {
    let stack = Plan::default().api_key("a-key-for-tests").start().await?;
    let (stats, health) = ("/api/websocket/stats", "/api/whatsapp/sessions");
    for path in [stats, "/API/WebSocket/Stats/", "/api/websocket/stats/?a=b"] {
        let answer = stack.api.get(path).await?;
        assert_eq!((answer.status, &answer.body["success"]), (200, &true.into()), "{path}: {answer:?}");
    }
    let headers = async |method: Method, path: &str| {
        let request = stack.api.request(method, path).header("origin", "https://a.example");
        let request = request.header("x-request-id", "mine").header("access-control-request-headers", "x-api-key");
        let answer = request.send().await?;
        let mut seen: Vec<_> = answer.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        seen.retain(|(name, _)| name.as_str().starts_with("access-control") || name == "x-request-id");
        seen.sort_by_key(|(name, _)| name.to_string());
        anyhow::Ok((answer.status(), seen))
    };
    for method in [Method::GET, Method::OPTIONS, Method::DELETE] {
        assert_eq!(headers(method.clone(), stats).await?, headers(method.clone(), health).await?, "{method}");
    }
    let key =
        b"GET /api/websocket/stats HTTP/1.1\r\nhost: localhost\r\nx-api-key: \xc3\xa4\r\nconnection: close\r\n\r\n";
    let strange = said(&stack, key).await?;
    assert!(strange.starts_with("HTTP/1.1 403"), "{strange}");
    stack.stop().await
}

/// What went wrong with a request is found by the id that its client has.
#[tokio::test]
async fn a_request_is_found_in_every_log_by_its_id() -> anyhow::Result<()> {
    let plan = Plan::default().setting("RUST_LOG", "warn,session_host=debug,edge_runtime=debug");
    let stack = plan.start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;
    let send = async |id: &str, chat: &str| {
        let body = json!({ "sessionId": "shop", "chatId": chat, "message": "a secret text" });
        stack.api.ask(stack.api.request(Method::POST, SEND_TEXT).header("x-request-id", id).json(&body)).await
    };
    assert_eq!(send("good-1", &alice).await?.status, 200);
    assert_eq!(send("bad-2", "15550100999").await?.code(), "recipient_not_on_whatsapp");
    let asks = stack.api.request(Method::POST, CHECK_NUMBER).header("x-request-id", "asks-3");
    assert_eq!(stack.api.ask(asks.json(&json!({ "sessionId": "shop", "phone": alice }))).await?.status, 200);
    let look = async || {
        let output = stack.output()?;
        let lines = |id: &str, what: &[&str]| {
            output.lines().any(|line| line.contains(id) && what.iter().all(|what| line.contains(what)))
        };
        let found = [
            lines("request=good-1", &["session=shop", "POST /api/whatsapp/chats/send-text 200"]),
            lines("good-1", &["a command is done", "shop"]),
            lines("request=bad-2", &["session=shop", "POST /api/whatsapp/chats/send-text 400"]),
            lines("bad-2", &["a command failed", "shop", "recipient_not_on_whatsapp"]),
            lines("asks-3", &["a command is done", "shop"]),
        ];
        Ok(Seen::when(found, |found| found.iter().all(|found| *found)))
    };
    wait_for("the lines of the log", SOON, look).await?;
    assert!(!stack.output()?.contains("a secret text"));
    stack.stop().await
}

/// The host is part of the program here, so its traces are removed instead: as after its death, until its next heartbeat.
#[tokio::test]
async fn a_dead_host_is_told_and_logged() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let text = json!({ "sessionId": "shop", "chatId": "6281200000102", "message": "x" });
    let mut redis = stack.redis()?.get_multiplexed_async_connection().await?;
    let lease = SessionKeys::new(&SessionId::parse("shop").expect("an id")).lease();
    for (id, method, path, body) in [
        ("of-connect", Method::POST, "/api/whatsapp/sessions/other/connect", json!({})),
        ("of-send", Method::POST, SEND_TEXT, text),
        ("of-ready", Method::GET, READY, json!(null)),
    ] {
        let look = async || {
            let _: () = redis.del(HOSTS).await?;
            let _: () = redis.hset(&lease, "until", 1).await?;
            let request = stack.api.request(method.clone(), path).header("x-request-id", id).json(&body);
            Ok(Seen::when(stack.api.ask(request).await?, |answer| answer.code() == "no_host"))
        };
        let answer = wait_for("no host", SOON, look).await?;
        assert_eq!(answer.status, 503, "{answer:?}");
        let logged = async || {
            let output = stack.output()?;
            let line = |line: &str| line.contains(&format!("request={id}")) && line.contains("503 no_host");
            Ok(Seen::when(output.lines().any(line), |found| *found))
        };
        wait_for("the line of the log", SOON, logged).await?;
    }
    stack.stop().await
}

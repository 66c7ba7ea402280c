//! Socket.IO against the official client: the replies of the contract, the key, and that events arrive in order, complete
//! and once, whatever happens to the connection, to Redis, or to the pace of the client.

use std::time::Duration;

use contract::keys::SessionKeys;
use futures::future::join;
use serde_json::{Value, json};
use session_host::http::api_key::ApiKey;
use session_host::realtime::SocketAuth;

use super::support::{redis_url, session};
use by_hand::ByHand;
use client::Clients;

mod by_hand;
mod client;
mod host;

/// How long a test waits for a fact. Generous: Node starts slowly on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

const TRANSPORTS: [&str; 2] = ["websocket", "polling"];

#[tokio::test]
async fn replies_are_the_contract_s() {
    let (host, mut clients) = (host::start(&redis_url()).await, Clients::start());
    for transport in TRANSPORTS {
        let id = session();
        clients.connect(transport, &host.url, transport).await;
        let subscribed = clients.subscribe(transport, json!(id)).await;
        let message = format!("Subscribed to session {id}");
        assert_eq!(subscribed, json!({"sessionId": id, "message": message, "cursor": "0-0"}));
        host.append(&id, [1]).await;
        let event = clients.expect(transport, "message").await;
        let cursor = event["cursor"].clone();
        assert_eq!(
            event,
            json!({"sessionId": id, "timestamp": "2026-01-02T03:04:05.678Z", "number": 1, "message": {"text": "Halo ☀"}, "cursor": cursor})
        );
        let again = clients.subscribe(transport, json!({"sessionId": id})).await;
        assert_eq!(again["cursor"], cursor);
        clients.emit(transport, "ping", json!([])).await;
        let pong = clients.expect(transport, "pong").await;
        assert!(pong["timestamp"].as_u64().is_some_and(|ms| ms > 1_700_000_000_000), "{pong}");
        clients.emit(transport, "unsubscribe", json!([])).await;
        clients.emit(transport, "unsubscribe", json!([id])).await;
        assert_eq!(clients.expect(transport, "unsubscribed").await, json!({"sessionId": id}));
    }
}

#[tokio::test]
async fn a_client_may_change_its_transport_on_the_way() {
    let (host, mut clients, id) = (host::start(&redis_url()).await, Clients::start(), session());
    clients.open("a", &host.url, json!({"transports": ["polling", "websocket"]})).await;
    clients.expect("a", "connect").await;
    clients.subscribe("a", json!(id)).await;
    host.append(&id, 0..200).await;
    clients.expect_numbers("a", &id, 0..200).await;
}

#[tokio::test]
async fn bad_arguments_are_answered() {
    let (host, mut clients) = (host::start(&redis_url()).await, Clients::start());
    clients.connect("a", &host.url, "websocket").await;
    for nothing in [json!([]), json!([null]), json!([""]), json!([{}])] {
        clients.emit("a", "subscribe", nothing).await;
        let error = clients.expect("a", "error").await;
        assert_eq!(error, json!({"message": "Session ID is required", "code": "missing_field"}));
    }
    for (arguments, code) in [
        (json!(["../etc"]), "invalid_session_id"),
        (json!([["a"]]), "invalid_session_id"),
        (json!([{"sessionId": "a".repeat(65)}]), "invalid_session_id"),
        (json!([{"sessionId": "a", "after": "yesterday"}]), "invalid_field"),
        (json!([{"sessionId": "a", "after": 5}]), "invalid_field"),
    ] {
        clients.emit("a", "subscribe", arguments.clone()).await;
        let error = clients.expect("a", "error").await;
        assert_eq!(error["code"], code, "{arguments}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
    clients.emit("a", "no-such-event", json!([1, 2])).await;
    clients.emit("a", "subscribe", json!(["fine", "and more"])).await;
    assert_eq!(clients.expect("a", "subscribed").await["sessionId"], "fine");
}

#[tokio::test]
async fn the_key_is_asked_for_in_three_places() {
    let key = ApiKey::new("k3y & more");
    let url = redis_url();
    let host = host::start_with(&url, host::config("*", SocketAuth::ApiKey(key.clone())), Some(key.clone())).await;
    let mut clients = Clients::start();
    for (socket, options) in [
        ("auth", json!({"auth": {"apiKey": "k3y & more"}})),
        ("header", json!({"extraHeaders": {"X-Api-Key": "k3y & more"}})),
        ("query", json!({"query": {"apiKey": "k3y & more"}})),
    ] {
        for transport in TRANSPORTS {
            let mut options = options.clone();
            options["transports"] = json!([transport]);
            let name = format!("{socket} {transport}");
            clients.open(&name, &host.url, options).await;
            clients.expect(&name, "connect").await;
            clients.subscribe(&name, json!("shop")).await;
        }
    }
    for (socket, options, message) in [
        ("nothing", json!({}), "Missing X-Api-Key header"),
        ("empty", json!({"auth": {"apiKey": ""}}), "Missing X-Api-Key header"),
        ("wrong", json!({"auth": {"apiKey": "k3y"}}), "Invalid API key"),
        ("wrong header", json!({"extraHeaders": {"X-Api-Key": "k3y"}}), "Invalid API key"),
        ("wrong query", json!({"query": {"apiKey": "k3y"}}), "Invalid API key"),
    ] {
        clients.open(socket, &host.url, options).await;
        assert_eq!(clients.expect(socket, "connect_error").await, message, "{socket}");
    }

    let open = host::start_with(&url, host::config("*", SocketAuth::Off), Some(key)).await;
    clients.connect("old client", &open.url, "polling").await;
    let stats = format!("{}/api/websocket/stats", open.url);
    let http = host::http();
    for (offered, status, code) in [(None, 401, "missing_api_key"), (Some("no"), 403, "invalid_api_key")] {
        let mut request = http.get(&stats);
        if let Some(offered) = offered {
            request = request.header("x-api-key", offered);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.json::<Value>().await.unwrap()["code"], code);
    }
    let response = http.get(&stats).header("x-api-key", "k3y & more").send().await.unwrap();
    let stats: Value = response.json().await.unwrap();
    assert_eq!(stats, json!({"success": true, "data": {"totalConnections": 1, "sessionRooms": {}}}));
}

/// While a thousand events are appended, one socket hears all of them, and others join on the way, each after another event.
#[tokio::test]
async fn a_thousand_events_arrive_in_order_and_once() {
    let (host, mut clients, id) = (host::start(&redis_url()).await, Clients::start(), session());
    let late: Vec<String> = (0..8).map(|number| format!("late {number}")).collect();
    clients.connect("first", &host.url, "websocket").await;
    for (socket, transport) in late.iter().zip(TRANSPORTS.into_iter().cycle()) {
        clients.connect(socket, &host.url, transport).await;
    }
    clients.subscribe("first", json!(id)).await;
    let hear = async {
        let mut cursors = Vec::new();
        for number in 0..1000 {
            let event = clients.expect("first", "message").await;
            assert_eq!(event["number"], number);
            cursors.push(event["cursor"].clone());
            // They join at 100, 200 …, after the event a hundred before.
            if let Some(socket) = late.get(number / 100).filter(|_| number % 100 == 99) {
                let after = &cursors[number - 99];
                clients.emit(socket, "subscribe", json!([{"sessionId": id, "after": after}])).await;
            }
        }
        cursors
    };
    let ((), cursors) = join(host.append(&id, 0..1000), hear).await;
    for (index, socket) in late.iter().enumerate() {
        let from = index * 100;
        assert_eq!(clients.expect(socket, "subscribed").await["cursor"], cursors[from]);
        clients.expect_numbers(socket, &id, from as u64 + 1..1000).await;
    }
    // Nothing came twice at the end.
    for socket in late.iter().map(String::as_str).chain(["first"]) {
        clients.emit(socket, "ping", json!([])).await;
        clients.expect(socket, "pong").await;
    }
}

#[tokio::test]
async fn neither_absence_nor_burst_is_too_long_for_the_send_buffer() {
    let (host, mut clients, id) = (host::start(&redis_url()).await, Clients::start(), session());
    host.append_at_once(&id, 0..3000).await;
    for transport in TRANSPORTS {
        clients.connect(transport, &host.url, transport).await;
        clients.subscribe(transport, json!({"sessionId": id, "after": "0-0"})).await;
    }
    for transport in TRANSPORTS {
        clients.expect_numbers(transport, &id, 0..3000).await;
    }
    host.append_at_once(&id, 3000..6000).await;
    host.append(&id, 6000..6010).await;
    for transport in TRANSPORTS {
        clients.expect_numbers(transport, &id, 3000..6010).await;
    }
}

#[tokio::test]
async fn a_socket_that_takes_nothing_is_disconnected() {
    let mut config = host::config("*", SocketAuth::Off);
    config.stall_limit = Duration::from_millis(200);
    let (host, id) = (host::start_with(&redis_url(), config, None).await, session());
    host.append_at_once(&id, 0..2000).await;
    // It connects and subscribes over polling, and then does not poll.
    let client = ByHand::connect(&host.url).await;
    client.say(&[json!(["subscribe", {"sessionId": id, "after": "0-0"}])]).await;
    let stats = |connections: usize, rooms: Value| json!({"success": true, "data": {"totalConnections": connections, "sessionRooms": rooms}});
    // The request above joined the room before it was answered.
    host.wait_for_stats(&stats(1, json!({}))).await;
    // What waited is still there; then comes the disconnect packet.
    let packets = client.disconnected().await;
    assert!((100..2000).contains(&packets.len()), "{}", packets.len());
    host.wait_for_stats(&stats(0, json!({}))).await;
}

#[tokio::test]
async fn answers_wait_for_room_and_are_bounded() {
    let host = host::start(&redis_url()).await;
    // More than the send buffer holds; each is answered.
    let client = ByHand::connect(&host.url).await;
    client.say(&vec![json!(["ping"]); 1500]).await;
    let mut pongs = 0;
    while pongs < 1500 {
        let packets = client.poll().await;
        pongs += packets.iter().filter(|packet| packet.starts_with(r#"42["pong""#)).count();
    }
    // Who never listens is not answered for ever.
    client.say(&vec![json!(["ping"]); 5000]).await;
    client.disconnected().await;
}

#[tokio::test]
async fn wishes_at_once_are_answered_with_the_same_cursor() {
    let (host, id) = (host::start(&redis_url()).await, session());
    host.append(&id, 0..3).await;
    let client = ByHand::connect(&host.url).await;
    client.say(&vec![json!(["subscribe", id]); 3]).await;
    let mut cursors = Vec::new();
    while cursors.len() < 3 {
        for packet in client.poll().await {
            let Some(packet) = packet.strip_prefix("42") else { continue };
            let packet: Value = serde_json::from_str(packet).expect("JSON");
            assert_eq!(packet[0], "subscribed");
            cursors.push(packet[1]["cursor"].clone());
        }
    }
    assert_ne!(cursors[0], "0-0");
    assert!(cursors.iter().all(|cursor| *cursor == cursors[0]), "{cursors:?}");
}

#[tokio::test]
async fn nothing_is_lost_while_redis_is_away() {
    let mut redis = host::OwnRedis::start().await;
    let (host, mut clients, id) = (host::start(&redis.url()).await, Clients::start(), session());
    clients.connect("live", &host.url, "websocket").await;
    clients.connect("new", &host.url, "websocket").await;
    clients.subscribe("live", json!(id)).await;
    host.append(&id, 0..50).await;
    clients.expect_numbers("live", &id, 0..50).await;
    redis.kill();
    // Asked for while Redis is away: served when it is back.
    clients.emit("new", "subscribe", json!([{"sessionId": id, "after": "0-0"}])).await;
    assert_eq!(clients.expect("new", "subscribed").await["cursor"], "0-0");
    redis.start_again().await;
    let writer = host::start(&redis.url()).await;
    writer.append(&id, 50..100).await;
    clients.expect_numbers("live", &id, 50..100).await;
    clients.expect_numbers("new", &id, 0..100).await;
}

#[tokio::test]
async fn rooms_are_apart() {
    let (host, mut clients) = (host::start(&redis_url()).await, Clients::start());
    let (a, b) = (session(), session());
    for socket in ["both", "only b"] {
        clients.connect(socket, &host.url, "websocket").await;
        clients.subscribe(socket, json!(b)).await;
    }
    clients.subscribe("both", json!(a)).await;
    let stats = |connections: usize, rooms: Value| json!({"success": true, "data": {"totalConnections": connections, "sessionRooms": rooms}});
    host.wait_for_stats(&stats(2, json!({a.as_str(): 1, b.as_str(): 2}))).await;
    host.append(&a, [1]).await;
    clients.expect_numbers("both", &a, 1..2).await;
    host.append(&b, [2]).await;
    clients.expect_numbers("both", &b, 2..3).await;
    clients.expect_numbers("only b", &b, 2..3).await;

    clients.emit("both", "unsubscribe", json!([{"sessionId": a}])).await;
    clients.expect("both", "unsubscribed").await;
    host.append(&a, [3]).await;
    host.append(&b, [4]).await;
    clients.expect_numbers("both", &b, 4..5).await;
    host.wait_for_stats(&stats(2, json!({b.as_str(): 2}))).await;
    clients.close("both").await;
    host.wait_for_stats(&stats(1, json!({b.as_str(): 1}))).await;
}

#[tokio::test]
async fn a_cursor_that_is_gone_is_said_so() {
    let (host, mut clients) = (host::start(&redis_url()).await, Clients::start());
    clients.connect("a", &host.url, "websocket").await;
    let expired = |id: &Value| json!({"sessionId": id, "code": "cursor_expired", "message": "The cursor is no longer in the event log; continuing with the oldest event there is"});

    let trimmed = session();
    host.append(&trimmed, 0..20).await;
    let key = SessionKeys::new(&trimmed).events();
    let ids: Vec<(String, Vec<String>)> =
        redis::cmd("XRANGE").arg(&key).arg("-").arg("+").query_async(&mut host.redis.shared()).await.unwrap();
    let removed: u64 =
        redis::cmd("XTRIM").arg(&key).arg("MAXLEN").arg(10).query_async(&mut host.redis.shared()).await.unwrap();
    assert_eq!(removed, 10);
    clients.subscribe("a", json!({"sessionId": trimmed, "after": ids[4].0})).await;
    assert_eq!(clients.expect("a", "error").await, expired(&json!(trimmed)));
    clients.expect_numbers("a", &trimmed, 10..20).await;
    clients.subscribe("a", json!({"sessionId": trimmed, "after": ids[14].0})).await;
    clients.expect_numbers("a", &trimmed, 15..20).await;

    let unknown = session();
    host.append(&unknown, 0..3).await;
    clients.subscribe("a", json!({"sessionId": unknown, "after": "9999999999999-0"})).await;
    assert_eq!(clients.expect("a", "error").await, expired(&json!(unknown)));
    clients.expect_numbers("a", &unknown, 0..3).await;

    let empty = session();
    clients.subscribe("a", json!({"sessionId": empty, "after": "1-1"})).await;
    assert_eq!(clients.expect("a", "error").await, expired(&json!(empty)));
    host.append(&empty, [7]).await;
    clients.expect_numbers("a", &empty, 7..8).await;
}

#[tokio::test]
async fn a_log_that_is_erased_is_followed_into_its_next_life() {
    let (host, mut clients, id) = (host::start(&redis_url()).await, Clients::start(), session());
    clients.connect("a", &host.url, "websocket").await;
    clients.subscribe("a", json!(id)).await;
    host.append(&id, 0..5).await;
    clients.expect_numbers("a", &id, 0..5).await;
    let key = SessionKeys::new(&id).events();
    let _: u64 = redis::cmd("DEL").arg(key).query_async(&mut host.redis.shared()).await.unwrap();
    host.append(&id, 5..10).await;
    // Unless the reader looked in between, it cannot tell an erased log from a trimmed one.
    let mut first = clients.next("a").await;
    if first.event == "error" {
        assert_eq!(first.argument["code"], "cursor_expired");
        first = clients.next("a").await;
    }
    assert_eq!((first.event.as_str(), &first.argument["number"]), ("message", &json!(5)));
    clients.expect_numbers("a", &id, 6..10).await;
}

#[tokio::test]
async fn an_entry_of_an_unknown_form_is_skipped() {
    let (host, mut clients, id) = (host::start(&redis_url()).await, Clients::start(), session());
    clients.connect("a", &host.url, "websocket").await;
    clients.subscribe("a", json!(id)).await;
    host.append(&id, [0]).await;
    for value in ["not JSON", r#"{"event":"of.tomorrow","payload":{"sessionId":"a","timestamp":"t"}}"#] {
        let mut command = redis::cmd("XADD");
        command.arg(SessionKeys::new(&id).events()).arg("*").arg("e").arg(value);
        let _: String = command.query_async(&mut host.redis.shared()).await.unwrap();
    }
    host.append(&id, [1]).await;
    clients.expect_numbers("a", &id, 0..2).await;
}

#[tokio::test]
async fn events_come_by_the_doorbell_and_without_one_by_the_sweep() {
    let (host, mut clients, id) = (host::start(&redis_url()).await, Clients::start(), session());
    clients.connect("a", &host.url, "websocket").await;
    clients.subscribe("a", json!(id)).await;
    let rounds = async {
        for number in 0..20 {
            host.append(&id, [number]).await;
            clients.expect_numbers("a", &id, number..number + 1).await;
        }
    };
    // Twenty sweeps would take much longer.
    tokio::time::timeout(DEADLINE, rounds).await.expect("the doorbell is heard");
    let mut silent = redis::cmd("XADD");
    silent.arg(SessionKeys::new(&id).events()).arg("*").arg("e").arg(host::event(&id, 20));
    let _: String = silent.query_async(&mut host.redis.shared()).await.unwrap();
    clients.expect_numbers("a", &id, 20..21).await;
}

#[tokio::test]
async fn a_client_resumes_through_another_host() {
    let mut clients = Clients::start();
    let (one, two, id) = (host::start(&redis_url()).await, host::start(&redis_url()).await, session());
    clients.open("a", &one.url, json!({"transports": ["websocket"], "reconnection": false})).await;
    clients.expect("a", "connect").await;
    let start = clients.subscribe("a", json!(id)).await;
    one.append(&id, 0..3).await;
    clients.expect_numbers("a", &id, 0..3).await;
    one.shutdown.cancel();
    // Not "io server disconnect", after which clients do not come back by themselves.
    assert_eq!(clients.expect("a", "disconnect").await, "transport close");
    one.tracker.close();
    tokio::time::timeout(DEADLINE, one.tracker.wait()).await.expect("the tasks end");
    two.append(&id, 3..6).await;
    clients.connect("b", &two.url, "websocket").await;
    clients.subscribe("b", json!({"sessionId": id, "after": start["cursor"]})).await;
    clients.expect_numbers("b", &id, 0..6).await;
}

#[tokio::test]
async fn pages_of_allowed_origins_may_connect() {
    let config = host::config("https://a.example, https://b.example", SocketAuth::Off);
    let host = host::start_with(&redis_url(), config, None).await;
    let http = host::http();
    let handshake = format!("{}/socket.io/?EIO=4&transport=polling", host.url);
    for (origin, allowed) in [("https://b.example", true), ("https://c.example", false)] {
        let response = http.get(&handshake).header("origin", origin).send().await.unwrap();
        let header = response.headers().get("access-control-allow-origin");
        assert_eq!(header.is_some_and(|value| value == origin), allowed, "{origin}");
        let body = response.text().await.unwrap();
        assert!(body.contains(r#""pingInterval":25000,"pingTimeout":60000,"maxPayload":1000000"#), "{body}");
    }
    let preflight = http
        .request(reqwest::Method::OPTIONS, &handshake)
        .header("origin", "https://a.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "x-api-key")
        .send()
        .await
        .unwrap();
    assert!(preflight.status().is_success());
    assert_eq!(preflight.headers()["access-control-allow-headers"], "x-api-key");
}

#[tokio::test]
async fn a_host_is_ready_while_redis_answers() {
    let mut redis = host::OwnRedis::start().await;
    let host = host::start(&redis.url()).await;
    let get = async |path: &str| host::http().get(format!("{}{path}", host.url)).send().await.unwrap().status();
    assert_eq!(get("/healthz").await, 200);
    assert_eq!(get("/readyz").await, 200);
    redis.kill();
    assert_eq!(get("/readyz").await, 503);
    assert_eq!(get("/healthz").await, 200);
    assert_eq!(get("/socket.io/nothing").await, 400);
    assert_eq!(get("/nothing").await, 404);
}

//! Ordinary restarts: of the server alone, of the network alone, of everything.

use anyhow::ensure;
use contract::message::delivery;
use contract::routes;
use e2e::sockets::Socket;
use e2e::wait::{SOON, Seen, wait_for};
use serde_json::json;

use crate::network::Network;

#[tokio::test]
async fn of_everything() -> anyhow::Result<()> {
    let (mut stack, _) = Network::Inside.stack().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let first = stack.api.send_text("shop", &alice.number, "before").await?;
    // The receipt changes what the history shows; after it, nothing does.
    let delivered = async || {
        let page = stack.api.page("shop", &alice.number, 50, None).await?;
        Ok(Seen::when(page, |page| page.messages.iter().all(|message| message.status == Some(delivery::DELIVERED))))
    };
    let before = wait_for("the receipt", SOON, delivered).await?;

    stack.terminate().await?;
    stack.start_again().await?;

    let session = stack.api.wait_until_connected("shop").await?;
    assert_eq!(session.phone_number.as_ref(), Some(&shop.number));
    let after = stack.api.page("shop", &alice.number, 50, None).await?;
    assert_eq!(after.messages, before.messages);
    assert_eq!(stack.phones.saying(&alice.number, "before").await?[0].id, first.message_id);
    stack.api.send_text("shop", &alice.number, "after").await?;
    stack.phones.wait_for_text(&alice.number, "after").await?;
    stack.stop().await
}

#[tokio::test]
async fn of_redis_too() -> anyhow::Result<()> {
    let (mut stack, _) = Network::Inside.stack().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let text = json!({ "sessionId": "shop", "chatId": alice.number, "message": "kept" });
    let sent = stack.api.send(&text, Some("key-1")).await?;
    assert_eq!(sent.status, 200, "{sent:?}");

    // It hangs: what needs it says so, what does not goes on.
    let redis = stack.redis_pid()?;
    stack.signal(redis, "STOP")?;
    let ready = async || Ok(Seen::when(stack.api.get(routes::READY).await?, |answer| answer.status != 200));
    let ready = wait_for("the server to notice", SOON, ready).await?;
    assert_eq!((ready.status, ready.code()), (503, "storage_unavailable"), "{ready:?}");
    let refused = stack.api.send(&text, Some("key-2")).await?;
    assert_eq!((refused.status, refused.code()), (503, "storage_unavailable"), "{refused:?}");
    assert_eq!(stack.api.get(routes::SESSIONS).await?.code(), "storage_unavailable");
    assert_eq!(stack.api.get(routes::HEALTH).await?.status, 200);

    // It dies: another takes its place, with what was written. Then also under a program that found it running.
    stack.signal(redis, "KILL")?;
    for life in ["first", "second"] {
        let up = async || Ok(Seen::when(stack.api.get(routes::READY).await?, |answer| answer.status == 200));
        wait_for("another Redis", SOON, up).await?;
        stack.api.wait_until_connected("shop").await?;
        assert_eq!(stack.api.send(&text, Some("key-1")).await?.body, sent.body);
        let life_text = json!({ "sessionId": "shop", "chatId": alice.number, "message": life });
        assert_eq!(stack.api.send(&life_text, Some(life)).await?.status, 200);
        stack.phones.wait_for_text(&alice.number, life).await?;
        if life == "first" {
            stack.kill()?;
            stack.start_again().await?;
            stack.signal(stack.redis_pid()?, "KILL")?;
        }
    }
    assert_eq!(stack.phones.saying(&alice.number, "kept").await?.len(), 1);
    stack.stop().await
}

/// The terminal is closed.
#[tokio::test]
async fn by_sighup() -> anyhow::Result<()> {
    let (mut stack, _) = Network::Inside.stack().await?;
    stack.linked("shop", "Shop").await?;
    stack.end_with("HUP").await?;
    stack.start_again().await?;
    stack.api.wait_until_connected("shop").await?;
    stack.stop().await
}

/// Whoever waits for WhatsApp is told that the outcome is open, and what it is about.
#[tokio::test]
async fn while_a_request_waits() -> anyhow::Result<()> {
    let (mut stack, simulator) = Network::Beside.stack().await?;
    let simulator = simulator.expect("it is beside");
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    simulator.phones.hold_acks(true).await?;
    let text = json!({ "sessionId": "shop", "chatId": alice.number, "message": "in the middle" });
    let api = stack.api.clone();
    let waiting = tokio::spawn(async move { api.send(&text, Some("key")).await });
    stack.phones.wait_for_text(&alice.number, "in the middle").await?;
    stack.terminate().await?;
    let answer = waiting.await??;
    assert_eq!((answer.status, answer.code()), (504, "timeout"), "{answer:?}");
    let id = answer.body["data"]["messageId"].clone();

    simulator.phones.hold_acks(false).await?;
    stack.start_again().await?;
    stack.api.wait_until_connected("shop").await?;
    let text = json!({ "sessionId": "shop", "chatId": alice.number, "message": "in the middle" });
    let outcome = stack.api.send(&text, Some("key")).await?;
    assert_eq!((outcome.status, &outcome.body["data"]["messageId"]), (200, &id), "{outcome:?}");
    assert_eq!(stack.phones.saying(&alice.number, "in the middle").await?.len(), 1);
    stack.stop().await
}

#[tokio::test]
async fn of_the_server_and_of_the_network_apart() -> anyhow::Result<()> {
    let (mut stack, simulator) = Network::Beside.stack().await?;
    let mut simulator = simulator.expect("it is beside");
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let mut socket = stack.socket().await?;
    let start = socket.subscribe("shop").await?;
    stack.phones.send(&alice.number, &shop.number, "online").await?;
    let online = socket.message("online").await?;
    assert!(online.payload["message"].get("offline").is_none(), "{online:?}");

    // The server is away; WhatsApp keeps what comes.
    stack.terminate().await?;
    socket.named("disconnect").await?;
    stack.phones.send(&alice.number, &shop.number, "while away").await?;
    stack.start_again().await?;
    stack.api.wait_until_connected("shop").await?;
    socket.named("connect").await?;
    socket.resume("shop", online.cursor()?).await?;
    let missed = socket.message("while away").await?;
    assert_eq!(missed.payload["message"]["offline"], true, "{missed:?}");
    // From the start: the same events, under the same cursors.
    let mut other = stack.socket().await?;
    other.resume("shop", start.cursor()?).await?;
    assert_eq!(other.message("online").await?, online);
    assert_eq!(other.message("while away").await?, missed);

    // The network is away, and comes back with the same key.
    simulator.restart().await?;
    let online = async || {
        let phone = simulator.phones.phone(&shop.number).await?;
        Ok(Seen::when(phone, |phone| phone.devices.len() == 1 && phone.devices[0].online))
    };
    wait_for("the session on the restarted network", SOON * 2, online).await?;
    stack.api.wait_until_connected("shop").await?;
    stack.api.send_text("shop", &alice.number, "still linked").await?;
    ensure!(stack.phones.wait_for_text(&alice.number, "still linked").await?.from == shop.number);
    stack.stop().await
}

#[tokio::test]
async fn with_open_sockets() -> anyhow::Result<()> {
    let (mut stack, _) = Network::Inside.stack().await?;
    stack.linked("shop", "Shop").await?;
    let options = |transport: &str| json!({ "transports": [transport], "reconnection": false });
    let mut sockets = Vec::new();
    for transport in ["polling", "websocket"] {
        let mut socket = Socket::connected(stack.api.base(), &options(transport)).await?;
        socket.subscribe("shop").await?;
        sockets.push(socket);
    }
    stack.terminate().await?;
    for socket in &mut sockets {
        socket.named("disconnect").await?;
    }
    let output = stack.output()?;
    ensure!(!output.contains("did not end in time"), "something had to be cut: {output}");
    stack.start_again().await?;
    stack.stop().await
}

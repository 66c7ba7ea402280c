//! What a subscriber hears, in the life of a session: codes, connection, own messages and how far they got, log-out.

use contract::message::delivery::{DELIVERED, READ};
use e2e::sockets::Event;
use e2e::stack::Stack;
use serde_json::json;

#[tokio::test]
async fn from_the_code_to_the_log_out() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (shop, alice) = (stack.phones.create("Shop").await?, stack.phones.create("Alice").await?);
    let mut socket = stack.socket().await?;
    let subscribed = socket.subscribe("shop").await?;
    assert_eq!(subscribed.payload["message"], "Subscribed to session shop");

    let device = stack.link("shop", &shop).await?;
    let qr = socket.named("qr").await?;
    assert!(qr.payload["qrCode"].as_str().is_some_and(|code| code.starts_with("data:image/png;base64,")), "{qr:?}");
    let connected = socket.status("connected").await?;
    assert_eq!(connected.payload["phoneNumber"], shop.number);
    for event in [&qr, &connected] {
        assert_eq!(event.payload["sessionId"], "shop");
        assert!(event.payload["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{event:?}");
    }

    let sent = stack.api.send_text("shop", &alice.number, "are you there?").await?;
    let event = socket.expect("news of the message", |event| event.name.starts_with("message.")).await?;
    assert_eq!(event.name, "message.sent", "nobody has heard of the message before: {event:?}");
    let message = &event.payload["message"];
    assert_eq!((&message["id"], &message["fromMe"]), (&json!(sent.message_id), &json!(true)));
    assert_eq!(message["text"], "are you there?");
    let delivered = update(DELIVERED, &sent.message_id);
    let delivered = socket.expect("delivered", delivered).await?;
    let key = &delivered.payload["update"][0]["key"];
    assert_eq!((&key["remoteJid"], &key["fromMe"]), (&json!(sent.chat_id), &json!(true)));
    stack.phones.read(&alice.number, &shop.number, &[&sent.message_id]).await?;
    socket.expect("read", update(READ, &sent.message_id)).await?;
    let page = stack.api.page("shop", &alice.number, 1, None).await?;
    assert_eq!(page.messages[0].status, Some(READ), "the history knows it too");

    // What another client of the account would do: nobody hears what is not his session's.
    let mut other = stack.socket().await?;
    other.subscribe("another").await?;
    socket.emit("ping", &json!(null)).await?;
    let pong = socket.named("pong").await?;
    assert!(pong.payload["timestamp"].is_u64(), "{pong:?}");

    stack.phones.unlink(&shop.number, device).await?;
    let out = socket.named("logged.out").await?;
    assert_eq!(out.payload["message"], "Session has been logged out");
    let status = stack.api.wait_for_status("shop", |session| session.reason.is_some()).await?;
    assert_eq!(serde_json::to_value(&status)?["reason"], "logged_out", "{status:?}");
    let down = socket.seen().iter().find(|event| event.payload["status"] == "disconnected");
    let down = &down.expect("a connection.update").payload;
    assert_eq!((&down["reason"], &down["shouldReconnect"]), (&json!("logged_out"), &json!(false)));

    // Nothing is in the way of linking it again.
    stack.link("shop", &shop).await?;
    socket.status("connected").await?;

    socket.emit("unsubscribe", &json!("shop")).await?;
    assert_eq!(socket.named("unsubscribed").await?.payload["sessionId"], "shop");
    assert!(other.seen().iter().all(|event| ["connect", "subscribed"].contains(&event.name.as_str())), "{other:?}");
    stack.stop().await
}

/// Whether an event says that a message got so far.
fn update(status: u8, id: &str) -> impl Fn(&Event) -> bool {
    let id = id.to_owned();
    move |event| {
        let update = &event.payload["update"][0];
        event.name == "message.update" && update["key"]["id"] == id.as_str() && update["update"]["status"] == status
    }
}

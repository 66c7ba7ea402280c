//! The way of a new user: a session, its QR code, a phone that scans it, a message out, an answer in, the history of both.

use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::message::{Message, MessagePage};
use e2e::stack::Stack;

/// What a PNG file starts with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

#[tokio::test]
async fn one_message_out_and_one_in() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (shop, alice) = (stack.phones.create("Shop").await?, stack.phones.create("Alice").await?);

    let connected = stack.api.connect("shop").await?;
    assert_eq!(connected.body["message"], "Session created");
    assert_eq!(connected.body["data"]["status"], "qr_ready", "{connected:?}");
    assert!(connected.body["data"]["qrCode"].as_str().is_some_and(|code| code.starts_with("data:image/png;base64,")));

    let (status, kind, picture) = stack.api.qr_image("shop").await?;
    assert_eq!((status, kind.as_str()), (200, "image/png"));
    ensure!(picture.starts_with(PNG), "no PNG");
    let picture = format!("data:image/png;base64,{}", STANDARD.encode(&picture));
    let mut socket = stack.socket().await?;
    socket.subscribe("shop").await?;
    stack.phones.scan(&shop.number, &picture).await?;

    let session = stack.api.wait_until_connected("shop").await?;
    assert_eq!(session.phone_number.as_deref(), Some(shop.number.as_str()));
    assert_eq!(stack.api.sessions().await?, [session]);

    let sent = stack.api.send_text("shop", &alice.number, "Hello, Alice!").await?;
    let arrived = stack.phones.wait_for_text(&alice.number, "Hello, Alice!").await?;
    assert_eq!((arrived.id, arrived.from), (sent.message_id.clone(), shop.number.clone()));

    let answer = stack.phones.send(&alice.number, &shop.number, "Hi! Are you open today?").await?;
    let event = socket.message("Hi! Are you open today?").await?;
    let message: Message = serde_json::from_value(event.payload["message"].clone())?;
    assert_eq!((message.id.as_str(), message.from_me), (answer.as_str(), false));
    assert_eq!(message.sender_phone, alice.number);
    assert_eq!(message.sender_name.as_deref(), Some("Alice"));

    let page = stack.api.page("shop", &alice.number, 50, None).await?;
    assert_eq!(ids(&page), [answer.as_str(), sent.message_id.as_str()], "newest first");
    assert!(!page.has_more);

    // The same, one message a page.
    let newest = stack.api.page("shop", &alice.number, 1, None).await?;
    assert_eq!((ids(&newest), newest.has_more), (vec![answer.as_str()], true));
    let oldest = stack.api.page("shop", &alice.number, 1, newest.cursor.as_deref()).await?;
    assert_eq!((ids(&oldest), oldest.has_more), (vec![sent.message_id.as_str()], false));
    let by_message = stack.api.page("shop", &alice.number, 50, Some(&answer)).await?;
    assert_eq!(by_message.messages, oldest.messages, "a message id is a cursor too");

    stack.stop().await
}

fn ids(page: &MessagePage) -> Vec<&str> {
    page.messages.iter().map(|message| message.id.as_str()).collect()
}

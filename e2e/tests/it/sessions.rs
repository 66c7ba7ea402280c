//! The end of a session, and sessions beside each other.

use e2e::stack::Stack;
use redis::Client;
use serde_json::json;

/// The event log of the session that is deleted.
const EVENTS: &str = "chatery:{shop}:events";

#[tokio::test]
async fn a_deleted_session_is_unlinked_and_erased() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let keeper = stack.linked("keeper", "Keeper").await?;
    stack.api.send_text("shop", &keeper.number, "hello").await?;
    stack.phones.wait_for_text(&keeper.number, "hello").await?;
    let order = json!({ "sessionId": "shop", "chatId": keeper.number, "message": "order 1" });
    assert_eq!(stack.api.send(&order, Some("order-1")).await?.status, 200);
    stack.phones.wait_for_text(&keeper.number, "order 1").await?;
    assert!(!keys_of(&stack.redis()?, "shop")?.is_empty());

    let deleted = stack.api.delete("shop").await?;
    assert_eq!((deleted.status, &deleted.body["message"]), (200, &"Session deleted successfully".into()));
    stack.phones.wait_for_phone(&shop.number, |phone| phone.devices.is_empty()).await?;
    let rest: Vec<String> = stack.api.sessions().await?.iter().map(|it| it.session_id.to_string()).collect();
    assert_eq!(rest, ["keeper"]);
    assert_eq!(stack.api.get("/api/whatsapp/sessions/shop/status").await?.status, 404);
    assert_eq!(stack.api.delete("shop").await?.code(), "session_not_found");
    // Subscribers may still hear of the end; nothing else is left.
    let left = keys_of(&stack.redis()?, "shop")?;
    assert!(left.iter().all(|key| key == EVENTS), "{left:?}");
    let lives_on: i64 = redis::cmd("TTL").arg(EVENTS).query(&mut stack.redis()?.get_connection()?)?;
    assert!((-2..=60).contains(&lives_on) && lives_on != -1, "the event log stays for {lives_on} s");
    assert!(stack.api.status("keeper").await?.is_connected);

    // The name is free; the new session knows what the phone tells of the past, and announces nothing of the old one.
    let again = stack.api.connect("shop").await?;
    assert_eq!(again.body["message"], "Session created");
    stack.phones.scan(&shop.number, &stack.api.qr_code("shop").await?).await?;
    stack.api.wait_until_connected("shop").await?;
    let mut socket = stack.socket().await?;
    socket.resume("shop", "0-1").await?;
    stack.api.send_text("shop", &keeper.number, "hello again").await?;
    let sent = socket.named("message.sent").await?;
    assert_eq!(sent.text(), "hello again", "an event of the session that is no more");

    // Keys of the old session are forgotten: the same one is a new message, and not one that the recipient knows already.
    assert_eq!(stack.api.send(&order, Some("order-1")).await?.status, 200);
    stack.api.send_text("shop", &keeper.number, "after it").await?;
    stack.phones.wait_for_text(&keeper.number, "after it").await?;
    assert_eq!(stack.phones.saying(&keeper.number, "order 1").await?.len(), 2);
    stack.stop().await
}

#[tokio::test]
async fn the_name_of_an_account_is_shown_as_soon_as_it_is_told() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    stack.api.wait_for_status("shop", |shown| shown.name.as_deref() == Some("Shop")).await?;
    stack.phones.does(&shop.number, "name", json!({ "name": "Toko" })).await?;
    stack.api.wait_for_status("shop", |shown| shown.name.as_deref() == Some("Toko")).await?;
    stack.stop().await
}

/// What Redis keeps of a session.
fn keys_of(redis: &Client, session: &str) -> anyhow::Result<Vec<String>> {
    Ok(redis::cmd("KEYS").arg(format!("*{{{session}}}*")).query(&mut redis.get_connection()?)?)
}

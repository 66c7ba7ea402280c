//! Nothing private is in the log at its usual level, whatever happened: no text, no number of anybody, no key, no code, no secret.

use e2e::receiver::{Reaction, Receiver};
use e2e::stack::Plan;
use e2e::wait::{SOON, Seen, wait_for};
use serde_json::json;

const KEY: &str = "the-key-of-the-shop";
const SECRET: &str = "the-secret-of-the-webhook";
const TOKEN: &str = "the-token-of-the-receiver";

#[tokio::test]
async fn nothing_private_is_in_the_log() -> anyhow::Result<()> {
    let mut stack = Plan::default().api_key(KEY).start().await?;
    let shop = stack.phones.create("Shopkeeper Sari").await?;
    let alice = stack.phones.create("Customer Alice").await?;
    let asked = stack.api.connect("shop").await?;
    let code = asked.body["data"]["qrCode"].as_str().unwrap_or_default().to_owned();
    stack.phones.scan(&shop.number, &stack.api.qr_code("shop").await?).await?;
    stack.api.wait_until_connected("shop").await?;

    // A receiver that takes, and one whose failures are worth a line.
    let good = Receiver::start().await?;
    let bad =
        Receiver::reacting(|_| Reaction::Says(500, String::new(), "the answer of the receiver".to_owned())).await?;
    for receiver in [&good, &bad] {
        let webhook = json!({
            "url": receiver.url("/path-of-the-hook"), "events": ["*"], "secret": SECRET,
            "headers": { "Authorization": TOKEN },
        });
        assert_eq!(stack.api.post("/api/whatsapp/sessions/shop/webhooks", &webhook).await?.status, 200);
    }
    stack.phones.send(&alice.number, &shop.number, "the words of Alice").await?;
    good.message("the words of Alice").await?;
    stack.api.send_text("shop", &alice.number, "the words of the shop").await?;
    good.message("the words of the shop").await?;
    bad.event("message").await?;
    // What fails is logged as well.
    stack.phones.refuse_next_send(463).await?;
    let text = json!({ "sessionId": "shop", "chatId": alice.number, "message": "the refused words" });
    assert_eq!(stack.api.send(&text, Some("the-idempotency-key")).await?.code(), "send_refused");
    let wrong = stack.api.with_key(Some("another-key-altogether")).send(&text, None).await?;
    assert_eq!(wrong.status, 403);
    let file =
        json!({ "sessionId": "shop", "chatId": alice.number, "imageUrl": "http://127.0.0.1:9/the-file-of-alice.png" });
    assert!(stack.api.post("/api/whatsapp/chats/send-image", &file).await?.status >= 400);
    stack.kill()?;
    stack.start_again().await?;
    stack.api.wait_until_connected("shop").await?;
    stack.phones.drop_connections().await?;
    stack.phones.send(&alice.number, &shop.number, "the words after it").await?;
    good.message("the words after it").await?;
    let secret_of_redis = std::fs::read_to_string(stack.data().join("redis-password"))?;
    let look = async || Ok(Seen::when(stack.output()?, |log| log.contains("session taken")));
    let log = wait_for("a log", SOON, look).await?;
    for (what, private) in [
        ("a text", "the words"),
        ("a refused text", "the refused words"),
        ("the number of the account", shop.number.as_str()),
        ("the number of a person", alice.number.as_str()),
        ("a name", "Alice"),
        ("the name of the account", "Sari"),
        ("the API key", KEY),
        ("a wrong key", "another-key-altogether"),
        ("a key of idempotency", "the-idempotency-key"),
        ("a webhook's secret", SECRET),
        ("a webhook's header", TOKEN),
        ("a webhook's address", "path-of-the-hook"),
        ("a receiver's answer", "the answer of the receiver"),
        ("the address of a file", "the-file-of-alice"),
        ("the password of Redis", secret_of_redis.trim()),
        ("a QR code", code.get(40..80).unwrap_or("data:image")),
    ] {
        assert!(!log.contains(private), "{what} is in the log: {private}\n{log}");
    }
    stack.stop().await
}

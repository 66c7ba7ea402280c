//! `Idempotency-Key` on the routes of sessions: the same answer for the same key, whatever happened in between.

use e2e::api::Answer;
use e2e::stack::Stack;
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};

async fn asks(stack: &Stack, method: Method, path: &str, key: &str, body: Option<Value>) -> anyhow::Result<Answer> {
    let request =
        stack.api.request(method, &format!("/api/whatsapp/sessions/shop{path}")).header("Idempotency-Key", key);
    stack.api.ask(if let Some(body) = body { request.json(&body) } else { request }).await
}

#[tokio::test]
async fn a_key_has_one_answer() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let connect = async |stack: &Stack| asks(stack, Method::POST, "/connect", "connect", Some(json!({}))).await;
    let created = connect(&stack).await?;
    assert_eq!(created.body["message"], "Session created");
    assert_eq!(connect(&stack).await?, created, "not: Reconnecting existing session");

    let hook = |events: &str| Some(json!({ "url": "https://a.example/hook", "events": [events] }));
    let added = asks(&stack, Method::POST, "/webhooks", "add", hook("message")).await?;
    assert_eq!(added.body["message"], "Webhook added");
    let reused = asks(&stack, Method::POST, "/webhooks", "add", hook("qr")).await?;
    assert_eq!((reused.status, reused.code()), (409, "idempotency_key_reused"));
    let removed = asks(&stack, Method::DELETE, "/webhooks?url=https://a.example/hook", "remove", None).await?;
    assert_eq!(removed.body["data"]["webhooks"], json!([]));
    // A late repetition of the first request does not add it again.
    assert_eq!(asks(&stack, Method::POST, "/webhooks", "add", hook("message")).await?, added);
    assert!(stack.api.status("shop").await?.webhooks.is_empty());

    stack.terminate().await?;
    stack.start_again().await?;
    assert_eq!(connect(&stack).await?, created, "after a restart of everything");
    let deleted = asks(&stack, Method::DELETE, "", "delete", None).await?;
    assert_eq!(
        (deleted.status, &deleted.body["message"]),
        (200, &json!("Session deleted successfully")),
        "{deleted:?}"
    );
    assert_eq!(asks(&stack, Method::DELETE, "", "delete", None).await?, deleted, "although it is gone");
    let other = asks(&stack, Method::DELETE, "", "another", None).await?;
    assert_eq!((other.status, other.code()), (404, "session_not_found"));
    let wrong = asks(&stack, Method::DELETE, "", "has a space", None).await?;
    assert_eq!((wrong.status, wrong.code()), (400, "invalid_idempotency_key"));
    stack.stop().await
}

/// Through the functions as they are deployed: their waiting, and what they keep.
#[tokio::test]
async fn of_many_requests_with_one_key_one_counts() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let connects = (0..4).map(|_| asks(&stack, Method::POST, "/connect", "connect", Some(json!({}))));
    let connects = try_join_all(connects).await?;
    assert_eq!(connects[0].body["message"], "Session created", "{:?}", connects[0]);
    assert!(connects.iter().all(|answer| *answer == connects[0]), "{connects:?}");

    let hook = |number| Some(json!({ "url": format!("https://a.example/{number}") }));
    let adds = (0..8).map(|number| asks(&stack, Method::POST, "/webhooks", "add", hook(number)));
    let adds = try_join_all(adds).await?;
    let done = adds.iter().filter(|answer| answer.status == 200).count();
    let refused = adds.iter().filter(|answer| answer.code() == "idempotency_key_reused").count();
    assert_eq!((done, refused), (1, 7), "{adds:?}");
    assert_eq!(stack.api.status("shop").await?.webhooks.len(), 1);

    let sent = json!({ "sessionId": "shop", "chatId": "6281200000102", "message": "x" });
    let sent = stack.api.send(&sent, Some("add")).await?;
    assert_eq!((sent.status, sent.code()), (409, "idempotency_key_reused"), "on any route");
    stack.stop().await
}

#[tokio::test]
async fn an_answer_does_not_outlive_its_session() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let connect = async || asks(&stack, Method::POST, "/connect", "connect", Some(json!({}))).await;
    assert_eq!(connect().await?.body["message"], "Session created");
    let deleted = asks(&stack, Method::DELETE, "", "delete", None).await?;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    let mut redis = stack.redis()?.get_connection()?;
    let left: Vec<String> = redis::cmd("KEYS").arg("chatery:{shop}:answer:*").query(&mut redis)?;
    assert!(left.is_empty(), "what it answered is erased: {left:?}");
    assert_eq!(connect().await?.body["message"], "Session created");
    assert_eq!(stack.api.sessions().await?.len(), 1, "it was created indeed");
    stack.stop().await
}

//! What was said before an account was linked: there at once after the scan, and not announced as if it had just happened.

use e2e::stack::Stack;
use e2e::wait::{SOON, Seen, wait_for};
use serde_json::{Value, json};

async fn list(stack: &Stack, path: &str) -> anyhow::Result<Value> {
    let answer = stack.api.post(&format!("/api/whatsapp/{path}"), &json!({ "sessionId": "shop" })).await?;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    Ok(answer.body["data"].clone())
}

#[tokio::test]
async fn what_was_said_before_is_there_after_the_scan() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let (shop, alice) = (stack.phones.create("Shop").await?, stack.phones.create("Alice").await?);
    let mut said = Vec::new();
    // They share seconds, and fit into one chunk: beyond that their order is that of their seconds only.
    for number in 0..20 {
        let (from, to) = if number % 3 == 0 { (&shop, &alice) } else { (&alice, &shop) };
        stack.phones.send(&from.number, &to.number, &format!("line {number}")).await?;
        said.push(format!("line {number}"));
    }
    let group = stack.phones.create_group(&alice.number, "Market", &[&shop.number]).await?;
    stack.phones.send(&alice.number, &group, "who comes?").await?;
    let mut socket = stack.socket().await?;
    socket.subscribe("shop").await?;
    stack.link("shop", &shop).await?;

    let look = async || {
        let chats = list(&stack, "chats/overview").await?;
        let page = stack.api.page("shop", &alice.number, 100, None).await?;
        let complete = chats["total"] == 2 && page.messages.len() == said.len();
        Ok(if complete { Seen::Fact((chats, page)) } else { Seen::NotYet(format!("{} {chats}", page.messages.len())) })
    };
    let (chats, page) = wait_for("the past", SOON, look).await?;
    let texts: Vec<_> = page.messages.iter().rev().filter_map(|message| message.text.clone()).collect();
    assert_eq!(texts, said, "in order");
    let first = page.messages.last().expect("the first");
    assert_eq!((first.from_me, first.chat_id.as_str()), (true, page.chat_id.as_str()));
    assert!(first.lid.as_deref().is_some_and(|lid| lid.ends_with("@lid")), "{first:?}");
    let names: Vec<_> = chats["chats"].as_array().expect("chats").iter().map(|chat| chat["name"].clone()).collect();
    assert!(names.contains(&json!("Market")) && names.contains(&json!("Alice")), "{names:?}");
    let contacts = list(&stack, "contacts").await?;
    assert_eq!((&contacts["total"], &contacts["contacts"][0]["name"]), (&json!(1), &json!("Alice")), "{contacts}");

    // It is no news: what comes now is the first message that anybody hears of.
    stack.phones.send(&alice.number, &shop.number, "and now?").await?;
    let heard = socket.expect("a message", |event| event.name == "message").await?;
    assert_eq!(heard.payload["message"]["text"], "and now?");
    // A quotation of the past finds it.
    let quoting = json!({ "sessionId": "shop", "chatId": alice.number, "message": "I do", "replyTo": first.id });
    let answer = stack.api.post("/api/whatsapp/chats/send-text", &quoting).await?;
    let id = answer.body["data"]["messageId"].as_str().expect("an id").to_owned();
    let shown = stack.phones.wait_for_id(&alice.number, &id).await?;
    assert_eq!(shown.details["quoted"]["text"], "line 0", "{shown:?}");

    // It outlives the process, and a second linking adds nothing twice.
    stack.kill()?;
    stack.start_again().await?;
    stack.api.wait_until_connected("shop").await?;
    assert_eq!(stack.api.texts("shop", &alice.number).await?.len(), said.len() + 2);
    stack.stop().await
}

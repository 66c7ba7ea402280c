//! Sends: typing, quotes, keys, refusals, reconnects.

use std::time::Duration;

use anyhow::ensure;
use e2e::stack::Stack;
use e2e::wait::{SOON, Seen, wait_for};
use serde_json::json;
use tokio::time::Instant;

/// Long enough to look at what happens meanwhile.
const TYPING: Duration = Duration::from_secs(3);

#[tokio::test]
async fn typing_is_shown_and_holds_nobody() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let (alice, bob) = (stack.phones.create("Alice").await?, stack.phones.create("Bob").await?);
    for (number, text) in [(&alice.number, "hello Alice"), (&bob.number, "hello Bob")] {
        let sent = stack.api.send_text("shop", number, text).await?;
        ensure!(stack.phones.wait_for_text(number, text).await?.id == sent.message_id);
    }

    let quiet = stack.phones.counter("stanzasIn").await?;
    let asked = Instant::now();
    let typed = tokio::spawn({
        let (api, alice) = (stack.api.clone(), alice.number.clone());
        let millis = TYPING.as_millis();
        let text = json!({"sessionId": "shop", "chatId": alice, "message": "typed", "typingTime": millis.to_string()});
        async move { api.send(&text, None).await }
    });
    // Nothing else happens on this network: what it hears now is the typing.
    let heard = async || Ok(Seen::when(stack.phones.counter("stanzasIn").await?, |count| *count > quiet));
    wait_for("the typing", TYPING, heard).await?;
    ensure!(stack.phones.saying(&alice.number, "typed").await?.is_empty(), "the text came before the typing");

    stack.api.send_text("shop", &bob.number, "at once").await?;
    stack.phones.wait_for_text(&bob.number, "at once").await?;
    ensure!(stack.phones.saying(&alice.number, "typed").await?.is_empty() && !typed.is_finished(), "nobody was held");
    let answer = typed.await??;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(asked.elapsed() >= TYPING);
    assert_eq!(stack.phones.wait_for_text(&alice.number, "typed").await?.from, shop.number);
    stack.stop().await
}

#[tokio::test]
async fn quotes_keys_and_refusals() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    // A session on the other side as well: it shows what went over the wire.
    let alice = stack.linked("alice", "Alice").await?;
    let body = |text: &str| json!({ "sessionId": "shop", "chatId": alice.number, "message": text });

    // A quote names the message, its author and its text.
    let question = stack.phones.send(&alice.number, &shop.number, "when do you open?").await?;
    let arrived = async || Ok(Seen::when(stack.api.texts("shop", &alice.number).await?, |texts| !texts.is_empty()));
    wait_for("the question", SOON, arrived).await?;
    let mut answer = body("at nine");
    answer["replyTo"] = json!(question);
    let sent = stack.api.send(&answer, None).await?;
    assert_eq!(sent.status, 200, "{sent:?}");
    let arrived = async || {
        let texts = stack.api.texts("alice", &shop.number).await?;
        Ok(Seen::when(texts, |texts| texts.first().is_some_and(|text| text == "at nine")))
    };
    wait_for("the answer", SOON, arrived).await?;
    let here = stack.api.page("shop", &alice.number, 1, None).await?.messages;
    let there = stack.api.page("alice", &shop.number, 1, None).await?.messages;
    for message in [&here[0], &there[0]] {
        let quoted = message.quoted_message.as_ref().expect("a quote");
        assert_eq!((quoted.id.as_str(), quoted.text.as_deref()), (question.as_str(), Some("when do you open?")));
        assert_eq!(quoted.sender, format!("{}@s.whatsapp.net", alice.number));
    }

    // The same key is the same message, whatever happens in between; another body is a mistake.
    let first = stack.api.send(&body("only once"), Some("order-7")).await?;
    let second = stack.api.send(&body("only once"), Some("order-7")).await?;
    assert_eq!((first.status, &first.body), (200, &second.body));
    let other = stack.api.send(&body("something else"), Some("order-7")).await?;
    assert_eq!((other.status, other.code()), (409, "idempotency_key_reused"));
    let asked_at_once = (0..5).map(|_| {
        let (api, text) = (stack.api.clone(), body("at the same time"));
        tokio::spawn(async move { api.send(&text, Some("order-8")).await })
    });
    let mut ids = Vec::new();
    for asked in asked_at_once.collect::<Vec<_>>() {
        let answer = asked.await??;
        ids.push(answer.body["data"]["messageId"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");

    // WhatsApp says no; the next one passes.
    stack.phones.refuse_next_send(463).await?;
    let refused = stack.api.send(&body("refused"), Some("order-9")).await?;
    assert_eq!((refused.status, refused.code()), (502, "send_refused"), "{refused:?}");
    assert_eq!(refused.body["data"]["whatsappCode"], 463);
    let again = stack.api.send(&body("refused"), Some("order-9")).await?;
    assert_eq!(again.body, refused.body, "the outcome of the key");

    // A connection that is lost before WhatsApp's answer: the message goes out again under its id, and is shown once.
    stack.phones.hold_acks(true).await?;
    let asked = tokio::spawn({
        let (api, text) = (stack.api.clone(), body("over the break"));
        async move { api.send(&text, None).await }
    });
    let shown = stack.phones.wait_for_text(&alice.number, "over the break").await?;
    stack.phones.drop_connections().await?;
    let repeated = async || {
        let messages = stack.phones.saying(&alice.number, "over the break").await?;
        Ok(Seen::when(messages, |messages| messages.iter().any(|message| message.wire_repeats > 0)))
    };
    wait_for("the repeat", SOON, repeated).await?;
    stack.phones.hold_acks(false).await?;
    let answer = asked.await??;
    assert_eq!((answer.status, &answer.body["data"]["messageId"]), (200, &json!(shown.id)), "{answer:?}");

    let texts: Vec<String> =
        stack.phones.messages(&alice.number).await?.into_iter().filter_map(|message| message.text).collect();
    let expected = ["when do you open?", "at nine", "only once", "at the same time", "over the break"];
    assert_eq!(texts, expected, "each once");
    stack.stop().await
}

/// More at once than one after another: some reach the host when the first is finished already.
const REPEATS: usize = 30;

#[tokio::test]
async fn one_key_at_once_from_many() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    for round in 0..5 {
        let (text, key) = (format!("round {round}"), format!("key-{round}"));
        let body = json!({ "sessionId": "shop", "chatId": alice.number, "message": text });
        let mut repeats = tokio::task::JoinSet::new();
        for _ in 0..REPEATS {
            let (api, body, key) = (stack.api.clone(), body.clone(), key.clone());
            repeats.spawn(async move { api.send(&body, Some(&key)).await });
        }
        let mut answers = Vec::new();
        while let Some(answer) = repeats.join_next().await {
            answers.push(answer??);
        }
        ensure!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body), "{answers:?}");
        stack.phones.wait_for_text(&alice.number, &text).await?;
        let shown = stack.phones.saying(&alice.number, &text).await?;
        ensure!(shown.len() == 1 && shown[0].wire_repeats == 0, "{shown:?}");
    }
    stack.stop().await
}

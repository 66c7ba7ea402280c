//! Webhooks: what is posted and how it is signed, what becomes of receivers that fail, and what a person may ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use e2e::api::Answer;
use e2e::receiver::{Reaction, Receiver};
use e2e::stack::Stack;
use e2e::wait::{SOON, Seen, wait_for};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

const HOOKS: &str = "/api/whatsapp/sessions/shop/webhooks";

fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    for part in parts {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

async fn add(stack: &Stack, webhook: Value) -> anyhow::Result<String> {
    let answer = stack.api.post(HOOKS, &webhook).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = answer.body["data"]["webhooks"].as_array().expect("a list").clone();
    let mine = all.iter().find(|one| one["url"] == webhook["url"]).expect("the webhook");
    Ok(mine["id"].as_str().expect("an id").to_owned())
}

async fn deliveries(stack: &Stack, id: &str, query: &str) -> anyhow::Result<Vec<Value>> {
    let answer = stack.api.get(&format!("{HOOKS}/{id}/deliveries{query}")).await?;
    Ok(answer.data::<Value>()?["deliveries"].as_array().expect("a list").clone())
}

/// How a webhook fares.
async fn health(stack: &Stack, id: &str) -> anyhow::Result<Value> {
    let all: Value = stack.api.get(HOOKS).await?.data()?;
    Ok(all["webhooks"].as_array().expect("a list").iter().find(|one| one["id"] == id).expect("the webhook").clone())
}

async fn until(stack: &Stack, id: &str, is_fact: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    wait_for("the webhook", SOON, async || Ok(Seen::when(health(stack, id).await?, &is_fact))).await
}

async fn act(stack: &Stack, id: &str, what: &str, body: &Value) -> anyhow::Result<Answer> {
    stack.api.post(&format!("{HOOKS}/{id}/{what}"), body).await
}

#[tokio::test]
async fn a_message_is_posted_signed_and_noted() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let receiver = Receiver::start().await?;
    let (url, secret) = (receiver.url("/hook"), "a-secret-of-the-shop");
    let shop = stack.phones.create("Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let body = json!({ "metadata": { "branch": 7 }, "webhooks": [{ "url": url, "secret": secret, "headers": { "X-Mine": "yes" } }] });
    let connected = stack.api.post("/api/whatsapp/sessions/shop/connect", &body).await?;
    assert_eq!(connected.status, 200);
    let shown = &connected.body["data"]["webhooks"][0];
    assert_eq!((&shown["hasSecret"], &shown["headers"]), (&json!(true), &json!(["X-Mine"])));
    assert!(!connected.body.to_string().contains(secret));
    stack.link("shop", &shop).await?;

    // What the original posts, in its form.
    let up = receiver.event("connection.update").await?;
    assert_eq!(up.body["data"]["status"], "connected");
    assert_eq!(up.body["data"]["phoneNumber"], shop.number.as_str());
    stack.phones.send(&alice.number, &shop.number, "hello").await?;
    let message = receiver.message("hello").await?;
    for (field, value) in
        [("event", json!("message")), ("sessionId", json!("shop")), ("metadata", json!({"branch": 7}))]
    {
        assert_eq!(message.body[field], value, "{field}");
    }
    assert_eq!(message.body["data"]["type"], "text");
    assert!(message.body["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-webhook-source", "chatery-whatsapp-api"),
        ("x-session-id", "shop"),
        ("x-webhook-event", "message"),
        ("x-chatery-attempt", "1"),
        ("x-mine", "yes"),
    ] {
        assert_eq!(message.header(name), value, "{name}");
    }
    assert_eq!(message.header("x-chatery-delivery"), message.body["id"]);
    assert_eq!(message.header("x-chatery-signature"), format!("sha256={}", hmac(secret, &[&message.raw])));
    let timed = message.header("x-chatery-signature-v1").to_owned();
    let (time, signature) = timed.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).expect("a timed one");
    assert_eq!(signature, hmac(secret, &[time.as_bytes(), b".", &message.raw]));

    // An own message, and nothing of what was not asked for.
    stack.api.send_text("shop", &alice.number, "welcome").await?;
    receiver.message("welcome").await?;
    let kinds: Vec<String> = receiver.requests().iter().map(|one| one.header("x-webhook-event").to_owned()).collect();
    assert_eq!(kinds, ["connection.update", "message", "message.sent"]);

    // It is noted, each attempt with its answer.
    let id = shown["id"].as_str().expect("an id");
    let fares = until(&stack, id, |fares| fares["delivered"] == 3 && fares["pending"] == 0).await?;
    assert_eq!((&fares["dead"], &fares["failed"], &fares["retryAt"]), (&json!(0), &json!(0), &Value::Null));
    let noted = deliveries(&stack, id, "?limit=2").await?;
    assert_eq!(noted.len(), 2);
    assert_eq!((&noted[0]["event"], &noted[0]["state"]), (&json!("message.sent"), &json!("delivered")));
    let attempt = &noted[0]["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["answer"]), (&json!(200), &json!("ok")));

    // Another secret: both sign for a day.
    let rotated = act(&stack, id, "secret", &json!({})).await?;
    let newest = rotated.body["data"]["secret"].as_str().expect("a secret").to_owned();
    stack.phones.send(&alice.number, &shop.number, "again").await?;
    let again = receiver.message("again").await?;
    assert_eq!(again.header("x-chatery-signature"), format!("sha256={}", hmac(&newest, &[&again.raw])));
    assert_eq!(again.header("x-chatery-signature-previous"), format!("sha256={}", hmac(secret, &[&again.raw])));
    assert_eq!(again.header("x-chatery-signature-v1").matches(",v1=").count(), 2);

    let ready = stack.api.get("/api/ready").await?;
    assert_eq!(ready.body["data"]["functions"]["webhooks"], "ok", "{ready:?}");

    // A removed one gets nothing more.
    let removed = stack.api.ask(stack.api.request(reqwest::Method::DELETE, HOOKS).json(&json!({ "url": url }))).await?;
    assert_eq!(removed.status, 200);
    let other = Receiver::start().await?;
    add(&stack, json!({ "url": other.url("/") })).await?;
    stack.phones.send(&alice.number, &shop.number, "to the other").await?;
    other.message("to the other").await?;
    assert!(receiver.requests().iter().all(|one| one.text() != "to the other"));
    assert!(other.requests().iter().all(|one| one.text() != "again"), "it begins where it was registered");
    stack.stop().await
}

#[tokio::test]
async fn a_receiver_that_was_away_gets_everything_in_order() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let (mut away, well) = (Receiver::start().await?, Receiver::start().await?);
    let id = add(&stack, json!({ "url": away.url("/"), "events": ["message"] })).await?;
    add(&stack, json!({ "url": well.url("/"), "events": ["message"] })).await?;
    away.go_away().await;
    let texts: Vec<String> = (0..20).map(|number| format!("line {number}")).collect();
    for text in &texts[..10] {
        stack.phones.send(&alice.number, &shop.number, text).await?;
    }
    well.message(&texts[9]).await?;
    let fares = until(&stack, &id, |fares| fares["lastError"] == "unreachable" && !fares["retryAt"].is_null()).await?;
    assert_eq!(fares["delivered"], 0);
    // Also when everything is killed meanwhile.
    stack.kill()?;
    stack.start_again().await?;
    stack.api.wait_until_connected("shop").await?;
    for text in &texts[10..] {
        stack.phones.send(&alice.number, &shop.number, text).await?;
    }
    well.message(&texts[19]).await?;
    away.come_back().await?;
    // Registering it again tries it at once.
    add(&stack, json!({ "url": away.url("/"), "events": ["message"] })).await?;
    away.message(&texts[19]).await?;
    let came: Vec<String> = away.requests().iter().map(|one| one.text().to_owned()).collect();
    assert_eq!(came, texts);
    until(&stack, &id, |fares| fares["pending"] == 0).await?;
    let first = &deliveries(&stack, &id, "?limit=200").await?[19];
    assert!(first["tries"].as_u64() > Some(1) && first["state"] == "delivered", "{first}");
    assert_eq!(first["attempts"][0]["error"], "unreachable");
    stack.stop().await
}

#[tokio::test]
async fn bad_receivers_do_not_hold_up_a_good_one() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let says = |status, headers: &str| Reaction::Says(status, headers.to_owned(), "no\u{1b}[31m".to_owned());
    let reactions = [
        ("500", says(500, ""), "status 500"),
        ("429", says(429, "retry-after: 30\r\n"), "status 429"),
        ("redirect", says(302, "location: http://127.0.0.1:1/\r\n"), "status 302"),
        ("reset", Reaction::Resets, "unreachable"),
        ("hang", Reaction::Hangs, "timeout"),
        ("endless", Reaction::EndlessBody, ""),
    ];
    let mut bad = Vec::new();
    for (name, reaction, error) in reactions {
        let receiver = Receiver::reacting(move |_| reaction.clone()).await?;
        let id = add(&stack, json!({ "url": receiver.url("/"), "events": ["message"] })).await?;
        bad.push((name, receiver, id, error));
    }
    let good = Receiver::start().await?;
    add(&stack, json!({ "url": good.url("/"), "events": ["message"] })).await?;
    let mut took = Vec::new();
    for number in 0..21 {
        let text = format!("line {number}");
        let sent = std::time::Instant::now();
        stack.phones.send(&alice.number, &shop.number, &text).await?;
        took.push(good.message(&text).await?.at.saturating_duration_since(sent));
    }
    took.sort();
    // A figure of the benchmark, and here no more than a bound that a held-up receiver would break.
    assert!(took[10] < Duration::from_secs(1), "{took:?}");
    for (name, receiver, id, error) in &bad {
        let fares = until(&stack, id, |fares| error.is_empty() || fares["lastError"] == *error).await?;
        if error.is_empty() {
            receiver.message("line 20").await?;
            continue;
        }
        assert_eq!(fares["delivered"], 0, "{name}");
        let came: Vec<String> = receiver.requests().iter().map(|one| one.text().to_owned()).collect();
        assert!(came.iter().all(|text| text == "line 0"), "{name}: in order, {came:?}");
    }
    // The receiver said when to come again.
    let (_, busy, id, _) = &bad[1];
    let fares = health(&stack, id).await?;
    assert!(busy.requests().len() == 1 && fares["pending"].as_u64() >= Some(21), "{fares}");
    let noted = deliveries(&stack, &bad[0].2, "").await?;
    assert_eq!(noted[0]["state"], "retrying");
    assert_eq!(noted[0]["attempts"][0]["answer"], "no[31m", "readable");
    stack.stop().await
}

#[tokio::test]
async fn tests_redeliveries_and_replays() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let is_down = Arc::new(AtomicBool::new(false));
    let receiver = Receiver::reacting({
        let is_down = Arc::clone(&is_down);
        move |_| {
            if is_down.load(Ordering::Relaxed) {
                Reaction::Says(500, String::new(), String::new())
            } else {
                Reaction::Takes
            }
        }
    })
    .await?;
    let id = add(&stack, json!({ "url": receiver.url("/"), "events": ["message"] })).await?;

    let tested = act(&stack, &id, "test", &json!({})).await?;
    assert_eq!((tested.status, &tested.body["message"]), (200, &json!("Delivered")), "{tested:?}");
    assert_eq!(receiver.event("test").await?.header("x-webhook-event"), "test");
    is_down.store(true, Ordering::Relaxed);
    let refused = act(&stack, &id, "test", &json!({})).await?;
    assert_eq!(refused.body["message"], "The receiver did not take it", "{refused:?}");
    assert_eq!(refused.body["data"]["attempts"][0]["status"], 500);
    is_down.store(false, Ordering::Relaxed);

    for number in 0..5 {
        stack.phones.send(&alice.number, &shop.number, &format!("line {number}")).await?;
    }
    receiver.message("line 4").await?;
    until(&stack, &id, |fares| fares["pending"] == 0).await?;
    let noted = deliveries(&stack, &id, "").await?;
    let third = noted.iter().filter(|one| one["event"] == "message").nth(2).expect("the third").clone();
    let delivery = third["id"].as_str().expect("an id").to_owned();
    let again = act(&stack, &id, &format!("deliveries/{delivery}/redeliver"), &json!({})).await?;
    assert_eq!((again.status, &again.body["data"]["tries"]), (200, &json!(2)), "{again:?}");
    let same: Vec<_> =
        receiver.requests().into_iter().filter(|one| one.header("x-chatery-delivery") == delivery).collect();
    assert_eq!(same.len(), 2);
    assert_eq!((same[0].body.clone(), same[1].header("x-chatery-attempt")), (same[1].body.clone(), "2"));

    // From the second to the fourth once more.
    let cursor = |number: usize| {
        let of = receiver.requests().into_iter().find(|one| one.text() == format!("line {number}"));
        of.map(|one| one.body["cursor"].clone()).expect("a cursor")
    };
    let before = receiver.requests().len();
    let replay = act(&stack, &id, "replay", &json!({ "from": cursor(1), "to": cursor(3) })).await?;
    assert_eq!(replay.status, 200, "{replay:?}");
    let came = receiver.wait_for("the replay", |all| (all.len() >= before + 3).then(|| all[before..].to_vec())).await?;
    let texts: Vec<&str> = came.iter().map(e2e::receiver::Request::text).collect();
    assert_eq!(texts, ["line 1", "line 2", "line 3"]);
    until(&stack, &id, |fares| fares["replaying"] == false).await?;

    for (what, status, code) in [
        ("deliveries/00000000000000000000000000000000/redeliver", 404, "delivery_not_found"),
        ("replay", 400, "invalid_field"),
    ] {
        let refused = act(&stack, &id, what, &json!({ "from": "yesterday" })).await?;
        assert_eq!((refused.status, refused.code()), (status, code), "{what}");
    }
    let unknown = act(&stack, "0123456789abcdef", "test", &json!({})).await?;
    assert_eq!((unknown.status, unknown.code()), (404, "webhook_not_found"));
    stack.stop().await
}

#[tokio::test]
async fn a_paused_webhook_waits_and_misses_nothing() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let (receiver, other) = (Receiver::start().await?, Receiver::start().await?);
    let hook = |paused| json!({ "url": receiver.url("/"), "events": ["message"], "paused": paused });
    let id = add(&stack, hook(true)).await?;
    add(&stack, json!({ "url": other.url("/") })).await?;
    stack.phones.send(&alice.number, &shop.number, "meanwhile").await?;
    other.message("meanwhile").await?;
    assert!(receiver.requests().is_empty());
    assert_eq!(
        (&health(&stack, &id).await?["paused"], health(&stack, &id).await?["pending"].as_u64() > Some(0)),
        (&json!(true), true)
    );
    add(&stack, hook(false)).await?;
    receiver.message("meanwhile").await?;
    stack.stop().await
}

#[tokio::test]
async fn an_event_that_its_receiver_refuses_is_set_aside_and_the_others_go_on() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let refusals = Arc::new(AtomicUsize::new(0));
    let receiver = Receiver::reacting({
        let refusals = Arc::clone(&refusals);
        move |request| {
            if request.text() != "poison" {
                return Reaction::Takes;
            }
            refusals.fetch_add(1, Ordering::Relaxed);
            Reaction::Says(422, String::new(), "cannot be read".to_owned())
        }
    })
    .await?;
    let id = add(&stack, json!({ "url": receiver.url("/"), "events": ["message"] })).await?;
    for text in ["poison", "after it"] {
        stack.phones.send(&alice.number, &shop.number, text).await?;
    }
    // Six refusals, with the pauses between them that registering it again cuts short.
    let look = async || {
        add(&stack, json!({ "url": receiver.url("/"), "events": ["message"] })).await?;
        let through = receiver.requests().iter().any(|one| one.text() == "after it");
        Ok(Seen::when((through, refusals.load(Ordering::Relaxed)), |(through, _)| *through))
    };
    let (_, refused) = wait_for("what comes after it", SOON, look).await?;
    assert_eq!(refused, 6);
    let aside = deliveries(&stack, &id, "?list=aside").await?;
    assert_eq!((aside.len(), &aside[0]["state"], &aside[0]["tries"]), (1, &json!("set_aside"), &json!(6)));
    assert_eq!(aside[0]["payload"]["message"]["text"], "poison", "nothing is lost");
    assert_eq!(health(&stack, &id).await?["setAside"], 1);
    stack.stop().await
}

#[tokio::test]
async fn nobody_is_sent_where_they_must_not_go() -> anyhow::Result<()> {
    let stack = e2e::stack::Plan::default().setting("ALLOW_PRIVATE_URLS", "none").start().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let receiver = Receiver::start().await?;
    let port = receiver.url("").rsplit(':').next().expect("a port").to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "self.alt",
        "rest.spin.internal",
    ] {
        let refused = stack.api.post(HOOKS, &json!({ "url": format!("http://{host}:{port}/") })).await?;
        assert_eq!((refused.status, refused.code()), (400, "invalid_field"), "{host}");
    }
    // One that was registered when it was allowed, or whose name now means another address, is refused when it is called.
    let redis = stack.redis()?;
    let id = "0123456789abcdef";
    let stored = json!([{ "id": id, "url": receiver.url("/") }]).to_string();
    let mut connection = redis.get_connection()?;
    redis::cmd("HSET").arg("chatery:{shop}:session").arg("webhooks").arg(stored).exec(&mut connection)?;
    redis::cmd("HSET").arg("chatery:{shop}:webhooks").arg(id).arg("0-0").exec(&mut connection)?;
    let alice = stack.phones.create("Alice").await?;
    stack.phones.send(&alice.number, &shop.number, "hello").await?;
    until(&stack, id, |fares| fares["lastError"] == "url_refused").await?;
    assert!(receiver.requests().is_empty());
    // The function itself is not public.
    let asked = stack.api.post("/internal/webhooks", &json!({})).await?;
    assert_eq!((asked.status, asked.code()), (404, "route_not_found"));
    stack.stop().await
}

#[tokio::test]
async fn the_end_of_a_deleted_session_is_told() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let (receiver, mut away) = (Receiver::start().await?, Receiver::start().await?);
    for url in [receiver.url("/"), away.url("/")] {
        add(&stack, json!({ "url": url })).await?;
    }
    away.go_away().await;
    assert_eq!(stack.api.delete("shop").await?.status, 200);
    let down = receiver.event("connection.update").await?;
    assert_eq!(down.body["data"]["status"], "disconnected");
    receiver.event("logged.out").await?;
    stack.stop().await
}

//! `kill -9` at the worst moments, then a start on the same data: the session is connected without a new QR code, nothing is
//! lost, nothing is there twice.

use std::collections::BTreeMap;

use anyhow::ensure;
use e2e::phones::Phone;
use e2e::stack::Stack;
use e2e::wait::{SOON, Seen, wait_for};
use serde_json::json;

use crate::network::Network;

/// Messages that arrive while the server is killed.
const MANY: usize = 50;

/// So many of them have arrived when it is.
const MIDDLE: usize = 20;

#[tokio::test]
async fn before_the_reply_of_a_send_network_inside() -> anyhow::Result<()> {
    before_the_reply_of_a_send(Network::Inside).await
}

#[tokio::test]
async fn before_the_reply_of_a_send_network_beside() -> anyhow::Result<()> {
    before_the_reply_of_a_send(Network::Beside).await
}

async fn before_the_reply_of_a_send(network: Network) -> anyhow::Result<()> {
    let (mut stack, _simulator) = network.stack().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let text = json!({ "sessionId": "shop", "chatId": alice.number, "message": "once" });

    stack.phones.hold_acks(true).await?;
    let asked = tokio::spawn({
        let (api, text) = (stack.api.clone(), text.clone());
        async move { api.send(&text, Some("key-1")).await }
    });
    let shown = stack.phones.wait_for_text(&alice.number, "once").await?;
    stack.kill()?;
    assert!(asked.await?.is_err(), "it was killed before the reply");

    if let Network::Beside = network {
        stack.phones.hold_acks(false).await?;
    }
    stack.start_again().await?;
    is_linked_as_before(&stack, "shop", &shop).await?;

    let again = stack.api.send(&text, Some("key-1")).await?;
    assert_eq!((again.status, &again.body["data"]["messageId"]), (200, &json!(shown.id)), "{again:?}");
    let third = stack.api.send(&text, Some("key-1")).await?;
    assert_eq!(again.body["data"], third.body["data"]);
    let there = stack.phones.saying(&alice.number, "once").await?;
    assert_eq!(there.len(), 1, "{there:?}");
    let here = stack.api.texts("shop", &alice.number).await?;
    assert_eq!(here, ["once"]);
    stack.stop().await
}

#[tokio::test]
async fn while_it_types_before_a_send() -> anyhow::Result<()> {
    let (mut stack, _) = Network::Inside.stack().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    stack.api.send_text("shop", &alice.number, "hello").await?;
    let text = json!({ "sessionId": "shop", "chatId": alice.number, "message": "typed", "typingTime": 5_000 });
    let quiet = stack.phones.counter("stanzasIn").await?;
    let asked = tokio::spawn({
        let (api, text) = (stack.api.clone(), text.clone());
        async move { api.send(&text, Some("key-1")).await }
    });
    let typing = async || Ok(Seen::when(stack.phones.counter("stanzasIn").await?, |count| *count > quiet));
    wait_for("the typing", SOON, typing).await?;
    stack.kill()?;
    assert!(asked.await?.is_err(), "it was killed before the reply");
    stack.start_again().await?;
    is_linked_as_before(&stack, "shop", &shop).await?;

    // It was accepted, so it goes out; whoever asks again joins, and gets its outcome.
    let answer = stack.api.send(&text, Some("key-1")).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let there = stack.phones.saying(&alice.number, "typed").await?;
    assert_eq!(there.iter().map(|it| json!(it.id)).collect::<Vec<_>>(), [answer.body["data"]["messageId"].clone()]);
    stack.stop().await
}

#[tokio::test]
async fn while_messages_arrive_network_inside() -> anyhow::Result<()> {
    while_messages_arrive(Network::Inside).await
}

#[tokio::test]
async fn while_messages_arrive_network_beside() -> anyhow::Result<()> {
    while_messages_arrive(Network::Beside).await
}

async fn while_messages_arrive(network: Network) -> anyhow::Result<()> {
    let (mut stack, _simulator) = network.stack().await?;
    let shop = stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?;
    let start = stack.socket().await?.subscribe("shop").await?;
    let texts: Vec<String> = (0..MANY).map(|number| format!("number {number}")).collect();

    let writing = tokio::spawn({
        let (phones, texts) = (stack.phones.clone(), texts.clone());
        let (from, to) = (alice.number.clone(), shop.number.clone());
        async move {
            for text in &texts {
                if phones.send(&from, &to, text).await.is_err() {
                    return;
                }
            }
        }
    });
    let arrived = async || Ok(Seen::when(stack.api.texts("shop", &alice.number).await?.len(), |n| *n >= MIDDLE));
    wait_for("some of the messages", SOON, arrived).await?;
    stack.kill()?;
    writing.await?;

    stack.start_again().await?;
    is_linked_as_before(&stack, "shop", &shop).await?;
    // What the network had not taken when it was killed, Alice writes now.
    for text in &texts {
        if stack.phones.saying(&alice.number, text).await?.is_empty() {
            stack.phones.send(&alice.number, &shop.number, text).await?;
        }
    }
    let arrived = async || Ok(Seen::when(stack.api.texts("shop", &alice.number).await?.len(), |n| *n >= MANY));
    wait_for("all the messages", SOON, arrived).await?;
    stack.phones.send(&alice.number, &shop.number, "the end").await?;

    let mut socket = stack.socket().await?;
    socket.resume("shop", start.cursor()?).await?;
    socket.message("the end").await?;
    let events = socket.seen().iter().filter(|event| event.name == "message").map(|event| event.text().to_owned());
    let mut expected: BTreeMap<String, usize> = texts.into_iter().map(|text| (text, 1)).collect();
    expected.insert("the end".to_owned(), 1);
    assert_eq!(counted(events), expected, "the event log");
    assert_eq!(counted(stack.api.texts("shop", &alice.number).await?), expected, "the history");
    stack.stop().await
}

fn counted(texts: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn right_after_the_scan_network_inside() -> anyhow::Result<()> {
    right_after_the_scan(Network::Inside).await
}

#[tokio::test]
async fn right_after_the_scan_network_beside() -> anyhow::Result<()> {
    right_after_the_scan(Network::Beside).await
}

async fn right_after_the_scan(network: Network) -> anyhow::Result<()> {
    let (mut stack, _simulator) = network.stack().await?;
    let (shop, alice) = (stack.phones.create("Shop").await?, stack.phones.create("Alice").await?);
    ensure!(stack.api.connect("shop").await?.status == 200);
    let device = stack.phones.scan(&shop.number, &stack.api.qr_code("shop").await?).await?;
    stack.kill()?;

    stack.start_again().await?;
    stack.api.wait_until_connected("shop").await?;
    let phone = stack.phones.wait_for_phone(&shop.number, |phone| phone.devices.iter().any(|it| it.online)).await?;
    assert_eq!(phone.devices.iter().map(|device| device.id).collect::<Vec<_>>(), [device], "the device of the scan");
    stack.api.send_text("shop", &alice.number, "here we are").await?;
    stack.phones.wait_for_text(&alice.number, "here we are").await?;
    stack.stop().await
}

/// The session is connected, and its phone knows one device, the one it linked first: nobody scanned another code. The network
/// is asked first, because the record still says what was true before the kill until the session is taken up again.
async fn is_linked_as_before(stack: &Stack, session: &str, phone: &Phone) -> anyhow::Result<()> {
    let online = |phone: &Phone| phone.devices.iter().any(|device| device.online);
    let phone = stack.phones.wait_for_phone(&phone.number, online).await?;
    ensure!(phone.devices.len() == 1, "{phone:?}");
    stack.api.wait_until_connected(session).await.map(drop)
}

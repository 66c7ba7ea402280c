//! Phones that cannot decrypt: they ask for another copy, and it comes.

use std::time::Duration;

use whatsapp_rust::features::StatusSendOptions;
use whatsapp_rust::wacore::store::traits::SignalStore as _;
use whatsapp_rust::wacore::types::jid::JidExt as _;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_sim::{LogEntry, Outgoing};

use super::{Two, found, lid, shown};
use crate::client::{DEADLINE, TestClient, all_understood, jid, network, phone};

/// How often the phones of a network met a riddle.
async fn riddles(two: &Two) -> u64 {
    two.sim.stats().await.undecryptable
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_sends_again_what_a_damaged_phone_could_not_read() {
    let mut two = Two::meet().await;
    let first = two.client.send(&jid(&two.bob), "one").await;
    shown(&two.sim, &two.bob, &first).await;
    two.bob_says(Outgoing::text("yes")).await;
    let second = two.client.send(&jid(&two.bob), "two").await;
    shown(&two.sim, &two.bob, &second).await;
    all_understood(&two.sim).await;

    // The session is not the first message's any more: without it nothing is readable.
    two.sim.phone_loses_sessions(&two.bob).await.unwrap();
    let third = two.client.send(&jid(&two.bob), "three").await;
    let seen = shown(&two.sim, &two.bob, &third).await;
    assert_eq!((seen.text.as_deref(), seen.wire_repeats), (Some("three"), 0), "shown once, at the last copy");
    let riddles_of_bob = riddles(&two).await;
    assert!(riddles_of_bob >= 2, "the second request brings keys: {riddles_of_bob}");
    two.bob_says(Outgoing::text("got it")).await;
    let fourth = two.client.send(&jid(&two.bob), "four").await;
    shown(&two.sim, &two.bob, &fourth).await;
    assert_eq!(riddles(&two).await, riddles_of_bob, "both go on with the new session");

    // The same for the copies that the own phone gets.
    two.sim.phone_loses_sessions(&two.ada).await.unwrap();
    let fifth = two.client.send(&jid(&two.bob), "five").await;
    assert_eq!(shown(&two.sim, &two.ada, &fifth).await.chat, two.bob);
    assert!(riddles(&two).await > riddles_of_bob);
    assert_eq!(two.sim.stats().await.unknown_requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_sends_again_what_one_client_could_not_read() {
    let mut two = Two::meet().await;
    let mut other = TestClient::linked(&two.sim, &two.ada).await;
    let hello = two.client.send(&jid(&two.bob), "hello").await;
    shown(&two.sim, &two.bob, &hello).await;
    two.bob_says(Outgoing::text("one")).await;
    other.text("one").await;
    all_understood(&two.sim).await;

    // One client loses its session with Bob's phone; the other keeps its own.
    let Two { sim, ada, bob, client } = two;
    let settled = sim.wait_for_phone(&ada, |phone| phone.devices.iter().all(|device| device.queued == 0), DEADLINE);
    assert!(settled.await.unwrap().is_some());
    let store = client.stop().await;
    let session = lid(&sim, &bob).await.to_protocol_address().to_string();
    assert!(store.has_session(&session).await.unwrap());
    store.delete_session(&session).await.unwrap();
    let mut client = TestClient::start(sim.ws_url(), store).await;
    client.connected().await;
    let id = sim.phone_send(&bob, &ada, "two").await.unwrap();
    client.text("two").await;
    other.text("two").await;
    sim.phone_send(&bob, &ada, "three").await.unwrap();
    client.text("three").await;
    other.text("three").await;
    let passed = sim.stanza_log(0, Some(&ada), usize::MAX, Duration::ZERO).await.unwrap().entries;
    let copies = |device: u16| {
        let of_it = |entry: &&LogEntry| entry.tag == "message" && entry.id.as_deref() == Some(&*id);
        passed.iter().filter(of_it).filter(|entry| entry.device == Some(device)).count()
    };
    assert!(copies(1) >= 2, "it came again");
    assert_eq!(copies(2), 1, "to nobody else");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_members_get_another_copy_too() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let group = found(&client, &[&bob]).await;
    let first = client.send(&group, "one").await;
    shown(&sim, &bob, &first).await;
    sim.phone_loses_sessions(&bob).await.unwrap();
    for text in ["two", "three"] {
        let id = client.send(&group, text).await;
        assert_eq!(shown(&sim, &bob, &id).await.text.as_deref(), Some(text));
    }
    let stats = sim.stats().await;
    assert!(stats.undecryptable > 0 && stats.unknown_requests == 0, "{stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_post_comes_again() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let post = async |text: &str| {
        let message = wa::Message { conversation: Some(text.to_owned()), ..wa::Message::default() };
        let options = StatusSendOptions::default();
        client.client.status().send_raw(message, &[jid(&bob)], options).await.unwrap().message_id
    };
    // Clients post for people whose LID they know.
    let hello = client.send(&jid(&bob), "hello").await;
    shown(&sim, &bob, &hello).await;
    let first = post("one").await;
    shown(&sim, &bob, &first).await;
    sim.phone_loses_sessions(&bob).await.unwrap();
    let second = post("two").await;
    assert_eq!(shown(&sim, &bob, &second).await.text.as_deref(), Some("two"));
    let stats = sim.stats().await;
    assert!(stats.undecryptable > 0 && stats.unknown_requests == 0, "{stats:?}");
}

#[tokio::test]
async fn phones_help_each_other() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    for text in ["one", "two"] {
        sim.phone_send(&ada, &bob, text).await.unwrap();
        sim.phone_send(&bob, &ada, text).await.unwrap();
    }
    sim.phone_loses_sessions(&bob).await.unwrap();
    let id = sim.phone_send(&ada, &bob, "three").await.unwrap();
    assert_eq!(shown(&sim, &bob, &id).await.text.as_deref(), Some("three"));
    assert!(sim.stats().await.undecryptable > 0);
}

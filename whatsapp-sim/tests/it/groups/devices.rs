//! Groups whose members have several devices: each of them hears everything, in order, and what one device could not read
//! concerns that device and the one that sent it.

use std::time::Duration;

use whatsapp_rust::Jid;
use whatsapp_rust::wacore_binary::builder::NodeBuilder;
use whatsapp_sim::{Direction, GroupChange, LogEntry, Sim};

use super::shown;
use crate::client::{DEADLINE, TestClient, all_understood, network, phone};

/// Ada and Bob, each with a phone and two clients, in a group that Ada's first client has founded.
struct Pairs {
    sim: Sim,
    ada: String,
    bob: String,
    group: Jid,
    adas: [TestClient; 2],
    bobs: [TestClient; 2],
}

impl Pairs {
    async fn meet() -> Self {
        let sim = network().await;
        sim.set_stanza_log(true);
        let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
        let adas = [TestClient::linked(&sim, &ada).await, TestClient::linked(&sim, &ada).await];
        let bobs = [TestClient::linked(&sim, &bob).await, TestClient::linked(&sim, &bob).await];
        let group = adas[0].found("Walks", &[&bob]).await;
        Self { sim, ada, bob, group, adas, bobs }
    }

    /// What passed to or from one device.
    async fn passed(&self, number: &str, device: u16, direction: Direction) -> Vec<LogEntry> {
        let page = self.sim.stanza_log(0, Some(number), usize::MAX, Duration::ZERO).await.unwrap();
        let of_device = |entry: &LogEntry| entry.device == Some(device) && entry.direction == direction;
        page.entries.into_iter().filter(of_device).collect()
    }

    /// The kinds of stanzas about the group that a device was told, in order.
    async fn told(&self, number: &str, device: u16) -> Vec<String> {
        let group = self.group.to_string();
        let passed = self.passed(number, device, Direction::Out).await.into_iter();
        let about = passed.filter(|entry| entry.xml.contains(&group));
        about.map(|entry| entry.tag).filter(|tag| matches!(tag.as_str(), "notification" | "message")).collect()
    }

    /// Waits until Ada's first client has been asked for another copy by a device of Bob.
    async fn asks(&self, device: u16, id: &str) {
        let device = format!(":{device}@lid");
        let asked = async {
            let mut after = 0;
            while !self.retries(&self.ada, 1, id).await.iter().any(|retry| retry.xml.contains(&device)) {
                after = self.sim.stanza_log(after, None, 1, DEADLINE).await.unwrap().next;
            }
        };
        tokio::time::timeout(DEADLINE, asked).await.expect("the device asks");
    }

    /// The calls for another copy of a message that a device was told.
    async fn retries(&self, number: &str, device: u16, id: &str) -> Vec<LogEntry> {
        let passed = self.passed(number, device, Direction::Out).await.into_iter();
        let retry = |entry: &LogEntry| entry.kind.as_deref() == Some("retry") && entry.id.as_deref() == Some(id);
        passed.filter(retry).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_device_of_every_member_hears_everything_in_order() {
    let mut pairs = Pairs::meet().await;
    pairs.adas[0].send(&pairs.group, "one").await;
    for client in &mut pairs.bobs {
        client.text("one").await;
    }
    let renamed = GroupChange { subject: Some("Long walks".into()), ..GroupChange::default() };
    pairs.sim.group_change(&pairs.ada, &pairs.group.to_string(), &renamed).await.unwrap();
    pairs.sim.phone_send(&pairs.bob, &pairs.group.to_string(), "two").await.unwrap();
    for client in pairs.adas.iter_mut().chain(&mut pairs.bobs) {
        client.text("two").await;
    }
    let [create, message] = ["notification", "message"];
    let all = [create, message, create, message];
    for device in [1, 2] {
        assert_eq!(pairs.told(&pairs.bob, device).await, all, "Bob's device {device}");
    }
    assert_eq!(pairs.told(&pairs.ada, 2).await, all, "the founder's other device");
    // What a device does itself it is not told.
    assert_eq!(pairs.told(&pairs.ada, 1).await, all[2..], "the founder");
    for number in [&pairs.ada, &pairs.bob] {
        for text in ["one", "two"] {
            shown(&pairs.sim, number, &pairs.group, text).await;
        }
    }
    all_understood(&pairs.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_device_cannot_read_concerns_only_it_and_the_sender() {
    let mut pairs = Pairs::meet().await;
    // Bob's phone is damaged: it asks the device that wrote, and gets a copy that no other device gets.
    pairs.adas[0].send(&pairs.group, "one").await;
    shown(&pairs.sim, &pairs.bob, &pairs.group, "one").await;
    pairs.sim.phone_loses_sessions(&pairs.bob).await.unwrap();
    let id = pairs.adas[0].send(&pairs.group, "two").await;
    shown(&pairs.sim, &pairs.bob, &pairs.group, "two").await;
    let sent: Vec<_> = pairs.passed(&pairs.ada, 1, Direction::In).await;
    let copies = sent.iter().filter(|entry| entry.tag == "message" && entry.id.as_deref() == Some(&*id)).count();
    assert!(copies >= 2, "it is sent again");
    for client in &mut pairs.bobs {
        client.text("two").await;
    }

    // Bob's companions cannot read what is sealed with a chain that nobody gave them: each asks the same one.
    let mut unknown = vec![0x33, 0x08, 0x63, 0x10, 0x00, 0x1a, 0x10];
    unknown.resize(unknown.len() + 16 + 64, 7);
    let garbage = NodeBuilder::new("enc").attr("v", "2").attr("type", "skmsg").bytes(unknown).build();
    let message = NodeBuilder::new("message").attr("id", "GARBAGE").attr("to", pairs.group.clone());
    let message = message.attr("type", "text").attr("addressing_mode", "lid").children([garbage]).build();
    pairs.adas[0].client.send_node(message).await.unwrap();
    for device in [1, 2] {
        pairs.asks(device, "GARBAGE").await;
    }
    // What comes to the other device now has come after anything that it was told by mistake.
    pairs.sim.phone_send(&pairs.bob, &pairs.ada, "what was that?").await.unwrap();
    pairs.adas[1].text("what was that?").await;
    for id in [id.as_str(), "GARBAGE"] {
        assert!(pairs.retries(&pairs.ada, 2, id).await.is_empty(), "the other device of the sender is not asked");
        for device in [1, 2] {
            let got = pairs.passed(&pairs.bob, device, Direction::Out).await.into_iter();
            let got = got.filter(|entry| entry.tag == "message" && entry.id.as_deref() == Some(id)).count();
            assert_eq!(got, 1, "{id}: no copy for device {device}");
        }
    }
    assert_eq!(pairs.sim.stats().await.unknown_requests, 0);
}

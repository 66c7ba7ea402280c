//! Messages of every kind, from phones to clients and from clients to phones.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

mod admin;
mod changes;
mod copies;
mod events;
mod files;
mod kept;
mod many;
mod said;
mod scenario;

use std::time::Duration;

use whatsapp_rust::Jid;
use whatsapp_rust::features::{GroupCreateOptions, GroupParticipantOptions};
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::message::MessageInfo;
use whatsapp_rust::wacore::types::presence::ReceiptType;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_sim::{LogEntry, MessageDetails, Outgoing, PhoneMessage, Sim};

use crate::client::{DEADLINE, TestClient, network, phone};

/// Ada has a phone and a client, Bob only a phone.
struct Two {
    sim: Sim,
    ada: String,
    bob: String,
    client: TestClient,
}

impl Two {
    async fn meet() -> Self {
        let sim = network().await;
        sim.set_stanza_log(true);
        let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
        let client = TestClient::linked(&sim, &ada).await;
        Self { sim, ada, bob, client }
    }

    /// Bob sends something to Ada; her client has it.
    async fn bob_sends(&mut self, message: impl Into<Outgoing>) -> (MessageInfo, wa::Message) {
        let id = self.sim.phone_sends(&self.bob, &self.ada, message.into()).await.unwrap();
        self.client.message(&id).await
    }

    /// The same, without what wraps it.
    async fn bob_says(&mut self, message: impl Into<Outgoing>) -> (String, wa::Message) {
        let (info, message) = self.bob_sends(message).await;
        (info.id.clone(), message.into_base_message())
    }

    /// What the envelope of a message that Ada's client got says of its media.
    async fn media_type(&self, id: &str) -> Option<String> {
        let page = self.sim.stanza_log(0, Some(&self.ada), usize::MAX, Duration::ZERO).await.unwrap();
        let delivered = |entry: &LogEntry| entry.tag == "message" && entry.id.as_deref() == Some(id);
        let envelope = page.entries.into_iter().find(delivered).expect("it was delivered").xml;
        envelope.split_once(" mediatype=\"")?.1.split_once('"').map(|(media_type, _)| media_type.to_owned())
    }

    /// Ada's client sends something to Bob; his phone shows it.
    async fn ada_says(&self, message: wa::Message) -> PhoneMessage {
        let sent = Box::pin(self.client.client.send_message(Jid::pn(&self.bob), message)).await.unwrap();
        shown(&self.sim, &self.bob, &sent.message_id).await
    }

    /// What Bob's phone has learned about a message by the time that it looks like this.
    async fn bob_sees(&self, id: &str, like: impl Fn(&PhoneMessage) -> bool) -> PhoneMessage {
        sees(&self.sim, &self.bob, id, like).await
    }
}

/// A message as a phone shows it, once it is there.
async fn shown(sim: &Sim, number: &str, id: &str) -> PhoneMessage {
    sees(sim, number, id, |_| true).await
}

/// A message as a phone shows it, once it looks like this.
async fn sees(sim: &Sim, number: &str, id: &str, like: impl Fn(&PhoneMessage) -> bool) -> PhoneMessage {
    let found = sim.wait_for_message(number, |message| message.id == id && like(message), DEADLINE).await.unwrap();
    found.unwrap_or_else(|| panic!("{id} does not look like that"))
}

/// Details with nothing in them but what a test sets.
fn nothing() -> MessageDetails {
    MessageDetails::default()
}

/// The LID of a phone.
async fn lid(sim: &Sim, number: &str) -> Jid {
    Jid::lid(sim.phone(number).await.unwrap().lid)
}

impl TestClient {
    /// Waits until it hears that a message was played.
    async fn played(&mut self, id: &str) {
        self.expect("the playing", |event| match event {
            Event::Receipt(receipt) if receipt.r#type == ReceiptType::Played => {
                receipt.message_ids.iter().any(|played| played == id).then_some(())
            }
            _ => None,
        })
        .await;
    }

    /// The message with this id.
    async fn message(&mut self, id: &str) -> (MessageInfo, wa::Message) {
        self.expect(&format!("the message {id}"), |event| {
            let mut messages = event.messages();
            messages
                .find(|inbound| inbound.info.id == id)
                .map(|inbound| ((*inbound.info).clone(), (*inbound.message).clone()))
        })
        .await
    }
}

/// The client founds a group with these people.
async fn found(client: &TestClient, members: &[&str]) -> Jid {
    let members = members.iter().map(|number| GroupParticipantOptions::new(Jid::pn(*number))).collect();
    let options = GroupCreateOptions::new("Walks").with_participants(members);
    client.client.groups().create_group(options).await.unwrap().metadata.id
}

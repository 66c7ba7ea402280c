//! Groups as clients and phones live in them.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

mod messages;

use whatsapp_rust::Jid;
use whatsapp_rust::features::{GroupCreateOptions, GroupParticipantOptions};
use whatsapp_rust::wacore::stanza::groups::GroupNotificationAction as Action;
use whatsapp_rust::wacore::types::events::{Event, GroupUpdate};
use whatsapp_sim::Sim;

use crate::client::{DEADLINE, TestClient, jid, phone};

/// Three people, each with a phone and a client.
struct Trio {
    ada: String,
    bob: String,
    cy: String,
    ada_client: TestClient,
    bob_client: TestClient,
    cy_client: TestClient,
}

impl Trio {
    async fn meet(sim: &Sim) -> Self {
        let (ada, bob, cy) = (phone(sim, "Ada").await, phone(sim, "Bob").await, phone(sim, "Cy").await);
        let ada_client = TestClient::linked(sim, &ada).await;
        let bob_client = TestClient::linked(sim, &bob).await;
        let cy_client = TestClient::linked(sim, &cy).await;
        Self { ada, bob, cy, ada_client, bob_client, cy_client }
    }
}

impl TestClient {
    /// Founds a group and returns its id.
    async fn found(&self, subject: &str, members: &[&str]) -> Jid {
        let members = members.iter().map(|number| GroupParticipantOptions::new(jid(number))).collect();
        let options = GroupCreateOptions::new(subject).with_participants(members);
        self.client.groups().create_group(options).await.unwrap().metadata.id
    }

    /// The first change of a group, from now on, in which `pick` finds something.
    async fn news<T>(&mut self, what: &str, mut pick: impl FnMut(&GroupUpdate, &Action) -> Option<T>) -> T {
        self.expect(what, |event| match event {
            Event::GroupUpdate(update) => pick(update, &update.action),
            _ => None,
        })
        .await
    }
}

/// The LID of a phone.
async fn lid(sim: &Sim, number: &str) -> Jid {
    Jid::lid(sim.phone(number).await.unwrap().lid)
}

/// Waits until a phone shows a text in a group.
async fn shown(sim: &Sim, number: &str, group: &Jid, text: &str) {
    let like = |message: &whatsapp_sim::PhoneMessage| {
        message.chat == group.to_string() && message.text.as_deref() == Some(text)
    };
    sim.wait_for_message(number, like, DEADLINE).await.unwrap().expect("the phone shows it");
}

//! Groups as clients and phones live in them.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

mod acts;
mod devices;
mod messages;
mod phones;

use whatsapp_rust::Jid;
use whatsapp_rust::features::{GroupCreateOptions, GroupParticipantOptions};
use whatsapp_rust::wacore::stanza::groups::{GroupNotificationAction as Action, GroupParticipantInfo};
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

/// A change in a few words: what happened, and to what or whom.
fn told(action: &Action) -> String {
    let numbers = |people: &[GroupParticipantInfo]| {
        let of = |one: &GroupParticipantInfo| one.phone_number.as_ref().map(|jid| jid.user.to_string());
        people.iter().map(|one| of(one).expect("both ids")).collect::<Vec<_>>().join(" ")
    };
    match action {
        Action::Create { raw } => {
            let subject = raw.get_optional_child("group").and_then(|group| group.attrs.get("subject"));
            format!("create {}", subject.expect("the whole group").as_str())
        }
        Action::Add { participants, reason } => format!("add {} {reason:?}", numbers(participants)),
        Action::Remove { participants, .. } => format!("remove {}", numbers(participants)),
        Action::Promote { participants } => format!("promote {}", numbers(participants)),
        Action::Demote { participants } => format!("demote {}", numbers(participants)),
        Action::Subject { subject, .. } => format!("subject {subject}"),
        Action::Description { description, .. } => format!("description {description:?}"),
        Action::Ephemeral { expiration, .. } => format!("ephemeral {expiration}"),
        Action::MembershipApprovalMode { enabled } => format!("approval {enabled}"),
        Action::MemberAddMode { mode } => mode.clone(),
        Action::Invite { code } => format!("invite {code}"),
        Action::CreatedMembershipRequests { requests, .. } => format!("asks {}", numbers(requests)),
        other => other.tag_name().to_owned(),
    }
}

impl TestClient {
    /// The next changes of groups are these: by whom, and what in a few words. A client works on several at once, so their order
    /// is that of the wire only in the stanza log.
    async fn hears(&mut self, expected: &[(impl AsRef<str>, impl AsRef<str>)]) {
        let mut awaited: Vec<(Jid, String)> =
            expected.iter().map(|(by, what)| (jid(by.as_ref()), what.as_ref().to_owned())).collect();
        while !awaited.is_empty() {
            let (by, what) =
                self.news("a change", |update, action| Some((update.participant_pn.clone(), told(action)))).await;
            let place = awaited.iter().position(|(actor, expected)| Some(actor) == by.as_ref() && *expected == what);
            awaited.swap_remove(place.unwrap_or_else(|| panic!("{what} by {by:?} is none of {awaited:?}")));
        }
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

//! What messages may do to others in the history, in a real Redis: their authors' only, by whatever address, and once.

use contract::jid::Jid;
use contract::message::Message;
use redis::AsyncCommands as _;
use serde_json::{Value, json};
use session_host::history::{Entry, History};
use wacore::proto_helpers::MessageBuilderExt as _;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::ProtocolMessage;
use waproto::whatsapp::message::protocol_message::Type;

use crate::support::{Owned, owned};

const GROUP: &str = "120363000000000001@g.us";
const ALICE: &str = "6281200001111@s.whatsapp.net";
const ALICE_HIDDEN: &str = "100000000000001@lid";
const BOB: &str = "6281200002222@s.whatsapp.net";

struct Scene {
    owned: Owned,
    history: History,
}

impl Scene {
    async fn begin() -> Self {
        let owned = owned().await;
        let history = History::new(owned.fence(), owned.session.clone(), None);
        Self { owned, history }
    }

    async fn stored(&self, id: &str) -> Message {
        let chat = Jid::parse(GROUP).unwrap();
        let key = self.owned.fence().keys().chat_messages(&chat);
        let json: String = self.owned.redis.shared().hget(key, id).await.unwrap();
        serde_json::from_str(&json).unwrap()
    }

    /// The names of all events, in order.
    async fn events(&self) -> Vec<String> {
        let key = self.owned.fence().keys().events();
        let log: Vec<(String, Vec<String>)> =
            redis::cmd("XRANGE").arg(key).arg("-").arg("+").query_async(&mut self.owned.redis.shared()).await.unwrap();
        let parsed =
            log.iter().flat_map(|(_, fields)| fields).filter_map(|field| serde_json::from_str::<Value>(field).ok());
        parsed.filter_map(|event| event["event"].as_str().map(str::to_owned)).collect()
    }
}

/// A message of the group, by an author with another address or none.
fn message(id: &str, from: &str, other: Option<&str>, kind: &str, raw: wa::Message) -> Entry {
    let text = raw.conversation.clone();
    let address = |server| [Some(from), other].into_iter().flatten().find(|jid| jid.ends_with(server));
    let message = json!({
        "id": id, "chatId": GROUP, "fromMe": false, "sender": from, "senderPhone": "1", "senderName": null, "timestamp": 1_764_000_000,
        "type": kind, "content": text, "caption": null, "mimetype": null, "filename": null, "mediaUrl": null, "isGroup": true,
        "quotedMessage": null, "from": from, "to": GROUP, "text": text,
        "pn": address("net"), "lid": address("lid"),
    });
    Entry::new(Jid::parse(GROUP).unwrap(), serde_json::from_value(message).unwrap(), raw)
}

fn text(id: &str, from: &str, other: Option<&str>) -> Entry {
    message(id, from, other, "text", wa::Message::text("helo"))
}

fn protocol(id: &str, from: &str, other: Option<&str>, of: &str, kind: Type, by_admin: bool) -> Entry {
    let protocol = ProtocolMessage {
        key: MessageField::some(wa::MessageKey { id: Some(of.to_owned()), ..Default::default() }),
        r#type: Some(kind),
        edited_message: MessageField::some(wa::Message::text("hello")),
        ..Default::default()
    };
    let raw = wa::Message { protocol_message: MessageField::some(protocol), ..Default::default() };
    message(id, from, other, "protocol", raw).with_effect(by_admin)
}

#[tokio::test]
async fn nobody_changes_what_somebody_else_wrote() {
    let scene = Scene::begin().await;
    let forged = vec![
        text("A1", ALICE, None),
        protocol("B1", BOB, None, "A1", Type::MESSAGE_EDIT, false),
        protocol("B2", BOB, None, "A1", Type::MESSAGE_EDIT, true),
        protocol("B3", BOB, None, "A1", Type::REVOKE, false),
    ];
    scene.history.ingest(forged).await.unwrap();
    let stored = scene.stored("A1").await;
    assert_eq!((stored.text.as_deref(), stored.edited, stored.revoked), (Some("helo"), false, false));
    // They are messages, of which nothing follows.
    assert_eq!(scene.events().await, ["message", "chat.update", "message", "message", "message"]);
    let admin = vec![protocol("B4", BOB, None, "A1", Type::REVOKE, true)];
    scene.history.ingest(admin).await.unwrap();
    assert!(scene.stored("A1").await.revoked);
}

#[tokio::test]
async fn an_author_is_known_by_both_addresses_and_heard_once() {
    let scene = Scene::begin().await;
    scene.history.ingest(vec![text("A1", ALICE_HIDDEN, None), text("A2", ALICE, Some(ALICE_HIDDEN))]).await.unwrap();
    let edits = || {
        vec![
            // The number became known since, and is not known (any more).
            protocol("E1", ALICE, Some(ALICE_HIDDEN), "A1", Type::MESSAGE_EDIT, false),
            protocol("E2", ALICE_HIDDEN, None, "A2", Type::MESSAGE_EDIT, false),
            protocol("E3", ALICE, None, "A9", Type::MESSAGE_EDIT, false),
        ]
    };
    scene.history.ingest(edits()).await.unwrap();
    for id in ["A1", "A2"] {
        let stored = scene.stored(id).await;
        assert_eq!((stored.text.as_deref(), stored.edited), (Some("hello"), true), "{id}");
    }
    let heard = scene.events().await;
    // Of a message that is not stored people are told all the same.
    assert_eq!(heard.iter().filter(|name| *name == "message.update").count(), 3);
    // A deleted message stays so, also when the edit comes again.
    scene.history.ingest(vec![protocol("R1", ALICE, None, "A2", Type::REVOKE, false)]).await.unwrap();
    scene.history.ingest(edits()).await.unwrap();
    scene.history.ingest(vec![protocol("E4", ALICE, None, "A2", Type::MESSAGE_EDIT, false)]).await.unwrap();
    let stored = scene.stored("A2").await;
    assert_eq!((stored.text, stored.content, stored.revoked, stored.edited), (None, None, true, false));
}

//! What a message does to others, and to its chat: the events that follow from it, in the contract's words (§6.3).

use contract::event::EventKind;
use contract::message::MessageType;
use serde_json::{Value, json};
use wacore::proto_helpers::MessageExt as _;
use waproto::whatsapp::message::protocol_message::Type;

use super::announce::Announcement;
use super::content::describe;
use crate::history::Entry;

/// The stub by which the original's engine says that a message was deleted.
const REVOKED: u8 = 1;

/// The events that follow from a message, after its own.
pub(crate) fn of(entry: &Entry) -> Vec<Announcement> {
    let base = entry.raw.get_base_message();
    let mut events = Vec::new();
    if let Some(reaction) = base.reaction_message.as_option() {
        let target = target(entry, reaction.key.as_option().and_then(|key| key.id.as_deref()), &reaction.key);
        let own = own_key(entry);
        let reaction = json!({
            "key": own,
            "text": reaction.text.as_deref().unwrap_or_default(),
            "senderTimestampMs": reaction.sender_timestamp_ms,
        });
        let reactions = json!([{ "key": target, "reaction": reaction }]);
        events.push(Announcement::new(EventKind::MessageReaction, "reactions", reactions));
    }
    if let Some(protocol) = base.protocol_message.as_option() {
        let id = protocol.key.as_option().and_then(|key| key.id.as_deref());
        let target = target(entry, id, &protocol.key);
        match protocol.r#type {
            Some(Type::REVOKE) => {
                let update = json!({ "message": Value::Null, "messageStubType": REVOKED, "key": own_key(entry) });
                let update = json!([{ "key": target, "update": update }]);
                let mut revoked = Announcement::new(EventKind::MessageRevoke, "key", target);
                revoked.fields.insert("participant".to_owned(), json!(entry.message.from));
                events.push(revoked);
                events.push(Announcement::new(EventKind::MessageUpdate, "update", update));
            }
            Some(Type::MESSAGE_EDIT) => {
                let edited = protocol.edited_message.as_option().and_then(describe);
                let text = edited.and_then(|edited| edited.text());
                let message = json!({ "editedMessage": { "message": { "conversation": text } } });
                let update = json!({ "message": message, "messageTimestamp": entry.message.timestamp, "text": text });
                events.push(Announcement::new(
                    EventKind::MessageUpdate,
                    "update",
                    json!([{ "key": target, "update": update }]),
                ));
            }
            _ => {}
        }
    }
    if !matches!(entry.message.kind, MessageType::Protocol | MessageType::Reaction) {
        let mut chat = json!({ "id": entry.message.chat_id, "conversationTimestamp": entry.message.timestamp });
        if !entry.message.from_me {
            chat["unreadCount"] = json!(1);
        }
        events.push(Announcement::new(EventKind::ChatUpdate, "chats", json!([chat])));
    }
    events
}

/// The key of the message itself.
fn own_key(entry: &Entry) -> Value {
    let message = &entry.message;
    let mut key = json!({ "remoteJid": message.chat_id, "id": message.id, "fromMe": message.from_me });
    if message.is_group {
        key["participant"] = json!(message.from);
    }
    key
}

/// The key of the message that another one is about. Who wrote that one is said from the view of whoever wrote this one.
fn target(entry: &Entry, id: Option<&str>, key: &waproto::buffa::MessageField<waproto::whatsapp::MessageKey>) -> Value {
    let said_own = key.as_option().and_then(|key| key.from_me).unwrap_or_default();
    let from_me =
        if entry.message.is_group { entry.message.from_me && said_own } else { entry.message.from_me == said_own };
    json!({ "remoteJid": entry.message.chat_id, "id": id, "fromMe": from_me })
}

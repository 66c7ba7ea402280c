//! What a message does to others, and to its chat: the events that follow from it, in the contract's words (§6.3).

use contract::event::EventKind;
use contract::message::MessageType;
use serde_json::{Value, json};
use waproto::buffa::MessageField;
use waproto::whatsapp::message::pin_in_chat_message::Type as PinType;
use waproto::whatsapp::message::protocol_message::Type;
use waproto::whatsapp::{KeepType, MessageKey};

use super::announce::Announcement;
use super::content::describe;
use super::wrappers::unwrapped;
use crate::history::{Effect, Entry};

/// The stub by which the original's engine says that a message was deleted.
const REVOKED: u8 = 1;

/// The events that follow from a message, after its own.
pub(crate) fn of(entry: &Entry) -> Vec<Announcement> {
    let base = unwrapped(&entry.raw);
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
    if let Some(vote) = base.poll_update_message.as_option()
        && let Some(Effect::Vote { options }) = &entry.effect
    {
        let key = &vote.poll_creation_message_key;
        let vote = json!({
            "pollUpdateMessageKey": own_key(entry),
            "vote": { "selectedOptions": options },
            "senderTimestampMs": vote.sender_timestamp_ms,
        });
        events.push(update(entry, key, &json!({ "pollUpdates": [vote] })));
    }
    if let Some(pin) = base.pin_in_chat_message.as_option() {
        match pin.r#type {
            Some(PinType::PIN_FOR_ALL) => events.push(update(entry, &pin.key, &json!({ "pinned": true }))),
            Some(PinType::UNPIN_FOR_ALL) => events.push(update(entry, &pin.key, &json!({ "pinned": false }))),
            _ => {}
        }
    }
    if let Some(keep) = base.keep_in_chat_message.as_option() {
        match keep.keep_type {
            Some(KeepType::KEEP_FOR_ALL) => events.push(update(entry, &keep.key, &json!({ "kept": true }))),
            Some(KeepType::UNDO_KEEP_FOR_ALL) => events.push(update(entry, &keep.key, &json!({ "kept": false }))),
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

/// What is new of the message that another one is about.
fn update(entry: &Entry, key: &MessageField<MessageKey>, update: &Value) -> Announcement {
    let target = target(entry, key.as_option().and_then(|key| key.id.as_deref()), key);
    Announcement::new(EventKind::MessageUpdate, "update", json!([{ "key": target, "update": update }]))
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
fn target(entry: &Entry, id: Option<&str>, key: &MessageField<MessageKey>) -> Value {
    let said_own = key.as_option().and_then(|key| key.from_me).unwrap_or_default();
    let from_me =
        if entry.message.is_group { entry.message.from_me && said_own } else { entry.message.from_me == said_own };
    json!({ "remoteJid": entry.message.chat_id, "id": id, "fromMe": from_me })
}

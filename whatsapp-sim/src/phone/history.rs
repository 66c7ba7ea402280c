//! What a phone tells a fresh companion about the past, as inline history notifications.
//!
//! Owns the packing of conversations and names. Real phones upload big chunks as media; here a chunk always travels
//! inside the message, so callers keep it small (see [`MAX_INLINE`]).

use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;
use waproto::whatsapp::history_sync::HistorySyncType as Content;
use waproto::whatsapp::message::{HistorySyncNotification, HistorySyncType as Kind, ProtocolMessage, protocol_message};

use super::content::{MessageRef, protocol};

mod zlib;

/// The largest history that is sent inside a message: a stanza of the wire protocol ends at 16 MiB, and the phone
/// itself refuses ciphertexts above 1 MiB, so nothing near that is useful.
pub const MAX_INLINE: usize = 512 * 1024;

/// One message of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct PastMessage {
    /// Its id and author; the chat is the conversation's.
    pub about: MessageRef,
    /// The author's push name, when it was somebody else.
    pub push_name: Option<String>,
    /// Unix seconds.
    pub timestamp: u64,
    /// What was said.
    pub message: wa::Message,
}

/// One conversation of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct PastConversation {
    /// The chat, in the addressing that live messages of this account use.
    pub chat: String,
    /// The contact's other identity, so that the companion knows both.
    pub pn_and_lid: Option<(String, String)>,
    /// The name the account's owner gave it.
    pub name: Option<String>,
    /// Unread messages.
    pub unread: u32,
    /// Its messages, in any order.
    pub messages: Vec<PastMessage>,
}

/// The first history notification of a new companion. `None` when the conversations do not fit inside a message.
pub fn initial_bootstrap(conversations: Vec<PastConversation>) -> Option<wa::Message> {
    let mappings = conversations.iter().filter_map(|past| past.pn_and_lid.clone());
    notification(
        Kind::INITIAL_BOOTSTRAP,
        &wa::HistorySync {
            sync_type: Content::INITIAL_BOOTSTRAP,
            chunk_order: Some(0),
            progress: Some(100),
            phone_number_to_lid_mappings: mappings
                .map(|(pn, lid)| wa::PhoneNumberToLIDMapping { pn_jid: Some(pn), lid_jid: Some(lid) })
                .collect(),
            conversations: conversations.into_iter().map(conversation).collect(),
            ..Default::default()
        },
    )
}

/// The push names of contacts, as pairs of JID and name. `None` when they do not fit inside a message.
pub fn push_names(names: impl IntoIterator<Item = (String, String)>) -> Option<wa::Message> {
    let names = names.into_iter().map(|(jid, name)| wa::Pushname { id: Some(jid), pushname: Some(name) });
    notification(
        Kind::PUSH_NAME,
        &wa::HistorySync { sync_type: Content::PUSH_NAME, pushnames: names.collect(), ..Default::default() },
    )
}

fn conversation(past: PastConversation) -> wa::Conversation {
    let last = past.messages.iter().map(|message| message.timestamp).max();
    let (pn, lid) = past.pn_and_lid.unzip();
    let mut messages = past.messages;
    // Phones list the newest message first.
    messages.sort_by_key(|message| std::cmp::Reverse(message.timestamp));
    wa::Conversation {
        id: past.chat,
        name: past.name,
        unread_count: Some(past.unread),
        last_msg_timestamp: last,
        conversation_timestamp: last,
        pn_jid: pn,
        lid_jid: lid,
        end_of_history_transfer: Some(true),
        messages: (1..).zip(messages).map(|(order, message)| entry(order, message)).collect(),
        ..Default::default()
    }
}

fn entry(order: u64, past: PastMessage) -> wa::HistorySyncMsg {
    wa::HistorySyncMsg {
        msg_order_id: Some(order),
        message: MessageField::some(wa::WebMessageInfo {
            participant: past.about.participant.clone(),
            key: MessageField::some(past.about.into()),
            message: MessageField::some(past.message),
            message_timestamp: Some(past.timestamp),
            push_name: past.push_name,
            ..Default::default()
        }),
    }
}

fn notification(kind: Kind, content: &wa::HistorySync) -> Option<wa::Message> {
    let packed = zlib::store(&content.encode_to_vec());
    if packed.len() > MAX_INLINE {
        return None;
    }
    Some(protocol(ProtocolMessage {
        r#type: Some(protocol_message::Type::HISTORY_SYNC_NOTIFICATION),
        history_sync_notification: MessageField::some(HistorySyncNotification {
            sync_type: Some(kind),
            chunk_order: Some(0),
            progress: Some(100),
            file_length: Some(packed.len() as u64),
            initial_hist_bootstrap_inline_payload: Some(packed),
            ..Default::default()
        }),
        ..Default::default()
    }))
}

#[cfg(test)]
mod tests;

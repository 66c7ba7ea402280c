//! What a phone tells a companion about the past: chunks of conversations and names, packed as a client unpacks them.
//!
//! Owns the form of a chunk and of the notification that announces it. Whether a chunk travels inside the notification or
//! lies at the media host, and what is in it, is decided elsewhere.

use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;
use waproto::whatsapp::conversation::EndOfHistoryTransferType as EndOfHistory;
use waproto::whatsapp::history_sync::HistorySyncType as Content;
use waproto::whatsapp::message::{HistorySyncNotification, HistorySyncType as Kind, ProtocolMessage, protocol_message};

use super::content::{MessageRef, protocol};
use crate::media::Uploaded;

mod zlib;

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
    /// Whether the phone has no older ones.
    pub complete: bool,
    /// Its messages, in any order.
    pub messages: Vec<PastMessage>,
}

/// Which chunk of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What kind of history it is.
    pub kind: Kind,
    /// Counts the chunks of its kind, from 0.
    pub order: u32,
    /// How far the transfer is with it, in percent.
    pub progress: u32,
}

/// Where a packed chunk is.
#[derive(Debug, Clone)]
pub enum Packed {
    /// Inside the notification.
    Inline(Vec<u8>),
    /// At the media host.
    Uploaded(Box<Uploaded>),
}

/// Packs conversations.
pub fn conversations(place: Place, conversations: Vec<PastConversation>) -> Vec<u8> {
    let mappings = conversations.iter().filter_map(|past| past.pn_and_lid.clone());
    pack(&wa::HistorySync {
        sync_type: content(place.kind),
        chunk_order: Some(place.order),
        progress: Some(place.progress),
        phone_number_to_lid_mappings: mappings
            .map(|(pn, lid)| wa::PhoneNumberToLIDMapping { pn_jid: Some(pn), lid_jid: Some(lid) })
            .collect(),
        conversations: conversations.into_iter().map(conversation).collect(),
        ..Default::default()
    })
}

/// Packs the push names of contacts, given as pairs of JID and name.
pub fn push_names(names: impl IntoIterator<Item = (String, String)>) -> Vec<u8> {
    let names = names.into_iter().map(|(jid, name)| wa::Pushname { id: Some(jid), pushname: Some(name) });
    pack(&wa::HistorySync { sync_type: Content::PUSH_NAME, pushnames: names.collect(), ..Default::default() })
}

fn content(kind: Kind) -> Content {
    match kind {
        Kind::RECENT => Content::RECENT,
        Kind::ON_DEMAND => Content::ON_DEMAND,
        Kind::PUSH_NAME => Content::PUSH_NAME,
        _ => Content::INITIAL_BOOTSTRAP,
    }
}

fn pack(content: &wa::HistorySync) -> Vec<u8> {
    zlib::store(&content.encode_to_vec())
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
        end_of_history_transfer: Some(past.complete),
        end_of_history_transfer_type: Some(if past.complete {
            EndOfHistory::COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY
        } else {
            EndOfHistory::COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY
        }),
        messages: (1..).zip(messages).map(|(order, message)| entry(order, message)).collect(),
        ..Default::default()
    }
}

fn entry(order: u64, past: PastMessage) -> wa::HistorySyncMsg {
    wa::HistorySyncMsg { msg_order_id: Some(order), message: MessageField::some(whole(past)) }
}

/// A message as phones keep it.
fn whole(past: PastMessage) -> wa::WebMessageInfo {
    wa::WebMessageInfo {
        participant: past.about.participant.clone(),
        key: MessageField::some(past.about.into()),
        message: MessageField::some(past.message),
        message_timestamp: Some(past.timestamp),
        push_name: past.push_name,
        ..Default::default()
    }
}

/// The answer to a companion that asked for single messages; `None` is one that the phone does not have.
pub fn missed(request: &str, messages: Vec<Option<PastMessage>>) -> wa::Message {
    use wa::message::peer_data_operation_request_response_message::PeerDataOperationResult;
    use wa::message::peer_data_operation_request_response_message::peer_data_operation_result::PlaceholderMessageResendResponse;
    use wa::message::{PeerDataOperationRequestResponseMessage, PeerDataOperationRequestType};
    let result = |message: Option<PastMessage>| PeerDataOperationResult {
        placeholder_message_resend_response: MessageField::some(PlaceholderMessageResendResponse {
            web_message_info_bytes: message.map(|message| whole(message).encode_to_vec()),
        }),
        ..Default::default()
    };
    protocol(ProtocolMessage {
        r#type: Some(protocol_message::Type::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE),
        peer_data_operation_request_response_message: MessageField::some(PeerDataOperationRequestResponseMessage {
            peer_data_operation_request_type: Some(PeerDataOperationRequestType::PLACEHOLDER_MESSAGE_RESEND),
            stanza_id: Some(request.to_owned()),
            peer_data_operation_result: messages.into_iter().map(result).collect(),
        }),
        ..Default::default()
    })
}

/// Announces a chunk. `request` is the id of the message that asked for it.
pub fn notification(place: Place, packed: Packed, request: Option<&str>) -> wa::Message {
    let mut notification = HistorySyncNotification {
        sync_type: Some(place.kind),
        chunk_order: Some(place.order),
        progress: Some(place.progress),
        peer_data_request_session_id: request.map(str::to_owned),
        ..Default::default()
    };
    match packed {
        Packed::Inline(bytes) => {
            notification.file_length = Some(bytes.len() as u64);
            notification.initial_hist_bootstrap_inline_payload = Some(bytes);
        }
        Packed::Uploaded(uploaded) => {
            notification.file_length = Some(uploaded.file_length);
            notification.file_sha256 = Some(uploaded.file_sha256.to_vec());
            notification.file_enc_sha256 = Some(uploaded.file_enc_sha256.to_vec());
            notification.media_key = Some(uploaded.media_key.to_vec());
            notification.direct_path = Some(uploaded.direct_path);
        }
    }
    protocol(ProtocolMessage {
        r#type: Some(protocol_message::Type::HISTORY_SYNC_NOTIFICATION),
        history_sync_notification: MessageField::some(notification),
        ..Default::default()
    })
}

#[cfg(test)]
mod tests;

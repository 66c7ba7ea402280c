//! What phones say: pure builders and readers of [`wa::Message`].
//!
//! Owns the shape of the messages that a person's phone sends and the one-line summary of those it receives. It
//! knows no keys and no sessions, and it refuses nothing: limits belong to whoever takes the text in.

use wacore::messages::{unwrap_device_sent as unwrap_message, wrap_device_sent};
use wacore::proto_helpers::{MessageExt as _, build_quote_context, build_reaction_message};
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::{ExtendedTextMessage, ProtocolMessage, protocol_message};

mod attachment;
mod compose;
mod details;
mod edited;
mod label;
mod outgoing;
mod secret;
mod sender_key;
mod summary;

pub(crate) use attachment::{Attachment, attachment};
pub(crate) use compose::{Attached, compose, in_ephemeral_wrapper, invite, media_type, pin, posted, surround, timer};
pub(crate) use details::{chosen, details, key_of, poll_of, stands_for_itself};
pub(crate) use edited::{new_words, reword};
pub(crate) use label::Label;
pub(crate) use outgoing::Views;
pub use outgoing::{Content, EventAnswer, FileKind, MessageError, Outgoing, OutgoingFile};
pub(crate) use secret::{
    Between, is_sealed_edit, message_secret, open_edit, open_response, open_vote, response, vote, with_secret,
};
pub use sender_key::{sender_key, sender_key_for};
pub use summary::{Summary, summary};

/// Nobody wraps a message in more than two of the wrappers that the library does not look through.
const MAX_WRAPPERS: usize = 4;

/// Which message a reaction, a deletion, an edit or a quotation is about, seen by the account that sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRef {
    /// The chat in which the message stands.
    pub chat: String,
    /// The message id.
    pub id: String,
    /// Whether the account itself wrote it.
    pub from_me: bool,
    /// Who wrote it, in groups and only when it was somebody else.
    pub participant: Option<String>,
}

impl From<MessageRef> for wa::MessageKey {
    fn from(of: MessageRef) -> Self {
        Self { remote_jid: Some(of.chat), from_me: Some(of.from_me), id: Some(of.id), participant: of.participant }
    }
}

/// The message inside of wrappers.
pub(crate) fn base(message: &wa::Message) -> &wa::Message {
    let mut base = message.get_base_message();
    for _ in 0..MAX_WRAPPERS {
        let wrappers = [
            &base.associated_child_message,
            &base.group_mentioned_message,
            &base.group_status_message,
            &base.group_status_message_v2,
            &base.spoiler_message,
        ];
        let Some(inner) = wrappers.into_iter().find_map(|wrapper| wrapper.as_option()?.message.as_option()) else {
            break;
        };
        base = inner.get_base_message();
    }
    base
}

/// A plain text.
pub fn text(text: &str) -> wa::Message {
    wa::Message { conversation: Some(text.to_owned()), ..Default::default() }
}

/// A text that answers another message; `author` is the JID of who wrote that one.
pub fn quoted_text(text: &str, quoted_id: &str, author: &str, quoted: &wa::Message) -> wa::Message {
    wa::Message {
        extended_text_message: MessageField::some(ExtendedTextMessage {
            text: Some(text.to_owned()),
            context_info: MessageField::some(build_quote_context(quoted_id, author, quoted)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A reaction; an empty emoji takes the earlier one back.
pub fn reaction(to: MessageRef, emoji: &str, timestamp_ms: i64) -> wa::Message {
    build_reaction_message(to.into(), emoji, timestamp_ms)
}

/// "This message was deleted" for everyone. Its stanza carries `edit="7"`.
pub fn delete(of: MessageRef) -> wa::Message {
    protocol(ProtocolMessage {
        key: MessageField::some(of.into()),
        r#type: Some(protocol_message::Type::REVOKE),
        ..Default::default()
    })
}

/// New content for an own message. Its stanza carries `edit="1"`.
pub fn edit(of: MessageRef, new: wa::Message, timestamp_ms: i64) -> wa::Message {
    protocol(ProtocolMessage {
        key: MessageField::some(of.into()),
        r#type: Some(protocol_message::Type::MESSAGE_EDIT),
        edited_message: MessageField::some(new),
        timestamp_ms: Some(timestamp_ms),
        ..Default::default()
    })
}

/// The copy of an outgoing message for the account's own other devices.
pub fn device_sent(destination_jid: &str, message: wa::Message) -> wa::Message {
    wrap_device_sent(message, destination_jid.to_owned())
}

/// Splits an own copy into its destination and the message; any other message comes back unchanged.
pub fn unwrap_device_sent(message: wa::Message) -> (Option<String>, wa::Message) {
    let destination = message
        .device_sent_message
        .as_option()
        .filter(|sent| sent.message.is_set())
        .and_then(|sent| sent.destination_jid.clone());
    (destination, unwrap_message(message))
}

/// One key of the account's app state, as its phone shares it with a new companion.
#[derive(Clone, PartialEq, Eq)]
pub struct AppStateKey<'a> {
    /// Six bytes in the wild; opaque to everybody.
    pub id: &'a [u8],
    /// The secret itself.
    pub data: [u8; 32],
    /// The account's ADV raw id.
    pub raw_id: u32,
    /// The newest companion's key index.
    pub current_index: u32,
    /// Key indexes of the companions that may know the key, the phone's 0 included.
    pub device_indexes: &'a [u32],
    /// When the key was made, in milliseconds.
    pub timestamp_ms: i64,
}

/// The peer message that hands the app-state key to a companion, and names those that the phone does not have.
pub fn app_state_key_share<'a>(key: &AppStateKey<'_>, unknown: impl Iterator<Item = &'a [u8]>) -> wa::Message {
    use wa::message::{
        AppStateSyncKey, AppStateSyncKeyData, AppStateSyncKeyFingerprint, AppStateSyncKeyId, AppStateSyncKeyShare,
    };
    let named = |id: &[u8]| MessageField::some(AppStateSyncKeyId { key_id: Some(id.to_vec()) });
    let own = AppStateSyncKey {
        key_id: named(key.id),
        key_data: MessageField::some(AppStateSyncKeyData {
            key_data: Some(key.data.to_vec()),
            fingerprint: MessageField::some(AppStateSyncKeyFingerprint {
                raw_id: Some(key.raw_id),
                current_index: Some(key.current_index),
                device_indexes: key.device_indexes.to_vec(),
            }),
            timestamp: Some(key.timestamp_ms),
        }),
    };
    let unknown = unknown.map(|id| AppStateSyncKey { key_id: named(id), key_data: MessageField::default() });
    let keys = std::iter::once(own).chain(unknown);
    protocol(ProtocolMessage {
        r#type: Some(protocol_message::Type::APP_STATE_SYNC_KEY_SHARE),
        app_state_sync_key_share: MessageField::some(AppStateSyncKeyShare { keys: keys.collect() }),
        ..Default::default()
    })
}

/// A message that speaks to the other devices' software instead of to people.
pub(super) fn protocol(content: ProtocolMessage) -> wa::Message {
    wa::Message { protocol_message: MessageField::some(content), ..Default::default() }
}

#[cfg(test)]
mod tests;

//! The message object of the contract, and the requests that send one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of content a message has.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    /// Text, with or without a quote.
    Text,
    /// Picture.
    Image,
    /// Video.
    Video,
    /// Voice note.
    Ptt,
    /// Audio file.
    Audio,
    /// Any file.
    Document,
    /// Sticker.
    Sticker,
    /// Place.
    Location,
    /// One contact card.
    Contact,
    /// Several contact cards.
    Contacts,
    /// Reaction to a message.
    Reaction,
    /// Poll.
    Poll,
    /// Vote in a poll.
    PollVote,
    /// Housekeeping of WhatsApp (revoke, edit, settings).
    Protocol,
    /// Anything else.
    Unknown,
}

/// Delivery state of an own message, in the contract's numbers.
pub mod delivery {
    /// Refused or failed.
    pub const ERROR: u8 = 0;
    /// Accepted by us, not yet by WhatsApp.
    pub const PENDING: u8 = 1;
    /// Accepted by WhatsApp's server.
    pub const SERVER_ACK: u8 = 2;
    /// On the recipient's device.
    pub const DELIVERED: u8 = 3;
    /// Read.
    pub const READ: u8 = 4;
    /// Played.
    pub const PLAYED: u8 = 5;
}

/// The message that a message answers.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotedMessage {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub sender: String,
    /// Its text or caption, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its kind, when it was sent along.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<MessageType>,
}

/// What somebody thinks of a message.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Who, as `from` of their messages.
    pub sender: String,
    /// Their newest word.
    pub emoji: String,
}

/// The 15 keys of the contract in their order, then the superset keys.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the contract")]
pub struct Message {
    /// WhatsApp's id.
    pub id: String,
    /// The chat, filed under the phone number when it is known.
    pub chat_id: String,
    /// Whether the session's own account wrote it.
    pub from_me: bool,
    /// Group participant, else the chat.
    pub sender: String,
    /// Digits of the sender.
    pub sender_phone: String,
    /// Push name of the sender.
    pub sender_name: Option<String>,
    /// Unix seconds.
    pub timestamp: u64,
    /// Kind of content.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Content by kind.
    pub content: Option<Value>,
    /// Caption of a media message.
    pub caption: Option<String>,
    /// Content type of a media message.
    pub mimetype: Option<String>,
    /// File name of a document.
    pub filename: Option<String>,
    /// The link to its file, relative unless the server has a public address; `null` when it has none, or none that could be had.
    pub media_url: Option<String>,
    /// Whether the chat is a group.
    pub is_group: bool,
    /// What it answers.
    pub quoted_message: Option<QuotedMessage>,
    /// Who wrote it: own address for own messages, group participant in groups, else the chat.
    pub from: String,
    /// Whom it went to: own address for incoming one-to-one messages, else the chat.
    pub to: String,
    /// Text, or caption.
    pub text: Option<String>,
    /// Phone-number address of the other side (sender in groups), when known.
    pub pn: Option<String>,
    /// Hidden-id address of the other side (sender in groups), when known.
    pub lid: Option<String>,
    /// Delivery state of an own message ([`delivery`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u8>,
    /// Present and true when it arrived while the session was offline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offline: bool,
    /// Whom it mentions, as it says it; absent when nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Present and true when its author has changed it since; text and caption are the new ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// Present and true when it was deleted for everyone; nothing of what it said is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
    /// The newest reaction of each person; absent when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

/// The answer of every send route.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The chat it went to.
    pub chat_id: String,
    /// When WhatsApp's server took it, ISO 8601.
    pub timestamp: String,
}

/// The answer of `POST /chats/messages`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessagePage {
    /// The chat.
    pub chat_id: String,
    /// Whether it is a group.
    pub is_group: bool,
    /// Messages in this page.
    pub total: usize,
    /// Messages asked for.
    pub limit: usize,
    /// Where the next page begins ([`crate::cursor`]); `null` for an empty page.
    pub cursor: Option<String>,
    /// Whether there are older messages.
    pub has_more: bool,
    /// Newest first.
    pub messages: Vec<Message>,
}

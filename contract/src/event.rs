//! The seventeen events: one closed list behind Socket.IO, webhooks, documentation and dashboard; and the entry that
//! stands for one in a session's event log.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::SessionId;

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// The kinds of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl EventKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The event's name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

events! {
    /// A QR code to scan.
    Qr = "qr";
    /// The connection's status changed.
    ConnectionUpdate = "connection.update";
    /// A message arrived.
    Message = "message";
    /// An own message was taken by WhatsApp's server.
    MessageSent = "message.sent";
    /// A message's delivery state changed, or it was edited.
    MessageUpdate = "message.update";
    /// A reaction was added, changed or removed.
    MessageReaction = "message.reaction";
    /// A message was deleted.
    MessageRevoke = "message.revoke";
    /// Properties of a chat changed.
    ChatUpdate = "chat.update";
    /// A chat appeared.
    ChatUpsert = "chat.upsert";
    /// A chat was deleted.
    ChatDelete = "chat.delete";
    /// A contact changed.
    ContactUpdate = "contact.update";
    /// Someone is typing, online, offline.
    PresenceUpdate = "presence.update";
    /// Members of a group changed.
    GroupParticipants = "group.participants";
    /// Properties of a group changed.
    GroupUpdate = "group.update";
    /// A call.
    Call = "call";
    /// Labels changed.
    Labels = "labels";
    /// The session was logged out.
    LoggedOut = "logged.out";
}

/// One entry of a session's event log. Its stream id is the cursor clients resume from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Which event.
    pub event: EventKind,
    /// What a Socket.IO client receives: `sessionId`, `timestamp`, and the event's own fields.
    pub payload: Payload,
}

/// The payload of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// Whose event.
    pub session_id: SessionId,
    /// When, ISO 8601 with milliseconds.
    pub timestamp: String,
    /// The event's own fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_seventeen() {
        assert_eq!(EventKind::ALL.len(), 17);
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn the_payload_is_flat() {
        let json = r#"{"event":"qr","payload":{"sessionId":"a","timestamp":"t","qrCode":"x"}}"#;
        let event: Event = serde_json::from_str(json).unwrap();
        assert_eq!(event.payload.fields["qrCode"], "x");
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
    }
}

//! Validated identifiers. A value of one of these types can be put into a Redis key, a path or a log line as it is;
//! anything that cannot is refused at the door.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest session id in bytes. It becomes part of some twenty Redis keys and of every S3 key of the session.
pub const MAX_SESSION_ID_LENGTH: usize = 64;

/// Longest message id in bytes: WhatsApp's own are 16 to 32 characters; the rest is room for other clients.
pub const MAX_MESSAGE_ID_LENGTH: usize = 128;

/// The name a client gave to one WhatsApp account: letters, digits, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(String);

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalid session ID. Use only letters, numbers, underscore, and dash.")
    }
}

impl std::error::Error for InvalidId {}

impl SessionId {
    /// Takes a text as a session id.
    ///
    /// # Errors
    /// When it is empty, longer than [`MAX_SESSION_ID_LENGTH`] or has another character than `a-zA-Z0-9_-`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let fits = !text.is_empty() && text.len() <= MAX_SESSION_ID_LENGTH;
        if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.0
    }
}

/// Whether a text may stand as a message id (in a cursor, a `replyTo`, a ledger key).
pub fn is_message_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_MESSAGE_ID_LENGTH && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for SessionId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("The name of a session: letters, digits, `_` and `-`, at most 64."))
            .examples(["shop"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for SessionId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_ids_are_letters_digits_underscore_and_dash() {
        for good in ["a", "my-session_1", "0812", &"x".repeat(MAX_SESSION_ID_LENGTH)] {
            assert_eq!(SessionId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "../etc", "a b", "a/b", "ä", "a{b}", "a:b", &"x".repeat(MAX_SESSION_ID_LENGTH + 1)] {
            assert_eq!(SessionId::parse(bad), Err(InvalidId), "{bad:?}");
        }
    }

    #[test]
    fn a_bad_session_id_does_not_deserialise() {
        assert!(serde_json::from_str::<SessionId>("\"a/../b\"").is_err());
        assert_eq!(serde_json::to_string(&SessionId::parse("ok").unwrap()).unwrap(), "\"ok\"");
    }
}

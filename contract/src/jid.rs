//! WhatsApp addresses (JIDs) as this project writes them: without a device, in one canonical spelling.
//!
//! One person has two: a phone number (`…@s.whatsapp.net`) and a LID (`…@lid`). A chat is filed under the phone
//! number whenever it is known, because that is what API clients know people by; answers carry both.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The server part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Server {
    /// A person by phone number.
    Phone,
    /// A person by hidden id.
    Lid,
    /// A group.
    Group,
    /// A channel.
    Newsletter,
    /// Status posts and broadcast lists.
    Broadcast,
}

impl Server {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Phone, "s.whatsapp.net"),
        (Self::Lid, "lid"),
        (Self::Group, "g.us"),
        (Self::Newsletter, "newsletter"),
        (Self::Broadcast, "broadcast"),
    ];

    /// The text after the `@`.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Longest user part; group ids are the longest (`<number>-<unix seconds>`).
const MAX_USER_LENGTH: usize = 40;

/// A bare address: user and server, no device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Jid {
    user: String,
    server: Server,
}

/// The text is not an address this product knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidJid;

impl fmt::Display for InvalidJid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a WhatsApp address")
    }
}

impl std::error::Error for InvalidJid {}

impl Jid {
    /// A person's address from the digits of a phone number.
    pub fn phone(digits: &str) -> Self {
        Self { user: digits.to_owned(), server: Server::Phone }
    }

    /// Takes `user@server`. A device (`:7`) or agent (`.0`) is dropped, `c.us` is read as `s.whatsapp.net`.
    ///
    /// # Errors
    /// When the server is unknown or the user part is not of the form that server uses.
    pub fn parse(text: &str) -> Result<Self, InvalidJid> {
        let (user, server) = text.split_once('@').ok_or(InvalidJid)?;
        let server = if server.eq_ignore_ascii_case("c.us") {
            Server::Phone
        } else {
            Server::ALL
                .into_iter()
                .find_map(|(known, name)| name.eq_ignore_ascii_case(server).then_some(known))
                .ok_or(InvalidJid)?
        };
        let user = match server {
            Server::Phone | Server::Lid => user.split([':', '.']).next().unwrap_or_default(),
            _ => user,
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let valid = user.len() <= MAX_USER_LENGTH
            && match server {
                Server::Phone | Server::Lid | Server::Newsletter => digits(user),
                Server::Group => user.split_once('-').map_or_else(|| digits(user), |(a, b)| digits(a) && digits(b)),
                Server::Broadcast => user == "status" || digits(user),
            };
        if valid { Ok(Self { user: user.to_owned(), server }) } else { Err(InvalidJid) }
    }

    /// The part before the `@`.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The part after the `@`.
    pub fn server(&self) -> Server {
        self.server
    }

    /// Whether it names a group.
    pub fn is_group(&self) -> bool {
        self.server == Server::Group
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.server.as_str())
    }
}

impl TryFrom<String> for Jid {
    type Error = InvalidJid;

    fn try_from(text: String) -> Result<Self, InvalidJid> {
        Self::parse(&text)
    }
}

impl From<Jid> for String {
    fn from(jid: Jid) -> Self {
        jid.to_string()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Jid {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("A WhatsApp address: `…@s.whatsapp.net` (a person by phone number), `…@lid` (a person by hidden id), `…@g.us` (a group)."))
            .examples(["6281200000101@s.whatsapp.net"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Jid {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each_address() {
        for (given, canonical) in [
            ("6281200001111@s.whatsapp.net", "6281200001111@s.whatsapp.net"),
            ("6281200001111@c.us", "6281200001111@s.whatsapp.net"),
            ("6281200001111:12@S.WhatsApp.net", "6281200001111@s.whatsapp.net"),
            ("100000000000001:3@lid", "100000000000001@lid"),
            ("120363000000000001@g.us", "120363000000000001@g.us"),
            ("6281200001111-1609459200@g.us", "6281200001111-1609459200@g.us"),
            ("status@broadcast", "status@broadcast"),
        ] {
            assert_eq!(Jid::parse(given).unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn garbage_is_refused() {
        for bad in
            ["", "@", "abc@s.whatsapp.net", "@s.whatsapp.net", "12@example.org", "1-2-3@g.us", "12 3@lid", "1@2@lid"]
        {
            assert_eq!(Jid::parse(bad), Err(InvalidJid), "{bad:?}");
        }
        assert!(Jid::parse(&format!("{}@g.us", "1".repeat(MAX_USER_LENGTH + 1))).is_err());
    }
}

//! Chats and contacts as the API lists them, and contacts as they are stored.

use serde::{Deserialize, Serialize};

use crate::jid::Jid;

/// Most contacts that are kept of a session: more than any address book, and a bound on what a search looks through.
pub const MAX_CONTACTS: usize = 10_000;

/// Longest name that is kept, in characters; what is longer is cut.
pub const MAX_NAME_CHARACTERS: usize = 100;

/// Longest preview of a message in a list, in characters: the original's.
pub const MAX_PREVIEW_CHARACTERS: usize = 100;

/// Fields of the HASH of a chat.
pub mod field {
    /// The name: a group's subject.
    pub const NAME: &str = "name";
    /// Unread messages.
    pub const UNREAD: &str = "unread";
    /// The hidden address of the person.
    pub const LID: &str = "lid";
    /// `1` when the chat is archived.
    pub const ARCHIVED: &str = "archived";
    /// `1` when the chat is pinned.
    pub const PINNED: &str = "pinned";
    /// Until when the chat is muted, unix seconds; `-1` is for ever.
    pub const MUTED_UNTIL: &str = "muted_until";
    /// `1` when somebody marked the chat as unread without unread messages.
    pub const MARKED_UNREAD: &str = "marked_unread";
}

/// A chat in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with its own name in JSON")]
pub struct ChatSummary {
    /// Its address: by phone number when it is known.
    pub id: Jid,
    /// The group's subject, the name in the address book, the person's own name, or the number.
    pub name: String,
    /// The digits of the address; `null` for groups.
    pub phone: Option<String>,
    /// Whether it is a group.
    pub is_group: bool,
    /// Kept for old clients; `profile-picture` answers with the picture.
    pub profile_picture: Option<String>,
    /// Kept for old clients; `groups/metadata` answers with the people.
    pub participants_count: Option<u64>,
    /// What the newest message says, in short.
    pub last_message: Option<String>,
    /// When it was written, unix seconds.
    pub last_message_timestamp: u64,
    /// Unread messages.
    pub unread_count: u64,
    /// Whether somebody marked the chat as unread.
    pub marked_unread: bool,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Until when it is muted, unix seconds; `-1` is for ever.
    pub muted_until: Option<i64>,
    /// The address by phone number, when known.
    pub pn: Option<String>,
    /// The hidden address, when known.
    pub lid: Option<String>,
}

/// The answer of `POST /chats/overview`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatPage {
    /// Chats in all.
    pub total: usize,
    /// Chats asked for.
    pub limit: usize,
    /// Chats before this page.
    pub offset: usize,
    /// Whether there are more.
    pub has_more: bool,
    /// The chat with the newest message first.
    pub chats: Vec<ChatSummary>,
}

/// A contact in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactSummary {
    /// The address: by phone number when it is known.
    pub id: Jid,
    /// The digits of the address.
    pub phone: String,
    /// The name in the address book, the person's own name, or the number.
    pub name: String,
    /// The person's own name.
    pub short_name: Option<String>,
    /// The same.
    pub push_name: Option<String>,
    /// Kept for old clients; `profile-picture` answers with the picture.
    pub profile_picture: Option<String>,
    /// The address by phone number, when known.
    pub pn: Option<String>,
    /// The hidden address, when known.
    pub lid: Option<String>,
}

/// The answer of `POST /contacts`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactPage {
    /// Contacts in all, or that the search finds.
    pub total: usize,
    /// Contacts asked for.
    pub limit: usize,
    /// Contacts before this page.
    pub offset: usize,
    /// Whether there are more.
    pub has_more: bool,
    /// By name.
    pub contacts: Vec<ContactSummary>,
}

/// A contact as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredContact {
    /// The name in the address book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The person's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<String>,
    /// The hidden address, when the contact is known by phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lid: Option<String>,
}

/// A name as names are compared and searched: without case, and cut.
pub fn folded(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARACTERS).flat_map(char::to_lowercase).filter(|one| *one != '\0').collect()
}

/// A name as it is kept: trimmed, and cut.
pub fn kept(name: &str) -> String {
    let name: String = name.chars().filter(|one| *one != '\0').collect();
    name.trim().chars().take(MAX_NAME_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_compared_without_case() {
        assert_eq!(folded("ÉMILE\0"), "émile");
        assert_eq!(kept("  Budi \0"), "Budi");
        assert_eq!(kept(&"x".repeat(1_000)).len(), MAX_NAME_CHARACTERS);
    }
}

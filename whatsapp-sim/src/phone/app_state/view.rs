//! What the app state says, for people: one entry per contact, label, chat and starred message.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use waproto::whatsapp as wa;

use super::Replica;

/// Everything that an account's devices have set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The person's own name, when it was ever set this way.
    pub push_name: Option<String>,
    /// The address book.
    pub contacts: Vec<ContactName>,
    /// Labels that are not deleted.
    pub labels: Vec<Label>,
    /// Chats of which something is set.
    pub chats: Vec<ChatSettings>,
    /// Starred messages.
    pub starred: Vec<StarredMessage>,
    /// How many patches each collection has seen.
    pub versions: BTreeMap<String, u64>,
}

/// An entry of the address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactName {
    /// Whose name it is: a number, or a JID that nobody has.
    pub number: String,
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Label {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The number of its colour.
    pub color: i32,
}

/// What is set of one chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the app")]
pub struct ChatSettings {
    /// The partner's number, or the JID of a group or channel.
    pub chat: String,
    /// Whether it is in the archive.
    pub archived: bool,
    /// Whether it stands on top.
    pub pinned: bool,
    /// Whether it makes no sound.
    pub muted: bool,
    /// When the mute ends, in milliseconds; none when it never does.
    pub muted_until: Option<i64>,
    /// Whether it was marked as unread.
    pub marked_unread: bool,
    /// When it was deleted, in milliseconds.
    pub deleted_at: Option<i64>,
    /// When it was emptied, in milliseconds.
    pub cleared_at: Option<i64>,
    /// Ids of its labels.
    pub labels: Vec<String>,
}

/// A starred message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StarredMessage {
    /// Its chat.
    pub chat: String,
    /// Its id.
    pub message_id: String,
    /// Whether the account wrote it.
    pub from_me: bool,
}

impl Settings {
    /// Reads all collections of an account; `named` gives the name under which people know the chat of a JID.
    pub fn of<'a>(
        replicas: impl IntoIterator<Item = (&'a String, &'a Replica)>,
        named: impl Fn(&str) -> String,
    ) -> Self {
        let mut settings = Self::default();
        let mut chats = BTreeMap::new();
        for (name, replica) in replicas {
            settings.versions.insert(name.clone(), replica.version());
            for (index, value) in &replica.values {
                settings.take(index, value, &named, &mut chats);
            }
        }
        settings.chats = chats.into_values().collect();
        settings
    }

    fn take(
        &mut self,
        index: &[String],
        value: &wa::SyncActionValue,
        named: &impl Fn(&str) -> String,
        chats: &mut BTreeMap<String, ChatSettings>,
    ) {
        let [kind, rest @ ..] = index else { return };
        match (kind.as_str(), rest) {
            ("setting_pushName", _) => self.push_name.clone_from(&value.push_name_setting.name),
            ("contact", [jid, ..]) => self.contacts.push(ContactName {
                number: named(jid),
                name: value.contact_action.full_name.clone(),
                first_name: value.contact_action.first_name.clone(),
            }),
            ("label_edit", [id, ..]) if !value.label_edit_action.deleted.unwrap_or(false) => self.labels.push(Label {
                id: id.clone(),
                name: value.label_edit_action.name.clone().unwrap_or_default(),
                color: value.label_edit_action.color.unwrap_or(0),
            }),
            ("star", [jid, id, from_me, ..]) if value.star_action.starred.unwrap_or(false) => {
                self.starred.push(StarredMessage { chat: named(jid), message_id: id.clone(), from_me: from_me == "1" });
            }
            ("label_jid", [id, jid, ..]) if value.label_association_action.labeled.unwrap_or(false) => {
                chat(chats, named(jid)).labels.push(id.clone());
            }
            (_, [jid, ..]) => of_chat(kind, value, || chat(chats, named(jid))),
            _ => {}
        }
    }
}

fn chat(chats: &mut BTreeMap<String, ChatSettings>, name: String) -> &mut ChatSettings {
    chats.entry(name.clone()).or_insert_with(|| ChatSettings { chat: name, ..ChatSettings::default() })
}

fn of_chat<'a>(kind: &str, value: &wa::SyncActionValue, chat: impl FnOnce() -> &'a mut ChatSettings) {
    match kind {
        "archive" => chat().archived = value.archive_chat_action.archived.unwrap_or(false),
        "pin" | "pin_v1" => chat().pinned = value.pin_action.pinned.unwrap_or(false),
        "mute" => {
            let chat = chat();
            chat.muted = value.mute_action.muted.unwrap_or(false);
            chat.muted_until = value.mute_action.mute_end_timestamp.filter(|until| chat.muted && *until > 0);
        }
        "markChatAsRead" | "mark_chat_as_read" => {
            chat().marked_unread = !value.mark_chat_as_read_action.read.unwrap_or(true);
        }
        "deleteChat" => chat().deleted_at = value.timestamp,
        "clearChat" => chat().cleared_at = value.timestamp,
        _ => {}
    }
}

//! What a person changes on the phone, as the action that goes into a collection. Index and version follow the library's
//! schemas, so that every client finds them where it looks.

use wacore::appstate::schemas::{self, IndexPart, Schema};
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::sync_action_value as value;

use crate::phone::content::MessageRef;

/// An indefinite mute.
const FOREVER: i64 = -1;

/// One change.
#[derive(Debug, Clone)]
pub struct Action {
    /// The collection it belongs to.
    pub collection: &'static str,
    pub(super) index: Vec<String>,
    pub(super) version: i32,
    pub(super) value: wa::SyncActionValue,
}

impl Action {
    fn new(schema: &Schema, arguments: &[&str], timestamp_ms: i64, value: wa::SyncActionValue) -> Self {
        let name = schema.index_parts.iter().find_map(|part| match part {
            IndexPart::Literal { value } => Some(*value),
            _ => None,
        });
        let index = name.into_iter().chain(arguments.iter().copied()).map(str::to_owned).collect();
        let value = wa::SyncActionValue { timestamp: Some(timestamp_ms), ..value };
        let version = i32::try_from(schema.version).unwrap_or(i32::MAX);
        Self { collection: schema.collection.as_str(), index, version, value }
    }

    /// The person's own name.
    pub fn push_name(name: &str, now: i64) -> Self {
        let setting = value::PushNameSetting { name: Some(name.to_owned()) };
        let value = wa::SyncActionValue { push_name_setting: MessageField::some(setting), ..Default::default() };
        Self::new(&schemas::SETTING_PUSH_NAME, &[], now, value)
    }

    /// The name of a contact in the address book.
    pub fn contact(pn: &str, lid: &str, name: &str, first_name: Option<&str>, now: i64) -> Self {
        let action = value::ContactAction {
            full_name: Some(name.to_owned()),
            first_name: first_name.map(str::to_owned),
            lid_jid: Some(lid.to_owned()),
            pn_jid: Some(pn.to_owned()),
            save_on_primary_addressbook: Some(true),
            ..Default::default()
        };
        let value = wa::SyncActionValue { contact_action: MessageField::some(action), ..Default::default() };
        Self::new(&schemas::CONTACT, &[pn], now, value)
    }

    /// A label: new, renamed, recoloured or deleted.
    pub fn label(id: &str, name: &str, color: i32, deleted: bool, now: i64) -> Self {
        let action = value::LabelEditAction {
            name: Some(name.to_owned()),
            color: Some(color),
            deleted: Some(deleted),
            ..Default::default()
        };
        let value = wa::SyncActionValue { label_edit_action: MessageField::some(action), ..Default::default() };
        Self::new(&schemas::LABEL_EDIT, &[id], now, value)
    }

    /// A label is put on a chat, or taken off.
    pub fn label_chat(id: &str, chat: &str, labeled: bool, now: i64) -> Self {
        let action = value::LabelAssociationAction { labeled: Some(labeled), ..Default::default() };
        let value = wa::SyncActionValue { label_association_action: MessageField::some(action), ..Default::default() };
        Self::new(&schemas::LABEL_JID, &[id, chat], now, value)
    }

    /// A chat goes to the archive, or comes back.
    pub fn archive(chat: &str, archived: bool, now: i64) -> Self {
        let action = value::ArchiveChatAction { archived: Some(archived), ..Default::default() };
        let value = wa::SyncActionValue { archive_chat_action: MessageField::some(action), ..Default::default() };
        Self::new(&schemas::ARCHIVE, &[chat], now, value)
    }

    /// A chat is pinned, or not any more.
    pub fn pin(chat: &str, pinned: bool, now: i64) -> Self {
        let action = value::PinAction { pinned: Some(pinned) };
        let value = wa::SyncActionValue { pin_action: MessageField::some(action), ..Default::default() };
        Self::new(&schemas::PIN, &[chat], now, value)
    }

    /// A chat is muted until a time in milliseconds, or for good, or not any more.
    pub fn mute(chat: &str, muted: bool, until_ms: Option<i64>, now: i64) -> Self {
        let action = value::MuteAction {
            muted: Some(muted),
            mute_end_timestamp: Some(if muted { until_ms.unwrap_or(FOREVER) } else { 0 }),
            ..Default::default()
        };
        let value = wa::SyncActionValue { mute_action: MessageField::some(action), ..Default::default() };
        Self::new(&schemas::MUTE, &[chat], now, value)
    }

    /// A chat is marked as read or unread.
    pub fn mark_read(chat: &str, read: bool, now: i64) -> Self {
        let action = value::MarkChatAsReadAction { read: Some(read), ..Default::default() };
        let value = wa::SyncActionValue { mark_chat_as_read_action: MessageField::some(action), ..Default::default() };
        Self::new(&schemas::MARK_CHAT_AS_READ, &[chat], now, value)
    }

    /// A chat is deleted with its media.
    pub fn delete_chat(chat: &str, now: i64) -> Self {
        let action = MessageField::some(value::DeleteChatAction::default());
        let value = wa::SyncActionValue { delete_chat_action: action, ..Default::default() };
        Self::new(&schemas::DELETE_CHAT, &[chat, "1"], now, value)
    }

    /// A chat is emptied, media included, starred messages kept.
    pub fn clear_chat(chat: &str, now: i64) -> Self {
        let action = MessageField::some(value::ClearChatAction::default());
        let value = wa::SyncActionValue { clear_chat_action: action, ..Default::default() };
        Self::new(&schemas::CLEAR_CHAT, &[chat, "0", "1"], now, value)
    }

    /// A message is starred, or not any more.
    pub fn star(of: &MessageRef, starred: bool, now: i64) -> Self {
        let action = value::StarAction { starred: Some(starred) };
        let value = wa::SyncActionValue { star_action: MessageField::some(action), ..Default::default() };
        let from_me = if of.from_me { "1" } else { "0" };
        Self::new(&schemas::STAR, &[&of.chat, &of.id, from_me, of.participant.as_deref().unwrap_or("0")], now, value)
    }
}

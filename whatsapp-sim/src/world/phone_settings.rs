//! A person arranges chats, contacts and labels on the phone, and the phone reads what companions arrange. Owns the limits of
//! what is typed; the collections are `app_state`'s, the cryptography is the phone's.

use super::app_state::COLLECTIONS;
use super::chat::Chat;
use super::people::MAX_NAME;
use super::{DeviceRef, World};
use crate::phone::app_state::{Action, Keys, Settings};
use crate::phone::content::MessageRef;
use crate::sim::{ChatChange, SimError};
use crate::{address, clock};

/// The longest id of a label; WhatsApp counts from 1.
const MAX_LABEL_ID: usize = 32;
/// How many labels a change may put on a chat; WhatsApp allows twenty in all.
const MAX_LABELS: usize = 32;
/// WhatsApp's colours of labels.
const COLORS: std::ops::Range<i32> = 0..20;

impl World {
    /// The phone reads what is new in its account's collections.
    pub(super) fn phone_reads_settings(&mut self, number: u64) {
        let Some(account) = self.accounts.get_mut(&number) else { return };
        let keys = Keys::new(&account.app_state_key.id.0, &account.app_state_key.data.0);
        let mut new_name = None;
        for (name, collection) in &account.collections {
            let replica = account.replicas.entry(name.clone()).or_default();
            let before = replica.push_name().map(str::to_owned);
            if replica.version() < collection.base_version()
                && let Err(error) = replica.load(name, &keys, &collection.snapshot())
            {
                self.counters.undecryptable += 1;
                tracing::warn!(%error, "a phone cannot read a snapshot");
                return;
            }
            for (version, patch) in collection.patches.range(replica.version() + 1..) {
                if let Err(error) = replica.read(name, &keys, *version, &patch.0) {
                    self.counters.undecryptable += 1;
                    tracing::warn!(%error, "a phone cannot read a patch");
                }
            }
            let after = replica.push_name().map(str::trim).filter(|name| before.as_deref() != Some(*name));
            new_name = after.filter(|name| named(name).is_ok()).map(str::to_owned).or(new_name);
        }
        if let Some(name) = new_name
            && let Err(error) = self.show_name(DeviceRef { number, device: 0 }, &name)
        {
            tracing::debug!(%error, "a companion set a name that cannot be shown");
        }
    }

    /// What an account's devices have set.
    pub(crate) fn settings(&mut self, number: u64) -> Result<Settings, SimError> {
        self.phone_reads_settings(number);
        let account = self.accounts.get(&number).ok_or(SimError::Unregistered)?;
        let named = |jid: &str| {
            let chat = jid.parse().ok().and_then(|jid| self.chat_of(&jid));
            chat.map_or_else(|| jid.to_owned(), |chat| chat.to_string())
        };
        Ok(Settings::of(&account.replicas, named))
    }

    /// The phone puts an action into its collection.
    fn phone_sets(&mut self, number: u64, action: &Action) -> Result<(), SimError> {
        self.phone_reads_settings(number);
        let name = COLLECTIONS.into_iter().find(|name| *name == action.collection).ok_or(SimError::NoRoom)?;
        let account = self.accounts.get_mut(&number).ok_or(SimError::Unregistered)?;
        let keys = Keys::new(&account.app_state_key.id.0, &account.app_state_key.data.0);
        let replica = account.replicas.entry(name.to_owned()).or_default();
        let patch = replica.write(name, &keys, action).map_err(|_| SimError::NoRoom)?;
        let base = replica.version();
        self.push_patch(DeviceRef { number, device: 0 }, name, base, &patch).map_err(|_| SimError::NoRoom)
    }

    /// A name in the address book.
    pub(crate) fn name_contact(
        &mut self,
        number: u64,
        contact: u64,
        name: &str,
        first_name: Option<&str>,
    ) -> Result<(), SimError> {
        named(name)?;
        first_name.map_or(Ok(()), named)?;
        self.add_contact(number, contact);
        let (pn, lid) = (address::pn(contact, 0).to_string(), address::lid(self.lid_of(contact), 0).to_string());
        self.phone_sets(number, &Action::contact(&pn, &lid, name, first_name, milliseconds()))
    }

    /// A label is made, changed or deleted; returns its id.
    pub(crate) fn set_label(
        &mut self,
        number: u64,
        id: Option<&str>,
        name: &str,
        color: i32,
        deleted: bool,
    ) -> Result<String, SimError> {
        named(name)?;
        let id = if let Some(id) = id {
            label_id(id)?.to_owned()
        } else {
            let taken = self.settings(number)?.labels;
            // One more than there are: one of them is free.
            let free = (0..=taken.len()).map(|id| (id + 1).to_string());
            free.into_iter().find(|id| taken.iter().all(|label| label.id != *id)).unwrap_or_default()
        };
        if !COLORS.contains(&color) {
            return Err(SimError::BadLabel);
        }
        self.phone_sets(number, &Action::label(&id, name, color, deleted, milliseconds()))?;
        Ok(id)
    }

    /// A chat is arranged: every field that is given.
    pub(crate) fn arrange_chat(&mut self, number: u64, chat: Chat, change: &ChatChange) -> Result<(), SimError> {
        if change.labels.as_ref().is_some_and(|labels| labels.len() > MAX_LABELS) {
            return Err(SimError::BadLabel);
        }
        let jid = self.chat_jid(chat).to_string();
        let now = milliseconds();
        let mut actions = Vec::new();
        actions.extend(change.archived.map(|archived| Action::archive(&jid, archived, now)));
        actions.extend(change.pinned.map(|pinned| Action::pin(&jid, pinned, now)));
        let muted = change.muted.or(change.muted_until.map(|_| true));
        actions.extend(muted.map(|muted| Action::mute(&jid, muted, change.muted_until, now)));
        actions.extend(change.read.map(|read| Action::mark_read(&jid, read, now)));
        actions.extend(change.cleared.then(|| Action::clear_chat(&jid, now)));
        actions.extend(change.deleted.then(|| Action::delete_chat(&jid, now)));
        if let Some(wanted) = &change.labels {
            let name = chat.to_string();
            let chats = self.settings(number)?.chats;
            let present = chats.into_iter().find(|chat| chat.chat == name).map(|chat| chat.labels).unwrap_or_default();
            for id in wanted.iter().filter(|id| !present.contains(id)) {
                actions.push(Action::label_chat(label_id(id)?, &jid, true, now));
            }
            for id in present.iter().filter(|id| !wanted.contains(id)) {
                actions.push(Action::label_chat(id, &jid, false, now));
            }
        }
        actions.iter().try_for_each(|action| self.phone_sets(number, action))
    }

    /// A message on the phone is starred, or not any more.
    pub(crate) fn star(&mut self, number: u64, chat: Chat, id: &str, starred: bool) -> Result<(), SimError> {
        let account = self.accounts.get(&number).ok_or(SimError::Unregistered)?;
        let about =
            account.inbox.messages.values().rev().find(|message| message.id == id).ok_or(SimError::NoSuchMessage)?;
        let from_me = about.from == number.to_string();
        let author = about.from.parse().ok().filter(|_| !from_me && chat.person().is_none());
        let of = MessageRef {
            chat: self.chat_jid(chat).to_string(),
            id: id.to_owned(),
            from_me,
            participant: author.map(|author| address::lid(self.lid_of(author), 0).to_string()),
        };
        self.phone_sets(number, &Action::star(&of, starred, milliseconds()))
    }

    /// The person takes another name on the phone: companions find it in the app state too.
    pub(crate) fn rename(&mut self, who: DeviceRef, name: &str) -> Result<(), SimError> {
        self.show_name(who, name)?;
        if who.device == 0 {
            self.phone_sets(who.number, &Action::push_name(name.trim(), milliseconds()))?;
        }
        Ok(())
    }
}

fn named(name: &str) -> Result<(), SimError> {
    if name.trim().is_empty() || name.len() > MAX_NAME { Err(SimError::BadName) } else { Ok(()) }
}

fn label_id(id: &str) -> Result<&str, SimError> {
    if id.is_empty() || id.len() > MAX_LABEL_ID { Err(SimError::BadLabel) } else { Ok(id) }
}

fn milliseconds() -> i64 {
    i64::try_from(clock::now() * 1000).unwrap_or(i64::MAX)
}

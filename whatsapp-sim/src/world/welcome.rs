//! What a phone gives to a companion at its first login: the app-state key, as soon as it can encrypt to it, and the
//! past, once the companion has uploaded its keys. Without the key the client would wait ten seconds for it.

use std::collections::BTreeMap;

use waproto::codec;

use super::chat::Chat;
use super::records::Key;
use super::{DeviceRef, World};
use crate::address;
use crate::phone::content::{self, AppStateKey, MessageRef};
use crate::phone::history::{self, PastConversation, PastMessage};

/// How much of each chat a companion learns, so that the history fits inside one message.
const MESSAGES_PER_CHAT: usize = 20;
/// How many chats a companion learns.
const MAX_CHATS: usize = 50;

impl World {
    /// Gives a companion what it has not got yet and can take now.
    pub(super) async fn welcome(&mut self, who: DeviceRef) {
        let Some(device) = self.device(who).filter(|device| device.live && device.registration.is_some()) else {
            return;
        };
        let (welcomed, uploaded) = (device.welcomed, device.uploaded);
        if !welcomed.key {
            self.share_key(who).await;
        }
        if uploaded && !welcomed.history {
            self.share_past(who).await;
        }
    }

    /// Sends the app-state key of the account to one of its companions.
    pub(super) async fn share_key(&mut self, who: DeviceRef) {
        let Some(account) = self.accounts.get(&who.number) else { return };
        let key = &account.app_state_key;
        let indexes: Vec<u32> =
            std::iter::once(0).chain(account.devices.values().map(|device| device.key_index)).collect();
        let share = content::app_state_key_share(&[AppStateKey {
            id: &key.id.0,
            data: key.data.0,
            raw_id: account.raw_id,
            current_index: account.last_key_index,
            device_indexes: &indexes,
            timestamp_ms: i64::try_from(key.timestamp * 1000).unwrap_or(i64::MAX),
        }]);
        match self.phone_to_peer(who, &share).await {
            Ok(()) => self.mark_welcomed(who, |welcomed| welcomed.key = true),
            Err(error) => tracing::warn!(%error, "a phone cannot share its app-state key"),
        }
    }

    async fn share_past(&mut self, who: DeviceRef) {
        let past = history::initial_bootstrap(self.past(who.number));
        let names = history::push_names(self.names_for(who.number));
        for message in [past, names].into_iter().flatten() {
            if let Err(error) = self.phone_to_peer(who, &message).await {
                tracing::warn!(%error, "a phone cannot share its history");
                return;
            }
        }
        self.mark_welcomed(who, |welcomed| welcomed.history = true);
    }

    fn mark_welcomed(&mut self, who: DeviceRef, mark: impl FnOnce(&mut super::account::Welcomed)) {
        if let Some(device) = self.device_mut(who) {
            mark(&mut device.welcomed);
        }
        self.touch(Key::Device(who.number, who.device));
    }

    /// The latest messages of each chat, as far as they fit.
    fn past(&self, number: u64) -> Vec<PastConversation> {
        let Some(account) = self.accounts.get(&number) else { return Vec::new() };
        let own = number.to_string();
        let mut chats: BTreeMap<Chat, Vec<PastMessage>> = BTreeMap::new();
        let mut room = history::MAX_INLINE / 2;
        for (place, message) in account.inbox.messages.iter().rev() {
            let from_me = message.from == own;
            let (Ok(chat @ (Chat::Person(_) | Chat::Group(_))), Ok(author), Some(content)) = (
                message.chat.parse(),
                message.from.parse::<u64>(),
                self.content_at(number, *place).filter(content::stands_for_itself),
            ) else {
                continue;
            };
            if chats.len() >= MAX_CHATS && !chats.contains_key(&chat) {
                continue;
            }
            let past = chats.entry(chat).or_default();
            if past.len() < MESSAGES_PER_CHAT {
                // The newest come first, so what has no room is the oldest.
                let Some(left) = room.checked_sub(codec::message_to_vec(&content).len()) else { break };
                room = left;
                let named = !from_me && chat.person().is_none();
                past.push(PastMessage {
                    about: MessageRef {
                        chat: self.chat_jid(chat).to_string(),
                        id: message.id.clone(),
                        from_me,
                        participant: named.then(|| address::lid(self.lid_of(author), 0).to_string()),
                    },
                    push_name: self.accounts.get(&author).filter(|_| !from_me).map(|account| account.name.clone()),
                    timestamp: message.timestamp,
                    message: content,
                });
            }
        }
        chats.into_iter().map(|(chat, messages)| self.conversation(chat, messages)).collect()
    }

    fn conversation(&self, chat: Chat, messages: Vec<PastMessage>) -> PastConversation {
        let jid = self.chat_jid(chat).to_string();
        let person = chat.person();
        let name = match chat {
            Chat::Group(id) => self.groups.get(&id).map(|group| group.subject.clone()),
            _ => person.and_then(|number| self.accounts.get(&number)).map(|account| account.name.clone()),
        };
        let pn_and_lid = person.map(|number| (address::pn(number, 0).to_string(), jid.clone()));
        PastConversation { chat: jid, pn_and_lid, name, unread: 0, messages }
    }

    /// The account's own name and those of everyone who watches its devices.
    fn names_for(&self, number: u64) -> Vec<(String, String)> {
        let watchers = self.accounts.get(&number).map(|account| account.watchers.clone()).unwrap_or_default();
        std::iter::once(number)
            .chain(watchers)
            .filter_map(|number| self.accounts.get(&number))
            .map(|account| (address::pn(account.number, 0).to_string(), account.name.clone()))
            .collect()
    }
}

//! What the library says of chats and contacts, until it is written: the newest word of each. An account that is linked tells of
//! thousands at once, faster than they are written; since a newer word takes the place of an older one, what waits is bounded by
//! how many there are.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tracing::warn;
use wacore::stanza::groups::GroupNotificationAction;
use wacore::types::events::Event;
use wacore_binary::Jid;

use crate::history::{ChatChange, ContactChange};

/// Chats and contacts that may wait, each: more than an account has.
const MAX_WAITING: usize = 20_000;

/// What waits.
#[derive(Default)]
pub(crate) struct Notes {
    waiting: Mutex<Waiting>,
    /// Rings when something waits.
    ring: Notify,
}

/// Changes by the library's address.
#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) contacts: HashMap<Jid, ContactChange>,
    pub(crate) chats: HashMap<Jid, ChatChange>,
    /// Groups that are new, whose name must be asked for.
    pub(crate) groups: Vec<Jid>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.contacts.is_empty() && self.chats.is_empty() && self.groups.is_empty()
    }
}

impl Notes {
    /// Notes what an event says of a chat or contact.
    pub(super) fn take(&self, event: &Event) {
        let mut waiting = self.waiting();
        let noted = note(&mut waiting, event);
        drop(waiting);
        if noted {
            self.ring.notify_one();
        }
    }

    /// Comes back when something waits.
    pub(crate) async fn rings(&self) {
        self.ring.notified().await;
    }

    /// Takes all that waits.
    pub(crate) fn drain(&self) -> Waiting {
        std::mem::take(&mut *self.waiting())
    }

    /// Puts back what could not be written, below what came meanwhile.
    pub(crate) fn put_back(&self, older: Waiting) {
        if older.is_empty() {
            return;
        }
        let mut waiting = self.waiting();
        for (chat, older) in older.chats {
            let newer = std::mem::replace(waiting.chats.entry(chat.clone()).or_default(), older);
            waiting.chats.entry(chat).or_default().merge(newer);
        }
        for (contact, older) in older.contacts {
            let newer = waiting.contacts.entry(contact).or_default();
            newer.name = newer.name.take().or(older.name);
            newer.push = newer.push.take().or(older.push);
        }
        waiting.groups.extend(older.groups);
        drop(waiting);
        self.ring.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(waiting: &mut Waiting, event: &Event) -> bool {
    let mut chat = |jid: &Jid, change: ChatChange| {
        if waiting.chats.len() < MAX_WAITING || waiting.chats.contains_key(jid) {
            waiting.chats.entry(jid.clone()).or_default().merge(change);
        } else {
            warn!("too many chats change at once; a change was dropped");
        }
    };
    let seconds = |time: i64| u64::try_from(time).ok();
    match event {
        Event::ArchiveUpdate(update) => {
            chat(&update.jid, ChatChange { archived: update.action.archived, ..ChatChange::default() });
        }
        Event::PinUpdate(update) => {
            chat(&update.jid, ChatChange { pinned: update.action.pinned, ..ChatChange::default() });
        }
        Event::MuteUpdate(update) => {
            let until = update.action.mute_end_timestamp.map(|end| if end < 0 { -1 } else { end / 1000 });
            let until = if update.action.muted == Some(true) { Some(until.unwrap_or(-1)) } else { None };
            chat(&update.jid, ChatChange { muted_until: Some(until), ..ChatChange::default() });
        }
        Event::MarkChatAsReadUpdate(update) => {
            chat(&update.jid, ChatChange { read: update.action.read, ..ChatChange::default() });
        }
        Event::ClearChatUpdate(update) => {
            let cleared_until = seconds(update.timestamp.timestamp());
            chat(&update.jid, ChatChange { cleared_until, ..ChatChange::default() });
        }
        Event::DeleteChatUpdate(update) => {
            let cleared_until = seconds(update.timestamp.timestamp());
            chat(&update.jid, ChatChange { cleared_until, ..ChatChange::default() });
        }
        Event::GroupUpdate(update) => match &update.action {
            GroupNotificationAction::Subject { subject, .. } => {
                chat(&update.group_jid, ChatChange { name: Some(subject.clone()), ..ChatChange::default() });
            }
            GroupNotificationAction::Create { .. } if waiting.groups.len() < MAX_WAITING => {
                waiting.groups.push(update.group_jid.clone());
            }
            _ => return false,
        },
        Event::ContactUpdate(update) => {
            let name = update.action.full_name.clone().or_else(|| update.action.first_name.clone()).unwrap_or_default();
            return contact(waiting, &update.jid, ContactChange { name: Some(name), ..ContactChange::default() });
        }
        Event::PushNameUpdate(update) => {
            let push = Some(update.new_push_name.clone());
            return contact(waiting, &update.jid, ContactChange { push, ..ContactChange::default() });
        }
        _ => return false,
    }
    true
}

fn contact(waiting: &mut Waiting, jid: &Jid, change: ContactChange) -> bool {
    let jid = jid.to_non_ad();
    if waiting.contacts.len() >= MAX_WAITING && !waiting.contacts.contains_key(&jid) {
        warn!("too many contacts change at once; a change was dropped");
        return false;
    }
    let known = waiting.contacts.entry(jid).or_default();
    known.name = change.name.or(known.name.take());
    known.push = change.push.or(known.push.take());
    true
}

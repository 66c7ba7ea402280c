//! What reaches phones: ciphertexts of clients, receipts, and calls for another copy. A phone keeps each message once
//! and counts its repeats apart, so that tests see both. Phone work waits in a list until the step's own decisions are
//! made, since only this part is asynchronous.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use wacore_binary::Node;
use waproto::whatsapp as wa;

use super::asking_again::Asked;
use super::chat::Chat;
use super::records::Key;
use super::shown::Shown;
use super::{DeviceRef, World};
use crate::blob::Blob;
use crate::clock;
use crate::phone::content::Attachment;
use crate::phone::{EncKind, PhoneError, content};
use crate::sim::{PhoneMessage, PhoneReceipt};
use crate::stanza;

/// How many messages a phone remembers, and how many receipts, which are not stored.
const MAX_REMEMBERED: usize = 2000;
/// For how many of its latest messages a phone can send another copy.
const MAX_SENT: usize = 256;

/// Something for a phone to do.
pub(crate) enum PhoneTask {
    /// A ciphertext came.
    Arrived(Arrival),
    /// A companion is there: it gets what it has not got yet.
    Welcome(DeviceRef),
    /// A device could not decrypt what the phone of `author` sent; `anew` says that it gave keys for a new session.
    Resend { author: u64, to: DeviceRef, id: String, anew: bool },
}

/// How a message is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sealing {
    /// For this device alone.
    Pair(EncKind),
    /// For everyone who holds the author's chain of the chat.
    SenderKey,
}

impl Sealing {
    /// Reads the `type` attribute of `<enc>`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "skmsg" { Some(Self::SenderKey) } else { EncKind::parse(text).map(Self::Pair) }
    }

    /// The `type` attribute of `<enc>`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pair(kind) => kind.as_str(),
            Self::SenderKey => "skmsg",
        }
    }
}

/// A ciphertext for a phone.
pub(crate) struct Arrival {
    pub(crate) number: u64,
    pub(crate) from: DeviceRef,
    /// The chat as the receiving account knows it.
    pub(crate) chat: Chat,
    pub(crate) id: String,
    pub(crate) peer: bool,
    pub(crate) kind: Sealing,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) timestamp: u64,
}

/// A message that the phone wrote itself, for another copy.
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) to: Chat,
    pub(super) message: wa::Message,
}

/// A message at rest.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    #[serde(flatten)]
    message: PhoneMessage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<Blob>,
}

/// What a phone shows.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) messages: BTreeMap<u64, PhoneMessage>,
    /// Where the messages of an id are: every arrival asks.
    places: HashMap<String, Vec<u64>>,
    pub(crate) receipts: VecDeque<PhoneReceipt>,
    pub(super) sent: VecDeque<Sent>,
    /// The messages themselves, by place, to quote them and to open what is sealed with their secrets.
    pub(super) contents: BTreeMap<u64, Blob>,
    /// The files of messages, by the message's place.
    pub(crate) attachments: BTreeMap<u64, Attachment>,
    /// The timers of chats, by their name: what the last change said.
    timers: HashMap<String, (u32, u64)>,
    /// What the phone asked for again; not stored.
    pub(super) asked: Asked,
    next: u64,
}

impl Inbox {
    /// After how many seconds messages of a chat disappear, and since when.
    pub(super) fn timer(&self, chat: Chat) -> Option<(u32, u64)> {
        self.timers.get(&chat.to_string()).copied().filter(|(seconds, _)| *seconds > 0)
    }

    /// Whether the phone shows a message.
    pub(super) fn has(&self, from: u64, id: &str) -> bool {
        self.position(&from.to_string(), id).is_some()
    }

    pub(super) fn position(&self, from: &str, id: &str) -> Option<u64> {
        let by_author = |place: &&u64| self.messages.get(place).is_some_and(|message| message.from == from);
        self.places.get(id)?.iter().rev().find(by_author).copied()
    }

    /// Stores a new message as one of at most so many; returns its place, and the place of the one that had to go for it.
    pub(super) fn store(&mut self, message: PhoneMessage, content: Option<Blob>, most: usize) -> (u64, Option<u64>) {
        let sequence = self.next;
        self.next += 1;
        self.put(sequence, message, content);
        let dropped = (self.messages.len() > most).then(|| self.messages.pop_first()).flatten();
        if let Some((oldest, _)) = &dropped {
            self.contents.remove(oldest);
        }
        if let Some((oldest, message)) = &dropped
            && let Entry::Occupied(mut places) = self.places.entry(message.id.clone())
        {
            places.get_mut().retain(|place| place != oldest);
            if places.get().is_empty() {
                places.remove();
            }
        }
        (sequence, dropped.map(|(oldest, _)| oldest))
    }

    pub(super) fn restore(&mut self, sequence: u64, stored: Stored) {
        self.next = self.next.max(sequence + 1);
        self.put(sequence, stored.message, stored.content);
    }

    /// What is stored of a message.
    pub(super) fn stored(&self, sequence: u64) -> Option<Stored> {
        let message = self.messages.get(&sequence)?.clone();
        Some(Stored { message, content: self.contents.get(&sequence).cloned() })
    }

    fn put(&mut self, sequence: u64, message: PhoneMessage, content: Option<Blob>) {
        self.places.entry(message.id.clone()).or_default().push(sequence);
        if message.kind == "timer" {
            let seconds = message.details.expires_after.unwrap_or_default();
            self.timers.insert(message.chat.clone(), (seconds, message.timestamp));
        }
        self.messages.insert(sequence, message);
        if let Some(content) = content {
            self.contents.insert(sequence, content);
        }
    }

    pub(super) fn remember_sent(&mut self, sent: Sent) {
        self.sent.push_back(sent);
        if self.sent.len() > MAX_SENT {
            self.sent.pop_front();
        }
    }
}

impl World {
    pub(crate) fn phone_task(&mut self, task: PhoneTask) {
        self.phone_tasks.push_back(task);
    }

    /// Does everything that waits for phones, and what follows from it.
    pub(crate) async fn phone_work(&mut self) {
        while let Some(task) = self.phone_tasks.pop_front() {
            match task {
                PhoneTask::Arrived(arrival) => self.arrived(arrival).await,
                PhoneTask::Welcome(who) => self.welcome(who).await,
                PhoneTask::Resend { author, to, id, anew } => self.resend(author, to, &id, anew).await,
            }
        }
    }

    async fn arrived(&mut self, arrival: Arrival) {
        let user = self.lid_of(arrival.from.number).to_string();
        let Some(account) = self.accounts.get_mut(&arrival.number) else { return };
        let (device, chat) = (arrival.from.device, arrival.chat.to_string());
        let opened = match arrival.kind {
            Sealing::Pair(kind) => account.phone.decrypt(&user, device, kind, &arrival.ciphertext).await,
            Sealing::SenderKey => account.phone.decrypt_group(&chat, &user, device, &arrival.ciphertext).await,
        };
        self.touch(Key::Signal(arrival.number));
        let message = match opened {
            Ok(message) => content::unwrap_device_sent(message).1,
            Err(PhoneError::Duplicate) => return self.arrived_again(&arrival),
            Err(error) => {
                self.counters.undecryptable += 1;
                tracing::warn!(%error, "a phone cannot decrypt a message");
                if matches!(error, PhoneError::Decrypt(_)) {
                    self.ask_again(&arrival);
                }
                return;
            }
        };
        if let Some(chain) = content::sender_key_for(&message, &chat)
            && let Some(account) = self.accounts.get_mut(&arrival.number)
            && let Err(error) = account.phone.learn_sender_key(&chat, &user, device, chain).await
        {
            tracing::warn!(%error, "a phone cannot use a sender key");
        }
        let own = arrival.from.number == arrival.number;
        if own
            && let Some(protocol) = message.protocol_message.as_option()
            && self.phone_is_asked(arrival.from, &arrival.id, protocol).await
        {
            return;
        }
        let summary = content::summary(&message);
        if arrival.peer || summary.kind == "protocol" {
            return;
        }
        self.came(&arrival, own, summary, &message).await;
    }

    /// Files a message on the phone, tells its author, and lets the phone answer.
    async fn came(&mut self, arrival: &Arrival, own: bool, summary: content::Summary, message: &wa::Message) {
        let from = arrival.from.number.to_string();
        let Some(account) = self.accounts.get_mut(&arrival.number) else { return };
        if account.inbox.position(&from, &arrival.id).is_some() {
            return self.arrived_again(arrival);
        }
        let asked = (!own && summary.kind == "text").then_some(summary.text).flatten();
        let echo = (account.echo && arrival.chat != Chat::Status).then(|| asked.clone()).flatten();
        let shown = Shown {
            id: arrival.id.clone(),
            chat: arrival.chat,
            author: arrival.from.number,
            timestamp: arrival.timestamp,
        };
        self.show(arrival.number, shown, message);
        if own {
            return;
        }
        self.phone_delivered(arrival);
        if let Some(text) = echo
            && let Err(error) = self.echo(arrival.number, arrival.chat, &text).await
        {
            tracing::warn!(%error, "an echo was not sent");
        }
        if let Some(text) = asked {
            self.reply(arrival, &text).await;
        }
    }

    /// How many messages, and how many receipts, a phone remembers here.
    fn most_remembered(&self) -> usize {
        self.phone_messages.map_or(MAX_REMEMBERED, |most| most.clamp(1, MAX_REMEMBERED))
    }

    /// Stores a message in a phone's inbox.
    pub(super) fn file(&mut self, number: u64, message: PhoneMessage, content: Option<Blob>) {
        let most = self.most_remembered();
        let Some(account) = self.accounts.get_mut(&number) else { return };
        let (sequence, dropped) = account.inbox.store(message, content, most);
        let file = dropped.and_then(|dropped| account.inbox.attachments.remove(&dropped));
        self.touch(Key::Message(number, sequence));
        if let Some(dropped) = dropped {
            self.touch(Key::Message(number, dropped));
            if file.is_some() {
                self.touch(Key::Attachment(number, dropped));
            }
        }
    }

    /// The phone's own receipt, to all devices of the author.
    fn phone_delivered(&mut self, arrival: &Arrival) {
        let ids = std::slice::from_ref(&arrival.id);
        self.phone_sends_receipt_in(arrival.number, arrival.chat, arrival.from.number, ids, None);
    }

    fn arrived_again(&mut self, arrival: &Arrival) {
        let from = arrival.from.number.to_string();
        let Some(account) = self.accounts.get_mut(&arrival.number) else { return };
        let Some(sequence) = account.inbox.position(&from, &arrival.id) else { return };
        if let Some(message) = account.inbox.messages.get_mut(&sequence) {
            message.wire_repeats += 1;
        }
        self.counters.wire_repeats += 1;
        self.touch(Key::Message(arrival.number, sequence));
        if arrival.from.number != arrival.number {
            self.phone_delivered(arrival);
        }
    }

    /// A receipt for something that this account's devices wrote.
    pub(super) fn phone_receipt(&mut self, author: u64, from: u64, ids: &[String], kind: Option<&str>) {
        let timestamp = clock::now();
        let most = self.most_remembered();
        let Some(account) = self.accounts.get_mut(&author) else { return };
        for id in ids {
            account.inbox.receipts.push_back(PhoneReceipt {
                id: id.clone(),
                from: from.to_string(),
                kind: kind.unwrap_or("delivered").to_owned(),
                timestamp,
            });
            if account.inbox.receipts.len() > most {
                account.inbox.receipts.pop_front();
            }
        }
    }

    /// A device could not decrypt what this account's phone sent.
    pub(super) fn phone_retry(&mut self, to: DeviceRef, author: u64, receipt: &Node) {
        if let Some(id) = stanza::attr(receipt, "id") {
            let anew = receipt.get_optional_child("keys").is_some();
            self.phone_task(PhoneTask::Resend { author, to, id, anew });
        }
    }
}

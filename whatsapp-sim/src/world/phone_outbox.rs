//! What phones send: the same fan-out as a client's, made here. Each device of the recipient gets its own ciphertext,
//! and so does each of the sender's own companions, wrapped as a copy.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp as wa;

use super::chat::Chat;
use super::phone_inbox::{Arrival, PhoneTask, Sealing, Sent};
use super::queue::Class;
use super::receipt::within;
use super::records::Key;
use super::shown::Shown;
use super::{DeviceRef, World};
use crate::phone::content::{self, Label, MessageRef, Outgoing};
use crate::phone::{EncKind, PhoneError, PublicBundle, SignedPreKeyPublic};
use crate::sim::SimError;
use crate::{address, clock, stanza};

/// What an echo phone puts before the text; a text that begins with it is not echoed again.
const ECHO: &str = "Echo: ";

impl World {
    /// The phone of `number` writes a text.
    pub(crate) async fn phone_text(&mut self, number: u64, chat: Chat, text: &str) -> Result<String, SimError> {
        self.phone_says(number, chat, &Outgoing::text(text), None).await
    }

    pub(super) async fn echo(&mut self, number: u64, chat: Chat, text: &str) -> Result<(), SimError> {
        if text.starts_with(ECHO) {
            return Ok(());
        }
        // Boxed: an echo to another phone on this network may itself be the work that an arrival causes.
        let id = Box::pin(self.phone_text(number, chat, &format!("{ECHO}{text}"))).await?;
        self.mark_automatic(id);
        Ok(())
    }

    /// How the phone of `number` refers to a message of one of its chats.
    pub(crate) fn phone_refers(&self, number: u64, chat: Chat, id: &str) -> Result<MessageRef, SimError> {
        let account = self.accounts.get(&number).ok_or(SimError::Unregistered)?;
        let name = chat.to_string();
        let mut messages = account.inbox.messages.values().rev();
        let about = messages.find(|message| message.id == id && message.chat == name).ok_or(SimError::NoSuchMessage)?;
        let author: u64 = about.from.parse().map_err(|_| SimError::NoSuchMessage)?;
        let named = author != number && chat.person().is_none();
        Ok(MessageRef {
            chat: self.chat_jid(chat).to_string(),
            id: id.to_owned(),
            from_me: author == number,
            participant: named.then(|| address::lid(self.lid_of(author), 0).to_string()),
        })
    }

    /// The phone of `number` sends a message: to every device of the chat and to the account's own companions.
    pub(crate) async fn phone_sends(
        &mut self,
        number: u64,
        chat: Chat,
        message: wa::Message,
        label: &Label,
    ) -> Result<String, SimError> {
        let audience = match (chat, self.post_answered(number, chat, &message)) {
            (Chat::Person(to), _) if self.accounts.contains_key(&to) => Vec::new(),
            (Chat::Person(_), _) => return Err(SimError::Unregistered),
            (_, Some(author)) => {
                let devices = self.devices_of(author).into_iter().chain(self.devices_of(number));
                devices.filter(|device| *device != DeviceRef { number, device: 0 }).collect()
            }
            _ => self.chat_devices(number, chat, label.kind == "reaction")?,
        };
        let id = Self::fresh_id();
        self.show(number, Shown { id: id.clone(), chat, author: number, timestamp: clock::now() }, &message);
        match chat {
            Chat::Person(to) => self.phone_sends_to_person(number, to, &id, &message, label).await?,
            _ => self.phone_sends_to_many(number, chat, audience, &id, &message, label).await?,
        }
        if let Some(account) = self.accounts.get_mut(&number) {
            account.inbox.remember_sent(Sent { id: id.clone(), to: chat, message });
        }
        Ok(id)
    }

    /// Whose status post a message is about, when it is somebody else's: that person alone hears it.
    fn post_answered(&self, number: u64, chat: Chat, message: &wa::Message) -> Option<u64> {
        let key = content::key_of(content::base(message)).filter(|_| chat == Chat::Status)?;
        let author = self.resolve(&key.participant.as_deref()?.parse().ok()?)?;
        (author != number && !self.has_blocked(author, number)).then_some(author)
    }

    async fn phone_sends_to_person(
        &mut self,
        number: u64,
        to: u64,
        id: &str,
        message: &wa::Message,
        label: &Label,
    ) -> Result<(), SimError> {
        let chat = Chat::Person(to);
        self.add_contact(number, to);
        let blocked = self.has_blocked(to, number);
        let recipient = self.accounts.get(&to).ok_or(SimError::Unregistered)?;
        let theirs: Vec<u16> = std::iter::once(0).chain(recipient.devices.keys().copied()).collect();
        let account = self.accounts.get(&number).ok_or(SimError::Unregistered)?;
        let own: Vec<u16> = account.devices.keys().copied().collect();
        if to != number && !blocked {
            for device in theirs {
                self.phone_copy(number, DeviceRef { number: to, device }, chat, id, message, label).await?;
            }
        }
        for device in own {
            self.phone_copy(number, DeviceRef { number, device }, chat, id, message, label).await?;
        }
        Ok(())
    }

    /// One device's copy of what a phone sends in its chat with `chat`.
    async fn phone_copy(
        &mut self,
        author: u64,
        to: DeviceRef,
        chat: Chat,
        id: &str,
        message: &wa::Message,
        label: &Label,
    ) -> Result<(), SimError> {
        let own = to.number == author && chat.person().is_some();
        // A stranger has no session: nothing but a first message could be read.
        let strange = !own && to.device != 0 && self.seems_strange(to);
        if strange {
            self.forget_session(author, to);
        }
        let chat_jid = self.chat_jid(chat);
        let wrapped = own.then(|| content::device_sent(&chat_jid.to_string(), message.clone()));
        let sealed = self.phone_encrypts(author, to, wrapped.as_ref().unwrap_or(message)).await;
        let (kind, ciphertext) = match sealed {
            Ok(sealed) => sealed,
            // A companion that has not published its keys yet; it will know the chat from its history.
            Err(PhoneError::NoSession) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if to.device == 0 {
            self.phone_task(PhoneTask::Arrived(Arrival {
                number: to.number,
                from: DeviceRef { number: author, device: 0 },
                chat: chat.seen_by(to.number, author),
                id: id.to_owned(),
                peer: false,
                kind: Sealing::Pair(kind),
                ciphertext,
                timestamp: clock::now(),
            }));
            return Ok(());
        }
        let mut stanza = self.phone_stanza(author, chat, id, label);
        if own {
            stanza = stanza.attr("recipient", chat_jid);
        }
        let sealed = enc(Sealing::Pair(kind), ciphertext, label);
        self.deliver(to, Class::Message, stanza.children([sealed].into_iter().chain(label.meta())).build());
        if strange {
            self.forget_session(author, to);
        }
        Ok(())
    }

    /// What every device's stanza says of a phone's message.
    pub(super) fn phone_stanza(&self, author: u64, chat: Chat, id: &str, label: &Label) -> NodeBuilder {
        let account = self.accounts.get(&author);
        let stanza = NodeBuilder::new("message")
            .attr("id", id)
            .attr("type", label.kind)
            .attr("t", clock::now())
            .attr("notify", account.map_or("", |account| account.name.as_str()));
        let stanza = match &label.edit {
            Some(edit) => stanza.attr("edit", edit.to_string_val()),
            None => stanza,
        };
        let lid = address::lid(self.lid_of(author), 0);
        match (label.category, chat) {
            (Some(category), _) => stanza.attr("from", address::pn(author, 0)).attr("category", category),
            (None, Chat::Person(_)) => stanza.attr("from", lid).attr("sender_pn", address::pn(author, 0)),
            (None, _) => self.heard_among_many(stanza, chat, lid, author),
        }
    }

    /// A message from the phone's software to the software of one of its companions.
    pub(super) async fn phone_to_peer(&mut self, who: DeviceRef, message: &wa::Message) -> Result<(), PhoneError> {
        let (kind, ciphertext) = self.phone_encrypts(who.number, who, message).await?;
        let own = Chat::Person(who.number);
        let label = Label::peer();
        let stanza = self.phone_stanza(who.number, own, &Self::fresh_id(), &label);
        let stanza = stanza.children([enc(Sealing::Pair(kind), ciphertext, &label)]).build();
        self.deliver(who, Class::Message, stanza);
        Ok(())
    }

    pub(super) async fn phone_encrypts(
        &mut self,
        author: u64,
        to: DeviceRef,
        message: &wa::Message,
    ) -> Result<(EncKind, Vec<u8>), PhoneError> {
        let user = self.lid_of(to.number).to_string();
        let known = self.accounts.get(&author).is_some_and(|account| account.phone.has_session(&user, to.device));
        let bundle = if known { None } else { self.take_bundle(to) };
        let Some(account) = self.accounts.get_mut(&author) else { return Err(PhoneError::NoSession) };
        let sealed = account.phone.encrypt(&user, to.device, bundle.as_ref(), message).await?;
        self.touch(Key::Signal(author));
        Ok(sealed)
    }

    /// The keys to begin a session with a device; a one-time key is handed out once.
    pub(crate) fn take_bundle(&mut self, of: DeviceRef) -> Option<PublicBundle> {
        let account = self.accounts.get_mut(&of.number)?;
        if of.device == 0 {
            let phone = &mut account.phone;
            let one_time = Some(phone.take_one_time_pre_key());
            let bundle = PublicBundle {
                registration_id: phone.registration_id(),
                identity: phone.identity_public(),
                signed_pre_key: phone.signed_pre_key(),
                one_time,
            };
            self.touch(Key::Signal(of.number));
            return Some(bundle);
        }
        let device = account.devices.get_mut(&of.device)?;
        let registration = device.registration.clone()?;
        let one_time = device.one_time.pop_front().map(|(id, key)| (id, key.0));
        let bundle = PublicBundle {
            registration_id: registration.id,
            identity: device.identity.0,
            signed_pre_key: SignedPreKeyPublic {
                id: registration.signed_pre_key_id,
                public: registration.signed_pre_key.0,
                signature: registration.signature.0.try_into().ok()?,
            },
            one_time,
        };
        self.touch(Key::Device(of.number, of.device));
        Some(bundle)
    }

    /// Another copy for a device that could not decrypt the first. From its second question on a device sends keys along: its
    /// side of the session is beyond repair, so the phone begins a new one with what the device has published.
    pub(super) async fn resend(&mut self, author: u64, to: DeviceRef, id: &str, anew: bool) {
        if anew {
            self.forget_session(author, to);
        }
        let Some(account) = self.accounts.get_mut(&author) else { return };
        let Some(sent) = account.inbox.sent.iter().find(|sent| sent.id == id) else { return };
        let (chat, message) = (sent.to, sent.message.clone());
        let recipient = self.recipient(to);
        if let Some(account) = self.accounts.get_mut(&author) {
            account.phone.lost_sender_key(&chat.to_string(), &recipient);
            self.touch(Key::Signal(author));
        }
        if let Err(error) = self.phone_copy(author, to, chat, id, &message, &Label::of(&message)).await {
            tracing::warn!(%error, "a phone cannot send another copy");
        }
    }

    fn forget_session(&mut self, author: u64, to: DeviceRef) {
        let user = self.lid_of(to.number).to_string();
        if let Some(account) = self.accounts.get_mut(&author) {
            account.phone.forget_session(&user, to.device);
        }
    }

    /// A receipt of a phone for what `author` wrote in a chat.
    pub(super) fn phone_sends_receipt_in(
        &mut self,
        number: u64,
        chat: Chat,
        author: u64,
        ids: &[String],
        kind: Option<&'static str>,
    ) {
        let [first, rest @ ..] = ids else { return };
        let seen = kind.filter(|kind| matches!(*kind, "read" | "played"));
        let hidden = chat.person().is_some() && seen.is_some() && !self.may_know_of_reading(number, author);
        let receipt = NodeBuilder::new("receipt").attr("id", first.as_str()).attr("t", clock::now());
        let lid = address::lid(self.lid_of(number), 0);
        let mut receipt = match chat {
            Chat::Person(_) => receipt.attr("from", lid),
            _ => self.heard_among_many(receipt, chat, lid, number),
        };
        if let Some(kind) = seen.filter(|_| hidden).map(within).or(kind) {
            receipt = receipt.attr("type", kind);
        }
        if !rest.is_empty() {
            let items = rest.iter().map(|id| NodeBuilder::new("item").attr("id", id.as_str()).build());
            receipt = receipt.children([NodeBuilder::new("list").children(items).build()]);
        }
        let receipt = receipt.build();
        if !hidden {
            self.tell_companions(author, None, &receipt);
            self.phone_receipt(author, number, ids, kind);
        }
        // Its own companions need not show it as new any more.
        match chat {
            _ if seen.is_none() => {}
            Chat::Person(_) => self.tell_siblings(DeviceRef { number, device: 0 }, author, receipt),
            _ => self.tell_companions(number, None, &receipt),
        }
    }
}

pub(super) fn enc(kind: Sealing, ciphertext: Vec<u8>, label: &Label) -> Node {
    if label.withheld {
        return NodeBuilder::new("unavailable").attr("type", "view_once").build();
    }
    let mut node = stanza::leaf("enc", ciphertext);
    node.attrs.insert("v", "2");
    node.attrs.insert("type", kind.as_str());
    if let Some(media) = label.media {
        node.attrs.insert("mediatype", media);
    }
    if label.hidden {
        node.attrs.insert("decrypt-fail", "hide");
    }
    node
}

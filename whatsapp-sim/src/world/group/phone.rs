//! Phones that write to many: they keep a chain per chat, hand it to whoever does not hold it, and begin a new one when
//! somebody who holds it is gone.

use std::collections::{BTreeMap, BTreeSet};

use waproto::whatsapp as wa;

use super::super::chat::Chat;
use super::super::phone_inbox::{Arrival, PhoneTask, Sealing};
use super::super::phone_outbox::enc;
use super::super::queue::Class;
use super::super::records::Key;
use super::{DeviceRef, World};
use crate::clock;
use crate::phone::content::{self, Label};
use crate::phone::{PhoneError, Recipient};
use crate::sim::SimError;

impl World {
    /// The devices that get what the phone of `number` writes to many, the account's own companions among them.
    pub(in super::super) fn chat_devices(
        &self,
        number: u64,
        chat: Chat,
        reaction: bool,
    ) -> Result<Vec<DeviceRef>, SimError> {
        let devices = match chat {
            Chat::Group(id) => {
                self.may_write(number, id, reaction)?;
                self.group_devices(id)
            }
            Chat::Status => {
                let contacts = self.accounts.get(&number).map(|account| account.social.contacts.clone());
                let apart = |other: u64| self.has_blocked(other, number) || self.has_blocked(number, other);
                let people = contacts.into_iter().flatten().filter(|other| !apart(*other));
                people.chain([number]).flat_map(|number| self.devices_of(number)).collect()
            }
            Chat::Person(_) | Chat::Newsletter(_) => return Err(SimError::WrongChat),
        };
        Ok(devices.into_iter().filter(|device| *device != DeviceRef { number, device: 0 }).collect())
    }

    /// Sends a message to each of the devices.
    pub(in super::super) async fn phone_sends_to_many(
        &mut self,
        author: u64,
        chat: Chat,
        devices: Vec<DeviceRef>,
        id: &str,
        message: &wa::Message,
        label: &Label,
    ) -> Result<(), SimError> {
        let group = chat.to_string();
        let chains = self.hand_out_chain(author, &group, &devices).await?;
        let user = self.lid_of(author).to_string();
        let account = self.accounts.get_mut(&author).ok_or(SimError::Unregistered)?;
        let sealed = account.phone.encrypt_group(&group, &user, message).await?;
        self.touch(Key::Signal(author));
        for device in devices {
            let chain = chains.get(&device).cloned();
            let parts = chain.into_iter().chain([(Sealing::SenderKey, sealed.clone())]);
            if device.device == 0 {
                for (kind, ciphertext) in parts {
                    self.phone_task(PhoneTask::Arrived(Arrival {
                        number: device.number,
                        from: DeviceRef { number: author, device: 0 },
                        chat,
                        id: id.to_owned(),
                        peer: false,
                        kind,
                        ciphertext,
                        timestamp: clock::now(),
                    }));
                }
            } else {
                let ciphertexts = parts.map(|(kind, ciphertext)| enc(kind, ciphertext, label)).chain(label.meta());
                let stanza = self.phone_stanza(author, chat, id, label).children(ciphertexts).build();
                self.deliver(device, Class::Message, stanza);
            }
        }
        Ok(())
    }

    /// The author's chain, sealed for each device that does not hold it.
    async fn hand_out_chain(
        &mut self,
        author: u64,
        group: &str,
        devices: &[DeviceRef],
    ) -> Result<BTreeMap<DeviceRef, (Sealing, Vec<u8>)>, SimError> {
        let user = self.lid_of(author).to_string();
        let recipients: Vec<Recipient> = devices.iter().map(|device| self.recipient(*device)).collect();
        let account = self.accounts.get_mut(&author).ok_or(SimError::Unregistered)?;
        let (chain, missing) = account.phone.share_sender_key(group, &user, &recipients).await?;
        let missing: BTreeSet<Recipient> = missing.into_iter().collect();
        let handing_over = content::sender_key(group, chain);
        let mut chains = BTreeMap::new();
        for (device, recipient) in devices.iter().zip(recipients) {
            if !missing.contains(&recipient) {
                continue;
            }
            match self.phone_encrypts(author, *device, &handing_over).await {
                Ok((kind, ciphertext)) => {
                    chains.insert(*device, (Sealing::Pair(kind), ciphertext));
                    if let Some(account) = self.accounts.get_mut(&author) {
                        account.phone.holds_sender_key(group, &recipient);
                    }
                }
                // A companion that has not published its keys yet: it will ask for a copy of its own.
                Err(PhoneError::NoSession) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(chains)
    }

    /// A device as phones know it.
    pub(in super::super) fn recipient(&self, device: DeviceRef) -> Recipient {
        (self.lid_of(device.number).to_string(), device.device)
    }

    /// The person reads messages of a chat; each author hears of its own ones.
    pub(crate) fn phone_reads(&mut self, number: u64, chat: Chat, ids: &[String]) -> Result<(), SimError> {
        let account = self.accounts.get(&number).ok_or(SimError::Unregistered)?;
        let name = chat.to_string();
        let mut by_author: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for id in ids {
            let mut messages = account.inbox.messages.values().rev();
            let message =
                messages.find(|message| message.id == *id && message.chat == name).ok_or(SimError::NoSuchMessage)?;
            if let Some(author) = message.from.parse().ok().filter(|author| *author != number) {
                by_author.entry(author).or_default().push(id.clone());
            }
        }
        for (author, ids) in by_author {
            self.phone_sends_receipt_in(number, chat, author, &ids, Some("read"));
        }
        Ok(())
    }
}

//! The files on phones: which message has which, and a companion's call for a link that still works. A phone loads every
//! file when its message comes, so it can publish it again until the person deletes it there.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp as wa;

use super::queue::Class;
use super::records::Key;
use super::{DeviceRef, World};
use crate::media::{self, MediaError};
use crate::phone::content::{self, Attachment};
use crate::phone::media_retry;
use crate::sim::{LoadedFile, SimError};
use crate::{address, clock, stanza};

/// The answer that the phone has the file no more.
const NOT_FOUND: u8 = 2;
/// The answer that the question cannot be opened with the file's key.
const NOT_DECRYPTED: u8 = 3;

/// A file that a phone loads: of which message on which phone.
pub(crate) struct ToLoad {
    pub(crate) number: u64,
    pub(crate) place: u64,
    pub(crate) attachment: Attachment,
}

impl World {
    /// Remembers the file of a message that has just been filed on a phone.
    pub(super) fn keep_attachment(&mut self, number: u64, from: u64, id: &str, message: &wa::Message) {
        let Some(attachment) = content::attachment(message) else { return };
        let Some(account) = self.accounts.get_mut(&number) else { return };
        let Some(sequence) = account.inbox.position(&from.to_string(), id) else { return };
        account.inbox.attachments.insert(sequence, attachment.clone());
        self.to_load.push(ToLoad { number, place: sequence, attachment });
        self.touch(Key::Attachment(number, sequence));
    }

    /// The files that phones have got in this step.
    pub(crate) fn take_to_load(&mut self) -> Vec<ToLoad> {
        std::mem::take(&mut self.to_load)
    }

    /// Notes what a phone got when it loaded a file.
    pub(crate) fn loaded(&mut self, number: u64, place: u64, loaded: LoadedFile) {
        let Some(account) = self.accounts.get_mut(&number) else { return };
        let Some(message) = account.inbox.messages.get_mut(&place) else { return };
        // It may have been deleted in the meantime.
        let Some(file) = &mut message.details.file else { return };
        file.loaded = Some(loaded);
        self.touch(Key::Message(number, place));
    }

    /// The place and the file of a phone's message.
    fn find_attachment(&self, number: u64, id: &str) -> Result<(u64, &Attachment), SimError> {
        let inbox = &self.accounts.get(&number).ok_or(SimError::Unregistered)?.inbox;
        let mut places = inbox.messages.iter().rev().filter(|(_, message)| message.id == id).peekable();
        if places.peek().is_none() {
            return Err(SimError::NoSuchMessage);
        }
        let found = places.find_map(|(place, _)| Some((*place, inbox.attachments.get(place)?)));
        found.ok_or(SimError::Media(MediaError::Missing))
    }

    /// The file of a phone's message.
    pub(crate) fn attachment(&self, number: u64, id: &str) -> Result<&Attachment, SimError> {
        self.find_attachment(number, id).map(|(_, attachment)| attachment)
    }

    /// The person deletes the file on the phone; the message stays.
    pub(crate) fn forget_attachment(&mut self, number: u64, id: &str) -> Result<(), SimError> {
        let (place, _) = self.find_attachment(number, id)?;
        if let Some(account) = self.accounts.get_mut(&number) {
            account.inbox.attachments.remove(&place);
        }
        self.touch(Key::Attachment(number, place));
        Ok(())
    }

    /// A companion found the link of a file expired and asks its phone for another.
    pub(super) fn media_retry(&mut self, who: DeviceRef, receipt: &Node) {
        // History has no message to look at: nobody waits for an answer to that.
        let (Some(id), Some(about)) = (stanza::attr(receipt, "id"), receipt.get_optional_child("rmr")) else { return };
        let answer = match self.new_link(who.number, &id, receipt) {
            Ok((sealed, iv)) => NodeBuilder::new("encrypt")
                .children([stanza::leaf("enc_p", sealed), stanza::leaf("enc_iv", iv)])
                .build(),
            Err(code) => NodeBuilder::new("error").attr("code", code).build(),
        };
        let notification = NodeBuilder::new("notification")
            .attr("type", "mediaretry")
            .attr("from", address::pn(who.number, 0))
            .attr("id", id)
            .attr("t", clock::now())
            .children([about.clone(), answer])
            .build();
        self.deliver(who, Class::Notification, notification);
    }

    fn new_link(&self, number: u64, id: &str, receipt: &Node) -> Result<(Vec<u8>, [u8; 12]), u8> {
        let attachment = self.attachment(number, id).map_err(|_| NOT_FOUND)?;
        let key = attachment.media_key().ok_or(NOT_FOUND)?;
        let asked = receipt.get_optional_child("encrypt");
        let part = |name| asked.and_then(|asked| asked.get_optional_child(name)).and_then(stanza::bytes);
        let (Some(sealed), Some(iv)) = (part("enc_p"), part("enc_iv")) else { return Err(NOT_DECRYPTED) };
        if !media_retry::is_asked_for(key, id, iv, sealed) {
            return Err(NOT_DECRYPTED);
        }
        let token = media::token(attachment).ok_or(NOT_FOUND)?;
        let path = self.media.publish(&token).map_err(|_| NOT_FOUND)?;
        media_retry::seal_link(key, id, &path).ok_or(NOT_FOUND)
    }
}

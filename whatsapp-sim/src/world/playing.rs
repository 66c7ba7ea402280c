//! People who play voice notes and videos, and open what is for one view. The author hears of it; what is for one view is
//! gone from the phone afterwards.

use std::collections::BTreeMap;

use super::World;
use super::chat::Chat;
use super::records::Key;
use crate::phone::content::MessageError;
use crate::sim::SimError;

impl World {
    /// The person plays messages of a chat; each author hears of its own ones.
    pub(crate) fn phone_plays(&mut self, number: u64, chat: Chat, ids: &[String]) -> Result<(), SimError> {
        let mut by_author: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        let mut places = Vec::new();
        for id in ids {
            let (place, message) = self.phone_message(number, chat, id)?;
            let sounds = message.details.file.as_ref().is_some_and(|file| file.seconds.is_some() || file.voice);
            let author = message.from.parse().ok().filter(|author| *author != number);
            let Some(author) = author.filter(|_| sounds || message.details.view_once) else {
                return Err(MessageError::NotPlayable.into());
            };
            by_author.entry(author).or_default().push(id.clone());
            places.push(place);
        }
        for place in places {
            let Some(account) = self.accounts.get_mut(&number) else { continue };
            let Some(message) = account.inbox.messages.get_mut(&place) else { continue };
            message.details.played = true;
            if message.details.view_once && account.inbox.attachments.remove(&place).is_some() {
                self.touch(Key::Attachment(number, place));
            }
            self.touch(Key::Message(number, place));
        }
        for (author, ids) in by_author {
            self.phone_sends_receipt_in(number, chat, author, &ids, Some("played"));
        }
        Ok(())
    }
}

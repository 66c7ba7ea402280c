//! Messages as phones file them, and what they change about earlier ones: edits, deletions, reactions, votes, pins. Every
//! phone decides for itself: it refuses changes by somebody who may not make them, and those to messages it never had.

use wacore_binary::Jid;
use waproto::codec;
use waproto::whatsapp as wa;

use super::World;
use super::chat::Chat;
use super::group::Role;
use super::records::Key;
use crate::address;
use crate::blob::Blob;
use crate::phone::content::{self, Between, EventAnswer};
use crate::sim::{MessageDetails, PhoneMessage, Reacted, Responded};

/// Of larger messages only the text is shown, and they are not kept to be quoted: a text ends at 64 KiB, thumbnails are
/// small.
const MAX_CONTENT: usize = 256 * 1024;

/// A message that a phone files.
pub(super) struct Shown {
    pub(super) id: String,
    /// The chat as this phone knows it.
    pub(super) chat: Chat,
    pub(super) author: u64,
    pub(super) timestamp: u64,
}

impl World {
    /// Files a message on the phone of `reader`, with everything there is to see in it.
    pub(super) fn show(&mut self, reader: u64, shown: Shown, message: &wa::Message) {
        let target = self.target(reader, &shown, message);
        let opened = target.and_then(|target| self.opened_edit(reader, shown.author, target, message));
        let message = opened.as_ref().unwrap_or(message);
        let summary = content::summary(message);
        let bytes = codec::message_to_vec(message);
        let content = (bytes.len() <= MAX_CONTENT).then_some(Blob(bytes));
        let mut details = match &content {
            Some(_) => content::details(message, &|jid| self.name_of(jid)),
            None => MessageDetails::default(),
        };
        if let Some(target) = target {
            self.change(reader, target, &shown, message, &mut details);
        }
        let received = shown.author != reader && shown.chat.person().is_some();
        let to = if received { Chat::Person(reader) } else { shown.chat };
        let author = shown.author;
        let filed = PhoneMessage {
            id: shown.id,
            chat: shown.chat.to_string(),
            from: author.to_string(),
            to: to.to_string(),
            kind: summary.kind.to_owned(),
            text: summary.text,
            timestamp: shown.timestamp,
            wire_repeats: 0,
            details,
        };
        let id = filed.id.clone();
        self.file(reader, filed, content);
        self.keep_attachment(reader, author, &id, message);
    }

    /// Whom a JID inside of a message means, as phones show it: the number, or the JID itself when nobody here has it.
    fn name_of(&self, jid: &str) -> String {
        let number = jid.parse::<Jid>().ok().and_then(|jid| self.resolve(&jid));
        number.map_or_else(|| jid.to_owned(), |number| number.to_string())
    }

    /// The place of the message that another one is about.
    fn target(&self, reader: u64, shown: &Shown, message: &wa::Message) -> Option<u64> {
        let key = content::key_of(content::base(message))?;
        let written_by = if key.from_me == Some(true) {
            shown.author
        } else if let Some(participant) = key.participant.as_deref().filter(|_| shown.chat.person().is_none()) {
            self.resolve(&participant.parse().ok()?)?
        } else if shown.author == reader {
            shown.chat.person()?
        } else {
            reader
        };
        let inbox = &self.accounts.get(&reader)?.inbox;
        let place = inbox.position(&written_by.to_string(), key.id.as_deref()?)?;
        let chat = shown.chat.to_string();
        inbox.messages.get(&place).is_some_and(|target| target.chat == chat).then_some(place)
    }

    /// The content of a message, as long as the phone has it.
    pub(super) fn content_at(&self, number: u64, place: u64) -> Option<wa::Message> {
        codec::message_decode(&self.accounts.get(&number)?.inbox.contents.get(&place)?.0).ok()
    }

    fn opened_edit(&self, reader: u64, author: u64, target: u64, message: &wa::Message) -> Option<wa::Message> {
        let base = content::base(message);
        if !content::is_sealed_edit(base) {
            return None;
        }
        let original = self.content_at(reader, target)?;
        content::open_edit(base, content::message_secret(&original)?, &self.between(author, author))
    }

    /// The names under which keys between an earlier message's author and a later one's may have been made.
    pub(super) fn between(&self, original: u64, later: u64) -> [Between; 2] {
        let lid = |number| address::lid(self.lid_of(number), 0).to_string();
        let pn = |number| address::pn(number, 0).to_string();
        [Between { original: lid(original), later: lid(later) }, Between { original: pn(original), later: pn(later) }]
    }

    /// Lets a message change what it is about.
    fn change(&mut self, reader: u64, target: u64, by: &Shown, message: &wa::Message, details: &mut MessageDetails) {
        let base = content::base(message);
        let from = by.author.to_string();
        let voted = self.voted(reader, target, by.author, base);
        details.selected.clone_from(&voted);
        let answer = self.answered(reader, target, by.author, base);
        details.answer = answer;
        let admin = match by.chat {
            Chat::Group(id) => self.group(id).is_ok_and(|group| group.role(by.author) >= Some(Role::Admin)),
            _ => false,
        };
        let Some(inbox) = self.accounts.get_mut(&reader).map(|account| &mut account.inbox) else { return };
        let Some(earlier) = inbox.messages.get_mut(&target) else { return };
        let own = earlier.from == from;
        let summary = content::summary(message);
        match summary.kind {
            "edit" if own && earlier.details.deleted_by.is_none() => {
                let Some(words) = content::new_words(message) else { return };
                earlier.text = Some(words.to_owned());
                earlier.details.edited = true;
                if let Some(file) = &mut earlier.details.file {
                    file.caption = Some(words.to_owned());
                }
                let kept = inbox.contents.get(&target).and_then(|kept| codec::message_decode(&kept.0).ok());
                if let Some(mut kept) = kept
                    && content::reword(&mut kept, words)
                    && words.len() <= MAX_CONTENT
                {
                    inbox.contents.insert(target, Blob(codec::message_to_vec(&kept)));
                }
            }
            "delete" if own || admin => {
                earlier.text = None;
                earlier.details = MessageDetails { deleted_by: Some(from), ..MessageDetails::default() };
                inbox.contents.remove(&target);
                if inbox.attachments.remove(&target).is_some() {
                    self.touch(Key::Attachment(reader, target));
                }
            }
            "reaction" => {
                earlier.details.reactions.retain(|reaction| reaction.from != from);
                if let Some(emoji) = summary.text {
                    earlier.details.reactions.push(Reacted { from, emoji });
                }
            }
            "vote" => {
                let (Some(poll), Some(voted)) = (&mut earlier.details.poll, voted) else { return };
                for option in &mut poll.options {
                    option.voters.retain(|voter| *voter != from);
                    if voted.contains(&option.name) {
                        option.voters.push(from.clone());
                    }
                }
            }
            "response" => {
                let (Some(_), Some(answer)) = (&earlier.details.event, answer) else { return };
                earlier.details.responses.retain(|response| response.from != from);
                earlier.details.responses.push(Responded { from, answer });
            }
            "keep" => earlier.details.kept = details.kept.filter(|kept| *kept),
            "pin" => earlier.details.pinned = details.pinned.filter(|pinned| *pinned),
            _ => return,
        }
        self.touch(Key::Message(reader, target));
    }

    /// What an answer to an event says, as far as the phone can open it.
    fn answered(&self, reader: u64, target: u64, guest: u64, base: &wa::Message) -> Option<EventAnswer> {
        let sealed = base.enc_event_response_message.as_option()?;
        let creator = self.accounts.get(&reader)?.inbox.messages.get(&target)?.from.parse().ok()?;
        let creation = self.content_at(reader, target)?;
        content::open_response(sealed, content::message_secret(&creation)?, &self.between(creator, guest))
    }

    /// What a vote is for, as far as the phone can open it.
    fn voted(&self, reader: u64, target: u64, voter: u64, base: &wa::Message) -> Option<Vec<String>> {
        let update = base.poll_update_message.as_option()?;
        let creator = self.accounts.get(&reader)?.inbox.messages.get(&target)?.from.parse().ok()?;
        let creation = self.content_at(reader, target)?;
        let poll = content::poll_of(content::base(&creation))?;
        let hashes = content::open_vote(update, content::message_secret(&creation)?, &self.between(creator, voter))?;
        Some(content::chosen(poll, &hashes))
    }
}

//! Messages as they are written down, in the admin API and in scenario files: a field for each kind of content, of which
//! exactly one is there, and how it is sent. It refuses flags of another kind of file; everything else is refused by the
//! phone.

mod parts;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::blob::Blob;
use crate::phone::content::{Content, FileKind, MessageError, Outgoing, Views};
use crate::sim::{ContactCard, LinkPreview, Occasion, Place};
use parts::{
    Revoked, SentEdit, SentFile, SentInvite, SentKeep, SentPin, SentPoll, SentReaction, SentResponse, SentVote,
};

/// Stands in automatic answers for the text that is answered.
const TEXT: &str = "{text}";

/// A message: exactly one content, and how it is sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with its own name in JSON")]
pub struct Written {
    /// A text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The preview of a link that stands in `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<LinkPreview>,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<SentFile>,
    /// A video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    video: Option<SentFile>,
    /// Sound, or a voice note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio: Option<SentFile>,
    /// Any file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document: Option<SentFile>,
    /// A sticker, WebP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sticker: Option<SentFile>,
    /// A place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<Place>,
    /// Business cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contacts: Option<Vec<ContactCard>>,
    /// A poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    poll: Option<SentPoll>,
    /// An event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Occasion>,
    /// A personal invitation to a group, from one of its admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invite: Option<SentInvite>,
    /// A reaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reaction: Option<SentReaction>,
    /// Other words for an own message, within 15 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edit: Option<SentEdit>,
    /// A message is deleted for everyone; admins of a group may delete those of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoke: Option<Revoked>,
    /// A vote in a poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vote: Option<SentVote>,
    /// An answer to an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    respond: Option<SentResponse>,
    /// A message of a disappearing chat is kept, or not any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<SentKeep>,
    /// A message is pinned in its chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pin: Option<SentPin>,
    /// The timer of a chat between two, in seconds; 0 switches it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timer: Option<u32>,
    /// The id of the message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
    /// Who is mentioned, as numbers; the text says `@` and the number where it means them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<String>,
    /// Whether it is shown as forwarded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    forwarded: bool,
    /// Whether it may be opened only once: pictures, videos, voice notes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    view_once: bool,
    /// Whether companions only hear that there is something for one view, as WhatsApp does it today.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    withheld: bool,
    /// After how many seconds it disappears; the chat's timer when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_after: Option<u32>,
    /// Whether it is inside of the wrapper that older phones put around disappearing messages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ephemeral_wrapper: bool,
}

impl Written {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..Self::default() }
    }

    /// The text, when there is nothing else to it.
    pub(crate) fn as_text(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| *self == Self::text(text))
    }

    /// The messages that this one is about.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &String> {
        let about = [
            self.quote.as_ref(),
            self.reaction.as_ref().map(|about| &about.id),
            self.edit.as_ref().map(|about| &about.id),
            self.revoke.as_ref().map(|about| &about.id),
            self.vote.as_ref().map(|about| &about.id),
            self.respond.as_ref().map(|about| &about.id),
            self.keep.as_ref().map(|about| &about.id),
            self.pin.as_ref().map(|about| &about.id),
        ];
        about.into_iter().flatten()
    }

    /// Puts ids where the names of messages stand.
    pub(crate) fn with_ids(mut self, id: impl Fn(&str) -> Option<String>) -> Self {
        let about = [
            self.quote.as_mut(),
            self.reaction.as_mut().map(|about| &mut about.id),
            self.edit.as_mut().map(|about| &mut about.id),
            self.revoke.as_mut().map(|about| &mut about.id),
            self.vote.as_mut().map(|about| &mut about.id),
            self.respond.as_mut().map(|about| &mut about.id),
            self.keep.as_mut().map(|about| &mut about.id),
            self.pin.as_mut().map(|about| &mut about.id),
        ];
        for named in about.into_iter().flatten() {
            if let Some(id) = id(named) {
                *named = id;
            }
        }
        self
    }

    /// Who is mentioned.
    pub(crate) fn mentioned(&self) -> &[String] {
        &self.mentions
    }

    /// The group of an invitation.
    pub(crate) fn invited_to(&self) -> Option<&String> {
        self.invite.as_ref().map(|invite| &invite.group)
    }

    /// Puts numbers where people are named, also in the text, and the group's address where it is named.
    pub(crate) fn with_people<E>(
        mut self,
        person: impl Fn(&str) -> Result<String, E>,
        group: impl Fn(&str) -> Result<String, E>,
    ) -> Result<Self, E> {
        for mentioned in std::mem::take(&mut self.mentions) {
            let number = person(&mentioned)?;
            for words in self.words() {
                *words = words.replace(&format!("@{mentioned}"), &format!("@{number}"));
            }
            self.mentions.push(number);
        }
        if let Some(invite) = &mut self.invite {
            invite.group = group(&invite.group)?;
        }
        Ok(self)
    }

    /// Puts the text that is answered where `{text}` stands.
    pub(crate) fn answering(mut self, text: &str) -> Self {
        for words in self.words() {
            *words = words.replace(TEXT, text);
        }
        self
    }

    /// The texts in it that somebody wrote.
    pub(crate) fn words(&mut self) -> impl Iterator<Item = &mut String> {
        let files =
            [&mut self.image, &mut self.video, &mut self.audio, &mut self.document, &mut self.sticker].into_iter();
        let captions = files.flatten().filter_map(|file| file.caption.as_mut());
        self.text.iter_mut().chain(self.edit.as_mut().map(|edit| &mut edit.text)).chain(captions)
    }

    /// How many bytes of files there are in it.
    pub(crate) fn file_bytes(&self) -> usize {
        let files = [&self.image, &self.video, &self.audio, &self.document, &self.sticker].into_iter().flatten();
        files.filter_map(|file| file.data.as_ref()).map(|data| data.0.len()).sum()
    }

    /// The name of a file whose content is not there yet.
    pub(crate) fn missing_file(&self) -> Option<&String> {
        let files = [&self.image, &self.video, &self.audio, &self.document, &self.sticker].into_iter().flatten();
        files.into_iter().find_map(|file| file.file.as_ref())
    }

    /// Puts the content of files where only their names stand.
    pub(crate) fn read_files<E>(&mut self, mut read: impl FnMut(&str) -> Result<Vec<u8>, E>) -> Result<(), E> {
        let files = [&mut self.image, &mut self.video, &mut self.audio, &mut self.document, &mut self.sticker];
        for file in files.into_iter().flatten() {
            if let Some(name) = file.file.take_if(|_| file.data.is_none()) {
                file.data = Some(Blob(read(&name)?));
            }
        }
        Ok(())
    }

    /// What is to be sent.
    pub(crate) fn outgoing(self) -> Result<Outgoing, MessageError> {
        let mut contents = Vec::new();
        let linked = self.link.is_some();
        match (self.text, self.link) {
            (Some(text), Some(preview)) => contents.push(Content::Link { text, preview }),
            (Some(text), None) => contents.push(Content::Text(text)),
            (None, _) => {}
        }
        if let Some(file) = self.image {
            contents.push(file.content(&[], FileKind::Image)?);
        }
        if let Some(file) = self.video {
            let kinds = [(file.gif, FileKind::Gif), (file.note, FileKind::VideoNote)];
            contents.push(file.content(&kinds, FileKind::Video)?);
        }
        if let Some(file) = self.audio {
            let kinds = [(file.voice, FileKind::Voice)];
            contents.push(file.content(&kinds, FileKind::Audio)?);
        }
        if let Some(file) = self.document {
            contents.push(file.content(&[], FileKind::Document)?);
        }
        if let Some(file) = self.sticker {
            let kinds = [(file.animated, FileKind::AnimatedSticker)];
            contents.push(file.content(&kinds, FileKind::Sticker)?);
        }
        contents.extend(self.location.map(Content::Location));
        contents.extend(self.contacts.map(Content::Contacts));
        contents.extend(self.poll.map(|poll| Content::Poll {
            name: poll.name,
            options: poll.options,
            selectable: poll.selectable,
        }));
        contents.extend(self.event.map(Content::Event));
        contents.extend(self.invite.map(|invite| Content::Invite { group: invite.group }));
        contents.extend(self.reaction.map(|about| Content::Reaction { id: about.id, emoji: about.emoji }));
        contents.extend(self.edit.map(|about| Content::Edit { id: about.id, text: about.text }));
        contents.extend(self.revoke.map(|about| Content::Revoke { id: about.id }));
        contents.extend(self.vote.map(|about| Content::Vote { id: about.id, options: about.options }));
        contents.extend(self.respond.map(|about| Content::Respond { id: about.id, answer: about.answer }));
        contents.extend(self.keep.map(|about| Content::Keep { id: about.id, keep: about.keep }));
        contents.extend(self.pin.map(|about| Content::Pin { id: about.id, seconds: about.seconds }));
        contents.extend(self.timer.map(|seconds| Content::Timer { seconds }));
        let (Some(content), None) = (contents.pop(), contents.pop()) else {
            return Err(MessageError::Bad("a message has exactly one content"));
        };
        if linked && !matches!(content, Content::Link { .. }) {
            return Err(MessageError::Bad("a preview belongs to a text"));
        }
        let views = match (self.view_once, self.withheld) {
            (false, false) => Views::Any,
            (true, false) => Views::Once,
            (true, true) => Views::OnceOnPhones,
            (false, true) => return Err(MessageError::Bad("only what is for one view is withheld from companions")),
        };
        Ok(Outgoing {
            quote: self.quote,
            mentions: self.mentions,
            forwarded: self.forwarded,
            views,
            expires: self.expires_after,
            wrapped: self.ephemeral_wrapper,
            ..Outgoing::from(content)
        })
    }
}

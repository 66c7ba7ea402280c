//! What a person can send: every kind of message, and the manner in which it is sent. It refuses what a phone would not
//! let its owner send; whether the message that it is about exists is for the phone to say.

mod check;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::sim::{ContactCard, LinkPreview, Occasion, Place};

/// Why a message is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageError {
    /// A part is empty, too long, too many or out of range.
    #[error("{0}")]
    Bad(&'static str),
    /// The message is not this person's to change.
    #[error("this is somebody else's message")]
    NotYours,
    /// The message is no poll, or not one whose votes this phone could seal.
    #[error("the phone knows no such poll")]
    NotAPoll,
    /// The message is no event, or not one that this phone could answer.
    #[error("the phone knows no such event")]
    NotAnEvent,
    /// The poll does not have such an option, or does not allow so many.
    #[error("the poll has no such option or does not allow so many")]
    BadVote,
    /// Messages of this kind, or of this age, or deleted ones, are not edited.
    #[error("this message cannot be edited (any more)")]
    NotEditable,
    /// Only voice notes, videos and messages for one view are played.
    #[error("there is nothing to play in this message")]
    NotPlayable,
}

/// What kind of file is sent, and so how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A video that plays by itself, again and again, without sound.
    Gif,
    /// A round video note.
    VideoNote,
    /// Sound.
    Audio,
    /// A voice note.
    Voice,
    /// Anything.
    Document,
    /// A sticker.
    Sticker,
    /// A sticker that moves.
    AnimatedSticker,
}

/// A file to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutgoingFile {
    /// The file itself.
    pub data: Vec<u8>,
    /// Guessed when it is missing.
    pub mime_type: Option<String>,
    /// What is written below it.
    pub caption: Option<String>,
    /// The name of a document.
    pub file_name: Option<String>,
    /// How long sound or video lasts.
    pub seconds: Option<u32>,
    /// The loudness of a voice note, 0 to 100 each; a plain one is drawn when it is missing.
    pub waveform: Option<Vec<u8>>,
    /// Pixels; read from pictures when it is missing.
    pub width: Option<u32>,
    /// Pixels; read from pictures when it is missing.
    pub height: Option<u32>,
}

/// Whether somebody comes to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum EventAnswer {
    /// Yes.
    Going,
    /// No.
    NotGoing,
    /// Perhaps.
    Maybe,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text.
    Text(String),
    /// A text with the preview of a link in it.
    Link {
        /// The text; it contains the link.
        text: String,
        /// What the link leads to.
        preview: LinkPreview,
    },
    /// A file.
    File(FileKind, OutgoingFile),
    /// A place.
    Location(Place),
    /// One or more business cards.
    Contacts(Vec<ContactCard>),
    /// A poll.
    Poll {
        /// The question.
        name: String,
        /// 2 to 12 answers.
        options: Vec<String>,
        /// How many may be chosen; 0 is any number.
        selectable: u32,
    },
    /// An event.
    Event(Occasion),
    /// A personal invitation to a group, from one of its admins to somebody who is not in it.
    Invite {
        /// The group, `…@g.us`.
        group: String,
    },
    /// A reaction; an empty emoji takes it back.
    Reaction {
        /// The message reacted to.
        id: String,
        /// The emoji.
        emoji: String,
    },
    /// Other words for an own message.
    Edit {
        /// The message.
        id: String,
        /// The text, or the caption, from now on.
        text: String,
    },
    /// A message is deleted for everyone; admins of a group may delete those of others.
    Revoke {
        /// The message.
        id: String,
    },
    /// A vote in a poll.
    Vote {
        /// The poll's message.
        id: String,
        /// The chosen options; none takes the vote back.
        options: Vec<String>,
    },
    /// An answer to an event.
    Respond {
        /// The event's message.
        id: String,
        /// Whether the person comes.
        answer: EventAnswer,
    },
    /// A message of a disappearing chat is kept, or not any more.
    Keep {
        /// The message.
        id: String,
        /// Whether it stays.
        keep: bool,
    },
    /// A message is pinned in its chat.
    Pin {
        /// The message.
        id: String,
        /// For how long; 0 unpins it.
        seconds: u32,
    },
    /// The timer of a chat between two.
    Timer {
        /// After so many seconds messages disappear; 0 is never.
        seconds: u32,
    },
}

/// How often a message may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Views {
    Any,
    Once,
    /// Companions hear that there is something, and get nothing to view.
    OnceOnPhones,
}

/// A message that a person sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub(crate) content: Content,
    pub(crate) quote: Option<String>,
    pub(crate) mentions: Vec<String>,
    pub(crate) forwarded: bool,
    pub(crate) views: Views,
    pub(crate) expires: Option<u32>,
    pub(crate) wrapped: bool,
}

impl From<Content> for Outgoing {
    fn from(content: Content) -> Self {
        Self {
            content,
            quote: None,
            mentions: Vec::new(),
            forwarded: false,
            views: Views::Any,
            expires: None,
            wrapped: false,
        }
    }
}

impl Outgoing {
    /// A text.
    pub fn text(text: &str) -> Self {
        Content::Text(text.to_owned()).into()
    }

    /// A file without further words.
    pub fn file(kind: FileKind, data: Vec<u8>) -> Self {
        Content::File(kind, OutgoingFile { data, ..OutgoingFile::default() }).into()
    }

    /// As an answer to a message of the same chat.
    #[must_use]
    pub fn quoting(mut self, id: &str) -> Self {
        self.quote = Some(id.to_owned());
        self
    }

    /// With people mentioned, by number or JID; the text says `@` and the number where it means them.
    #[must_use]
    pub fn mentioning(mut self, people: &[&str]) -> Self {
        self.mentions = people.iter().map(|person| (*person).to_owned()).collect();
        self
    }

    /// As something that was forwarded.
    #[must_use]
    pub fn forwarded(mut self) -> Self {
        self.forwarded = true;
        self
    }

    /// To be opened once: pictures, videos and voice notes.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.views = Views::Once;
        self
    }

    /// To be opened once, and on the phone: companions are only told that there is something, as WhatsApp does it today.
    #[must_use]
    pub fn once_on_phones(mut self) -> Self {
        self.views = Views::OnceOnPhones;
        self
    }

    /// Disappearing after so many seconds, whatever the chat's timer is.
    #[must_use]
    pub fn expiring(mut self, seconds: u32) -> Self {
        self.expires = Some(seconds);
        self
    }

    /// Inside of the wrapper that older phones put around disappearing messages.
    #[must_use]
    pub fn in_ephemeral_wrapper(mut self) -> Self {
        self.wrapped = true;
        self
    }
}

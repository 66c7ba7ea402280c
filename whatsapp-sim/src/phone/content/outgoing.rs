//! What a person can send: every kind of message, and the manner in which it is sent. It refuses what a phone would not
//! let its owner send; whether the message that it is about exists is for the phone to say.

use thiserror::Error;

use crate::sim::{ContactCard, LinkPreview, Occasion, Place};

/// WhatsApp ends a text here.
const MAX_TEXT: usize = 65_536;
/// A sequence of code points that shows as one emoji.
const MAX_EMOJI: usize = 64;
/// Names, addresses and options are lines: WhatsApp's are shorter.
const MAX_LINE: usize = 1024;
/// WhatsApp's limits of a poll.
const POLL_OPTIONS: std::ops::RangeInclusive<usize> = 2..=12;
/// WhatsApp's limit of cards in one message.
const MAX_CONTACTS: usize = 257;
/// A card with a small picture.
const MAX_CARD: usize = 64 * 1024;
/// The largest group has so many members to mention.
const MAX_MENTIONS: usize = 1024;
/// A loudness picture has 64 bars.
const MAX_WAVEFORM: usize = 256;
/// The longest timer of disappearing messages: a year, as WhatsApp allows businesses.
const MAX_TIMER: u32 = 366 * 24 * 3600;

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

/// A message that a person sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub(crate) content: Content,
    pub(crate) quote: Option<String>,
    pub(crate) mentions: Vec<String>,
    pub(crate) forwarded: bool,
    pub(crate) once: bool,
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
            once: false,
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
        self.once = true;
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

    /// Refuses what no phone would send.
    pub(crate) fn check(&self) -> Result<(), MessageError> {
        use MessageError::Bad;
        let line = |text: &String| !text.trim().is_empty() && text.len() <= MAX_LINE;
        let optional = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= MAX_LINE);
        let right = match &self.content {
            Content::Text(text) | Content::Edit { text, .. } => is_text(text),
            Content::Link { text, preview } => {
                is_text(text)
                    && text.contains(&preview.url)
                    && line(&preview.url)
                    && optional(&preview.title)
                    && optional(&preview.description)
            }
            Content::File(_, file) => {
                file.caption.as_ref().is_none_or(|caption| caption.len() <= MAX_TEXT)
                    && optional(&file.mime_type)
                    && optional(&file.file_name)
                    && file.waveform.as_ref().is_none_or(|bars| bars.len() <= MAX_WAVEFORM)
            }
            Content::Location(place) => {
                place.latitude.abs() <= 90.0
                    && place.longitude.abs() <= 180.0
                    && optional(&place.name)
                    && optional(&place.address)
            }
            Content::Contacts(cards) => {
                (1..=MAX_CONTACTS).contains(&cards.len())
                    && cards.iter().all(|card| line(&card.name) && (1..=MAX_CARD).contains(&card.vcard.len()))
            }
            Content::Poll { name, options, selectable } => {
                let mut sorted = options.clone();
                sorted.sort_unstable();
                sorted.dedup();
                line(name)
                    && POLL_OPTIONS.contains(&options.len())
                    && sorted.len() == options.len()
                    && options.iter().all(line)
                    && usize::try_from(*selectable).is_ok_and(|most| most <= options.len())
            }
            Content::Event(event) => line(&event.name) && optional(&event.description),
            Content::Reaction { emoji, .. } => emoji.len() <= MAX_EMOJI,
            Content::Pin { seconds, .. } | Content::Timer { seconds } => *seconds <= MAX_TIMER,
            Content::Vote { options, .. } => options.len() <= *POLL_OPTIONS.end(),
            Content::Revoke { .. } => true,
        };
        if !right {
            return Err(Bad(self.rule()));
        }
        if self.mentions.len() > MAX_MENTIONS || self.expires.is_some_and(|seconds| seconds > MAX_TIMER) {
            return Err(Bad("a message mentions at most 1024 people and disappears within a year"));
        }
        let is_file = |kinds: &[FileKind]| matches!(&self.content, Content::File(kind, _) if kinds.contains(kind));
        if self.once && !is_file(&[FileKind::Image, FileKind::Video, FileKind::Voice]) {
            return Err(Bad("only pictures, videos and voice notes can be sent for one view"));
        }
        let plain = self.quote.is_none() && self.mentions.is_empty() && !self.forwarded && self.expires.is_none();
        if !plain && self.is_about_another() {
            return Err(Bad("this kind of message has no quotation, mentions, timer or forwarding"));
        }
        Ok(())
    }

    /// Whether it says something about an earlier message or the chat instead of standing for itself.
    pub(crate) fn is_about_another(&self) -> bool {
        matches!(
            self.content,
            Content::Reaction { .. }
                | Content::Edit { .. }
                | Content::Revoke { .. }
                | Content::Vote { .. }
                | Content::Pin { .. }
                | Content::Timer { .. }
        )
    }

    fn rule(&self) -> &'static str {
        match &self.content {
            Content::Text(_) | Content::Edit { .. } => "a text has 1 to 65536 bytes",
            Content::Link { .. } => "a text with a preview contains the link, and lines have at most 1024 bytes",
            Content::File(..) => "a caption has at most 65536 bytes, a name 1024, a waveform 256 bars",
            Content::Location(_) => "a place is on earth, and its name and address have at most 1024 bytes",
            Content::Contacts(_) => "a message has 1 to 257 cards, each with a name and at most 64 KiB",
            Content::Poll { .. } => {
                "a poll has a question and 2 to 12 different options, of which at most all can be chosen"
            }
            Content::Event(_) => "an event has a name of at most 1024 bytes",
            Content::Reaction { .. } => "a reaction is one emoji",
            Content::Vote { .. } => "a vote has at most 12 options",
            Content::Pin { .. } | Content::Timer { .. } => "it lasts at most a year",
            Content::Revoke { .. } => "",
        }
    }
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT
}

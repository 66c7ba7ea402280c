//! The limits of what people send: WhatsApp's own, and where it has none, what fits a message.

use super::{Content, FileKind, MessageError, Outgoing, Views};

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

impl Outgoing {
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
                !file.data.is_empty()
                    && file.caption.as_ref().is_none_or(|caption| caption.len() <= MAX_TEXT)
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
            Content::Revoke { .. } | Content::Respond { .. } | Content::Keep { .. } | Content::Invite { .. } => true,
        };
        if !right {
            return Err(Bad(self.rule()));
        }
        if self.mentions.len() > MAX_MENTIONS || self.expires.is_some_and(|seconds| seconds > MAX_TIMER) {
            return Err(Bad("a message mentions at most 1024 people and disappears within a year"));
        }
        let is_file = |kinds: &[FileKind]| matches!(&self.content, Content::File(kind, _) if kinds.contains(kind));
        if self.views != Views::Any && !is_file(&[FileKind::Image, FileKind::Video, FileKind::Voice]) {
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
                | Content::Respond { .. }
                | Content::Keep { .. }
                | Content::Pin { .. }
                | Content::Timer { .. }
        )
    }

    fn rule(&self) -> &'static str {
        match &self.content {
            Content::Text(_) | Content::Edit { .. } => "a text has 1 to 65536 bytes",
            Content::Link { .. } => "a text with a preview contains the link, and lines have at most 1024 bytes",
            Content::File(..) => {
                "a file is not empty; a caption has at most 65536 bytes, a name 1024, a waveform 256 bars"
            }
            Content::Location(_) => "a place is on earth, and its name and address have at most 1024 bytes",
            Content::Contacts(_) => "a message has 1 to 257 cards, each with a name and at most 64 KiB",
            Content::Poll { .. } => {
                "a poll has a question and 2 to 12 different options, of which at most all can be chosen"
            }
            Content::Event(_) => "an event has a name of at most 1024 bytes",
            Content::Reaction { .. } => "a reaction is one emoji",
            Content::Vote { .. } => "a vote has at most 12 options",
            Content::Pin { .. } | Content::Timer { .. } => "it lasts at most a year",
            Content::Revoke { .. } | Content::Respond { .. } | Content::Keep { .. } | Content::Invite { .. } => "",
        }
    }
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT
}

//! What a message to be sent contains, and the limits that WhatsApp or this product sets.

use serde::{Deserialize, Serialize};

/// Longest text of a message, in characters: WhatsApp's own limit.
pub const MAX_TEXT_CHARACTERS: usize = 65_536;

/// Longest caption, in characters: what WhatsApp's apps let people type.
pub const MAX_CAPTION_CHARACTERS: usize = 1_024;

/// Longest name of a file, place, contact or poll option, in characters.
pub const MAX_NAME_CHARACTERS: usize = 255;

/// Fewest options of a poll.
pub const MIN_POLL_OPTIONS: usize = 2;

/// Most options of a poll: WhatsApp's own limit.
pub const MAX_POLL_OPTIONS: usize = 12;

/// Longest address of a file to fetch, in bytes; `data:` addresses are bounded by the body instead.
pub const MAX_URL_LENGTH: usize = 4_096;

/// What a message contains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// Picture.
    Image {
        /// The file.
        file: Source,
        /// Text below it; empty for none.
        caption: String,
    },
    /// Any file.
    Document {
        /// The file.
        file: Source,
        /// Its name, as the other person sees it.
        filename: String,
        /// Its type, as the client says it.
        mimetype: String,
        /// Text below it; empty for none.
        caption: String,
    },
    /// Sound.
    Audio {
        /// The file.
        file: Source,
        /// Whether it is a voice note.
        ptt: bool,
    },
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// Its name; empty for none.
        name: String,
    },
    /// A contact card.
    Contact {
        /// The person's name.
        name: String,
        /// The phone number, as digits.
        phone: String,
    },
    /// A poll.
    Poll {
        /// The question.
        question: String,
        /// What can be chosen.
        options: Vec<String>,
        /// How many may be chosen; 0 is any number.
        selectable: u32,
    },
}

impl Content {
    /// The file that must be fetched before it can be sent.
    pub fn file(&self) -> Option<&Source> {
        match self {
            Self::Image { file, .. } | Self::Document { file, .. } | Self::Audio { file, .. } => Some(file),
            Self::Text { .. } | Self::Location { .. } | Self::Contact { .. } | Self::Poll { .. } => None,
        }
    }
}

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// At an `http` or `https` address, to be fetched by the host.
    Url(String),
    /// In a `data:` address, as it was given.
    Data(String),
}

//! Messages as phones show them: what arrived or was sent, and everything that a person sees in it or learned about it
//! later. The same form is stored.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::phone::content::EventAnswer;

/// A message on a phone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhoneMessage {
    /// The id that its author gave it.
    pub id: String,
    /// The chat it stands in: the partner's number, `…@g.us`, `status@broadcast` or `…@newsletter`.
    #[serde(default)]
    pub chat: String,
    /// The author's number.
    pub from: String,
    /// The recipient's number; where there are many recipients, the chat.
    pub to: String,
    /// What it is: `text`, `image`, `reaction` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// What there is to read in it. An edit changes it, a deletion takes it away.
    pub text: Option<String>,
    /// Unix seconds.
    pub timestamp: u64,
    /// How often it came again under the same id.
    pub wire_repeats: u64,
    /// What else there is to see.
    #[serde(flatten)]
    pub details: MessageDetails,
}

/// What there is to see in a message besides its text. Whatever a message does not have is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with its own name in JSON")]
pub struct MessageDetails {
    /// The message that a reaction, an edit, a deletion, a vote or a pin is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileDetails>,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
    /// Who is mentioned, as numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// The preview of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkPreview>,
    /// A place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Business cards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactCard>,
    /// A poll, with the votes that the phone has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// What a vote is for; a vote without options takes the earlier one back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Vec<String>>,
    /// An event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Occasion>,
    /// An invitation to a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Invitation>,
    /// Who comes to the event, one answer per person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub responses: Vec<Responded>,
    /// What an answer to an event says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<EventAnswer>,
    /// Reactions to it, one per person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reacted>,
    /// Whether it was forwarded.
    #[serde(default, skip_serializing_if = "no")]
    pub forwarded: bool,
    /// Whether it may be opened only once.
    #[serde(default, skip_serializing_if = "no")]
    pub view_once: bool,
    /// Whether this phone has played or opened it.
    #[serde(default, skip_serializing_if = "no")]
    pub played: bool,
    /// After how many seconds it disappears; of a `timer`, what the chat's messages do from now on, 0 never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<u32>,
    /// Whether its author changed it; `text` is the newest.
    #[serde(default, skip_serializing_if = "no")]
    pub edited: bool,
    /// Who deleted it for everyone, as a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<String>,
    /// Whether it is pinned in its chat; of a `pin`, whether it pins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Whether it is kept in a disappearing chat; of a `keep`, whether it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<bool>,
}

/// The file of a message, as its sender describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with its own name in JSON")]
pub struct FileDetails {
    /// The media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The name of a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// What is written below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The hash of the file, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The duration of sound or video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Whether it is a voice note.
    #[serde(default, skip_serializing_if = "no")]
    pub voice: bool,
    /// How many bars the picture of a voice note's loudness has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waveform: Option<usize>,
    /// Whether a video is played as a GIF.
    #[serde(default, skip_serializing_if = "no")]
    pub gif: bool,
    /// Whether a video is a round video note.
    #[serde(default, skip_serializing_if = "no")]
    pub note: bool,
    /// Whether a sticker moves.
    #[serde(default, skip_serializing_if = "no")]
    pub animated: bool,
    /// What the phone got when it loaded and decrypted the file; it takes a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<LoadedFile>,
}

/// A file as the phone that loaded it has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadedFile {
    /// Bytes.
    pub size: u64,
    /// The hash of the file, in hex; null when it could not be loaded, or is not what its sender says.
    pub sha256: Option<String>,
}

/// The message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quoted {
    /// Its id.
    pub id: String,
    /// Who wrote it, as a number.
    pub participant: Option<String>,
    /// What kind it was.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What there was to read in it.
    pub text: Option<String>,
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkPreview {
    /// The link as it stands in the text.
    pub url: String,
    /// The page's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the page says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What it is called; of a live location, what is written below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it moves.
    #[serde(default, skip_serializing_if = "no")]
    pub live: bool,
}

/// A business card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactCard {
    /// The name it goes by.
    pub name: String,
    /// The card.
    pub vcard: String,
}

/// A poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Poll {
    /// What can be chosen.
    pub options: Vec<PollOption>,
    /// How many of them one may choose; 0 is any number.
    pub selectable: u32,
}

/// An option of a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PollOption {
    /// What it says.
    pub name: String,
    /// Who chose it, as numbers.
    pub voters: Vec<String>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Occasion {
    /// What it is called.
    pub name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it begins, in Unix seconds.
    pub start: i64,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
}

/// A personal invitation to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// The group, `…@g.us`.
    pub group: String,
    /// What it is called.
    pub name: String,
    /// The code, for this person alone.
    pub code: String,
    /// Until when it is good, in Unix seconds.
    pub expiration: i64,
}

/// An answer to an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Responded {
    /// Who answered, as a number.
    pub from: String,
    /// What.
    pub answer: EventAnswer,
}

/// A reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reacted {
    /// Who reacted, as a number.
    pub from: String,
    /// With what.
    pub emoji: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
fn no(flag: &bool) -> bool {
    !flag
}

//! Scenario files: a little network, written down, TOML or JSON.
//!
//! People, what they answer, groups, what was said before, faults, and what happens afterwards. Owns the form of a file and its
//! limits; what a name means is decided when it is loaded. Wherever a person is meant, a name or a number may stand; where a
//! chat is meant, also the subject of a group of the file.

mod check;
mod files;

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;
use utoipa::ToSchema;

use crate::phone::content::MessageError;
use crate::sim::{BurstSpec, FaultText};
use crate::written::Written;
pub(crate) use check::check_replies;
use check::{MAX_AFTER, MAX_ITEMS};
use files::{MAX_FILE, MAX_FILES};

/// How many timelines are played at a time: each holds what it is going to send.
pub(crate) const MAX_PLAYING: usize = 16;
/// Stands in automatic answers where an id is wanted, for the message that is answered.
pub(crate) const ANSWERED: &str = "{id}";

/// A scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schema(example = json!({
    "people": [
        { "name": "Sari", "number": "6281200000101" },
        { "name": "Budi", "number": "6281200000102", "replies": [{ "contains": "price", "say": ["25,000 each"] }] },
    ],
    "groups": [{ "subject": "Market", "founder": "Sari", "members": ["Budi"] }],
    "history": [{ "from": "Budi", "to": "Sari", "text": "see you tomorrow", "minutesAgo": 90, "as": "the promise" }],
    "timeline": [
        { "afterMs": 1000, "send": { "from": "Sari", "to": "Budi", "reaction": { "id": "the promise", "emoji": "👍" } } },
        { "afterMs": 2000, "send": { "from": "Budi", "to": "Market", "text": "who comes?" } },
    ],
}))]
pub struct Scenario {
    /// Who is there. Whoever is there already is left as he is, but for what he answers.
    pub people: Vec<Person>,
    /// Groups. A group of the same subject and founder is left as it is.
    pub groups: Vec<Gathering>,
    /// What was said before: it is on the phones, and companions that are linked later learn it.
    pub history: Vec<Said>,
    /// Faults that are in force from now on.
    pub faults: Vec<FaultText>,
    /// What the media host does wrong from now on.
    pub media: Option<MediaTrouble>,
    /// What happens afterwards. It is played once per load, and not again while it is being played.
    pub timeline: Vec<Step>,
}

/// A person with a phone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Person {
    /// The name that others see. Without a number, the person is whoever has it.
    pub name: String,
    /// The number; the network chooses one when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Whether the phone answers each text with the same text.
    #[serde(default)]
    pub echo: bool,
    /// What the phone answers.
    #[serde(default)]
    pub replies: Vec<Reply>,
}

/// An answer that a phone gives by itself; of several, the first that fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Only to texts that contain this, whatever the case; without it to every text between two people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// One or more texts or other messages. `{text}` is what was written, and `{id}` the id of the message.
    pub say: Vec<Saying>,
}

/// A message that a phone answers by itself: a text as it is, or a message of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Saying {
    /// A text.
    Text(String),
    /// A message of any kind.
    Message(Box<NamedMessage>),
}

/// A message that others can be about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedMessage {
    /// The name under which later messages of the same answer are about it.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub message: Written,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gathering {
    /// Its name.
    pub subject: String,
    /// What it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who founded it.
    pub founder: String,
    /// Everybody else.
    #[serde(default)]
    pub members: Vec<String>,
}

/// A message of the past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Said {
    /// Who wrote it.
    pub from: String,
    /// A person, or a group that the author is in.
    pub to: String,
    /// When, counted back from the load.
    pub minutes_ago: u32,
    /// The name under which later messages are about it.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub message: Written,
}

/// What the media host does wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct MediaTrouble {
    /// Refuses uploads.
    pub refuse_uploads: Option<Refused>,
    /// Refuses downloads.
    pub refuse_downloads: Option<Refused>,
    /// Sends so many bytes a second.
    pub bytes_per_second: Option<u64>,
}

/// A refusal of the media host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// How often.
    pub times: u32,
}

/// Something that happens: exactly one of the acts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Step {
    /// When, in milliseconds after the load.
    pub after_ms: u64,
    /// Somebody writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<Send>,
    /// Somebody begins to type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing: Option<Typing>,
    /// A fault comes into force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultText>,
    /// Many write to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<BurstSpec>,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Who writes it.
    pub from: String,
    /// A person or a group.
    pub to: String,
    /// The name under which later messages are about it.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub message: Written,
}

/// Somebody who types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Typing {
    /// Who types.
    pub from: String,
    /// A person or a group.
    pub to: String,
}

/// Why a scenario cannot be loaded.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("the scenario cannot be read")]
    Io(#[source] std::io::Error),
    /// The file is too large to have been written by hand.
    #[error("the scenario is larger than {MAX_FILE} bytes")]
    TooLarge,
    /// It is no TOML, or not a scenario.
    #[error("the scenario is malformed: {0}")]
    Toml(#[from] toml::de::Error),
    /// It is no JSON, or not a scenario.
    #[error("the scenario is malformed: {0}")]
    Json(#[from] serde_json::Error),
    /// There is too much of something.
    #[error("a scenario has at most {MAX_ITEMS} {0}")]
    TooMany(&'static str),
    /// A name means nobody.
    #[error("{0:?} is nobody in this scenario or on the network")]
    Nobody(String),
    /// A step has no act, or several.
    #[error("step {0} of the timeline has not exactly one act")]
    Act(usize),
    /// A step is so far away that nobody waits for it.
    #[error("step {0} of the timeline is more than {MAX_AFTER:?} away")]
    TooLate(usize),
    /// Too many timelines are being played.
    #[error("at most {MAX_PLAYING} timelines are played at a time")]
    TooManyTimelines,
    /// A message is about one that is not named before it.
    #[error("{0:?} is no message that the scenario names before")]
    NoMessage(String),
    /// A message is not one that a phone sends.
    #[error("a message of {0:?} cannot be sent: {1}")]
    Message(String, #[source] MessageError),
    /// The file of a message is not in the scenario's folder. Scenarios that come without a folder have no files.
    #[error("there is no file {0:?} in the folder of the scenario")]
    NoFile(String),
    /// The file of a message cannot be read.
    #[error("the file {0:?} cannot be read")]
    File(PathBuf, #[source] std::io::Error),
    /// The files are too much together.
    #[error("the files of a scenario have at most {MAX_FILES} bytes")]
    FilesTooLarge,
    /// A reply says nothing or too much.
    #[error("the replies of {0:?} say nothing or too much")]
    Replies(String),
}

impl Saying {
    /// The name under which others are about it.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Message(named) => named.name.as_deref(),
        }
    }

    /// The message.
    pub(crate) fn written(&self) -> Written {
        match self {
            Self::Text(text) => Written::text(text),
            Self::Message(named) => named.message.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for Saying {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnySaying)
    }
}

/// Reads either form, and says of the longer one what is wrong with it.
struct AnySaying;

impl<'de> de::Visitor<'de> for AnySaying {
    type Value = Saying;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a text or a message")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Saying, E> {
        Ok(Saying::Text(text.to_owned()))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, fields: A) -> Result<Saying, A::Error> {
        let message = NamedMessage::deserialize(de::value::MapAccessDeserializer::new(fields))?;
        Ok(Saying::Message(Box::new(message)))
    }
}

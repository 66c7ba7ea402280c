//! Scenario files: a little network, written down, TOML or JSON.
//!
//! People, what they answer, groups, what was said before, faults, and what happens afterwards. Owns the form of a file and its
//! limits; what a name means is decided when it is loaded. Wherever a person is meant, a name or a number may stand; where a
//! chat is meant, also the subject of a group of the file.

use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::sim::{BurstSpec, FaultText};

/// The scenario that a sandbox begins with.
const DEMO: &str = include_str!("../scenarios/demo.toml");
/// Files are written by hand; this is a megabyte of somebody's time.
const MAX_FILE: u64 = 1024 * 1024;
/// How many people, groups, messages or steps a file may have.
const MAX_ITEMS: usize = 5000;

/// A scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schema(example = json!({
    "people": [
        { "name": "Sari", "number": "6281200000101" },
        { "name": "Budi", "number": "6281200000102", "replies": [{ "contains": "price", "say": ["25,000 each"] }] },
    ],
    "groups": [{ "subject": "Market", "founder": "Sari", "members": ["Budi"] }],
    "history": [{ "from": "Budi", "to": "Sari", "text": "see you tomorrow", "minutesAgo": 90 }],
    "timeline": [{ "afterMs": 1000, "send": { "from": "Budi", "to": "Market", "text": "who comes?" } }],
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Only to texts that contain this, whatever the case; without it to every text between two people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// One or more texts. `{text}` is what was written.
    pub say: Vec<String>,
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

/// A text of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Said {
    /// Who wrote it.
    pub from: String,
    /// A person, or a group that the author is in.
    pub to: String,
    /// The text.
    pub text: String,
    /// When, counted back from the load.
    pub minutes_ago: u32,
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// A text to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Who writes it.
    pub from: String,
    /// A person or a group.
    pub to: String,
    /// The text.
    pub text: String,
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
    /// A reply says nothing or too much.
    #[error("the replies of {0:?} say nothing or too much")]
    Replies(String),
}

impl Scenario {
    /// The scenario that a sandbox begins with: contacts that answer, two groups, and some history.
    pub fn demo() -> Result<Self, ScenarioError> {
        Self::from_toml(DEMO)
    }

    /// Reads a file; one whose name ends with `.json` is JSON, any other TOML.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        if std::fs::metadata(path).map_err(ScenarioError::Io)?.len() > MAX_FILE {
            return Err(ScenarioError::TooLarge);
        }
        let text = std::fs::read_to_string(path).map_err(ScenarioError::Io)?;
        let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if json { Ok(serde_json::from_str(&text)?) } else { Self::from_toml(&text) }
    }

    /// Reads TOML.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        Ok(toml::from_str(text)?)
    }

    /// Refuses what is too much, and steps that are none.
    pub(crate) fn check(&self) -> Result<(), ScenarioError> {
        let counts = [
            (self.people.len(), "people"),
            (self.groups.len(), "groups"),
            (self.history.len(), "messages"),
            (self.faults.len(), "faults"),
            (self.timeline.len(), "steps"),
        ];
        if let Some((_, what)) = counts.into_iter().find(|(count, _)| *count > MAX_ITEMS) {
            return Err(ScenarioError::TooMany(what));
        }
        for (nth, step) in self.timeline.iter().enumerate() {
            let acts = [step.send.is_some(), step.typing.is_some(), step.fault.is_some(), step.burst.is_some()];
            if acts.into_iter().filter(|act| *act).count() != 1 {
                return Err(ScenarioError::Act(nth + 1));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_toml_or_json_and_tell_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Scenario::read(&path)
        };
        let toml = read("a.toml", "[[people]]\nname = \"Sari\"\n").unwrap();
        assert_eq!(read("a.json", r#"{"people":[{"name":"Sari"}]}"#).unwrap(), toml);
        let wrong = read("b.toml", "[[people]]\nnmae = \"Sari\"\n").unwrap_err().to_string();
        assert!(wrong.contains("nmae"), "{wrong}");
        assert!(matches!(read("b.json", "{"), Err(ScenarioError::Json(_))));
        assert!(matches!(Scenario::read(&folder.path().join("none")), Err(ScenarioError::Io(_))));
    }

    #[test]
    fn a_step_is_one_act() {
        let step = |text: &str| Scenario { timeline: vec![toml::from_str(text).unwrap()], ..Scenario::default() };
        assert!(step("afterMs = 1\ntyping = { from = \"a\", to = \"b\" }").check().is_ok());
        assert!(matches!(step("afterMs = 1").check(), Err(ScenarioError::Act(1))));
        let both = "afterMs = 1\nfault = { kind = \"holdAcks\" }\ntyping = { from = \"a\", to = \"b\" }";
        assert!(matches!(step(both).check(), Err(ScenarioError::Act(1))));
    }

    #[test]
    fn the_demo_is_a_scenario() {
        Scenario::demo().unwrap().check().unwrap();
    }
}

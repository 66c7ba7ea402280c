//! The parts of a written message: files, polls, and what is said about other messages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::blob::Blob;
use crate::phone::content::{Content, EventAnswer, FileKind, MessageError, OutgoingFile};

/// A file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a name in JSON, and at most one is true")]
pub(super) struct SentFile {
    /// The file itself, as base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) data: Option<Blob>,
    /// In a scenario file, instead of `data`: the name of a file in the folder of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    /// Guessed when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mime_type: Option<String>,
    /// What is written below an image, a video or a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) caption: Option<String>,
    /// The name of a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file_name: Option<String>,
    /// How long sound or video lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<u32>,
    /// The loudness of a voice note, 0 to 100 each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waveform: Option<Vec<u8>>,
    /// Pixels; read from pictures when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u32>,
    /// Pixels; read from pictures when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<u32>,
    /// Of `audio`: a voice note.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) voice: bool,
    /// Of `video`: played as a GIF.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) gif: bool,
    /// Of `video`: a round video note.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) note: bool,
    /// Of `sticker`: it moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) animated: bool,
}

/// A poll.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentPoll {
    /// The question.
    pub(super) name: String,
    /// 2 to 12 answers.
    pub(super) options: Vec<String>,
    /// How many may be chosen; 0 is any number.
    #[serde(default = "one")]
    pub(super) selectable: u32,
}

fn one() -> u32 {
    1
}

/// A personal invitation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentInvite {
    /// The group, `…@g.us`.
    pub(super) group: String,
}

/// A reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentReaction {
    /// The message reacted to.
    pub(super) id: String,
    /// Empty takes the reaction back.
    pub(super) emoji: String,
}

/// Other words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentEdit {
    /// The message.
    pub(super) id: String,
    /// Its text, or the caption of its file, from now on.
    pub(super) text: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoked {
    /// Its id.
    pub(super) id: String,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentVote {
    /// The poll's message.
    pub(super) id: String,
    /// The chosen options; none takes the vote back.
    pub(super) options: Vec<String>,
}

/// An answer to an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentResponse {
    /// The event's message.
    pub(super) id: String,
    /// Whether the person comes.
    pub(super) answer: EventAnswer,
}

/// A message to keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentKeep {
    /// The message.
    pub(super) id: String,
    /// False: it disappears after all.
    #[serde(default = "yes")]
    pub(super) keep: bool,
}

fn yes() -> bool {
    true
}

/// A pin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentPin {
    /// The message.
    pub(super) id: String,
    /// For how long; 0 unpins it.
    #[serde(default = "a_week")]
    pub(super) seconds: u32,
}

fn a_week() -> u32 {
    7 * 24 * 3600
}

impl SentFile {
    /// The content, when the flags are those of its kind.
    pub(super) fn content(self, kinds: &[(bool, FileKind)], plain: FileKind) -> Result<Content, MessageError> {
        let flags = [self.voice, self.gif, self.note, self.animated].into_iter().filter(|flag| *flag).count();
        let own: Vec<FileKind> = kinds.iter().filter(|(flag, _)| *flag).map(|(_, kind)| *kind).collect();
        if flags > 1 || own.len() != flags {
            return Err(MessageError::Bad("`voice` is for audio, `gif` or `note` for video, `animated` for a sticker"));
        }
        let (Some(data), None) = (self.data, self.file) else {
            return Err(MessageError::Bad("a file needs `data` (`file` is for scenario files)"));
        };
        let file = OutgoingFile {
            data: data.0,
            mime_type: self.mime_type,
            caption: self.caption,
            file_name: self.file_name,
            seconds: self.seconds,
            waveform: self.waveform,
            width: self.width,
            height: self.height,
        };
        Ok(Content::File(own.first().copied().unwrap_or(plain), file))
    }
}

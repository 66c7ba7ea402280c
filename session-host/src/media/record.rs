//! What Redis knows of a file: the record that says what is served under its name, and the job that says how to fetch it. Both are
//! written in the step that files the message, so that no crash comes between.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Attempts before a file is given up: with the pauses between them some six hours.
pub(crate) const MAX_ATTEMPTS: u32 = 8;

/// Pause after the first failed attempt; each further one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_hours(3);

/// Longest pause while the bucket cannot be reached.
const LONGEST_PAUSE_FOR_BUCKET: Duration = Duration::from_mins(1);

/// What is served under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The chat its message is filed in.
    pub(crate) chat: String,
    /// The message.
    pub(crate) id: String,
    /// Who wrote it.
    pub(crate) author: String,
    /// The sender's name for a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filename: Option<String>,
    /// What was stored; missing while it is fetched.
    #[serde(flatten)]
    pub(crate) stored: Option<Stored>,
}

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Its bytes.
    pub(crate) size: u64,
    /// SHA-256 of them, hexadecimal.
    pub(crate) sha256: String,
    /// When it was stored, Redis ms.
    pub(crate) at: u64,
}

/// How to fetch a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Where it is.
    #[serde(flatten)]
    pub(crate) source: Source,
    /// The message, as WhatsApp names it.
    pub(crate) id: String,
    /// The chat, as WhatsApp names it.
    pub(crate) chat: String,
    /// The author, as WhatsApp names it; in chats of several people only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) participant: Option<String>,
    /// Whether the account itself wrote it.
    pub(crate) from_me: bool,
    /// Attempts that failed because of WhatsApp.
    #[serde(default)]
    pub(crate) attempts: u32,
    /// Attempts that failed because of the bucket.
    #[serde(default)]
    pub(crate) bucket_failures: u32,
}

/// Where a file is at WhatsApp's, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    /// Its kind; it is part of the key.
    pub(crate) kind: SourceKind,
    /// The path at the media hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) direct_path: Option<String>,
    /// The whole address, in channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) static_url: Option<String>,
    /// The key, hexadecimal; what channels post has none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hexadecimal")]
    pub(crate) media_key: Option<Vec<u8>>,
    /// SHA-256 of the file.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hexadecimal")]
    pub(crate) sha256: Option<Vec<u8>>,
    /// SHA-256 of the encrypted file.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hexadecimal")]
    pub(crate) enc_sha256: Option<Vec<u8>>,
    /// How long its sender says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) length: Option<u64>,
}

/// The kinds of files that messages carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// Sound.
    Audio,
    /// Any file.
    Document,
    /// A sticker.
    Sticker,
}

/// Why a file is not there and will not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It is larger than `MEDIA_MAX_BYTES`.
    TooLarge,
    /// Neither WhatsApp nor the phone has it any more.
    Gone,
    /// It could not be fetched, however often it was tried, or is not what its message says.
    Failed,
    /// It was erased: too old, or no room for it.
    Expired,
}

impl Lost {
    /// The code in `mediaError`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "media_too_large",
            Self::Gone => "media_gone",
            Self::Failed => "media_failed",
            Self::Expired => "media_expired",
        }
    }
}

/// The pause after so many failed attempts.
pub(crate) fn pause_after(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(4_u32.saturating_pow(attempts.saturating_sub(1))).min(LONGEST_PAUSE)
}

/// The pause after the bucket has failed so often.
pub(crate) fn pause_for_bucket(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(LONGEST_PAUSE_FOR_BUCKET)
}

mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for this form")]
    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&hex::encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(hex::decode).transpose().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<u64> = (1..=MAX_ATTEMPTS).map(|attempts| pause_after(attempts).as_secs()).collect();
        assert_eq!(pauses, [2, 8, 32, 128, 512, 2048, 8192, 10_800]);
        assert_eq!(pause_for_bucket(1).as_secs(), 2);
        assert_eq!(pause_for_bucket(u32::MAX), LONGEST_PAUSE_FOR_BUCKET);
    }

    #[test]
    fn records_and_jobs_as_redis_has_them() {
        let pending =
            Record { chat: "777@lid".into(), id: "A".into(), author: "777@lid".into(), filename: None, stored: None };
        assert_eq!(serde_json::to_string(&pending).unwrap(), r#"{"chat":"777@lid","id":"A","author":"777@lid"}"#);
        let stored = Record { stored: Some(Stored { size: 5, sha256: "ab".into(), at: 7 }), ..pending.clone() };
        let json = serde_json::to_string(&stored).unwrap();
        assert_eq!(json, r#"{"chat":"777@lid","id":"A","author":"777@lid","size":5,"sha256":"ab","at":7}"#);
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Record>(&serde_json::to_string(&pending).unwrap()).unwrap(), pending);

        let source = Source {
            kind: SourceKind::Image,
            direct_path: Some("/v/x".into()),
            static_url: None,
            media_key: Some(vec![1, 255]),
            sha256: None,
            enc_sha256: None,
            length: Some(5),
        };
        let job = Job {
            source,
            id: "A".into(),
            chat: "777@lid".into(),
            participant: None,
            from_me: false,
            attempts: 0,
            bucket_failures: 1,
        };
        let json = serde_json::to_string(&job).unwrap();
        assert!(
            json.contains(r#""kind":"image","direct_path":"/v/x","media_key":"01ff","length":5,"id":"A""#),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Job>(&json).unwrap(), job);
    }
}

//! How much is kept, for how long, and under which links.

use std::time::Duration;

use super::link::{MIN_SECRET, public_base};
use crate::config::{InvalidSetting, invalid, switch};

/// Largest file that is kept when nothing is said: what WhatsApp itself shows inline ends there.
const DEFAULT_MAX_BYTES: u64 = 100 * 1024 * 1024;

/// Largest file that can be asked for: what WhatsApp takes, and S3 in one piece.
const LARGEST: u64 = 2 * 1024 * 1024 * 1024;

/// A day.
const DAY: Duration = Duration::from_hours(24);

/// Settings of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaConfig {
    /// `MEDIA_MAX_BYTES`: larger files are not kept.
    pub max_bytes: u64,
    /// `MEDIA_MAX_AGE_DAYS`: older ones are erased.
    pub max_age: Option<Duration>,
    /// `MEDIA_MAX_TOTAL_BYTES`: what a session may keep; beyond it the oldest are erased.
    pub max_total: Option<u64>,
    /// `MEDIA_AUTH`: whether links carry a proof.
    pub signed: bool,
    /// `MEDIA_SECRET`: what links are signed with; otherwise hosts make one and share it.
    pub secret: Option<String>,
    /// `PUBLIC_URL`: what is put before links.
    pub public_url: String,
}

impl MediaConfig {
    pub(crate) fn from_env(get: &impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let number = |name: &'static str, most: u64| {
            let read = |text: String| {
                let number = text.parse().ok().filter(|number| *number <= most);
                number.ok_or_else(|| invalid(name, format!("must be a whole number from 0 to {most}, not {text:?}")))
            };
            get(name).map(read).transpose()
        };
        let secret = get("MEDIA_SECRET");
        if secret.as_ref().is_some_and(|secret| secret.len() < MIN_SECRET) {
            return Err(invalid("MEDIA_SECRET", format!("must have at least {MIN_SECRET} characters")));
        }
        let public_url = get("PUBLIC_URL")
            .map(|url| public_base(&url).ok_or_else(|| invalid("PUBLIC_URL", "must look like https://wa.example.com")));
        let days = number("MEDIA_MAX_AGE_DAYS", 36_500)?.and_then(|days| u32::try_from(days).ok());
        Ok(Self {
            max_bytes: number("MEDIA_MAX_BYTES", LARGEST)?.filter(|bytes| *bytes > 0).unwrap_or(DEFAULT_MAX_BYTES),
            max_age: days.filter(|days| *days > 0).map(|days| DAY * days),
            max_total: number("MEDIA_MAX_TOTAL_BYTES", u64::MAX)?.filter(|bytes| *bytes > 0),
            signed: switch("MEDIA_AUTH", get("MEDIA_AUTH").as_deref())?.unwrap_or(true),
            secret,
            public_url: public_url.transpose()?.unwrap_or_default(),
        })
    }
}

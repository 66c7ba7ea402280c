//! Webhooks: what is registered, which events go where, and what is kept of each delivery.
//!
//! The body that is posted and how it is signed belong to the function that posts it; here is what others read too.

mod delivery;
mod filter;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use delivery::{Attempt, Delivery, DeliveryState, Posted};
pub use filter::{Filter, is_event_name};

/// How long the secret before a new one still signs, in milliseconds: a day to bring receivers up to date.
pub const PREVIOUS_SECRET_LIVES_MS: u64 = 24 * 60 * 60 * 1000;

/// A webhook as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Its name in paths: made of its address, so that the same address is the same webhook.
    #[serde(default)]
    pub id: String,
    /// Where to post.
    pub url: String,
    /// Event names, `all` or `*`. Absent means `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// Whether nothing is posted for the time being. What happens meanwhile waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// Headers that the receiver wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// What requests are signed with. Empty stands for none, when one is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The secret before it, which signs too for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret: Option<String>,
    /// Until when, Unix milliseconds of Redis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_until: Option<u64>,
}

/// A webhook as clients see it: secrets and the values of headers are not shown.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookView {
    /// Its name in paths.
    pub id: String,
    /// Where is posted.
    pub url: String,
    /// Event names, `all` or `*`. Absent means `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// Whether nothing is posted for the time being.
    #[serde(default)]
    pub paused: bool,
    /// Whether requests are signed.
    #[serde(default)]
    pub has_secret: bool,
    /// Names of the headers that the receiver wants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
}

impl Webhook {
    /// What clients see of it.
    pub fn view(&self) -> WebhookView {
        WebhookView {
            id: self.id.clone(),
            url: self.url.clone(),
            events: self.events.clone(),
            paused: self.paused.unwrap_or_default(),
            has_secret: self.secret.is_some(),
            headers: self.headers.iter().flatten().map(|(name, _)| name.clone()).collect(),
        }
    }
}

/// One webhook and how it fares.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookHealth {
    /// What is registered.
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// Events that wait for their turn, those that it does not want included; counting ends at 1,000.
    pub pending: u64,
    /// Deliveries that were set aside and are tried again by themselves.
    pub set_aside: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Deliveries that arrived, since the webhook was registered.
    pub delivered: u64,
    /// Attempts that failed, since the webhook was registered.
    pub failed: u64,
    /// When one last arrived.
    pub last_success_at: Option<String>,
    /// When an attempt last failed.
    pub last_failure_at: Option<String>,
    /// How.
    pub last_error: Option<String>,
    /// When the next attempt is due, while the newest failed.
    pub retry_at: Option<String>,
    /// Whether a part of the log is being replayed.
    pub replaying: bool,
}

/// What the function that delivers is asked. One invocation at a time and lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invocation {
    /// Whose.
    pub session_id: crate::id::SessionId,
    /// Which webhook.
    pub webhook_id: String,
    /// Which of its lanes.
    pub lane: Lane,
    /// Who asks. Its newer invocation replaces its older one; another's waits until that is over.
    pub host: String,
}

/// A webhook's deliveries go in three lanes, so that old trouble does not hold up what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Events in their order.
    Live,
    /// What was set aside, is to be delivered again, or is a test.
    Aside,
    /// A part of the log once more.
    Replay,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Live, Self::Aside, Self::Replay];

    /// Its name in Redis.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Aside => "aside",
            Self::Replay => "replay",
        }
    }
}

/// What the function answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoked {
    /// What is to be done next.
    pub next: Next,
    /// In how many milliseconds something of the lane aside is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside_in_ms: Option<u64>,
    /// Whether there is something to replay.
    #[serde(default)]
    pub replay: bool,
}

/// When the function wants to be invoked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "when", content = "ms")]
pub enum Next {
    /// When there is something new.
    Rung,
    /// At once: there is more.
    Now,
    /// After so many milliseconds, or earlier when a person asks for it.
    After(u64),
    /// Never: there is no such webhook any more.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_shows_no_secret() {
        let webhook = Webhook {
            id: "a".to_owned(),
            url: "https://a.example".to_owned(),
            headers: Some(BTreeMap::from([("Authorization".to_owned(), "Bearer t0ken".to_owned())])),
            secret: Some("s3cret".to_owned()),
            previous_secret: Some("0lder".to_owned()),
            ..Webhook::default()
        };
        let shown = serde_json::to_string(&webhook.view()).unwrap();
        assert!(!shown.contains("t0ken") && !shown.contains("s3cret") && !shown.contains("0lder"), "{shown}");
        assert!(shown.contains("\"hasSecret\":true") && shown.contains("Authorization"), "{shown}");
    }

    #[test]
    fn what_comes_next_has_a_plain_form() {
        for (next, json) in [
            (Next::Rung, r#"{"next":{"when":"rung"},"replay":false}"#),
            (Next::After(5), r#"{"next":{"when":"after","ms":5},"replay":false}"#),
        ] {
            let invoked = Invoked { next, aside_in_ms: None, replay: false };
            assert_eq!(serde_json::to_string(&invoked).unwrap(), json);
            assert_eq!(serde_json::from_str::<Invoked>(json).unwrap(), invoked);
        }
    }
}

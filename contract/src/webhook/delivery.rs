//! What is kept of a delivery: its state, its attempts, and what was to be posted, as long as it is not posted.

use serde::{Deserialize, Serialize};

use crate::event::Payload;

/// Where a delivery stands.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It has not been tried yet.
    Queued,
    /// The receiver took it.
    Delivered,
    /// It failed, is tried again, and what comes after it waits.
    Retrying,
    /// It failed, is tried again by itself, and what comes after it went on.
    SetAside,
    /// It is not tried any more.
    Dead,
}

/// One try.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When, ISO 8601.
    pub at: String,
    /// What the receiver answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why it does not count: `timeout`, `unreachable`, `url_refused`, `status`, `redirect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first bytes of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// What is posted, as it stands in the event log or was made up for a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posted {
    /// The event's name.
    pub event: String,
    /// Its payload.
    pub payload: Payload,
}

/// One event for one webhook.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its name: made of webhook and event, so that whatever is posted twice carries it twice.
    pub id: String,
    /// The entry of the event log; empty for a test.
    pub cursor: String,
    /// The event's name.
    pub event: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// When it was first tried, Unix milliseconds.
    pub first_try_ms: u64,
    /// The newest tries.
    pub attempts: Vec<Attempt>,
    /// What is to be posted, unless it is delivered.
    #[cfg_attr(feature = "openapi", schema(ignore))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted: Option<Posted>,
}

impl Delivery {
    /// Tries that are kept: the newest tell what is wrong.
    pub const KEPT_ATTEMPTS: usize = 10;

    /// Notes a try.
    pub fn note(&mut self, attempt: Attempt, now_ms: u64) {
        if self.tries == 0 {
            self.first_try_ms = now_ms;
        }
        self.tries = self.tries.saturating_add(1);
        self.attempts.push(attempt);
        let extra = self.attempts.len().saturating_sub(Self::KEPT_ATTEMPTS);
        self.attempts.drain(..extra);
    }
}

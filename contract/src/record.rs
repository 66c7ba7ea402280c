//! The session record: one HASH per session, read by the edge and written by both sides.
//!
//! The edge writes configuration and the wish ([`field::DESIRED`], [`field::METADATA`], [`field::WEBHOOKS`],
//! [`field::NETWORK`], [`field::CREATED`]); only the owning host writes the rest, under its lease epoch.

use serde_json::Map;

use crate::id::SessionId;
use crate::session::{Desired, Network, SessionStatus, SessionSummary, StatusReason};
use crate::webhook::{Webhook, WebhookView};

/// Field names of the record.
pub mod field {
    /// `live` or `sandbox`; never changes.
    pub const NETWORK: &str = "network";
    /// JSON object.
    pub const METADATA: &str = "metadata";
    /// JSON array of webhooks.
    pub const WEBHOOKS: &str = "webhooks";
    /// The wish: `connected`, `stopped`, `deleted`.
    pub const DESIRED: &str = "desired";
    /// Counts the wishes, so that the host sees a second `connected` after the first was given up.
    pub const WISH: &str = "wish";
    /// Unix milliseconds.
    pub const CREATED: &str = "created";
    /// Where the session stands.
    pub const STATUS: &str = "status";
    /// Why it is not connected; empty when there is no reason.
    pub const REASON: &str = "reason";
    /// Own number, digits.
    pub const PHONE: &str = "phone";
    /// Own hidden id, digits.
    pub const LID: &str = "lid";
    /// Own push name.
    pub const NAME: &str = "name";
    /// The QR code that waits, as a PNG data URI; empty when none does. Not among [`ALL`]: kilobytes, and lists do not need it.
    pub const QR: &str = "qr";

    /// Every field, in the order [`super::SessionRecord::from_fields`] takes the values.
    pub const ALL: [&str; 11] = [NETWORK, METADATA, WEBHOOKS, DESIRED, WISH, CREATED, STATUS, REASON, PHONE, LID, NAME];
}

/// A session record as read.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    /// The session.
    pub id: SessionId,
    /// Which WhatsApp.
    pub network: Network,
    /// What the client attached.
    pub metadata: Map<String, serde_json::Value>,
    /// Registered webhooks.
    pub webhooks: Vec<Webhook>,
    /// What should be.
    pub desired: Desired,
    /// How often it was wished.
    pub wish: u64,
    /// Unix milliseconds.
    pub created: u64,
    /// What is.
    pub status: SessionStatus,
    /// Why it is not connected.
    pub reason: Option<StatusReason>,
    /// Own number.
    pub phone: Option<String>,
    /// Own hidden id.
    pub lid: Option<String>,
    /// Own push name.
    pub name: Option<String>,
}

impl SessionRecord {
    /// Builds a record from the values of [`field::ALL`], in that order. `None` when there is no such session, that is, when
    /// it has no network. Broken JSON reads as empty: the record is ours, and one bad field must not hide a session.
    pub fn from_fields(id: SessionId, values: &[Option<String>]) -> Option<Self> {
        let get = |name: &str| -> Option<&str> {
            let index = field::ALL.iter().position(|known| *known == name)?;
            values.get(index)?.as_deref().filter(|text| !text.is_empty())
        };
        let owned = |name: &str| get(name).map(str::to_owned);
        Some(Self {
            network: Network::parse(get(field::NETWORK)?)?,
            metadata: get(field::METADATA).and_then(|j| serde_json::from_str(j).ok()).unwrap_or_default(),
            webhooks: get(field::WEBHOOKS).and_then(|j| serde_json::from_str(j).ok()).unwrap_or_default(),
            desired: get(field::DESIRED).and_then(Desired::parse).unwrap_or(Desired::Stopped),
            wish: get(field::WISH).and_then(|n| n.parse().ok()).unwrap_or_default(),
            created: get(field::CREATED).and_then(|n| n.parse().ok()).unwrap_or_default(),
            status: get(field::STATUS).and_then(SessionStatus::parse).unwrap_or_default(),
            reason: get(field::REASON).and_then(StatusReason::parse),
            phone: owned(field::PHONE),
            lid: owned(field::LID),
            name: owned(field::NAME),
            id,
        })
    }

    /// What clients see of its webhooks.
    pub fn webhook_views(&self) -> Vec<WebhookView> {
        self.webhooks.iter().map(Webhook::view).collect()
    }

    /// What clients see of it.
    pub fn summary(&self) -> SessionSummary {
        SessionSummary {
            session_id: self.id.clone(),
            status: self.status,
            is_connected: self.status == SessionStatus::Connected,
            phone_number: self.phone.clone(),
            name: self.name.clone(),
            metadata: self.metadata.clone(),
            webhooks: self.webhook_views(),
            network: self.network,
            reason: self.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_network_is_no_session() {
        let id = SessionId::parse("a").unwrap();
        assert!(SessionRecord::from_fields(id, &vec![None; field::ALL.len()]).is_none());
    }

    #[test]
    fn empty_fields_read_as_absent() {
        let id = SessionId::parse("a").unwrap();
        let mut values = vec![None; field::ALL.len()];
        values[0] = Some("sandbox".to_owned());
        values[6] = Some("qr_ready".to_owned());
        values[7] = Some(String::new());
        let record = SessionRecord::from_fields(id, &values).unwrap();
        assert_eq!(record.status, SessionStatus::QrReady);
        assert_eq!(record.reason, None);
        assert!(!record.summary().is_connected);
    }
}

//! Sessions as clients see them, and what clients may say about them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::SessionId;
use crate::webhook::WebhookView;

/// Where a session stands.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Not connected; the reason says why.
    #[default]
    Disconnected,
    /// A connection is being made.
    Connecting,
    /// A QR code waits to be scanned.
    QrReady,
    /// Linked and online.
    Connected,
}

impl SessionStatus {
    /// The status as it stands in answers and in Redis.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Connecting => "connecting",
            Self::QrReady => "qr_ready",
            Self::Connected => "connected",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Disconnected, Self::Connecting, Self::QrReady, Self::Connected].into_iter().find(|s| s.as_str() == text)
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $retry:literal, $sentence:literal;)+) => {
        /// Why a session is not connected: a closed list, one sentence each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum StatusReason {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl StatusReason {
            /// Every reason, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reason as it stands in answers and in Redis.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether the session connects again by itself (`shouldReconnect` of the contract).
            pub fn reconnects(self) -> bool {
                match self { $(Self::$variant => $retry,)+ }
            }

            /// One sentence for people.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

reasons! {
    /// The socket was lost.
    ConnectionLost = "connection_lost", true, "The connection to WhatsApp was lost; reconnecting.";
    /// WhatsApp could not be reached, or did not finish the handshake.
    Unreachable = "unreachable", true, "WhatsApp cannot be reached; trying again.";
    /// WhatsApp refused the login for the moment.
    LoginRefused = "login_refused", true, "WhatsApp refused the login; trying again later.";
    /// No QR code was scanned while codes were offered.
    QrExpired = "qr_expired", false, "No QR code was scanned in time; connect again for a new one.";
    /// The device was unlinked, by the phone or by us.
    LoggedOut = "logged_out", false, "The session was logged out; connect again and scan a QR code.";
    /// The same device connected from elsewhere.
    Replaced = "replaced", false, "The same device connected from another place.";
    /// The account is banned for a time.
    TemporaryBan = "temporary_ban", false, "WhatsApp banned the account for a time.";
    /// WhatsApp wants a newer client.
    ClientOutdated = "client_outdated", false, "WhatsApp asks for a newer client version; update the server.";
    /// The host is stopping or lost the session to another host.
    HandedOver = "handed_over", true, "The session moves to another host.";
    /// The session's network is not configured on this host.
    NetworkUnavailable = "network_unavailable", false, "The session's network is not configured on this server.";
    /// Every host that could take it is full.
    NoCapacity = "no_capacity", true, "No session host has room for the session; it starts as soon as one has.";
    /// The session's storage failed.
    StorageFailed = "storage_failed", true, "The session's storage failed; trying again.";
}

impl StatusReason {
    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == text)
    }
}

/// Which WhatsApp a session talks to. Fixed when the session is created.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// WhatsApp.
    Live,
    /// The simulator.
    Sandbox,
}

impl Network {
    /// The network as it stands in answers, settings and Redis.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Live, Self::Sandbox].into_iter().find(|n| n.as_str() == text)
    }
}

/// What a session's owner should bring about. Written by the edge, reconciled by the owning host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// Be connected, or offer QR codes.
    Connected,
    /// Stay down until asked again (logged out, codes exhausted).
    Stopped,
    /// Log out and erase everything.
    Deleted,
}

impl Desired {
    /// The wish as it stands in Redis.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Stopped => "stopped",
            Self::Deleted => "deleted",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Connected, Self::Stopped, Self::Deleted].into_iter().find(|d| d.as_str() == text)
    }
}

/// An item of `GET /sessions`, and the answer of `GET /sessions/:id/status`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    /// The id.
    pub session_id: SessionId,
    /// Where it stands.
    pub status: SessionStatus,
    /// `status == connected`.
    pub is_connected: bool,
    /// Own number, digits only.
    pub phone_number: Option<String>,
    /// Own push name.
    pub name: Option<String>,
    /// What the client attached.
    pub metadata: Map<String, Value>,
    /// Registered webhooks.
    pub webhooks: Vec<WebhookView>,
    /// Which WhatsApp it talks to.
    pub network: Network,
    /// Why it is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<StatusReason>,
}

/// The answer of `connect`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Everything of the summary.
    #[serde(flatten)]
    pub summary: SessionSummary,
    /// PNG data URI while a QR code waits.
    pub qr_code: Option<String>,
    /// Sizes of the session's store.
    pub store_stats: Option<StoreStats>,
}

/// The answer of `PATCH /sessions/:id/config`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigView {
    /// The id.
    pub session_id: SessionId,
    /// What the client attached.
    pub metadata: Map<String, Value>,
    /// Registered webhooks.
    pub webhooks: Vec<WebhookView>,
}

/// The answer of `GET /sessions/:id/qr`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QrView {
    /// The id.
    pub session_id: SessionId,
    /// PNG data URI; `null` when the session is connected.
    pub qr_code: Option<String>,
    /// Where it stands.
    pub status: SessionStatus,
}

/// How much a session has stored.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreStats {
    /// Chats with a message.
    pub chats: u64,
    /// Known contacts.
    pub contacts: u64,
    /// Stored messages.
    pub messages: u64,
    /// Known groups.
    pub groups: u64,
    /// Stored media objects.
    pub media_files: u64,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for StatusReason {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("Why a session is not connected."))
            .enum_values(Some(Self::ALL.iter().map(|one| one.as_str())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for StatusReason {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for reason in StatusReason::ALL {
            assert_eq!(StatusReason::parse(reason.as_str()), Some(*reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert!(reason.sentence().ends_with('.'));
        }
        assert_eq!(SessionStatus::parse("qr_ready"), Some(SessionStatus::QrReady));
        assert_eq!(serde_json::to_value(SessionStatus::QrReady).unwrap(), "qr_ready");
        assert_eq!(Network::parse("sandbox"), Some(Network::Sandbox));
        assert_eq!(Desired::parse("deleted"), Some(Desired::Deleted));
        assert_eq!(Desired::parse("x"), None);
    }
}

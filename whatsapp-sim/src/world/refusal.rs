//! The answers with which the server turns a client away: at the login (`<failure>`), in the middle of a stream
//! (`<stream:error>`), and while it waits to be linked (a demand for a passkey). It owns their form; when they
//! are said is decided elsewhere.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::connection::{ConnectionId, Peer};
use super::{DeviceRef, World};
use crate::stanza;

/// What a browser would ask its authenticator for. No authenticator can answer: nobody here has a passkey.
const PASSKEY_OPTIONS: &str = r#"{"challenge":"c2ltdWxhdG9y","rpId":"web.whatsapp.com","allowCredentials":[],"userVerification":"required","timeout":60000}"#;

/// Why a login is refused: the `reason` of a `<failure>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum LoginRefusal {
    /// 401: the device is not linked (any more).
    LoggedOut,
    /// 402: the account may come back in so many seconds; `code` says why (101: wrote to too many strangers, 102: was
    /// blocked by many, 103: made too many groups, 104: sent one text to too many, 106: broadcast too much).
    TemporarilyBanned {
        /// The reason.
        code: u16,
        /// The length of the ban.
        seconds: u32,
    },
    /// 403: the account is locked or banned for good.
    Locked,
    /// 405: the client is too old.
    Outdated,
    /// 406: logged out for a reason that is not told.
    LoggedOutElsewhere,
    /// 409: the client says nonsense about itself.
    BadUserAgent,
    /// 500: the client shall try again.
    Internal,
    /// 503: the client shall try again later.
    Unavailable,
    /// Any other reason.
    Other {
        /// The `reason`.
        reason: u16,
    },
}

impl LoginRefusal {
    /// The `reason` on the wire.
    pub const fn reason(self) -> u16 {
        match self {
            Self::LoggedOut => 401,
            Self::TemporarilyBanned { .. } => 402,
            Self::Locked => 403,
            Self::Outdated => 405,
            Self::LoggedOutElsewhere => 406,
            Self::BadUserAgent => 409,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::Other { reason } => reason,
        }
    }

    pub(crate) fn node(self) -> Node {
        let failure = NodeBuilder::new("failure").attr("reason", self.reason()).attr("location", "sim");
        match self {
            Self::TemporarilyBanned { code, seconds } => failure.attr("code", code).attr("expire", seconds).build(),
            _ => failure.build(),
        }
    }
}

/// How the server ends a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum StreamEnd {
    /// Another login of the same device took its place.
    Replaced,
    /// The phone unlinked the device.
    DeviceRemoved,
    /// A plain end: the client connects again.
    Recycled,
    /// `<stream:error code>`: 515 restart, 516 and 401 logged out, 409 replaced, 429 back off, 503 going down.
    Code {
        /// The code.
        code: u16,
    },
}

impl StreamEnd {
    pub(crate) fn node(self) -> Node {
        let conflict = |kind: &'static str| {
            let conflict = NodeBuilder::new("conflict").attr("type", kind).build();
            NodeBuilder::new("stream:error").children([conflict]).build()
        };
        match self {
            Self::Replaced => conflict("replaced"),
            Self::DeviceRemoved => conflict("device_removed"),
            Self::Recycled => NodeBuilder::new("xmlstreamend").build(),
            Self::Code { code } => NodeBuilder::new("stream:error").attr("code", code).build(),
        }
    }
}

impl World {
    /// The live connections of one device, or of all devices of an account.
    pub(crate) fn connections_of(&self, number: u64, device: Option<u16>) -> Vec<ConnectionId> {
        let wanted = |at: DeviceRef| at.number == number && device.is_none_or(|device| device == at.device);
        let live = self.connections.iter().filter(|(_, live)| matches!(live.peer, Peer::Device(at) if wanted(at)));
        live.map(|(id, _)| *id).collect()
    }

    /// Ends the streams of one device, or of all devices of an account; how many there were.
    pub(crate) fn end_streams(&mut self, number: u64, device: Option<u16>, end: StreamEnd) -> usize {
        let live = self.connections_of(number, device);
        for id in &live {
            self.end(*id, Some(end.node()));
        }
        live.len()
    }
}

/// What a companion is told that may only be linked with a passkey.
pub(super) fn passkey_demand() -> Node {
    NodeBuilder::new("notification")
        .attr("type", "passkey_prologue_request")
        .attr("from", stanza::server())
        .attr("id", World::fresh_id())
        .children([stanza::leaf("passkey_request_options", PASSKEY_OPTIONS.as_bytes())])
        .build()
}

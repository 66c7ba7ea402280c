//! Faults as the admin API and scenario files write them: one flat object, whose fields each kind needs or refuses.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sim::SimError;
use crate::world::faults::{Fault, FaultKind, FaultSpec, Way};
use crate::world::refusal::LoginRefusal;

/// The name of a kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FaultName {
    /// Cuts connections.
    DropConnections,
    /// Lets nothing pass; `direction`.
    Stall,
    /// Delays messages to connected clients; `ms`.
    DelayDeliveries,
    /// Delays the acknowledgements of clients' messages; `ms`.
    DelayAcks,
    /// Delivers messages twice.
    DuplicateDeliveries,
    /// Swaps neighbouring messages.
    ReorderDeliveries,
    /// Delivers messages from a LID that nobody has; `withNumber`.
    StrangeSender,
    /// Refuses clients' messages; `code`.
    RefuseSends,
    /// Withholds the acknowledgements of clients' messages.
    HoldAcks,
    /// Cuts the connection by the client's message; `delivered`.
    DropOnSend,
    /// Refuses logins; `refusal`.
    RefuseLogins,
    /// Refuses linking; `refusal`.
    RefuseLinks,
    /// Asks whoever comes to be linked for a passkey.
    DemandPasskey,
}

/// A fault, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FaultText {
    /// What goes wrong.
    pub kind: FaultName,
    /// Only for the devices of this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Only for this companion of the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<u16>,
    /// How often; without it until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// For how long, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Which way nothing passes; both without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Way>,
    /// The length of a delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// The code of a refused message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Whether a strange sender's number is told; it is not without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_number: Option<bool>,
    /// Whether the message that cut its connection is delivered; it is not without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<bool>,
    /// The refusal of a login or of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<LoginRefusal>,
}

/// A fault in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FaultInfo {
    /// Its id, by which it can be ended.
    pub id: u64,
    /// How often it has struck.
    pub hits: u64,
    /// How often it may still strike; nothing when there is no limit.
    pub left: Option<u32>,
    /// What it is.
    #[serde(flatten)]
    pub fault: FaultText,
}

impl FaultInfo {
    pub(super) fn new(id: u64, fault: &Fault) -> Self {
        Self { id, hits: fault.hits, left: fault.left, fault: FaultText::from(&fault.spec) }
    }
}

impl TryFrom<FaultText> for FaultSpec {
    type Error = SimError;

    fn try_from(text: FaultText) -> Result<Self, SimError> {
        let kind = kind(&text).ok_or(SimError::BadFault)?;
        let spec = Self {
            kind,
            number: text.number.clone(),
            device: text.device,
            count: text.count,
            duration: text.duration_ms.map(Duration::from_millis),
        };
        // A field that its kind does not know would silently do nothing.
        let known = FaultText::from(&spec);
        let defaults = FaultText {
            direction: text.direction.and(known.direction),
            with_number: text.with_number.and(known.with_number),
            delivered: text.delivered.and(known.delivered),
            ..known
        };
        if defaults == text { Ok(spec) } else { Err(SimError::BadFault) }
    }
}

fn kind(text: &FaultText) -> Option<FaultKind> {
    let delay = text.ms.map(Duration::from_millis);
    Some(match text.kind {
        FaultName::DropConnections => FaultKind::DropConnections,
        FaultName::Stall => FaultKind::Stall(text.direction.unwrap_or_default()),
        FaultName::DelayDeliveries => FaultKind::DelayDeliveries(delay?),
        FaultName::DelayAcks => FaultKind::DelayAcks(delay?),
        FaultName::DuplicateDeliveries => FaultKind::DuplicateDeliveries,
        FaultName::ReorderDeliveries => FaultKind::ReorderDeliveries,
        FaultName::StrangeSender => FaultKind::StrangeSender { with_number: text.with_number.unwrap_or_default() },
        FaultName::RefuseSends => FaultKind::RefuseSends(text.code?),
        FaultName::HoldAcks => FaultKind::HoldAcks,
        FaultName::DropOnSend => FaultKind::DropOnSend { delivered: text.delivered.unwrap_or_default() },
        FaultName::RefuseLogins => FaultKind::RefuseLogins(text.refusal?),
        FaultName::RefuseLinks => FaultKind::RefuseLinks(text.refusal?),
        FaultName::DemandPasskey => FaultKind::DemandPasskey,
    })
}

impl From<&FaultSpec> for FaultText {
    fn from(spec: &FaultSpec) -> Self {
        let mut text = Self {
            kind: FaultName::DropConnections,
            number: spec.number.clone(),
            device: spec.device,
            count: spec.count,
            duration_ms: spec.duration.map(milliseconds),
            direction: None,
            ms: None,
            code: None,
            with_number: None,
            delivered: None,
            refusal: None,
        };
        text.kind = match spec.kind {
            FaultKind::DropConnections => FaultName::DropConnections,
            FaultKind::Stall(direction) => {
                text.direction = Some(direction);
                FaultName::Stall
            }
            FaultKind::DelayDeliveries(delay) => {
                text.ms = Some(milliseconds(delay));
                FaultName::DelayDeliveries
            }
            FaultKind::DelayAcks(delay) => {
                text.ms = Some(milliseconds(delay));
                FaultName::DelayAcks
            }
            FaultKind::DuplicateDeliveries => FaultName::DuplicateDeliveries,
            FaultKind::ReorderDeliveries => FaultName::ReorderDeliveries,
            FaultKind::StrangeSender { with_number } => {
                text.with_number = Some(with_number);
                FaultName::StrangeSender
            }
            FaultKind::RefuseSends(code) => {
                text.code = Some(code);
                FaultName::RefuseSends
            }
            FaultKind::HoldAcks => FaultName::HoldAcks,
            FaultKind::DropOnSend { delivered } => {
                text.delivered = Some(delivered);
                FaultName::DropOnSend
            }
            FaultKind::RefuseLogins(refusal) => {
                text.refusal = Some(refusal);
                FaultName::RefuseLogins
            }
            FaultKind::RefuseLinks(refusal) => {
                text.refusal = Some(refusal);
                FaultName::RefuseLinks
            }
            FaultKind::DemandPasskey => FaultName::DemandPasskey,
        };
        text
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<FaultSpec, SimError> {
        serde_json::from_str::<FaultText>(json).unwrap().try_into()
    }

    #[test]
    fn each_kind_has_its_fields() {
        let spec = read(r#"{"kind":"delayAcks","ms":250,"number":"62","count":2,"durationMs":1000}"#).unwrap();
        let delay = FaultKind::DelayAcks(Duration::from_millis(250));
        assert_eq!(spec, FaultSpec::new(delay).only("62").times(2).lasting(Duration::from_secs(1)));
        assert_eq!(read(r#"{"kind":"stall"}"#).unwrap().kind, FaultKind::Stall(Way::Both));
        let banned = r#"{"kind":"refuseLogins","refusal":{"kind":"temporarilyBanned","code":101,"seconds":60}}"#;
        let refusal = LoginRefusal::TemporarilyBanned { code: 101, seconds: 60 };
        assert_eq!(read(banned).unwrap().kind, FaultKind::RefuseLogins(refusal));
        for wrong in [r#"{"kind":"delayAcks"}"#, r#"{"kind":"holdAcks","ms":1}"#, r#"{"kind":"refuseSends","ms":1}"#] {
            assert!(matches!(read(wrong), Err(SimError::BadFault)), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for kind in [
            FaultKind::Stall(Way::ToClient),
            FaultKind::StrangeSender { with_number: true },
            FaultKind::DropOnSend { delivered: true },
            FaultKind::RefuseSends(463),
            FaultKind::RefuseLinks(LoginRefusal::Locked),
        ] {
            let spec = FaultSpec::new(kind);
            assert_eq!(FaultSpec::try_from(FaultText::from(&spec)).unwrap(), spec);
        }
    }
}

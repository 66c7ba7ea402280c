//! Trouble on request: which faults are in force, whom they concern, how often they may still strike. Asking is all that
//! the rest of the network does here; what a fault does to stanzas and connections is in [`wire`]. Faults are not stored
//! and know no time: whoever adds one that ends by itself removes it.

mod verdict;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use wacore_binary::Node;

use super::connection::ConnectionId;
use super::refusal::LoginRefusal;
use super::{DeviceRef, World};
use crate::sim::SimError;

pub(crate) use wire::{SetAside, Stalled};

/// How many faults may be in force: people write them by hand, and each is looked at for each stanza.
const MAX_FAULTS: usize = 100;
/// A delay longer than this is a stall.
const MAX_DELAY: Duration = Duration::from_mins(10);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Connections are cut without a word: those that there are, and while the fault is in force also those that come. Without
    /// a count or a duration it is over at once.
    DropConnections,
    /// Connections stay open, and nothing passes them. It all passes when the fault is over, if they still are.
    Stall(Way),
    /// Messages reach a connected client so much later. What is not delayed overtakes them.
    DelayDeliveries(Duration),
    /// The server's acknowledgements of a client's messages come so much later.
    DelayAcks(Duration),
    /// Messages reach a connected client twice.
    DuplicateDeliveries,
    /// Messages change places with the next one.
    ReorderDeliveries,
    /// Messages come from a LID that their author never had, with or without the author's number beside it.
    StrangeSender {
        /// Whether the number is told, as when somebody's LID has changed.
        with_number: bool,
    },
    /// What a client sends is refused with this code: 463, 429, 503 or any other.
    RefuseSends(u16),
    /// Acknowledgements of a client's messages are withheld until the fault is over.
    HoldAcks,
    /// The connection is cut by the message that the client sends, which is not acknowledged.
    DropOnSend {
        /// Whether the message is delivered nevertheless.
        delivered: bool,
    },
    /// Logins are refused.
    RefuseLogins(LoginRefusal),
    /// Linking is refused: to a client that comes for a code when the refusal is about the client or the server, to one whose
    /// code is scanned when it is about the account (401, 402, 403, 406).
    RefuseLinks(LoginRefusal),
    /// Clients that come to be linked are asked for a passkey.
    DemandPasskey,
}

impl FaultKind {
    /// Whether it holds something back, so that it is over only when it is removed.
    fn holds(self) -> bool {
        matches!(self, Self::Stall(_) | Self::ReorderDeliveries | Self::HoldAcks)
    }

    fn delay(self) -> Option<Duration> {
        match self {
            Self::DelayDeliveries(delay) | Self::DelayAcks(delay) => Some(delay),
            _ => None,
        }
    }
}

/// Which way nothing passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Way {
    /// Neither way.
    #[default]
    Both,
    /// What the client sends is not read.
    FromClient,
    /// The client is sent nothing.
    ToClient,
}

/// A fault, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultSpec {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only for the devices of this number; otherwise for all, and for clients that are not linked yet.
    pub number: Option<String>,
    /// Only for this companion of the number.
    pub device: Option<u16>,
    /// How often.
    pub count: Option<u32>,
    /// For how long.
    pub duration: Option<Duration>,
}

impl FaultSpec {
    /// For everyone, until it is removed.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, number: None, device: None, count: None, duration: None }
    }

    /// Only for the devices of this number.
    #[must_use]
    pub fn only(self, number: impl Into<String>) -> Self {
        Self { number: Some(number.into()), ..self }
    }

    /// Only so often.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Only for so long.
    #[must_use]
    pub fn lasting(self, duration: Duration) -> Self {
        Self { duration: Some(duration), ..self }
    }
}

/// A fault in force.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) spec: FaultSpec,
    /// The account that the spec's number means.
    number: Option<u64>,
    /// How often it may still strike.
    pub(crate) left: Option<u32>,
    /// How often it has struck.
    pub(crate) hits: u64,
}

impl Fault {
    fn concerns(&self, who: Option<DeviceRef>) -> bool {
        let device = |who: DeviceRef| self.spec.device.is_none_or(|device| device == who.device);
        match (self.number, who) {
            (None, _) => true,
            (Some(number), Some(who)) => number == who.number && device(who),
            (Some(_), None) => false,
        }
    }
}

/// An acknowledgement that a fault withholds.
struct HeldAck {
    fault: u64,
    connection: ConnectionId,
    ack: Node,
}

/// The faults in force.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) active: BTreeMap<u64, Fault>,
    added: u64,
    held_acks: Vec<HeldAck>,
}

impl Faults {
    /// The first fault for this device in which `pick` finds something; that it is asked for is that it strikes.
    pub(super) fn strike<T>(
        &mut self,
        who: Option<DeviceRef>,
        pick: impl Fn(FaultKind) -> Option<T>,
    ) -> Option<(u64, T)> {
        let able = |fault: &Fault| fault.left != Some(0) && fault.concerns(who);
        let (id, picked) = self.active.iter().find_map(|(id, fault)| {
            let picked = pick(fault.spec.kind)?;
            able(fault).then_some((*id, picked))
        })?;
        let fault = self.active.get_mut(&id)?;
        fault.hits += 1;
        fault.left = fault.left.map(|left| left - 1);
        if fault.left == Some(0) && !fault.spec.kind.holds() {
            self.active.remove(&id);
        }
        Some((id, picked))
    }

    /// Whether a fault of this kind would strike.
    pub(super) fn threatens(&self, who: DeviceRef, kind: impl Fn(FaultKind) -> bool) -> bool {
        let mut faults = self.active.values();
        faults.any(|fault| fault.left != Some(0) && fault.concerns(Some(who)) && kind(fault.spec.kind))
    }
}

impl World {
    /// Puts a fault into force; returns its id.
    pub(crate) fn add_fault(&mut self, spec: FaultSpec) -> Result<u64, SimError> {
        let number = spec.number.as_deref().map(|number| self.find(number)).transpose()?;
        let endless = spec.kind.delay().is_some_and(|delay| delay > MAX_DELAY);
        if endless || spec.count == Some(0) || spec.device.is_some() && number.is_none() {
            return Err(SimError::BadFault);
        }
        if self.faults.active.len() >= MAX_FAULTS {
            return Err(SimError::TooManyFaults);
        }
        self.faults.added += 1;
        let id = self.faults.added;
        let kind = spec.kind;
        let at_once = kind == FaultKind::DropConnections && spec.count.is_none() && spec.duration.is_none();
        let fault = Fault { number, left: spec.count, hits: 0, spec };
        self.faults.active.insert(id, fault);
        self.strike_connections();
        if at_once {
            self.faults.active.remove(&id);
        }
        Ok(id)
    }

    /// Ends a fault and lets go of what it held; whether it was in force.
    pub(crate) fn remove_fault(&mut self, id: u64) -> bool {
        let removed = self.faults.active.remove(&id).is_some();
        if removed {
            self.release(id);
        }
        removed
    }

    /// Ends the faults of a kind.
    pub(crate) fn remove_faults(&mut self, of: impl Fn(&Fault) -> bool) {
        let active = self.faults.active.iter();
        let ids: Vec<u64> = active.filter(|(_, fault)| of(fault)).map(|(id, _)| *id).collect();
        for id in ids {
            self.remove_fault(id);
        }
    }
}

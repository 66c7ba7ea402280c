//! What faults say to clients: messages, logins and links that are refused.

use wacore_binary::Node;

use super::super::connection::ConnectionId;
use super::super::refusal::LoginRefusal;
use super::super::{DeviceRef, World};
use super::FaultKind;
use crate::stanza;

/// The message was lost on the way, and its connection with it.
pub(crate) struct Lost;

impl World {
    /// The code with which a client's message is to be refused, if it is. What the client's software sends to the phone's does
    /// not count.
    pub(crate) fn strike_send(
        &mut self,
        id: ConnectionId,
        from: DeviceRef,
        message: &Node,
    ) -> Result<Option<u16>, Lost> {
        if stanza::attr(message, "category").as_deref() == Some("peer") {
            return Ok(None);
        }
        let drop = |kind| if let FaultKind::DropOnSend { delivered } = kind { Some(delivered) } else { None };
        if let Some((_, delivered)) = self.faults.strike(Some(from), drop) {
            if let Some(connection) = self.connections.get(&id) {
                connection.closing.cancel();
            }
            return if delivered { Ok(None) } else { Err(Lost) };
        }
        let refuse = |kind| if let FaultKind::RefuseSends(code) = kind { Some(code) } else { None };
        Ok(self.faults.strike(Some(from), refuse).map(|(_, code)| code))
    }

    /// How a login is refused.
    pub(crate) fn login_refusal(&mut self, who: DeviceRef) -> Option<LoginRefusal> {
        let refuse = |kind| if let FaultKind::RefuseLogins(refusal) = kind { Some(refusal) } else { None };
        self.faults.strike(Some(who), refuse).map(|(_, refusal)| refusal)
    }

    /// How a client that comes for a code is turned away.
    pub(crate) fn link_refusal(&mut self) -> Option<LoginRefusal> {
        let refuse = |kind| match kind {
            FaultKind::RefuseLinks(refusal) if !is_about_the_account(refusal) => Some(refusal),
            _ => None,
        };
        self.faults.strike(None, refuse).map(|(_, refusal)| refusal)
    }

    /// How a client is turned away whose code the phone of `number` scans.
    pub(crate) fn scan_refusal(&mut self, number: u64) -> Option<LoginRefusal> {
        let refuse = |kind| if let FaultKind::RefuseLinks(refusal) = kind { Some(refusal) } else { None };
        self.faults.strike(Some(DeviceRef { number, device: 0 }), refuse).map(|(_, refusal)| refusal)
    }

    /// Whether a client that comes to be linked is asked for a passkey.
    pub(crate) fn demands_passkey(&mut self) -> bool {
        self.faults.strike(None, |kind| (kind == FaultKind::DemandPasskey).then_some(())).is_some()
    }
}

fn is_about_the_account(refusal: LoginRefusal) -> bool {
    matches!(refusal.reason(), 401 | 402 | 403 | 406)
}

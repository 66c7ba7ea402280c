//! What faults do to stanzas and connections: everything that is cut, stalled, delayed, doubled, swapped, withheld or
//! disguised passes here. Queues keep the true stanza, so a client that logs in again gets what was meant for it.

use std::time::Duration;

use wacore_binary::{Node, Server};

use super::super::connection::{ConnectionId, OUTBOX_CAPACITY, Out, Peer};
use super::super::queue::Class;
use super::super::{DeviceRef, World};
use super::{FaultKind, HeldAck, Way};
use crate::{address, stanza};

/// What is added to a LID to get one that nobody has: accounts are counted from 100 000 000 000 000.
const STRANGE: u64 = 400_000_000_000_000;
/// How much of one connection may be held back; beyond it the connection is cut.
const MAX_HELD: usize = OUTBOX_CAPACITY;

/// What does not pass a connection.
pub(crate) struct Stalled {
    fault: u64,
    direction: Way,
    unread: Vec<Node>,
    unsent: Vec<Out>,
}

/// A message that waits for the next one to go first.
pub(crate) struct SetAside {
    fault: u64,
    stanza: Node,
}

impl Stalled {
    /// Takes what would be sent; gives it back when it passes.
    pub(crate) fn take(&mut self, out: Out) -> Result<(), Out> {
        if self.direction == Way::FromClient || self.unsent.len() >= MAX_HELD {
            return Err(out);
        }
        self.unsent.push(out);
        Ok(())
    }
}

impl World {
    /// Lets the faults that are about connections strike those that there are.
    pub(super) fn strike_connections(&mut self) {
        let mut ids: Vec<ConnectionId> = self.connections.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.strike_connection(id);
        }
    }

    /// Lets the faults that are about connections strike one.
    pub(crate) fn strike_connection(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let who = match connection.peer {
            Peer::Device(who) => Some(who),
            Peer::Pairing(_) => None,
            Peer::Ended => return,
        };
        if self.faults.strike(who, |kind| (kind == FaultKind::DropConnections).then_some(())).is_some() {
            connection.closing.cancel();
        }
        if connection.stalled.is_some() {
            return;
        }
        let stall = |kind| if let FaultKind::Stall(direction) = kind { Some(direction) } else { None };
        if let Some((fault, direction)) = self.faults.strike(who, stall) {
            connection.stalled = Some(Stalled { fault, direction, unread: Vec::new(), unsent: Vec::new() });
        }
    }

    /// Whether what a client sent is not read now. It is kept for later.
    pub(crate) fn leaves_unread(&mut self, id: ConnectionId, stanza: &Node) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        let Some(stalled) = &mut connection.stalled else { return false };
        if stalled.direction == Way::ToClient {
            return false;
        }
        if stalled.unread.len() >= MAX_HELD {
            connection.closing.cancel();
        } else {
            stalled.unread.push(stanza.clone());
        }
        true
    }

    /// Lets go of everything that a fault held.
    pub(super) fn release(&mut self, fault: u64) {
        let held = std::mem::take(&mut self.faults.held_acks);
        for ack in held {
            if ack.fault == fault {
                self.send(ack.connection, ack.ack);
            } else {
                self.faults.held_acks.push(ack);
            }
        }
        let mut ids: Vec<ConnectionId> = self.connections.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            let aside = connection.set_aside.take_if(|aside| aside.fault == fault);
            let stalled = connection.stalled.take_if(|stalled| stalled.fault == fault);
            if let Some(aside) = aside {
                self.send(id, aside.stanza);
            }
            let Some(stalled) = stalled else { continue };
            for out in stalled.unsent {
                self.push(id, out);
            }
            for stanza in stalled.unread {
                self.received(id, &stanza);
            }
        }
    }

    /// Forgets what was held of a connection that is gone.
    pub(crate) fn drop_held(&mut self, id: ConnectionId) {
        self.faults.held_acks.retain(|held| held.connection != id);
    }

    /// Hands a queued stanza to a client that is there.
    pub(crate) fn hand_over(&mut self, id: ConnectionId, to: DeviceRef, class: Class, mut stanza: Node) {
        if class != Class::Message || self.faults.active.is_empty() {
            return self.send(id, stanza);
        }
        let strange = |kind| if let FaultKind::StrangeSender { with_number } = kind { Some(with_number) } else { None };
        if let Some(author) = self.another(&stanza, to)
            && let Some((_, with_number)) = self.faults.strike(Some(to), strange)
        {
            self.disguise(&mut stanza, author, with_number);
        }
        let twice = self.faults.strike(Some(to), |kind| (kind == FaultKind::DuplicateDeliveries).then_some(()));
        if twice.is_some() {
            self.in_turn(id, to, stanza.clone());
        }
        self.in_turn(id, to, stanza);
    }

    /// Sends a message, after the next one when they are to change places.
    fn in_turn(&mut self, id: ConnectionId, to: DeviceRef, stanza: Node) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let earlier = connection.set_aside.take();
        if earlier.is_none()
            && let Some((fault, ())) =
                self.faults.strike(Some(to), |kind| (kind == FaultKind::ReorderDeliveries).then_some(()))
        {
            connection.set_aside = Some(SetAside { fault, stanza });
            return;
        }
        self.in_time(id, to, stanza);
        if let Some(earlier) = earlier {
            self.in_time(id, to, earlier.stanza);
        }
    }

    fn in_time(&mut self, id: ConnectionId, to: DeviceRef, stanza: Node) {
        let delay = |kind| if let FaultKind::DelayDeliveries(delay) = kind { Some(delay) } else { None };
        let delay = self.faults.strike(Some(to), delay).map(|(_, delay)| delay);
        self.send_after(id, delay, stanza);
    }

    fn send_after(&mut self, id: ConnectionId, delay: Option<Duration>, stanza: Node) {
        match delay {
            Some(delay) => self.push(id, Out::Later(delay, Box::new(stanza))),
            None => self.send(id, stanza),
        }
    }

    /// Whether the next message to this device will seem to come from a stranger.
    pub(crate) fn seems_strange(&self, to: DeviceRef) -> bool {
        self.faults.threatens(to, |kind| matches!(kind, FaultKind::StrangeSender { .. }))
    }

    /// Replaces the author's LID. Whoever asks about the strange one, or answers to it, still finds the author.
    fn disguise(&mut self, stanza: &mut Node, author: DeviceRef, with_number: bool) {
        let strange = self.lid_of(author.number) + STRANGE;
        self.numbers_by_lid.insert(strange, author.number);
        stanza.attrs.insert("from", address::lid(strange, author.device));
        if !with_number {
            stanza.attrs.0.retain(|(name, _)| name != "sender_pn");
        }
    }

    /// The author of a message from another person, which is the only kind that can be disguised.
    fn another(&self, stanza: &Node, to: DeviceRef) -> Option<DeviceRef> {
        let from = stanza::jid(stanza, "from").filter(|from| from.server == Server::Lid)?;
        self.resolve_device(&from).filter(|author| author.number != to.number)
    }

    /// Sends the acknowledgement of a client's message.
    pub(crate) fn acknowledge(&mut self, id: ConnectionId, who: DeviceRef, ack: Node) {
        if self.connections.get(&id).is_none_or(|connection| connection.closing.is_cancelled()) {
            return;
        }
        if let Some((fault, ())) = self.faults.strike(Some(who), |kind| (kind == FaultKind::HoldAcks).then_some(())) {
            if self.faults.held_acks.len() < MAX_HELD {
                self.faults.held_acks.push(HeldAck { fault, connection: id, ack });
            }
            return;
        }
        let delay = |kind| if let FaultKind::DelayAcks(delay) = kind { Some(delay) } else { None };
        let delay = self.faults.strike(Some(who), delay).map(|(_, delay)| delay);
        self.send_after(id, delay, ack);
    }
}

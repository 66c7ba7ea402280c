//! Live connections: who sits at the other end, and the bounded queue to the socket's writer. A connection is known by
//! its number, because two sockets of one device overlap for a moment whenever a client reconnects.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wacore_binary::Node;

use super::faults::{SetAside, Stalled};
use super::pairing::Pairing;
use super::{DeviceRef, World};
use crate::stanza;

/// How many items may wait for a socket; a reader slower than this is cut off and finds its queue at the next login.
pub(crate) const OUTBOX_CAPACITY: usize = 4096;

/// The number of a connection, unique within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// What a socket's writer is told.
#[derive(Debug)]
pub(crate) enum Out {
    /// Send this.
    Stanza(Box<Node>),
    /// Send these: one item, however much waited for a device.
    Backlog(Vec<Node>),
    /// Send this so much later; what follows need not wait for it.
    Later(Duration, Box<Node>),
    /// Wait before the next item.
    Pause(Duration),
    /// Close the socket.
    Close,
}

/// Who sits at the other end.
pub(crate) enum Peer {
    /// A companion that is not linked yet.
    Pairing(Box<Pairing>),
    /// A linked device.
    Device(DeviceRef),
    /// Nobody who may say anything (any more); the socket is being closed.
    Ended,
}

/// One live connection.
pub(crate) struct Connection {
    pub(crate) outbox: mpsc::Sender<Out>,
    pub(crate) closing: CancellationToken,
    pub(crate) peer: Peer,
    /// Under which host and port the client knows this server.
    pub(crate) host: Option<String>,
    /// Accounts whose presence this connection asked to follow.
    pub(crate) subscriptions: BTreeSet<u64>,
    /// Channels whose news this connection wants, and until when.
    pub(crate) channels: BTreeMap<u64, u64>,
    /// What a fault keeps from passing.
    pub(crate) stalled: Option<Stalled>,
    /// A message that a fault lets the next one overtake.
    pub(crate) set_aside: Option<SetAside>,
}

impl World {
    /// The host that a client is told for media: where it has found this server already, so that it will do so again.
    pub(crate) fn media_host(&self, id: ConnectionId) -> &str {
        let known = self.connections.get(&id).and_then(|connection| connection.host.as_deref());
        known.unwrap_or_else(|| self.media.host())
    }

    /// Ends a connection with a last word. From now on nothing that it says counts.
    pub(super) fn end(&mut self, id: ConnectionId, last: Option<Node>) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.peer = Peer::Ended;
        }
        if let Some(last) = last {
            self.send(id, last);
        }
        self.push(id, Out::Close);
    }

    /// Forgets a connection whose socket is gone.
    pub(crate) fn closed(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else { return };
        self.drop_held(id);
        if let Peer::Device(who) = connection.peer {
            let Some(device) = self.device_mut(who) else { return };
            if device.connection == Some(id) {
                device.connection = None;
                device.live = false;
                self.set_available(who, false);
            }
        }
    }

    /// Reads one stanza of a connection.
    pub(crate) fn received(&mut self, id: ConnectionId, stanza: &Node) {
        if self.leaves_unread(id, stanza) {
            return;
        }
        self.counters.stanzas_in += 1;
        let Some(connection) = self.connections.get(&id) else { return };
        let who = match &connection.peer {
            Peer::Ended => return,
            Peer::Pairing(_) => return self.pairing_stanza(id, stanza),
            Peer::Device(who) => *who,
        };
        match stanza.tag.as_ref() {
            "iq" => self.request(id, who, stanza),
            "message" => self.message(id, who, stanza),
            "receipt" => self.receipt(who, stanza),
            "ack" => self.acknowledged(who, stanza),
            "presence" => self.presence(id, who, stanza),
            "chatstate" => self.chatstate(who, stanza),
            "call" => self.call(id, who, stanza),
            // `unified_session`, `offline_batch`: the server has nothing to say to them.
            "ib" => {}
            tag => {
                tracing::debug!(tag, "a stanza of an unknown kind was ignored");
            }
        }
    }

    /// Answers a request, or counts and refuses it when nobody knows it: without any answer the client would hold
    /// the connection dead.
    fn request(&mut self, id: ConnectionId, who: DeviceRef, stanza: &Node) {
        if stanza::attr(stanza, "type").is_some_and(|kind| kind == "result" || kind == "error") {
            return;
        }
        if let Some(answer) = crate::iq::answer(self, id, who, stanza) {
            self.send(id, answer);
        }
    }
}

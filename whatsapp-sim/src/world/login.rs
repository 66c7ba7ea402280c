//! What happens when a handshake is complete: a login, a registration, or a refusal; and the start of delivery after
//! it. Authentication is the Noise static key: it has to be the one that was stored at pairing.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp::ClientPayload;

use super::connection::{Connection, ConnectionId, Out, Peer};
use super::pairing::Pairing;
use super::phone_inbox::PhoneTask;
use super::queue::Class;
use super::refusal::{self, LoginRefusal, StreamEnd};
use super::{DeviceRef, World};
use crate::address;
use crate::clock;
use crate::config::RESERVED_NUMBER;
use crate::stanza;

/// The socket's end of a new connection.
pub(crate) struct Wire {
    pub(crate) id: ConnectionId,
    pub(crate) outbox: mpsc::Sender<Out>,
    pub(crate) closing: CancellationToken,
    /// Under which host the client knows this server.
    pub(crate) host: Option<String>,
}

impl World {
    /// Takes in a connection after its handshake.
    pub(crate) fn opened(&mut self, wire: Wire, client_key: [u8; 32], payload: &ClientPayload) {
        self.counters.connections += 1;
        let id = wire.id;
        let connect = |peer| Connection {
            outbox: wire.outbox,
            closing: wire.closing,
            host: wire.host,
            peer,
            subscriptions: BTreeSet::new(),
            channels: BTreeMap::new(),
            stalled: None,
            set_aside: None,
        };
        let username = payload.username.filter(|number| *number != RESERVED_NUMBER);
        let Some(number) = username else {
            let pairing = Pairing::new(client_key, payload);
            let offer = pairing.offer();
            self.connections.insert(id, connect(Peer::Pairing(Box::new(pairing))));
            self.strike_connection(id);
            if let Some(refusal) = self.link_refusal() {
                return self.end(id, Some(refusal.node()));
            }
            self.send(id, offer);
            if self.demands_passkey() {
                self.send(id, refusal::passkey_demand());
            }
            return;
        };
        let device = payload.device.and_then(|device| u16::try_from(device).ok()).unwrap_or(0);
        let who = DeviceRef { number, device };
        self.connections.insert(id, connect(Peer::Device(who)));
        self.strike_connection(id);
        if let Some(refusal) = self.login_refusal(who) {
            return self.end(id, Some(refusal.node()));
        }
        let earlier = match self.device_mut(who) {
            Some(device) if device.noise_key.0 == client_key => {
                device.live = false;
                device.connection.replace(id)
            }
            _ => return self.end(id, Some(LoginRefusal::LoggedOut.node())),
        };
        if let Some(earlier) = earlier {
            self.end(earlier, Some(StreamEnd::Replaced.node()));
        }
        let lid = address::lid(self.lid_of(number), device);
        self.send(id, NodeBuilder::new("success").attr("t", clock::now()).attr("lid", lid).build());
    }

    /// `passive/active`: everything that waited, then the marker that it was all; from then on delivery is live.
    pub(crate) fn start_delivery(&mut self, id: ConnectionId, who: DeviceRef) {
        let Some(device) = self.device_mut(who) else { return };
        if device.connection != Some(id) || device.live {
            return;
        }
        device.live = true;
        let backlog: Vec<(Class, Option<Node>)> =
            device.queue.entries.values().map(|entry| (entry.class, entry.late())).collect();
        let count = |class| backlog.iter().filter(|(of, _)| *of == class).count();
        if !backlog.is_empty() {
            let preview = NodeBuilder::new("offline_preview")
                .attr("count", backlog.len())
                .attr("message", count(Class::Message))
                .attr("receipt", count(Class::Receipt))
                .attr("notification", count(Class::Notification))
                .attr("appdata", 0)
                .attr("call", count(Class::Call))
                .attr("status", 0)
                .build();
            self.send(id, bulletin(preview));
        }
        let total = backlog.len();
        self.push(id, Out::Backlog(backlog.into_iter().filter_map(|(_, stanza)| stanza).collect()));
        self.send(id, bulletin(NodeBuilder::new("offline").attr("count", total).build()));
        self.phone_task(PhoneTask::Welcome(who));
    }
}

fn bulletin(content: Node) -> Node {
    NodeBuilder::new("ib").attr("from", stanza::server()).children([content]).build()
}

//! Presence and typing: never queued, forwarded to whoever is there now.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::connection::ConnectionId;
use super::{DeviceRef, World};
use crate::{address, stanza};

/// Whom one connection may follow; a client subscribes per open chat.
const MAX_SUBSCRIPTIONS: usize = 4096;

impl World {
    /// `<presence>` of a client: its own state, or a wish to follow somebody's.
    pub(super) fn presence(&mut self, connection: ConnectionId, who: DeviceRef, presence: &Node) {
        match stanza::attr(presence, "type").as_deref() {
            Some("subscribe") => {
                let Some(number) = stanza::jid(presence, "to").and_then(|to| self.person(&to)) else { return };
                if let Some(connection) = self.connections.get_mut(&connection)
                    && connection.subscriptions.len() < MAX_SUBSCRIPTIONS
                {
                    connection.subscriptions.insert(number);
                }
                let state = self.presence_of(number);
                self.send(connection, state);
            }
            Some("unsubscribe") => {
                let number = stanza::jid(presence, "to").and_then(|to| self.person(&to));
                if let (Some(number), Some(connection)) = (number, self.connections.get_mut(&connection)) {
                    connection.subscriptions.remove(&number);
                }
            }
            Some("available") => self.set_available(who, true),
            Some("unavailable") => self.set_available(who, false),
            _ => {}
        }
    }

    /// Notes whether a device is in use, and tells the followers when that changes the account's state.
    pub(super) fn set_available(&mut self, who: DeviceRef, available: bool) {
        let before = self.available(who.number);
        if let Some(device) = self.device_mut(who) {
            device.available = available;
        }
        if self.available(who.number) == before {
            return;
        }
        let state = self.presence_of(who.number);
        let followers: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.subscriptions.contains(&who.number))
            .map(|(id, _)| *id)
            .collect();
        for follower in followers {
            self.send(follower, state.clone());
        }
    }

    fn available(&self, number: u64) -> bool {
        self.accounts.get(&number).is_some_and(|account| account.devices.values().any(|device| device.available))
    }

    fn presence_of(&self, number: u64) -> Node {
        let presence = NodeBuilder::new("presence").attr("from", address::lid(self.lid_of(number), 0));
        if self.available(number) { presence.build() } else { presence.attr("type", "unavailable").build() }
    }

    /// `<chatstate>` of a client, to the devices of the one it writes to.
    pub(super) fn chatstate(&mut self, who: DeviceRef, chatstate: &Node) {
        let Some(number) = stanza::jid(chatstate, "to").and_then(|to| self.person(&to)) else { return };
        if number != who.number {
            self.typing(who, number, stanza::children(chatstate).to_vec());
        }
    }

    /// Shows somebody's typing to the devices of an account.
    pub(crate) fn typing(&mut self, who: DeviceRef, to: u64, state: Vec<Node>) {
        let from = address::lid(self.lid_of(who.number), who.device);
        let stanza = NodeBuilder::new("chatstate").attr("from", from).children(state).build();
        let Some(account) = self.accounts.get(&to) else { return };
        let live: Vec<ConnectionId> =
            account.devices.values().filter(|device| device.live).filter_map(|device| device.connection).collect();
        for connection in live {
            self.send(connection, stanza.clone());
        }
    }
}

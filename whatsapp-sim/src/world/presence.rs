//! Presence and typing: never queued, forwarded to whoever is there now and may see it.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::chat::Chat;
use super::connection::{ConnectionId, Peer};
use super::{DeviceRef, World};
use crate::{address, clock, stanza};

/// Whom one connection may follow; a client subscribes per open chat.
const MAX_SUBSCRIPTIONS: usize = 4096;
/// Said instead of a time that the asker may not know.
const HIDDEN: &str = "deny";

impl World {
    /// `<presence>` of a client: its own state, a new name, or a wish to follow somebody's state.
    pub(super) fn presence(&mut self, connection: ConnectionId, who: DeviceRef, presence: &Node) {
        match stanza::attr(presence, "type").as_deref() {
            Some("subscribe") => {
                let Some(number) = stanza::jid(presence, "to").and_then(|to| self.person(&to)) else { return };
                if let Some(connection) = self.connections.get_mut(&connection)
                    && connection.subscriptions.len() < MAX_SUBSCRIPTIONS
                {
                    connection.subscriptions.insert(number);
                }
                let state = self.presence_of(number, who.number);
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
            // Only this form is a change: along with a state, a client says the name that it remembers.
            None => {
                if let Some(name) = stanza::attr(presence, "name")
                    && self.rename(who, &name).is_err()
                {
                    tracing::debug!("a client chose a name that nobody may have");
                }
            }
            _ => {}
        }
    }

    /// Notes whether a device is in use, and tells the followers when that changes the account's state.
    pub(crate) fn set_available(&mut self, who: DeviceRef, available: bool) {
        let before = self.available(who.number);
        if who.device == 0 {
            if let Some(account) = self.accounts.get_mut(&who.number) {
                account.social.phone_available = available;
            }
        } else if let Some(device) = self.device_mut(who) {
            device.available = available;
        }
        let after = self.available(who.number);
        if after == before {
            return;
        }
        if let Some(account) = self.accounts.get_mut(&who.number) {
            account.social.last_seen = Some(clock::now());
        }
        let followers: Vec<(ConnectionId, u64)> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.subscriptions.contains(&who.number))
            .filter_map(|(id, connection)| match connection.peer {
                Peer::Device(follower) => Some((*id, follower.number)),
                _ => None,
            })
            .filter(|(_, follower)| self.may_see_online(who.number, *follower))
            .collect();
        for (connection, follower) in followers {
            let state = self.presence_of(who.number, follower);
            self.send(connection, state);
        }
    }

    /// Whether somebody is using the account now, on whatever device.
    pub(crate) fn available(&self, number: u64) -> bool {
        let in_use = |account: &super::account::Account| {
            account.social.phone_available || account.devices.values().any(|device| device.available)
        };
        self.accounts.get(&number).is_some_and(in_use)
    }

    /// The state of an account as `viewer` may know it.
    fn presence_of(&self, number: u64, viewer: u64) -> Node {
        let presence = NodeBuilder::new("presence").attr("from", address::lid(self.lid_of(number), 0));
        if self.available(number) && self.may_see_online(number, viewer) {
            return presence.build();
        }
        let presence = presence.attr("type", "unavailable");
        let last = self.accounts.get(&number).and_then(|account| account.social.last_seen);
        match last {
            _ if !self.may_see_last(number, viewer) => presence.attr("last", HIDDEN).build(),
            Some(last) => presence.attr("last", last).build(),
            None => presence.build(),
        }
    }

    /// `<chatstate>` of a client, to the devices of the one it writes to.
    pub(super) fn chatstate(&mut self, who: DeviceRef, chatstate: &Node) {
        let Some(to) = stanza::jid(chatstate, "to") else { return };
        if let Some(Chat::Group(id)) = self.chat_of(&to) {
            return self.typing_in_group(who, id, stanza::children(chatstate).to_vec());
        }
        let Some(number) = self.person(&to) else { return };
        if number != who.number {
            self.typing(who, number, stanza::children(chatstate).to_vec());
        }
    }

    /// Shows somebody's typing to the devices of an account.
    pub(crate) fn typing(&mut self, who: DeviceRef, to: u64, state: Vec<Node>) {
        if self.has_blocked(to, who.number) {
            return;
        }
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

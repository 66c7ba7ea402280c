//! The list of an account's devices as others see it, and the announcements of its changes. Without them a client would
//! go on writing to the devices it remembers.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::queue::Class;
use super::records::Key;
use super::refusal::StreamEnd;
use super::{DeviceRef, World};
use crate::{address, clock, stanza};

impl World {
    /// `<devices>` of a usync answer.
    pub(crate) fn device_list(&self, number: u64) -> Option<Node> {
        let account = self.accounts.get(&number)?;
        let phone = NodeBuilder::new("device").attr("id", 0).build();
        let companions = account
            .devices
            .iter()
            .map(|(id, device)| NodeBuilder::new("device").attr("id", *id).attr("key-index", device.key_index).build());
        let list = NodeBuilder::new("device-list")
            .attr("hash", self.device_hash(number))
            .children(std::iter::once(phone).chain(companions))
            .build();
        Some(NodeBuilder::new("devices").children([list, self.key_index_list(number)]).build())
    }

    /// The hash that clients compare; any text that changes with the list will do.
    pub(crate) fn device_hash(&self, number: u64) -> String {
        let account = self.accounts.get(&number);
        let companions = account.map_or(0, |account| account.devices.len());
        let newest = account.map_or(0, |account| account.last_key_index);
        let installation = account.map_or(0, |account| account.raw_id);
        format!("2:{installation:04x}{newest:05x}{companions:03x}")
    }

    fn key_index_list(&self, number: u64) -> Node {
        let now = clock::now();
        let bytes = self.accounts.get(&number).map(|account| account.key_index_list(now)).unwrap_or_default();
        NodeBuilder::new("key-index-list").attr("ts", now).bytes(bytes).build()
    }

    /// Everyone who has to hear of a change: the account's own other companions and those who asked for its devices.
    fn audience(&self, who: DeviceRef) -> Vec<DeviceRef> {
        let Some(account) = self.accounts.get(&who.number) else { return Vec::new() };
        let own = std::iter::once(who.number);
        let others = account.watchers.iter().copied().filter(|number| *number != who.number);
        own.chain(others)
            .filter_map(|number| self.accounts.get(&number))
            .flat_map(|account| {
                account.devices.keys().map(|device| DeviceRef { number: account.number, device: *device })
            })
            .filter(|to| *to != who)
            .collect()
    }

    fn device_notification(&self, who: DeviceRef, change: Node) -> Node {
        let lid = self.lid_of(who.number);
        NodeBuilder::new("notification")
            .attr("type", "devices")
            .attr("from", address::lid(lid, 0))
            .attr("id", Self::fresh_id())
            .attr("t", clock::now())
            .children([change])
            .build()
    }

    /// Announces a companion that has just been linked.
    pub(super) fn announce_added(&mut self, who: DeviceRef) {
        let Some(key_index) = self.device(who).map(|device| device.key_index) else { return };
        let device = NodeBuilder::new("device")
            .attr("jid", address::lid(self.lid_of(who.number), who.device))
            .attr("key-index", key_index)
            .build();
        let hash = self.device_hash(who.number);
        let list = self.key_index_list(who.number);
        for to in self.audience(who) {
            let added =
                NodeBuilder::new("add").attr("device_hash", hash.as_str()).children([device.clone(), list.clone()]);
            let notification = self.device_notification(who, added.build());
            self.deliver(to, Class::Notification, notification);
        }
    }

    /// Unlinks a companion and announces it. Its queue goes with it; its connection is told and closed.
    pub(crate) fn unlink(&mut self, who: DeviceRef, by_phone: bool) -> bool {
        let audience = self.audience(who);
        let lid = self.lid_of(who.number);
        let Some(account) = self.accounts.get_mut(&who.number) else { return false };
        let Some(removed) = account.devices.remove(&who.device) else { return false };
        self.touch(Key::Device(who.number, who.device));
        for sequence in removed.queue.entries.into_keys() {
            self.touch(Key::Queue(who.number, who.device, sequence));
        }
        for id in self.connections_of(who.number, Some(who.device)) {
            self.end(id, by_phone.then(|| StreamEnd::DeviceRemoved.node()));
        }
        let device = NodeBuilder::new("device")
            .attr("jid", address::lid(lid, who.device))
            .attr("key-index", removed.key_index)
            .build();
        let hash = self.device_hash(who.number);
        let list = NodeBuilder::new("key-index-list").attr("ts", clock::now()).build();
        for to in audience {
            let change =
                NodeBuilder::new("remove").attr("device_hash", hash.as_str()).children([device.clone(), list.clone()]);
            let notification = self.device_notification(who, change.build());
            self.deliver(to, Class::Notification, notification);
        }
        true
    }

    /// Asks a device for more one-time keys.
    pub(crate) fn ask_for_keys(&mut self, who: DeviceRef) {
        let stock = self.device(who).map_or(0, |device| device.one_time.len());
        let notification = NodeBuilder::new("notification")
            .attr("type", "encrypt")
            .attr("from", stanza::server())
            .attr("id", Self::fresh_id())
            .attr("t", clock::now())
            .children([NodeBuilder::new("count").attr("value", stock).build()])
            .build();
        self.deliver(who, Class::Notification, notification);
    }

    /// `remove-companion-device` of a companion: it may name itself only; others are removed by the phone.
    pub(crate) fn remove_companion(&mut self, who: DeviceRef, request: &Node) -> Option<Node> {
        let named = request.get_optional_child("remove-companion-device").and_then(|node| stanza::jid(node, "jid"));
        let target = named.and_then(|jid| self.resolve_device(&jid)).unwrap_or(who);
        if target != who {
            return Some(stanza::refusal(request, 403, "forbidden"));
        }
        let connection = self.device(who).and_then(|device| device.connection);
        if let Some(connection) = connection {
            self.send(connection, stanza::result(request, []));
        }
        self.unlink(who, false);
        None
    }
}

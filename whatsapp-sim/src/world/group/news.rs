//! What members hear of a change: one `w:gp2` notification for every device of every member but the one that acted,
//! through the same queues as messages, so that nobody gets a message before the news that explains it.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::super::queue::Class;
use super::{DeviceRef, World};
use crate::{address, clock};

impl World {
    /// Tells every member.
    pub(super) fn tell_group(&mut self, id: u64, actor: DeviceRef, news: Vec<Node>) {
        let devices = self.group_devices(id);
        self.tell_devices(id, actor, devices, news);
    }

    /// Tells the admins.
    pub(super) fn tell_admins(&mut self, id: u64, actor: DeviceRef, news: Vec<Node>) {
        let admins: Vec<u64> = self
            .groups
            .get(&id)
            .into_iter()
            .flat_map(|group| group.members.keys().copied().filter(|number| group.is_admin(*number)))
            .collect();
        let devices = admins.into_iter().flat_map(|number| self.devices_of(number)).collect();
        self.tell_devices(id, actor, devices, news);
    }

    /// Tells some accounts.
    pub(super) fn tell_people(&mut self, id: u64, actor: DeviceRef, people: &[u64], news: Vec<Node>) {
        let devices = people.iter().flat_map(|number| self.devices_of(*number)).collect();
        self.tell_devices(id, actor, devices, news);
    }

    fn tell_devices(&mut self, id: u64, actor: DeviceRef, devices: Vec<DeviceRef>, news: Vec<Node>) {
        let name = self.accounts.get(&actor.number).map(|account| account.name.clone()).unwrap_or_default();
        let notification = NodeBuilder::new("notification")
            .attr("type", "w:gp2")
            .attr("from", wacore_binary::Jid::group(id.to_string()))
            .attr("id", Self::fresh_id())
            .attr("t", clock::now())
            .attr("participant", address::lid(self.lid_of(actor.number), 0))
            .attr("participant_pn", address::pn(actor.number, 0))
            .attr("notify", name)
            .attr("addressing_mode", "lid")
            .children(news)
            .build();
        for device in devices {
            // The phone is the simulator's own: it looks the group up when it needs it.
            if device != actor && device.device != 0 {
                self.deliver(device, Class::Notification, notification.clone());
            }
        }
    }
}

//! Notifications: what the server tells devices unasked. They are queued like messages, so a device that is away hears
//! them later.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::queue::Class;
use super::{DeviceRef, World};
use crate::{address, clock};

impl World {
    /// A notification about somebody.
    pub(crate) fn notification(kind: &'static str, from: Jid, content: impl IntoIterator<Item = Node>) -> Node {
        NodeBuilder::new("notification")
            .attr("type", kind)
            .attr("from", from)
            .attr("id", Self::fresh_id())
            .attr("t", clock::now())
            .children(content)
            .build()
    }

    /// Queues a notification for every companion of an account but one.
    pub(crate) fn notify_companions(&mut self, number: u64, except: Option<u16>, notification: &Node) {
        let Some(account) = self.accounts.get(&number) else { return };
        let devices: Vec<u16> = account.devices.keys().copied().filter(|device| Some(*device) != except).collect();
        for device in devices {
            self.deliver(DeviceRef { number, device }, Class::Notification, notification.clone());
        }
    }

    /// Queues a notification for everyone who knows an account: who ever asked for its devices and is not blocked by it.
    pub(crate) fn notify_acquaintances(&mut self, number: u64, notification: &Node) {
        self.notify_who(number, notification, |world, number, other| !world.has_blocked(number, other));
    }

    /// Queues a notification for everyone who knows an account and may know of this.
    pub(crate) fn notify_who(&mut self, number: u64, notification: &Node, may: fn(&Self, u64, u64) -> bool) {
        let Some(account) = self.accounts.get(&number) else { return };
        let known = account.watchers.iter().copied();
        let others: Vec<u64> = known.filter(|other| *other != number && may(self, number, *other)).collect();
        for other in others {
            self.notify_companions(other, None, notification);
        }
    }

    /// Tells an account's other companions of a setting that one of them, or the phone, has changed.
    pub(crate) fn account_changed(&mut self, who: DeviceRef, content: Node) {
        let own = address::pn(who.number, 0);
        self.notify_companions(who.number, Some(who.device), &Self::notification("account_sync", own, [content]));
    }
}

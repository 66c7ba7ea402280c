//! Whom an account has blocked. A blocked person is not told; what it sends or does simply does not arrive.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::records::Key;
use super::{DeviceRef, World};
use crate::address;

/// How many contacts one account may block.
const MAX_BLOCKED: usize = 4096;
/// The hash of an empty list.
const NOBODY: &str = "none";

impl World {
    /// Whether what `other` sends does not arrive at an account.
    pub(crate) fn has_blocked(&self, number: u64, other: u64) -> bool {
        self.accounts.get(&number).is_some_and(|account| account.blocked.contains(&other))
    }

    /// Blocks or unblocks somebody, and tells the account's other companions. False: there is no room.
    pub(crate) fn block(&mut self, who: DeviceRef, other: u64, block: bool) -> bool {
        let before = self.block_hash(who.number);
        let Some(account) = self.accounts.get_mut(&who.number) else { return false };
        if block && account.blocked.len() >= MAX_BLOCKED && !account.blocked.contains(&other) {
            return false;
        }
        let changed = if block { account.blocked.insert(other) } else { account.blocked.remove(&other) };
        if changed {
            self.touch(Key::Account(who.number));
            let item = NodeBuilder::new("item")
                .attr("jid", address::lid(self.lid_of(other), 0))
                .attr("pn_jid", address::pn(other, 0))
                .attr("action", if block { "block" } else { "unblock" });
            let change = NodeBuilder::new("blocklist")
                .attr("action", "modify")
                .attr("addressing_mode", "lid")
                .attr("prev_dhash", before)
                .attr("dhash", self.block_hash(who.number))
                .children([item.build()]);
            self.account_changed(who, change.build());
        }
        true
    }

    /// The list as clients get it.
    pub(crate) fn blocklist(&self, number: u64) -> Node {
        let blocked = self.accounts.get(&number).map(|account| account.blocked.clone()).unwrap_or_default();
        let items = blocked
            .into_iter()
            .map(|other| NodeBuilder::new("item").attr("jid", address::lid(self.lid_of(other), 0)).build());
        NodeBuilder::new("list")
            .attr("addressing_mode", "lid")
            .attr("dhash", self.block_hash(number))
            .children(items)
            .build()
    }

    /// What clients compare instead of the list.
    pub(crate) fn block_hash(&self, number: u64) -> String {
        use sha2::{Digest as _, Sha256};
        let Some(account) = self.accounts.get(&number).filter(|account| !account.blocked.is_empty()) else {
            return NOBODY.to_owned();
        };
        let mut hash = Sha256::new();
        for other in &account.blocked {
            hash.update(other.to_be_bytes());
        }
        hex::encode(&hash.finalize()[..8])
    }
}

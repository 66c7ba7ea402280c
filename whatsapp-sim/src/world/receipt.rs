//! Receipts: they end deliveries, and they travel on to the author's devices. What concerns only the account itself
//! stays within it.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::chat::Chat;
use super::queue::Class;
use super::{DeviceRef, World};
use crate::{address, clock, stanza};

/// WhatsApp's clients aggregate up to 256 ids; more than this in one receipt is no receipt.
const MAX_IDS: usize = 1024;

impl World {
    /// `<receipt>` of a client.
    pub(super) fn receipt(&mut self, who: DeviceRef, receipt: &Node) {
        let kind = stanza::attr(receipt, "type");
        let ids = ids(receipt);
        if kind.as_deref() != Some("retry") {
            for id in &ids {
                self.end_delivery(who, Class::Message, id);
            }
        }
        if self.call_receipt(who, receipt) {
            return;
        }
        let Some(to) = stanza::jid(receipt, "to") else { return };
        if let Some(chat @ (Chat::Group(_) | Chat::Status)) = self.chat_of(&to) {
            return self.receipt_of_many(who, chat, receipt, &ids);
        }
        let Some(author) = self.person(&to) else { return };
        match kind.as_deref() {
            // A copy that did not decrypt: only the device that sent it can send it again.
            Some("retry") => {
                if let Some(device) = self.resolve_device(&to).filter(|device| device.device != 0) {
                    let forwarded = self.forwarded(who, receipt);
                    self.deliver(device, Class::Receipt, forwarded);
                } else {
                    self.phone_retry(who, author, receipt);
                }
            }
            // Read on one device with receipts switched off: the reader's other devices hear it, nobody else.
            Some("read-self" | "played-self") => {
                let forwarded = self.forwarded(who, receipt);
                self.tell_siblings(who, author, forwarded);
            }
            Some("server-error") if author == who.number => self.media_retry(who, receipt),
            Some("inactive" | "sender" | "peer_msg" | "hist_sync" | "server-error") => {}
            _ if author == who.number => {}
            // In chats between two, reading stays within the account when either of both wants that.
            Some(seen @ ("read" | "played")) if !self.may_know_of_reading(who.number, author) => {
                let mut forwarded = self.forwarded(who, receipt);
                forwarded.attrs.insert("type", within(seen));
                self.tell_siblings(who, author, forwarded);
            }
            _ => {
                let forwarded = self.forwarded(who, receipt);
                self.tell_companions(author, None, &forwarded);
                self.phone_receipt(author, who.number, &ids, kind.as_deref());
                if matches!(kind.as_deref(), Some("read" | "played")) {
                    self.tell_siblings(who, author, forwarded);
                }
            }
        }
    }

    /// The receipt as others get it.
    fn forwarded(&self, who: DeviceRef, receipt: &Node) -> Node {
        let forwarded = NodeBuilder::new("receipt").attr("from", address::lid(self.lid_of(who.number), who.device));
        Self::copied_receipt(forwarded, receipt)
    }

    /// What a receipt says, under another sender.
    pub(super) fn copied_receipt(mut forwarded: NodeBuilder, receipt: &Node) -> Node {
        for copied in ["id", "type", "recipient"] {
            if let Some(value) = receipt.attrs.get(copied) {
                forwarded = forwarded.attr(copied, value.clone());
            }
        }
        let t = stanza::attr(receipt, "t").unwrap_or_else(|| clock::now().to_string());
        forwarded.attr("t", t).apply_content(receipt.content.clone()).build()
    }

    /// What one device of an account has read in its chat with somebody, the others need not show as new any more.
    pub(super) fn tell_siblings(&mut self, who: DeviceRef, chat: u64, mut receipt: Node) {
        receipt.attrs.insert("recipient", address::lid(self.lid_of(chat), 0));
        self.tell_companions(who.number, Some(who.device), &receipt);
    }

    /// Queues a receipt for every companion of an account but one.
    pub(super) fn tell_companions(&mut self, number: u64, except: Option<u16>, receipt: &Node) {
        let Some(account) = self.accounts.get(&number) else { return };
        let devices: Vec<u16> = account.devices.keys().copied().filter(|device| Some(*device) != except).collect();
        for device in devices {
            self.deliver(DeviceRef { number, device }, Class::Receipt, receipt.clone());
        }
    }
}

/// The type of a receipt that stays within the account.
pub(super) fn within(seen: &str) -> &'static str {
    if seen == "played" { "played-self" } else { "read-self" }
}

/// The ids a receipt covers: its own and those of its list.
fn ids(receipt: &Node) -> Vec<String> {
    let listed =
        receipt.get_children_by_tag("list").flat_map(stanza::children).filter_map(|item| stanza::attr(item, "id"));
    stanza::attr(receipt, "id").into_iter().chain(listed).take(MAX_IDS).collect()
}

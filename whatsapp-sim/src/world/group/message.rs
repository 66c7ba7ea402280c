//! Messages to many: groups and status posts. One ciphertext for everyone, and beside it, for each device that does not
//! hold the author's chain yet, one that hands it over. Copies that are sent again reach exactly the device they name.

use std::collections::{BTreeMap, BTreeSet};

use wacore::messages::MessageUtils;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::super::chat::Chat;
use super::super::connection::ConnectionId;
use super::super::message::Envelope;
use super::super::queue::Class;
use super::{DeviceRef, Flag, GroupError, World};
use crate::{address, stanza};

/// The refusal of a message to something that takes none.
const UNKNOWN_RECIPIENT: u16 = 404;

impl World {
    /// A client's message to many.
    pub(in super::super) fn route_to_many(&mut self, envelope: &Envelope<'_>) -> Result<(), u16> {
        let message = envelope.message;
        let mut named = self.named_devices(message);
        let devices = match envelope.chat {
            Chat::Group(id) => {
                let reaction = stanza::attr(message, "type").as_deref() == Some("reaction");
                self.may_write(envelope.from.number, id, reaction).map_err(GroupError::code)?;
                self.group_devices(id)
            }
            Chat::Status => self.status_devices(envelope, &named),
            Chat::Person(_) | Chat::Newsletter(_) => return Err(UNKNOWN_RECIPIENT),
        };
        let shared: Vec<Node> = message.get_children_by_tag("enc").cloned().collect();
        if let Some(again) = stanza::jid(message, "participant") {
            let device = self.resolve_device(&again).filter(|device| devices.contains(device));
            self.pass_on(envelope, device.ok_or(UNKNOWN_RECIPIENT)?, shared);
            return Ok(());
        }
        for device in devices {
            let own = named.remove(&device).unwrap_or_default();
            self.pass_on(envelope, device, own.into_iter().chain(shared.iter().cloned()).collect());
        }
        Ok(())
    }

    /// Whether somebody may write in a group. Where only admins write, everybody may still react.
    pub(super) fn may_write(&self, number: u64, id: u64, reaction: bool) -> Result<(), GroupError> {
        let group = self.group(id)?;
        group.require_role_if(number, group.has(Flag::Announcement) && !reaction)
    }

    /// The devices that a message names, and what it has for each. Those without a ciphertext of their own are whole
    /// accounts, so their phones stand for them.
    fn named_devices(&self, message: &Node) -> BTreeMap<DeviceRef, Vec<Node>> {
        let participants = message.get_optional_child("participants").into_iter();
        let named = participants.flat_map(|participants| participants.get_children_by_tag("to"));
        let device = |to: &Node| {
            let device = self.resolve_device(&stanza::jid(to, "jid")?)?;
            Some((device, to.get_children_by_tag("enc").cloned().collect()))
        };
        named.filter_map(device).collect()
    }

    /// Whom a status post is for: every device of the people it names. A copy of an earlier post, sent again, is for the
    /// devices alone; the author's own phone knows whether there was one.
    fn status_devices(&self, envelope: &Envelope<'_>, named: &BTreeMap<DeviceRef, Vec<Node>>) -> Vec<DeviceRef> {
        let author = envelope.from.number;
        let again = self.accounts.get(&author).is_some_and(|account| account.inbox.has(author, envelope.id));
        if again {
            return named.keys().copied().collect();
        }
        let people: BTreeSet<u64> = named.keys().map(|device| device.number).chain([author]).collect();
        people.into_iter().flat_map(|number| self.devices_of(number)).collect()
    }

    /// The attributes by which a stanza says that `author`, with the device `from`, is heard in a chat of many.
    pub(in super::super) fn heard_among_many(
        &self,
        stanza: NodeBuilder,
        chat: Chat,
        from: Jid,
        author: u64,
    ) -> NodeBuilder {
        let stanza = stanza
            .attr("from", self.chat_jid(chat))
            .attr("participant", from)
            .attr("participant_pn", address::pn(author, 0));
        if matches!(chat, Chat::Group(_)) { stanza.attr("addressing_mode", "lid") } else { stanza }
    }

    /// What the server knows of a group's devices, when a message was made for other ones: its author asks again.
    pub(in super::super) fn corrected_hash(&self, message: &Node) -> Option<String> {
        let (Some(theirs), Some(Chat::Group(id))) =
            (stanza::attr(message, "phash"), stanza::jid(message, "to").and_then(|to| self.chat_of(&to)))
        else {
            return None;
        };
        let devices: Vec<Jid> = self
            .group_devices(id)
            .into_iter()
            .map(|device| address::lid(self.lid_of(device.number), device.device))
            .collect();
        MessageUtils::participant_list_hash(&devices).ok().filter(|ours| *ours != theirs)
    }

    /// A receipt for what somebody wrote to many.
    pub(in super::super) fn receipt_of_many(&mut self, who: DeviceRef, chat: Chat, receipt: &Node, ids: &[String]) {
        let Some(written_by) = stanza::jid(receipt, "participant") else { return };
        let Some(author) = self.resolve(&written_by) else { return };
        if let Chat::Group(id) = chat
            && self.group(id).and_then(|group| group.require_member(who.number)).is_err()
        {
            return;
        }
        let from = address::lid(self.lid_of(who.number), who.device);
        let forwarded = self.heard_among_many(NodeBuilder::new("receipt"), chat, from, who.number);
        let forwarded = Self::copied_receipt(forwarded, receipt);
        let kind = stanza::attr(receipt, "type");
        match kind.as_deref() {
            // Only the device that wrote it can write it again.
            Some("retry") => match self.resolve_device(&written_by) {
                Some(device) if device.device != 0 => self.deliver(device, Class::Receipt, forwarded),
                _ => self.phone_retry(who, author, receipt),
            },
            Some("inactive" | "sender" | "peer_msg" | "hist_sync" | "server-error") => {}
            Some("read-self" | "played-self") => self.tell_companions(who.number, Some(who.device), &forwarded),
            _ if author == who.number => {}
            _ => {
                self.tell_companions(author, None, &forwarded);
                self.phone_receipt(author, who.number, ids, kind.as_deref());
                if matches!(kind.as_deref(), Some("read" | "played")) {
                    self.tell_companions(who.number, Some(who.device), &forwarded);
                }
            }
        }
    }

    /// Shows a member's typing to the others.
    pub(crate) fn typing_in_group(&mut self, who: DeviceRef, id: u64, state: Vec<Node>) {
        if self.may_write(who.number, id, false).is_err() {
            return;
        }
        let chatstate = NodeBuilder::new("chatstate")
            .attr("from", self.chat_jid(Chat::Group(id)))
            .attr("participant", address::lid(self.lid_of(who.number), who.device))
            .children(state)
            .build();
        let others = self.group_devices(id).into_iter().filter(|device| device.number != who.number);
        let live: Vec<ConnectionId> = others
            .filter_map(|device| self.device(device))
            .filter(|device| device.live)
            .filter_map(|device| device.connection)
            .collect();
        for connection in live {
            self.send(connection, chatstate.clone());
        }
    }
}

//! Messages of clients: who gets which ciphertext, in what wrapping, and the ack to the sender. The server never sees
//! inside; what it does not know it copies through. Every account is LID-migrated, so every stanza speaks LIDs and
//! carries the number beside.

use std::collections::BTreeMap;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, JidExt as _, Node};

use super::chat::Chat;
use super::connection::ConnectionId;
use super::newsletter::Refusal;
use super::phone_inbox::{Arrival, PhoneTask, Sealing};
use super::queue::Class;
use super::{DeviceRef, World};
use crate::{address, clock, stanza};

/// The refusal of a message to a person or group that does not exist.
const UNKNOWN_RECIPIENT: u16 = 404;
/// The refusal of a message without an id or an addressee.
const MALFORMED: u16 = 400;
/// The refusal of a message that is too large to be one.
const TOO_LARGE: u16 = 413;
/// Clients make ids of about twenty characters.
const MAX_ID: usize = 128;
/// What one device gets of a message: it is kept for each that is away. A text has 64 KiB, and a preview not much more.
const MAX_COPY: usize = 512 * 1024;

/// One message on its way, without what differs per device.
pub(super) struct Envelope<'a> {
    pub(super) message: &'a Node,
    pub(super) id: &'a str,
    pub(super) from: DeviceRef,
    pub(super) chat: Chat,
    shared: Vec<Node>,
    now: u64,
}

impl World {
    /// `<message>` of a client: delivered to each device it names, then acknowledged.
    pub(super) fn message(&mut self, connection: ConnectionId, from: DeviceRef, message: &Node) {
        let to = stanza::jid(message, "to");
        let Ok(refused) = self.strike_send(connection, from, message) else { return };
        let verdict = match (refused, stanza::attr(message, "id"), &to) {
            (Some(code), ..) => Err(code),
            _ if largest_copy(message) > MAX_COPY => Err(TOO_LARGE),
            (None, Some(id), Some(to)) if (1..=MAX_ID).contains(&id.len()) => match self.chat_of(to) {
                Some(Chat::Newsletter(channel)) => {
                    self.newsletter_message(from, message, &id, channel).map_err(Refusal::code)
                }
                _ => self.route(from, message, &id, to),
            },
            _ => Err(MALFORMED),
        };
        let mut ack = NodeBuilder::new("ack").attr("class", "message").attr("t", clock::now());
        if let Some(id) = stanza::attr(message, "id") {
            ack = ack.attr("id", id);
        }
        if let Some(to) = to {
            ack = ack.attr("from", to);
        }
        if let Err(code) = verdict {
            ack = ack.attr("error", code);
        } else if let Some(hash) = self.corrected_hash(message) {
            ack = ack.attr("phash", hash);
        }
        self.acknowledge(connection, from, ack.build());
    }

    fn route(&mut self, from: DeviceRef, message: &Node, id: &str, to: &Jid) -> Result<(), u16> {
        let chat = self.chat_of(to).ok_or(UNKNOWN_RECIPIENT)?;
        // A copy sent again to another device of the account says beside whose chat it belongs to.
        let partner = stanza::jid(message, "recipient").filter(|_| chat == Chat::Person(from.number));
        let chat = partner.and_then(|partner| self.chat_of(&partner)).unwrap_or(chat);
        let shared = stanza::children(message)
            .iter()
            .filter(|child| !matches!(child.tag.as_ref(), "participants" | "enc"))
            .cloned()
            .collect();
        let envelope = Envelope { message, id, from, chat, shared, now: clock::now() };
        if chat.person().is_none() {
            return self.route_to_many(&envelope);
        }
        if let Some(participants) = message.get_optional_child("participants") {
            // Whoever is named again gets nothing more.
            let mut to_devices: BTreeMap<DeviceRef, Vec<Node>> = BTreeMap::new();
            for participant in participants.get_children_by_tag("to") {
                let device = stanza::jid(participant, "jid").and_then(|jid| self.resolve_device(&jid));
                if let Some(device) = device {
                    let own = || participant.get_children_by_tag("enc").cloned().collect();
                    to_devices.entry(device).or_insert_with(own);
                }
            }
            for (device, ciphertexts) in to_devices {
                self.pass_on(&envelope, device, ciphertexts);
            }
        } else {
            // A bare ciphertext: a peer message to the own phone, or a copy sent again to the one device it names.
            let device = self.resolve_device(to).ok_or(UNKNOWN_RECIPIENT)?;
            self.pass_on(&envelope, device, message.get_children_by_tag("enc").cloned().collect());
        }
        Ok(())
    }

    pub(super) fn pass_on(&mut self, envelope: &Envelope<'_>, to: DeviceRef, ciphertexts: Vec<Node>) {
        let sender = envelope.from.number;
        // In a group, who is blocked is heard all the same.
        let blocked = !matches!(envelope.chat, Chat::Group(_)) && self.has_blocked(to.number, sender);
        if to == envelope.from || blocked || ciphertexts.is_empty() {
            return;
        }
        if to.device == 0 {
            return self.hand_to_phone(envelope, to.number, &ciphertexts);
        }
        let own = to.number == sender;
        let stanza = self.inbound(envelope, own, ciphertexts);
        self.deliver(to, Class::Message, stanza);
    }

    /// The stanza that one device gets.
    fn inbound(&self, envelope: &Envelope<'_>, own: bool, ciphertexts: Vec<Node>) -> Node {
        let sender = self.accounts.get(&envelope.from.number);
        let lid = sender.map_or(0, |account| account.lid);
        let mut stanza = NodeBuilder::new("message")
            .attr("id", envelope.id)
            .attr("t", envelope.now)
            .attr("notify", sender.map_or("", |account| account.name.as_str()));
        let from = address::lid(lid, envelope.from.device);
        if envelope.chat.person().is_none() {
            stanza = self.heard_among_many(stanza, envelope.chat, from, envelope.from.number);
        } else {
            stanza = stanza.attr("from", from).attr("sender_pn", address::pn(envelope.from.number, 0));
            if own {
                stanza = stanza.attr("recipient", self.chat_jid(envelope.chat));
            }
        }
        for copied in ["type", "edit", "category", "push_priority"] {
            if let Some(value) = stanza::attr(envelope.message, copied) {
                stanza = stanza.attr(copied, value);
            }
        }
        stanza.children(ciphertexts.into_iter().chain(envelope.shared.iter().cloned())).build()
    }

    fn hand_to_phone(&mut self, envelope: &Envelope<'_>, number: u64, ciphertexts: &[Node]) {
        for ciphertext in ciphertexts {
            let kind = stanza::attr(ciphertext, "type").and_then(|kind| Sealing::parse(&kind));
            let (Some(kind), Some(bytes)) = (kind, stanza::bytes(ciphertext)) else { continue };
            self.phone_task(PhoneTask::Arrived(Arrival {
                number,
                from: envelope.from,
                chat: envelope.chat.seen_by(number, envelope.from.number),
                id: envelope.id.to_owned(),
                peer: stanza::attr(envelope.message, "category").as_deref() == Some("peer"),
                kind,
                ciphertext: bytes.to_vec(),
                timestamp: envelope.now,
            }));
        }
    }

    /// Whether a JID names a person: chats of other kinds have no receipts or typing here.
    pub(super) fn person(&self, jid: &Jid) -> Option<u64> {
        if jid.is_group() || jid.is_newsletter() { None } else { self.resolve(jid) }
    }
}

/// How much one device may get of a message at most: what is for all, and the most of what is for one.
fn largest_copy(message: &Node) -> usize {
    let (named, shared): (Vec<&Node>, Vec<&Node>) =
        stanza::children(message).iter().partition(|child| child.tag == "participants");
    let own = named.into_iter().flat_map(stanza::children).map(stanza::weight).max().unwrap_or(0);
    shared.into_iter().map(stanza::weight).sum::<usize>() + own
}

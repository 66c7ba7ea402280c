//! The queue of one device: stanzas that it has not acknowledged yet, in order. An entry leaves only by the client's
//! acknowledgement, so a stanza is delivered again at every login until then.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use wacore_binary::marshal::marshal;
use wacore_binary::{Node, OwnedNodeRef};

use super::records::Key;
use super::{DeviceRef, World};
use crate::blob::Blob;
use crate::stanza;

/// How many stanzas wait for one device; beyond it the oldest goes, as WhatsApp's do with age.
const QUEUE_CAPACITY: usize = 20_000;
/// How many bytes these have together: real stanzas are small, and nobody fills the memory for somebody who is away.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// What kind of acknowledgement ends an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    Message,
    Notification,
    Receipt,
    Call,
}

/// One stanza that waits for its acknowledgement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Queued {
    pub(crate) class: Class,
    pub(crate) id: String,
    /// The stanza, marshalled.
    pub(crate) stanza: Blob,
}

/// The unacknowledged stanzas of one device, by sequence number.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) entries: BTreeMap<u64, Queued>,
    /// Where the entries of an id are: a client that comes back to thousands acknowledges them one by one.
    places: HashMap<String, BTreeSet<u64>>,
    next: u64,
    /// The stanzas together.
    bytes: usize,
}

impl Queue {
    fn append(&mut self, entry: Queued) -> u64 {
        let sequence = self.next;
        self.next += 1;
        self.put(sequence, entry);
        sequence
    }

    /// Puts a stored entry back in its place.
    pub(super) fn restore(&mut self, sequence: u64, entry: Queued) {
        self.next = self.next.max(sequence + 1);
        self.put(sequence, entry);
    }

    fn put(&mut self, sequence: u64, entry: Queued) {
        self.places.entry(entry.id.clone()).or_default().insert(sequence);
        self.bytes += entry.stanza.0.len();
        self.entries.insert(sequence, entry);
    }

    /// Drops the oldest as long as there is too much; the newest stays whatever it is.
    fn drop_what_is_too_much(&mut self) -> Vec<u64> {
        let mut dropped = Vec::new();
        while self.entries.len() > QUEUE_CAPACITY || (self.bytes > QUEUE_BYTES && self.entries.len() > 1) {
            let Some((&oldest, _)) = self.entries.first_key_value() else { break };
            self.remove(oldest);
            dropped.push(oldest);
        }
        dropped
    }

    fn remove(&mut self, sequence: u64) {
        let Some(entry) = self.entries.remove(&sequence) else { return };
        self.bytes = self.bytes.saturating_sub(entry.stanza.0.len());
        if let Some(places) = self.places.get_mut(&entry.id) {
            places.remove(&sequence);
            if places.is_empty() {
                self.places.remove(&entry.id);
            }
        }
    }

    /// The entries that an acknowledgement ends. A message id ends every copy of the message; of receipts and
    /// notifications, which may share an id, each acknowledgement ends the oldest.
    fn ended_by(&self, class: Class, id: &str) -> Vec<u64> {
        let of_class = |sequence: &u64| self.entries.get(sequence).is_some_and(|entry| entry.class == class);
        let limit = if class == Class::Message { usize::MAX } else { 1 };
        self.places.get(id).into_iter().flatten().copied().filter(of_class).take(limit).collect()
    }
}

impl Queued {
    /// The stanza as it is delivered late.
    pub(crate) fn late(&self) -> Option<Node> {
        let bytes = self.stanza.0.get(1..)?.to_vec();
        let mut node = OwnedNodeRef::new(bytes).ok()?.to_owned_node();
        node.attrs.insert("offline", "1");
        Some(node)
    }
}

impl World {
    /// Queues a stanza for a device, and sends it when the device is there.
    pub(crate) fn deliver(&mut self, to: DeviceRef, class: Class, stanza: Node) {
        let Some(id) = stanza::attr(&stanza, "id") else { return };
        let stanza = stanza::readable(stanza);
        let Ok(bytes) = marshal(&stanza) else { return };
        let Some(device) = self.device_mut(to) else { return };
        let sequence = device.queue.append(Queued { class, id, stanza: Blob(bytes) });
        let target = device.connection.filter(|_| device.live);
        let overflow = device.queue.drop_what_is_too_much();
        self.touch(Key::Queue(to.number, to.device, sequence));
        for oldest in overflow {
            self.counters.dropped_from_queues += 1;
            self.touch(Key::Queue(to.number, to.device, oldest));
        }
        if let Some(connection) = target {
            self.hand_over(connection, to, class, stanza);
        }
    }

    /// Ends the entries that a device acknowledges.
    pub(crate) fn end_delivery(&mut self, who: DeviceRef, class: Class, id: &str) {
        let Some(device) = self.device_mut(who) else { return };
        let ended = device.queue.ended_by(class, id);
        for sequence in &ended {
            device.queue.remove(*sequence);
        }
        for sequence in ended {
            self.touch(Key::Queue(who.number, who.device, sequence));
        }
    }

    /// `<ack>` of a client, also when it refuses what it got: both end the delivery.
    pub(crate) fn acknowledged(&mut self, who: DeviceRef, ack: &Node) {
        let class = match stanza::attr(ack, "class").as_deref() {
            Some("message") => Class::Message,
            Some("notification") => Class::Notification,
            Some("receipt") => Class::Receipt,
            Some("call") => Class::Call,
            _ => return,
        };
        if let Some(id) = stanza::attr(ack, "id") {
            self.end_delivery(who, class, &id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(class: Class, id: &str) -> Queued {
        Queued { class, id: id.to_owned(), stanza: Blob::default() }
    }

    #[test]
    fn a_message_id_ends_all_copies_and_a_receipt_ack_only_the_oldest() {
        let mut queue = Queue::default();
        for class in [Class::Message, Class::Receipt, Class::Receipt, Class::Message] {
            queue.append(entry(class, "A"));
        }
        assert_eq!(queue.ended_by(Class::Message, "A"), [0, 3]);
        assert_eq!(queue.ended_by(Class::Receipt, "A"), [1]);
        assert!(queue.ended_by(Class::Notification, "A").is_empty());
        assert!(queue.ended_by(Class::Message, "B").is_empty());
        queue.remove(1);
        assert_eq!(queue.ended_by(Class::Receipt, "A"), [2]);
        for sequence in [0, 2, 3] {
            queue.remove(sequence);
        }
        assert!(queue.entries.is_empty() && queue.places.is_empty());
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much() {
        let large = |id: &str| Queued { stanza: Blob(vec![0; QUEUE_BYTES / 2]), ..entry(Class::Message, id) };
        let mut queue = Queue::default();
        for id in ["A", "B", "C"] {
            queue.append(large(id));
        }
        assert_eq!(queue.drop_what_is_too_much(), [0]);
        assert_eq!(queue.bytes, QUEUE_BYTES);
        for _ in 0..QUEUE_CAPACITY {
            queue.append(entry(Class::Receipt, "D"));
        }
        assert_eq!(queue.drop_what_is_too_much(), [1, 2]);
        assert_eq!((queue.bytes, queue.entries.len()), (0, QUEUE_CAPACITY));
        let huge = Queued { stanza: Blob(vec![0; QUEUE_BYTES + 1]), ..entry(Class::Message, "E") };
        let newest = queue.append(huge);
        queue.drop_what_is_too_much();
        assert_eq!(queue.entries.keys().collect::<Vec<_>>(), [&newest]);
    }

    #[test]
    fn a_restored_queue_goes_on_counting_behind_its_last_entry() {
        let mut queue = Queue::default();
        queue.restore(41, entry(Class::Message, "A"));
        assert_eq!(queue.append(entry(Class::Message, "B")), 42);
    }
}

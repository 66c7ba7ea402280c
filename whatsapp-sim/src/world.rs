//! The network itself: accounts, their devices and queues, live connections, and every decision. It refuses to touch a
//! socket or a file: a step changes state, notes what has to be written and what has to be sent, and [`World::settle`]
//! hands both over, in that order.

pub(crate) mod account;
pub(crate) mod app_state;
pub(crate) mod asking_again;
pub(crate) mod attachment;
pub(crate) mod blocklist;
pub(crate) mod business;
pub(crate) mod call;
pub(crate) mod chat;
pub(crate) mod connection;
pub(crate) mod device_list;
pub(crate) mod faults;
pub(crate) mod group;
pub(crate) mod login;
pub(crate) mod message;
pub(crate) mod newsletter;
pub(crate) mod newsletter_posts;
pub(crate) mod notice;
pub(crate) mod pair_code;
pub(crate) mod pairing;
pub(crate) mod past;
pub(crate) mod people;
pub(crate) mod phone_inbox;
pub(crate) mod phone_outbox;
pub(crate) mod phone_says;
pub(crate) mod phone_settings;
pub(crate) mod picture;
pub(crate) mod playing;
pub(crate) mod presence;
pub(crate) mod privacy;
pub(crate) mod queue;
pub(crate) mod receipt;
pub(crate) mod records;
pub(crate) mod refusal;
pub(crate) mod reinstall;
pub(crate) mod replies;
pub(crate) mod scenario;
pub(crate) mod seeded;
pub(crate) mod shown;
pub(crate) mod social;
pub(crate) mod welcome;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use wacore_binary::{Jid, Node};

use crate::address::{self, Typed};
use crate::media::MediaStore;
use crate::stanza;
use account::{Account, Device};
use chat::Chat;
use connection::{Connection, ConnectionId, Out};
use faults::Faults;
use group::Group;
use phone_inbox::PhoneTask;
use picture::Picture;
use records::Key;
use replies::Replies;

/// One device of one account; device 0 is the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DeviceRef {
    pub(crate) number: u64,
    pub(crate) device: u16,
}

/// Counters since the start of the process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) connections: u64,
    pub(crate) stanzas_in: u64,
    pub(crate) stanzas_out: u64,
    pub(crate) unknown_requests: u64,
    pub(crate) wire_repeats: u64,
    pub(crate) undecryptable: u64,
    pub(crate) dropped_from_queues: u64,
}

/// The state of the network.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) accounts: BTreeMap<u64, Account>,
    numbers_by_lid: BTreeMap<u64, u64>,
    /// How many accounts were ever created; numbers and LIDs follow from it.
    created: u64,
    pub(crate) groups: BTreeMap<u64, Group>,
    /// How many groups were ever founded; their ids follow from it.
    founded: u64,
    pub(crate) connections: HashMap<ConnectionId, Connection>,
    pub(crate) faults: Faults,
    pub(crate) replies: Replies,
    /// How much phones remember, when it is less than usual.
    pub(crate) phone_messages: Option<usize>,
    pub(crate) counters: Counters,
    /// Where media is. It holds bytes that the world never looks into, and keeps them itself.
    pub(crate) media: Arc<MediaStore>,
    /// The latest calls, the oldest first; they are not stored.
    pub(crate) calls: VecDeque<call::Call>,
    pub(crate) newsletters: BTreeMap<u64, newsletter::Newsletter>,
    pub(crate) pictures: BTreeMap<Chat, Picture>,
    /// Public paths of pictures that this step has replaced.
    unshown: Vec<String>,
    /// Files of messages that phones have got in this step.
    to_load: Vec<attachment::ToLoad>,
    /// What phones may have to ask for again, and when they look.
    questions: Vec<(Duration, asking_again::Question)>,
    outbox: Vec<(ConnectionId, Out)>,
    dirty: BTreeSet<Key>,
    phone_tasks: VecDeque<PhoneTask>,
}

impl World {
    /// A fresh id for something the server or a phone sends.
    pub(crate) fn fresh_id() -> String {
        hex::encode_upper(rand::rng().random::<[u8; 10]>())
    }

    /// The account that a JID from the wire names.
    pub(crate) fn resolve(&self, jid: &Jid) -> Option<u64> {
        self.resolve_typed(address::of_jid(jid)?)
    }

    /// The account that a typed address names.
    pub(crate) fn resolve_typed(&self, typed: Typed) -> Option<u64> {
        match typed {
            Typed::Number(number) => self.accounts.contains_key(&number).then_some(number),
            Typed::Lid(lid) => self.numbers_by_lid.get(&lid).copied(),
        }
    }

    /// The device that a JID from the wire names, when it exists.
    pub(crate) fn resolve_device(&self, jid: &Jid) -> Option<DeviceRef> {
        let number = self.resolve(jid)?;
        let known = jid.device == 0 || self.accounts.get(&number)?.devices.contains_key(&jid.device);
        known.then_some(DeviceRef { number, device: jid.device })
    }

    pub(crate) fn device(&self, who: DeviceRef) -> Option<&Device> {
        self.accounts.get(&who.number)?.devices.get(&who.device)
    }

    pub(crate) fn device_mut(&mut self, who: DeviceRef) -> Option<&mut Device> {
        self.accounts.get_mut(&who.number)?.devices.get_mut(&who.device)
    }

    /// The LID of an account that exists; an unknown number has LID 0, which nobody has.
    pub(crate) fn lid_of(&self, number: u64) -> u64 {
        self.accounts.get(&number).map_or(0, |account| account.lid)
    }

    /// Notes that a record has to be written (or deleted, when it is gone) before anything of this step is sent.
    pub(crate) fn touch(&mut self, key: Key) {
        self.dirty.insert(key);
    }

    /// Sends something on a connection once this step is written.
    pub(crate) fn push(&mut self, connection: ConnectionId, out: Out) {
        self.outbox.push((connection, out));
    }

    /// Sends a stanza on a connection once this step is written.
    pub(crate) fn send(&mut self, connection: ConnectionId, stanza: Node) {
        self.push(connection, Out::Stanza(Box::new(stanza::readable(stanza))));
    }

    /// What this step changed, for the journal.
    pub(crate) fn take_dirty(&mut self) -> BTreeSet<Key> {
        std::mem::take(&mut self.dirty)
    }

    /// Hands the outbox to the connections. A connection that does not keep up is closed.
    pub(crate) fn settle(&mut self) {
        for (id, out) in std::mem::take(&mut self.outbox) {
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            let out = match &mut connection.stalled {
                None => out,
                Some(stalled) => match stalled.take(out) {
                    Ok(()) => continue,
                    Err(out) => out,
                },
            };
            self.counters.stanzas_out += match &out {
                Out::Stanza(_) | Out::Later(..) => 1,
                Out::Backlog(stanzas) => stanzas.len() as u64,
                Out::Pause(_) | Out::Close => 0,
            };
            if connection.outbox.try_send(out).is_err() {
                connection.closing.cancel();
            }
        }
    }

    /// Drops everything that was to be sent: the step could not be written, so nobody may hear of it.
    pub(crate) fn abandon(&mut self) {
        self.outbox.clear();
        for connection in self.connections.values() {
            connection.closing.cancel();
        }
    }
}

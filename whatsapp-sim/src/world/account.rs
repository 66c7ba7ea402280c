//! An account and its devices, as the server sees them. Only data and small queries; who may change it is decided in
//! the other files of `world`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::app_state::Collection;
use super::connection::ConnectionId;
use super::phone_inbox::Inbox;
use super::queue::Queue;
use super::social::Social;
use crate::blob::{Blob, Key32};
use crate::clock;
use crate::phone::PhoneSignal;
use crate::phone::app_state::Replica;

/// Device ids fit one byte on the wire, and 99 is reserved for hosted devices.
pub(crate) const LAST_DEVICE_ID: u16 = 98;
/// How many companions one account may have. WhatsApp allows four; tests of many hosts want a few more.
pub(crate) const MAX_COMPANIONS: usize = 16;

/// One account: a person with a phone.
pub(crate) struct Account {
    pub(crate) number: u64,
    pub(crate) lid: u64,
    pub(crate) name: String,
    /// Constant for the life of the account; a change would mean a new identity.
    pub(crate) raw_id: u32,
    pub(crate) last_key_index: u32,
    pub(crate) last_device: u16,
    pub(crate) about: String,
    pub(crate) echo: bool,
    /// Whom device changes are announced to: everyone who ever asked for this account's devices.
    pub(crate) watchers: BTreeSet<u64>,
    pub(crate) blocked: BTreeSet<u64>,
    pub(crate) privacy: BTreeMap<String, String>,
    pub(crate) social: Social,
    /// The key that the phone shares with its companions for app-state patches.
    pub(crate) app_state_key: AppStateKey,
    pub(crate) devices: BTreeMap<u16, Device>,
    pub(crate) collections: BTreeMap<String, Collection>,
    /// What the phone has read of the collections; it reads anew after a restart.
    pub(crate) replicas: BTreeMap<String, Replica>,
    pub(crate) phone: PhoneSignal,
    pub(crate) inbox: Inbox,
}

/// The app-state key of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AppStateKey {
    pub(crate) id: Blob,
    pub(crate) data: Key32,
    pub(crate) timestamp: u64,
}

/// A linked companion.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) key_index: u32,
    pub(crate) linked_at: u64,
    pub(crate) noise_key: Key32,
    pub(crate) identity: Key32,
    /// The signed identity with the companion's own signature, as it came back at pairing.
    pub(crate) signed_identity: Blob,
    /// Known from the registration, or from the first prekey upload.
    pub(crate) registration: Option<Registration>,
    pub(crate) one_time: VecDeque<(u32, Key32)>,
    /// Whether one-time keys were ever uploaded.
    pub(crate) uploaded: bool,
    /// What the phone has already given to this companion.
    pub(crate) welcomed: Welcomed,
    #[serde(skip)]
    pub(crate) queue: Queue,
    #[serde(skip)]
    pub(crate) connection: Option<ConnectionId>,
    /// Whether the backlog has been sent on the current connection, so that new stanzas may follow at once.
    #[serde(skip)]
    pub(crate) live: bool,
    #[serde(skip)]
    pub(crate) available: bool,
}

/// The lasting public Signal keys of a companion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Registration {
    pub(crate) id: u32,
    pub(crate) signed_pre_key_id: u32,
    pub(crate) signed_pre_key: Key32,
    pub(crate) signature: Blob,
}

impl Device {
    /// A companion that has just been linked: it has uploaded nothing and is not there.
    pub(crate) fn linked(key_index: u32, noise_key: Key32, identity: Key32, signed_identity: Blob) -> Self {
        Self {
            key_index,
            linked_at: clock::now(),
            noise_key,
            identity,
            signed_identity,
            registration: None,
            one_time: VecDeque::new(),
            uploaded: false,
            welcomed: Welcomed::default(),
            queue: Queue::default(),
            connection: None,
            live: false,
            available: false,
        }
    }
}

/// What the phone has already given to a companion.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Welcomed {
    pub(crate) key: bool,
    pub(crate) history: bool,
}

impl Account {
    /// The device id for the next companion: increasing, so that nobody mistakes it for an earlier one.
    pub(crate) fn free_device_id(&self) -> Option<u16> {
        if self.devices.len() >= MAX_COMPANIONS {
            return None;
        }
        let after = (self.last_device + 1)..=LAST_DEVICE_ID;
        after.chain(1..=self.last_device).find(|id| !self.devices.contains_key(id))
    }

    /// The signed list of companions that are valid now.
    pub(crate) fn key_index_list(&self, now: u64) -> Vec<u8> {
        let valid: Vec<u32> = self.devices.values().map(|device| device.key_index).collect();
        self.phone.key_index_list(self.raw_id, now, self.last_key_index, &valid)
    }
}

//! The phone at rest: everything that must survive a restart, so that clients' sessions with it stay usable.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use wacore::libsignal::protocol::{IdentityKey, SenderKeyRecord, SessionRecord};

use super::keys::{self, OneTimeKeys, SignedPreKey};
use super::sender_keys::SenderKeys;
use super::stores::{Identities, Sessions};
use super::{PhoneError, PhoneSignal, bytes};

/// A serialisable copy of a phone's keys and sessions. It holds private keys: store it, never show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneState {
    registration_id: u32,
    identity: String,
    signed_pre_key: String,
    signed_pre_key_signature: String,
    next_one_time_id: u32,
    one_time: BTreeMap<u32, String>,
    identities: BTreeMap<String, String>,
    sessions: BTreeMap<String, String>,
    sender_keys: BTreeMap<String, String>,
    sender_key_holders: BTreeMap<String, BTreeSet<String>>,
}

impl fmt::Debug for PhoneState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhoneState").field("sessions", &self.sessions.len()).finish_non_exhaustive()
    }
}

impl PhoneSignal {
    /// A copy to store, before anything that the phone encrypted is sent: a phone restored from an older copy would use
    /// message keys twice.
    pub fn to_state(&self) -> PhoneState {
        let one_time = self.one_time.issued.iter();
        let known = self.identities.known.iter();
        let sessions = self.sessions.0.iter();
        // Only a record without a usable chain does not serialise, and such a record is worth nothing.
        let chains = self.sender_keys.records.iter().filter_map(|(at, record)| Some((at, record.serialize().ok()?)));
        PhoneState {
            registration_id: self.identities.registration_id(),
            identity: bytes::encode(self.identities.own().private_key.serialize()),
            signed_pre_key: bytes::encode(self.signed_pre_key.pair.private_key.serialize()),
            signed_pre_key_signature: bytes::encode(self.signed_pre_key.signature),
            next_one_time_id: self.one_time.next_id,
            one_time: one_time.map(|(id, pair)| (*id, bytes::encode(pair.private_key.serialize()))).collect(),
            identities: known.map(|(at, key)| (at.clone(), bytes::encode(key.serialize()))).collect(),
            sessions: sessions.map(|(at, record)| (at.clone(), bytes::encode(record_bytes(record)))).collect(),
            sender_keys: chains.map(|(at, record)| (at.clone(), bytes::encode(record))).collect(),
            sender_key_holders: self.sender_keys.holders.clone(),
        }
    }

    /// The phone of a stored copy.
    pub fn from_state(state: PhoneState) -> Result<Self, PhoneError> {
        let own = keys::pair(&bytes::decode(&state.identity, "identity")?, "identity")?;
        let signed = keys::pair(&bytes::decode(&state.signed_pre_key, "signed prekey")?, "signed prekey")?;
        let signature = bytes::decode(&state.signed_pre_key_signature, "signed prekey signature")?;
        let mut identities = Identities::new(own, state.registration_id);
        for (at, key) in state.identities {
            let key = bytes::decode(&key, "known identity")?;
            let key = IdentityKey::decode(&key).map_err(|_| PhoneError::State("known identity"))?;
            identities.known.insert(at, key);
        }
        let mut one_time = OneTimeKeys { next_id: state.next_one_time_id, ..Default::default() };
        for (id, key) in state.one_time {
            one_time.issued.insert(id, keys::pair(&bytes::decode(&key, "one-time prekey")?, "one-time prekey")?);
        }
        let mut sessions = Sessions::default();
        for (at, record) in state.sessions {
            let record = bytes::decode(&record, "session")?;
            let record = SessionRecord::deserialize(&record).map_err(|_| PhoneError::State("session"))?;
            sessions.0.insert(at, record);
        }
        let mut sender_keys = SenderKeys { holders: state.sender_key_holders, ..Default::default() };
        for (at, record) in state.sender_keys {
            let record = bytes::decode(&record, "sender key")?;
            let record = SenderKeyRecord::deserialize(&record).map_err(|_| PhoneError::State("sender key"))?;
            sender_keys.records.insert(at, record);
        }
        Ok(Self {
            identities,
            signed_pre_key: SignedPreKey {
                pair: signed,
                signature: signature.try_into().map_err(|_| PhoneError::State("signed prekey signature"))?,
            },
            one_time,
            sessions,
            sender_keys,
        })
    }
}

fn record_bytes(record: &SessionRecord) -> Vec<u8> {
    let mut buffer = Vec::new();
    record.serialize_into(&mut buffer);
    buffer
}

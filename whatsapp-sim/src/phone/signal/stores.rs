//! The four libsignal stores, in memory. They are separate values because libsignal borrows them side by side.

use std::collections::BTreeMap;

use async_trait::async_trait;
use wacore::libsignal::protocol::error::Result;
use wacore::libsignal::protocol::{
    Direction, GenericSignedPreKey as _, IdentityChange, IdentityKey, IdentityKeyPair, IdentityKeyStore, KeyPair,
    PreKeyId, PreKeyRecord, PreKeyStore, ProtocolAddress, SessionRecord, SessionStore, SignalProtocolError,
    SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore, Timestamp,
};

use super::keys::{OneTimeKeys, SignedPreKey};

/// The phone's own identity and those it has met.
pub(super) struct Identities {
    own: KeyPair,
    registration_id: u32,
    pub(super) known: BTreeMap<String, IdentityKey>,
}

impl Identities {
    pub(super) fn new(own: KeyPair, registration_id: u32) -> Self {
        Self { own, registration_id, known: BTreeMap::new() }
    }

    pub(super) fn own(&self) -> &KeyPair {
        &self.own
    }

    pub(super) fn registration_id(&self) -> u32 {
        self.registration_id
    }
}

#[async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        let identity = IdentityKey::new(self.own.public_key);
        Ok(IdentityKeyPair::new(identity, self.own.private_key.clone()))
    }

    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration_id)
    }

    async fn save_identity(&mut self, address: &ProtocolAddress, identity: &IdentityKey) -> Result<IdentityChange> {
        let before = self.known.insert(address.as_str().to_owned(), *identity);
        Ok(IdentityChange::from_changed(before.is_some_and(|known| known != *identity)))
    }

    /// Every identity is welcome: the server is the one that knows which device is whose, and there is no person
    /// to be warned of a change.
    async fn is_trusted_identity(&self, _: &ProtocolAddress, _: &IdentityKey, _: Direction) -> Result<bool> {
        Ok(true)
    }

    async fn get_identity(&self, address: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        Ok(self.known.get(address.as_str()).copied())
    }
}

/// Session records by rendered address.
#[derive(Default)]
pub(super) struct Sessions(pub(super) BTreeMap<String, SessionRecord>);

impl Sessions {
    pub(super) fn contains(&self, address: &ProtocolAddress) -> bool {
        self.0.contains_key(address.as_str())
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn load_session(&self, address: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        // The network writes a phone down before anything of it is sent, so no counter is ever used twice, and leasing them
        // ahead would only make every restart skip a batch, for whose keys each receiver keeps room.
        Ok(self.0.get(address.as_str()).cloned().map(|mut record| {
            record.waive_counter_lease();
            record
        }))
    }

    async fn has_session(&self, address: &ProtocolAddress) -> Result<bool> {
        Ok(self.contains(address))
    }

    async fn store_session(&mut self, address: &ProtocolAddress, record: SessionRecord) -> Result<()> {
        self.0.insert(address.as_str().to_owned(), record);
        Ok(())
    }
}

#[async_trait]
impl PreKeyStore for OneTimeKeys {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        let pair = self.issued.get(&u32::from(id)).ok_or(SignalProtocolError::InvalidPreKeyId)?;
        Ok(PreKeyRecord::new(id, pair))
    }

    async fn save_pre_key(&mut self, id: PreKeyId, record: &PreKeyRecord) -> Result<()> {
        self.issued.insert(id.into(), record.key_pair()?);
        Ok(())
    }

    async fn remove_pre_key(&mut self, id: PreKeyId) -> Result<()> {
        self.issued.remove(&u32::from(id));
        Ok(())
    }
}

#[async_trait]
impl SignedPreKeyStore for SignedPreKey {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        if u32::from(id) != Self::id() {
            return Err(SignalProtocolError::InvalidSignedPreKeyId);
        }
        let made = Timestamp::from_epoch_millis(0);
        Ok(SignedPreKeyRecord::new(id, made, &self.pair, &self.signature))
    }

    /// The phone's signed prekey is fixed; libsignal itself never asks for this.
    async fn save_signed_pre_key(&mut self, _: SignedPreKeyId, _: &SignedPreKeyRecord) -> Result<()> {
        Err(SignalProtocolError::InvalidSignedPreKeyId)
    }
}

//! The phone's prekeys, private halves included, and the public forms that go to the server.
//!
//! One-time keys are made when they are asked for: a simulated phone has no server stock to fill in advance.

use std::collections::BTreeMap;

use rand::CryptoRng;
use rand::rngs::StdRng;
use wacore::libsignal::protocol::{KeyPair, PrivateKey, PublicKey};

use super::PhoneError;

/// The phone's only signed prekey; it never rotates, since nothing would be gained against a simulator.
const SIGNED_PRE_KEY_ID: u32 = 1;

/// Prekey ids are three bytes on the wire.
const MAX_PRE_KEY_ID: u32 = 0x00ff_ffff;

/// Issued keys whose message has not come. Clients fetch bundles that they never use, so the oldest are forgotten.
const MAX_ISSUED: usize = 2048;

/// A signed prekey as servers hand it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPreKeyPublic {
    /// Three bytes on the wire.
    pub id: u32,
    /// Raw Curve25519 key, without the type byte.
    pub public: [u8; 32],
    /// The identity's signature over the type byte and the key.
    pub signature: [u8; 64],
}

/// Everything needed to write to a device for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicBundle {
    /// The device's registration id.
    pub registration_id: u32,
    /// The device's identity key.
    pub identity: [u8; 32],
    /// Its signed prekey.
    pub signed_pre_key: SignedPreKeyPublic,
    /// A one-time prekey, when the server still has one.
    pub one_time: Option<(u32, [u8; 32])>,
}

/// A generator that may live across an await.
pub(super) fn rng() -> StdRng {
    rand::make_rng()
}

/// The 32 bytes of a public key, without its type byte.
pub(crate) fn raw_public(key: &PublicKey) -> [u8; 32] {
    let tagged = key.serialize();
    let mut raw = [0; 32];
    raw.copy_from_slice(&tagged[1..]);
    raw
}

/// The pair of a stored private key.
pub(super) fn pair(private: &[u8], field: &'static str) -> Result<KeyPair, PhoneError> {
    PrivateKey::deserialize(private).and_then(KeyPair::try_from).map_err(|_| PhoneError::State(field))
}

pub(super) struct SignedPreKey {
    pub(super) pair: KeyPair,
    pub(super) signature: [u8; 64],
}

impl SignedPreKey {
    pub(super) fn generate(identity: &KeyPair, rng: &mut impl CryptoRng) -> Self {
        let pair = KeyPair::generate(rng);
        let signature = identity
            .calculate_signature(&pair.public_key.serialize(), rng)
            .expect("a freshly generated Curve25519 key signs");
        Self { pair, signature }
    }

    pub(super) fn id() -> u32 {
        SIGNED_PRE_KEY_ID
    }

    pub(super) fn public(&self) -> SignedPreKeyPublic {
        SignedPreKeyPublic {
            id: SIGNED_PRE_KEY_ID,
            public: raw_public(&self.pair.public_key),
            signature: self.signature,
        }
    }
}

/// Private halves of the one-time keys that are out in the world.
pub(super) struct OneTimeKeys {
    pub(super) issued: BTreeMap<u32, KeyPair>,
    pub(super) next_id: u32,
}

impl Default for OneTimeKeys {
    fn default() -> Self {
        Self { issued: BTreeMap::new(), next_id: 1 }
    }
}

impl OneTimeKeys {
    pub(super) fn issue(&mut self, rng: &mut impl CryptoRng) -> (u32, [u8; 32]) {
        let pair = KeyPair::generate(rng);
        let public = raw_public(&pair.public_key);
        let id = self.next_id;
        self.next_id = if id >= MAX_PRE_KEY_ID { 1 } else { id + 1 };
        self.issued.insert(id, pair);
        if self.issued.len() > MAX_ISSUED {
            self.forget_oldest();
        }
        (id, public)
    }

    /// The oldest key is the first one after the newest, counting round.
    fn forget_oldest(&mut self) {
        let after = self.issued.range(self.next_id..).next();
        let oldest = after.or_else(|| self.issued.iter().next()).map(|(id, _)| *id);
        if let Some(id) = oldest {
            self.issued.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_fresh_and_old_keys_are_forgotten() {
        let mut keys = OneTimeKeys { issued: BTreeMap::new(), next_id: MAX_PRE_KEY_ID - 1 };
        let mut rng = rng();
        let ids: Vec<u32> = (0..3).map(|_| keys.issue(&mut rng).0).collect();
        assert_eq!(ids, [MAX_PRE_KEY_ID - 1, MAX_PRE_KEY_ID, 1]);
        for _ in 3..=MAX_ISSUED {
            keys.issue(&mut rng);
        }
        assert_eq!(keys.issued.len(), MAX_ISSUED);
        assert!(!keys.issued.contains_key(&(MAX_PRE_KEY_ID - 1)), "the first one issued goes first");
        assert!(keys.issued.contains_key(&MAX_PRE_KEY_ID));
    }
}

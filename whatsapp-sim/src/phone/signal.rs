//! The phone as a Signal endpoint: its identity, its prekeys, its sessions, and the signatures that admit companions.
//!
//! Owns every private key of the phone. It refuses to speak to a device without a session or a bundle, and it never
//! decides what a message means. Addresses are whatever (user, device) pair the caller uses consistently.

mod adv;
mod bytes;
mod error;
mod keys;
mod link_code;
mod sender_keys;
mod session;
mod state;
mod stores;

use rand::{CryptoRng, RngExt as _};
use wacore::libsignal::protocol::KeyPair;

pub use error::PhoneError;
pub(crate) use keys::raw_public;
pub use keys::{PublicBundle, SignedPreKeyPublic};
pub use link_code::{KeyBundle, TypedCode};
pub use sender_keys::Recipient;
pub use session::EncKind;
pub use state::PhoneState;

use keys::{OneTimeKeys, SignedPreKey};
use sender_keys::SenderKeys;
use stores::{Identities, Sessions};

/// Registration ids are 14 bits on the wire of every Signal client; zero means "none".
const REGISTRATION_IDS: std::ops::RangeInclusive<u32> = 1..=0x3fff;

/// All keys and sessions of one phone.
pub struct PhoneSignal {
    identities: Identities,
    signed_pre_key: SignedPreKey,
    one_time: OneTimeKeys,
    sessions: Sessions,
    sender_keys: SenderKeys,
}

impl PhoneSignal {
    /// A new phone with fresh keys and no sessions.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let identity = KeyPair::generate(rng);
        let signed_pre_key = SignedPreKey::generate(&identity, rng);
        let registration_id = rng.random_range(REGISTRATION_IDS);
        Self {
            identities: Identities::new(identity, registration_id),
            signed_pre_key,
            one_time: OneTimeKeys::default(),
            sessions: Sessions::default(),
            sender_keys: SenderKeys::default(),
        }
    }

    /// The public half of the account's identity.
    pub fn identity_public(&self) -> [u8; 32] {
        raw_public(&self.identities.own().public_key)
    }

    /// The registration id served in prekey answers.
    pub fn registration_id(&self) -> u32 {
        self.identities.registration_id()
    }

    /// The signed prekey served in prekey answers.
    pub fn signed_pre_key(&self) -> SignedPreKeyPublic {
        self.signed_pre_key.public()
    }

    /// A one-time prekey that was never handed out before; its private half waits for the message that uses it.
    pub fn take_one_time_pre_key(&mut self) -> (u32, [u8; 32]) {
        self.one_time.issue(&mut keys::rng())
    }

    /// Whether messages to this device need no bundle.
    pub fn has_session(&self, user: &str, device: u16) -> bool {
        self.sessions.contains(&session::address(user, device))
    }
}

#[cfg(test)]
mod tests;

//! Accounts that come with a linked companion: as if a code had been scanned, without a socket. Keys are made beforehand
//! and outside of the network, since making thousands takes a while; here the account vouches for them.

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wacore::libsignal::protocol::{KeyPair, SignalProtocolError};
use wacore::pair::{DeviceState, PairUtils};

use super::account::{Device, Registration};
use super::records::Key;
use super::{DeviceRef, World};
use crate::blob::{Blob, Key32, text};
use crate::phone::raw_public;
use crate::sim::SimError;
use crate::{address, clock};

/// A Curve25519 key pair; as JSON both halves are base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeededKeyPair {
    /// The private half.
    #[serde(with = "text")]
    #[schema(value_type = String)]
    pub private: [u8; 32],
    /// The public half, without a type byte.
    #[serde(with = "text")]
    #[schema(value_type = String)]
    pub public: [u8; 32],
}

/// A one-time prekey that the network holds the public half of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeededPreKey {
    /// Its id, from 1 on.
    pub id: u32,
    /// The pair.
    pub pair: SeededKeyPair,
}

/// Everything that the store of a linked companion holds before its next login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeededDevice {
    /// The number of the account.
    pub number: String,
    /// The companion's device number.
    pub device: u16,
    /// The companion's address under the number.
    pub jid: String,
    /// The companion's address under the hidden id.
    pub lid: String,
    /// The account's name, which is the companion's push name.
    pub name: String,
    /// The registration id.
    pub registration_id: u32,
    /// The Noise static key, by which the network knows the companion.
    pub noise_key: SeededKeyPair,
    /// The Signal identity.
    pub identity_key: SeededKeyPair,
    /// The id of the signed prekey.
    pub signed_pre_key_id: u32,
    /// The signed prekey.
    pub signed_pre_key: SeededKeyPair,
    /// The identity's signature over the signed prekey, type byte included.
    #[serde(with = "text")]
    #[schema(value_type = String)]
    pub signed_pre_key_signature: [u8; 64],
    /// The one-time prekeys, already uploaded.
    pub pre_keys: Vec<SeededPreKey>,
    /// The secret of the code that was not scanned.
    #[serde(with = "text")]
    #[schema(value_type = String)]
    pub adv_secret: [u8; 32],
    /// The account's word for the companion, signed by both: an `ADVSignedDeviceIdentity`.
    #[serde(with = "text")]
    #[schema(value_type = String)]
    pub account: Vec<u8>,
}

/// The keys of a companion that is to be.
pub(crate) struct CompanionKeys {
    registration_id: u32,
    noise: KeyPair,
    identity: KeyPair,
    signed: KeyPair,
    signature: [u8; 64],
    one_time: Vec<KeyPair>,
    adv_secret: [u8; 32],
}

/// The id of the only signed prekey.
const SIGNED_PRE_KEY: u32 = 1;
/// Registration ids are positive and fit 31 bits.
const MAX_REGISTRATION: u32 = 0x7fff_ffff;

impl CompanionKeys {
    /// Fresh keys, with so many one-time prekeys.
    pub(crate) fn generate(one_time: u16) -> Result<Self, SignalProtocolError> {
        let mut rng = rand::make_rng::<rand::rngs::StdRng>();
        let identity = KeyPair::generate(&mut rng);
        let signed = KeyPair::generate(&mut rng);
        let signature = identity.calculate_signature(&signed.public_key.serialize(), &mut rng)?;
        Ok(Self {
            registration_id: rng.random_range(1..=MAX_REGISTRATION),
            noise: KeyPair::generate(&mut rng),
            identity,
            signed,
            signature,
            one_time: (0..one_time).map(|_| KeyPair::generate(&mut rng)).collect(),
            adv_secret: rng.random(),
        })
    }
}

impl World {
    /// A new account with a companion that holds these keys.
    pub(crate) fn seed_linked(&mut self, name: &str, keys: &CompanionKeys) -> Result<SeededDevice, SimError> {
        let number = self.create_account(name, None)?;
        let account = self.accounts.get_mut(&number).ok_or(SimError::Unregistered)?;
        let device = account.free_device_id().ok_or(SimError::TooManyCompanions)?;
        account.last_device = device;
        account.last_key_index += 1;
        let identity = raw_public(&keys.identity.public_key);
        let raw_id = account.raw_id;
        let signed_here =
            account.phone.sign_companion(identity, &keys.adv_secret, raw_id, account.last_key_index, clock::now())?;
        let companion = DeviceState {
            identity_key: keys.identity.clone(),
            noise_key: keys.noise.clone(),
            adv_secret_key: keys.adv_secret,
        };
        // The companion's own code signs what the account's phone wrote.
        let (signed, key_index) =
            PairUtils::do_pair_crypto(&companion, &signed_here).map_err(|_| SimError::CompanionRefused)?;
        let registration = Registration {
            id: keys.registration_id,
            signed_pre_key_id: SIGNED_PRE_KEY,
            signed_pre_key: Key32(raw_public(&keys.signed.public_key)),
            signature: Blob(keys.signature.to_vec()),
        };
        let noise_key = Key32(raw_public(&keys.noise.public_key));
        let mut linked = Device::linked(key_index, noise_key, Key32(identity), Blob(signed.clone()));
        linked.registration = Some(registration);
        linked.uploaded = true;
        let numbered = || (1..).zip(&keys.one_time);
        linked.one_time = numbered().map(|(id, pair)| (id, Key32(raw_public(&pair.public_key)))).collect();
        account.devices.insert(device, linked);
        let (lid, name) = (account.lid, account.name.clone());
        let who = DeviceRef { number, device };
        self.touch(Key::Account(number));
        self.touch(Key::Device(who.number, who.device));
        Ok(SeededDevice {
            number: number.to_string(),
            device,
            jid: address::pn(number, device).to_string(),
            lid: address::lid(lid, device).to_string(),
            name,
            registration_id: keys.registration_id,
            noise_key: pair(&keys.noise),
            identity_key: pair(&keys.identity),
            signed_pre_key_id: SIGNED_PRE_KEY,
            signed_pre_key: pair(&keys.signed),
            signed_pre_key_signature: keys.signature,
            pre_keys: numbered().map(|(id, of)| SeededPreKey { id, pair: pair(of) }).collect(),
            adv_secret: keys.adv_secret,
            account: signed,
        })
    }
}

fn pair(of: &KeyPair) -> SeededKeyPair {
    SeededKeyPair { private: *of.private_key.serialize(), public: raw_public(&of.public_key) }
}

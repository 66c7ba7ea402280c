//! Admitting companions: the signatures of WhatsApp's "advanced device verification".
//!
//! The account's identity signs (details, companion identity); the companion signs the same plus the account's key.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use wacore::adv::{AdvValidation, validate_adv_with_identity_key};
use waproto::buffa::Message as _;
use waproto::codec;
use waproto::whatsapp as wa;

use super::{PhoneError, PhoneSignal, keys};

/// Domain separator of the account's signature over a companion.
const ACCOUNT_SIGNATURE: &[u8] = &[6, 0];

/// Domain separator of the account's signature over its list of companions.
const KEY_INDEX_LIST_SIGNATURE: &[u8] = &[6, 2];

impl PhoneSignal {
    /// The `<device-identity>` of `<pair-success>`: an encoded `ADVSignedDeviceIdentityHMAC`.
    ///
    /// `adv_secret` is the secret of the scanned QR code, `key_index` a number that no companion of the account had
    /// before, `raw_id` the account's constant.
    pub fn sign_companion(
        &self,
        companion_identity: [u8; 32],
        adv_secret: &[u8],
        raw_id: u32,
        key_index: u32,
        timestamp: u64,
    ) -> Result<Vec<u8>, PhoneError> {
        let details = wa::ADVDeviceIdentity {
            raw_id: Some(raw_id),
            timestamp: Some(timestamp),
            key_index: Some(key_index),
            account_type: Some(wa::ADVEncryptionType::E2EE),
            device_type: Some(wa::ADVEncryptionType::E2EE),
        }
        .encode_to_vec();
        let signature = self.sign(&[ACCOUNT_SIGNATURE, &details, &companion_identity]).ok_or(PhoneError::Sign)?;
        let signed = codec::adv_signed_device_identity_to_vec(&wa::ADVSignedDeviceIdentity {
            details: Some(details),
            account_signature_key: Some(self.identity_public().to_vec()),
            account_signature: Some(signature),
            ..Default::default()
        });
        let mut mac = Hmac::<Sha256>::new_from_slice(adv_secret).map_err(|_| PhoneError::Sign)?;
        mac.update(&signed);
        Ok(wa::ADVSignedDeviceIdentityHMAC {
            details: Some(signed),
            hmac: Some(mac.finalize().into_bytes().to_vec()),
            ..Default::default()
        }
        .encode_to_vec())
    }

    /// Checks the `ADVSignedDeviceIdentity` that a companion returned: this phone's signature and the companion's.
    pub fn verify_companion(&self, device_identity: &[u8], companion_identity: [u8; 32]) -> Result<(), PhoneError> {
        let own = self.identity_public();
        let signed =
            codec::adv_signed_device_identity_decode(device_identity).map_err(|_| PhoneError::DeviceIdentity)?;
        // A blob that names another account would verify against that account's key.
        if signed.account_signature_key.is_some_and(|key| !key.is_empty() && key != own) {
            return Err(PhoneError::DeviceIdentity);
        }
        match validate_adv_with_identity_key(device_identity, &companion_identity, Some(&own)) {
            AdvValidation::Valid => Ok(()),
            AdvValidation::Invalid | AdvValidation::NoAccountKey => Err(PhoneError::DeviceIdentity),
        }
    }

    /// The `<key-index-list>` of device answers: an encoded `ADVSignedKeyIndexList`.
    ///
    /// Without it clients ignore every companion of the account. They do not check its signature.
    pub fn key_index_list(&self, raw_id: u32, timestamp: u64, current_index: u32, valid: &[u32]) -> Vec<u8> {
        let details = codec::adv_key_index_list_to_vec(&wa::ADVKeyIndexList {
            raw_id: Some(raw_id),
            timestamp: Some(timestamp),
            current_index: Some(current_index),
            valid_indexes: valid.to_vec(),
            ..Default::default()
        });
        codec::adv_signed_key_index_list_to_vec(&wa::ADVSignedKeyIndexList {
            account_signature: self.sign(&[KEY_INDEX_LIST_SIGNATURE, &details]),
            account_signature_key: Some(self.identity_public().to_vec()),
            details: Some(details),
        })
    }

    /// The account's signature; the first part separates what is signed from everything else.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        let key = &self.identities.own().private_key;
        key.calculate_signature_for_multipart_message(parts, &mut keys::rng()).ok().map(|signature| signature.to_vec())
    }
}

//! The phone's half of linking by a typed code: the code protects two ephemeral keys, their agreement protects the
//! companion's key bundle, and both sides derive the same secret from it that a QR code would have carried.

use wacore::crypto::hkdf_sha256_into;
use wacore::libsignal::crypto::aes_256_gcm_decrypt;
use wacore::libsignal::protocol::{KeyPair, PublicKey};
use wacore::pair_code::PairCodeUtils;

use super::{PhoneError, PhoneSignal, keys};

const SALT: usize = 32;
const NONCE: usize = 12;
const KEY: usize = 32;
/// Companion identity, phone identity, random bytes.
const BUNDLE: usize = 3 * KEY;

/// A code as the phone took it in, before it knows whether it is the right one: a wrong code shows only when the key bundle
/// of the companion does not open.
pub struct TypedCode {
    ephemeral: KeyPair,
    companion_ephemeral: [u8; 32],
    /// The phone's ephemeral key under the code, for the companion.
    pub wrapped: [u8; 80],
}

impl TypedCode {
    /// Unwraps the companion's ephemeral key and wraps an own one. Slow on purpose: the code is short, so its key is
    /// stretched. `None` when what came is no wrapped key.
    pub fn new(code: &str, companion_wrapped: &[u8]) -> Option<Self> {
        let companion_ephemeral = PairCodeUtils::decrypt_primary_ephemeral_pub(companion_wrapped, code).ok()?;
        let ephemeral = KeyPair::generate(&mut keys::rng());
        let wrapped = PairCodeUtils::encrypt_ephemeral_pub(&keys::raw_public(&ephemeral.public_key), code);
        Some(Self { ephemeral, companion_ephemeral, wrapped })
    }
}

/// What the companion's key bundle holds.
pub struct KeyBundle {
    /// The companion's identity.
    pub identity: [u8; 32],
    /// The secret under which the phone vouches for the companion.
    pub adv_secret: [u8; 32],
}

impl PhoneSignal {
    /// Opens the companion's bundle; an error when the code was wrong, or when the bundle is meant for another phone.
    pub fn open_key_bundle(&self, typed: &TypedCode, wrapped: &[u8]) -> Result<KeyBundle, PhoneError> {
        let wrong = || PhoneError::KeyBundle;
        let (salt, rest) = wrapped.split_at_checked(SALT).ok_or_else(wrong)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        let companion = public(&typed.companion_ephemeral)?;
        let shared = typed.ephemeral.private_key.calculate_agreement(&companion).map_err(|_| wrong())?;
        let mut key = [0; KEY];
        let info = b"link_code_pairing_key_bundle_encryption_key";
        hkdf_sha256_into(&shared, Some(salt), info, &mut key).map_err(|_| wrong())?;
        let mut bundle = Vec::with_capacity(BUNDLE);
        aes_256_gcm_decrypt(&key, nonce, b"", sealed, &mut bundle).map_err(|_| wrong())?;
        let [identity, own, random] = bundle.as_chunks::<KEY>().0 else { return Err(wrong()) };
        if *own != self.identity_public() {
            return Err(wrong());
        }
        let identity_shared =
            self.identities.own().private_key.calculate_agreement(&public(identity)?).map_err(|_| wrong())?;
        let mut adv_secret = [0; KEY];
        let secret = [shared.as_ref(), identity_shared.as_ref(), random.as_slice()].concat();
        hkdf_sha256_into(&secret, None, b"adv_secret", &mut adv_secret).map_err(|_| wrong())?;
        Ok(KeyBundle { identity: *identity, adv_secret })
    }
}

fn public(raw: &[u8; 32]) -> Result<PublicKey, PhoneError> {
    PublicKey::from_djb_public_key_bytes(raw).map_err(|_| PhoneError::KeyBundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_derive_one_secret_and_a_wrong_code_opens_nothing() {
        let phone = PhoneSignal::generate(&mut keys::rng());
        let (companion, ephemeral) = (KeyPair::generate(&mut keys::rng()), KeyPair::generate(&mut keys::rng()));
        let companion_wrapped =
            PairCodeUtils::encrypt_ephemeral_pub(&keys::raw_public(&ephemeral.public_key), "ABCDEFGH");
        for (typed_code, right) in [("ABCDEFGH", true), ("ABCDEFGJ", false)] {
            let typed = TypedCode::new(typed_code, &companion_wrapped).unwrap();
            let primary = PairCodeUtils::decrypt_primary_ephemeral_pub(&typed.wrapped, "ABCDEFGH").unwrap();
            let (bundle, secret) =
                PairCodeUtils::prepare_key_bundle(&ephemeral, &primary, &phone.identity_public(), &companion).unwrap();
            let opened = phone.open_key_bundle(&typed, &bundle);
            assert_eq!(opened.is_ok(), right);
            if let Ok(opened) = opened {
                assert_eq!(opened.adv_secret, secret);
                assert_eq!(opened.identity, keys::raw_public(&companion.public_key));
            }
            assert!(phone.open_key_bundle(&typed, &bundle[..40]).is_err());
        }
        assert!(TypedCode::new("ABCDEFGH", &companion_wrapped[1..]).is_none());
    }
}

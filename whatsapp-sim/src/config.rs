//! What a network is started with, and what follows from it alone.
//!
//! That is the server's static key and the certificate chain around it. A client that was seeded with this key
//! recognises the network again after every restart.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use wacore::libsignal::protocol::{KeyPair, PrivateKey};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::{CertChain, cert_chain::NoiseCertificate, cert_chain::noise_certificate::Details};

use crate::scenario::Scenario;

/// The placeholder number of a session that is not paired yet: 15 digits, and `999` is no country code. A login under
/// it is answered with `pair-device`.
pub const RESERVED_NUMBER: u64 = 999_000_000_000_000;

/// Separates this use of the seed from any other.
const KEY_INFO: &[u8] = b"whatsapp-sim server static key v1";
/// Serial of the intermediate certificate; the leaf names it as its issuer.
const INTERMEDIATE_SERIAL: u32 = 1;
/// Serial of the leaf certificate.
const LEAF_SERIAL: u32 = 2;
/// Half the validity window: a client caches the chain, so it has to outlive every sandbox.
const VALIDITY_SECONDS: u64 = 5 * 365 * 24 * 3600;

/// What a network is started with.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// The server's static key follows from it; the same seed is the same server.
    pub key_seed: [u8; 32],
    /// Where the journal lives. Without it everything is forgotten at the end of the process.
    pub data_dir: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Host names, besides loopback, under which the admin API may be addressed.
    pub admin_hosts: Vec<String>,
    /// Whether the port speaks TLS as well, with a certificate of the network's own; it always speaks plain HTTP.
    pub tls: bool,
    /// How many messages each phone remembers, at most and without this 2000: less for load that lasts.
    pub phone_messages: Option<usize>,
    /// What is loaded at the start, as far as it is missing.
    pub scenario: Option<Scenario>,
    /// Whether what passes the connections is written down from the start; it can be switched at any time.
    pub stanza_log: bool,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            key_seed: [0; 32],
            data_dir: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            admin_hosts: Vec::new(),
            tls: false,
            phone_messages: None,
            scenario: None,
            stanza_log: false,
        }
    }
}

/// HKDF-SHA-256 with an empty salt and one block of output.
fn derive(seed: &[u8; 32]) -> [u8; 32] {
    // A key of any length is a valid HMAC key, so neither call can fail.
    let keyed = |key: &[u8], parts: &[&[u8]]| -> [u8; 32] {
        Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mut mac| {
            for part in parts {
                mac.update(part);
            }
            mac.finalize().into_bytes().into()
        })
    };
    let extracted = keyed(&[0; 32], &[seed]);
    keyed(&extracted, &[KEY_INFO, &[1]])
}

/// The server's static key pair for a seed.
pub(crate) fn server_key(seed: &[u8; 32]) -> KeyPair {
    // `deserialize` refuses only wrong lengths; it clamps the scalar itself.
    let private = PrivateKey::deserialize(&derive(seed));
    let pair = private.and_then(KeyPair::try_from);
    #[expect(clippy::expect_used, reason = "32 bytes are always a Curve25519 private key")]
    pair.expect("32 bytes are a private key")
}

/// The server's static public key for a seed: what a client is seeded with, as the key of the leaf certificate.
pub fn server_public_key(seed: &[u8; 32]) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(server_key(seed).public_key.public_key_bytes());
    key
}

/// The certificate chain the server shows. Its signatures are empty on purpose: no root would vouch for a simulator,
/// and a client that checks them must refuse it.
pub(crate) fn certificate_chain(server_public: &[u8; 32], now: u64) -> Vec<u8> {
    let certificate = |serial, issuer_serial, key: &[u8]| NoiseCertificate {
        details: Some(
            Details {
                serial: Some(serial),
                issuer_serial: Some(issuer_serial),
                key: Some(key.to_vec()),
                not_before: Some(now.saturating_sub(VALIDITY_SECONDS)),
                not_after: Some(now.saturating_add(VALIDITY_SECONDS)),
            }
            .encode_to_vec(),
        ),
        signature: Some(vec![0; 64]),
    };
    CertChain {
        leaf: MessageField::some(certificate(LEAF_SERIAL, INTERMEDIATE_SERIAL, server_public)),
        intermediate: MessageField::some(certificate(INTERMEDIATE_SERIAL, 0, &[9; 32])),
    }
    .encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_follows_from_the_seed() {
        assert_eq!(server_public_key(&[7; 32]), server_public_key(&[7; 32]));
        assert_ne!(server_public_key(&[7; 32]), server_public_key(&[8; 32]));
    }

    #[test]
    fn the_chain_holds_the_key_and_is_valid_now() {
        let chain = CertChain::decode_from_slice(&certificate_chain(&[5; 32], 1_800_000_000)).unwrap();
        let leaf = chain.leaf.into_option().unwrap();
        let details = Details::decode_from_slice(leaf.details.unwrap().as_slice()).unwrap();
        assert_eq!(details.key.as_deref(), Some([5; 32].as_slice()));
        assert!(details.not_before.unwrap() < 1_800_000_000 && details.not_after.unwrap() > 1_800_000_000);
    }
}

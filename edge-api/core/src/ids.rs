//! Names the edge gives: message ids, reply queues, request ids, fingerprints. Pure: randomness is an argument.

use contract::id::SessionId;
use sha2::{Digest, Sha256};

/// How the ids of WhatsApp Web start.
const MESSAGE_ID_PREFIX: &str = "3EB0";

/// Bytes behind the prefix: 22 characters in all, as WhatsApp Web's own. 72 bits, unique within a session.
const MESSAGE_ID_BYTES: usize = 9;

/// Characters of a webhook's name: 64 bits, among twenty.
const WEBHOOK_ID: usize = 16;

/// Characters of a delivery's name.
const DELIVERY_ID: usize = 32;

/// Longest `Idempotency-Key`.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;

/// Longest `X-Request-Id` that is taken over from a client.
const MAX_REQUEST_ID: usize = 128;

/// A message id nobody used.
pub fn message_id(random: [u8; 16]) -> String {
    let bytes = random.get(..MESSAGE_ID_BYTES).unwrap_or(&random);
    format!("{MESSAGE_ID_PREFIX}{}", hex::encode_upper(bytes))
}

/// The name of the ledger entry of an idempotency key. It has one length, whatever the key.
pub fn ledger_entry(key: &str) -> String {
    format!("key:{}", hex::encode(Sha256::digest(key)))
}

/// Whether a text may stand as an idempotency key.
pub fn is_idempotency_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_IDEMPOTENCY_KEY && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A name for something short-lived: a reply queue, a command, a request.
pub fn token(random: [u8; 16]) -> String {
    hex::encode(random)
}

/// The request id of an answer: the client's own when it is a plain one, else a new one.
pub fn request_id(given: Option<&str>, random: [u8; 16]) -> String {
    let plain =
        |text: &&str| !text.is_empty() && text.len() <= MAX_REQUEST_ID && text.bytes().all(|b| b.is_ascii_graphic());
    given.filter(plain).map_or_else(|| token(random), str::to_owned)
}

/// The name of a webhook in paths: the same address, the same name.
pub fn webhook(url: &str) -> String {
    let mut name = hex::encode(Sha256::digest(url));
    name.truncate(WEBHOOK_ID);
    name
}

/// The name of a delivery: one event for one webhook, however often it is made.
pub fn delivery(session: &SessionId, webhook: &str, entry: &str) -> String {
    let mut name = hex::encode(Sha256::digest(format!("{session} {webhook} {entry}")));
    name.truncate(DELIVERY_ID);
    name
}

/// A secret nobody can guess.
pub fn secret(random: [u8; 16], more: [u8; 16]) -> String {
    format!("whsec_{}{}", hex::encode(random), hex::encode(more))
}

/// Digest of a request, so that a reused key with another request is noticed.
pub fn fingerprint(canonical: &[u8]) -> String {
    hex::encode(Sha256::digest(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_one_of_whatsapp_web() {
        let id = message_id([0xab; 16]);
        assert_eq!(id, "3EB0ABABABABABABABABAB");
        assert!(contract::id::is_message_id(&id));
    }

    #[test]
    fn a_key_always_names_the_same_entry() {
        assert_eq!(ledger_entry("k"), ledger_entry("k"));
        assert_ne!(ledger_entry("k"), ledger_entry("K"));
        assert_eq!(ledger_entry(&"x".repeat(MAX_IDEMPOTENCY_KEY)).len(), ledger_entry("k").len());
    }

    #[test]
    fn keys_are_visible_ascii() {
        assert!(is_idempotency_key("order-1:~") && is_idempotency_key(&"x".repeat(MAX_IDEMPOTENCY_KEY)));
        for bad in ["", "a b", "ä", "\t", &"x".repeat(MAX_IDEMPOTENCY_KEY + 1)] {
            assert!(!is_idempotency_key(bad), "{bad:?}");
        }
    }

    #[test]
    fn only_plain_request_ids_are_taken_over() {
        assert_eq!(request_id(Some("r-1"), [0; 16]), "r-1");
        for bad in [None, Some(""), Some("a b"), Some("x\ny")] {
            assert_eq!(request_id(bad, [1; 16]), "01".repeat(16));
        }
    }
}

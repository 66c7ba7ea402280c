//! Names the edge gives: message ids, reply queues, request ids, fingerprints. Pure: randomness is an argument.

use contract::id::SessionId;
use sha2::{Digest, Sha256};

/// How the ids of WhatsApp Web start.
const MESSAGE_ID_PREFIX: &str = "3EB0";

/// Bytes behind the prefix: 22 characters in all, as WhatsApp Web's own. 72 bits, unique within a session.
const MESSAGE_ID_BYTES: usize = 9;

/// Longest `Idempotency-Key`.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;

/// Longest `X-Request-Id` that is taken over from a client.
const MAX_REQUEST_ID: usize = 128;

/// A message id nobody used.
pub fn message_id(random: [u8; 16]) -> String {
    written(&random)
}

/// The message id that stands for an idempotency key: the same key of the same session gives the same id.
pub fn message_id_for_key(session: &SessionId, key: &str) -> String {
    written(&Sha256::new().chain_update(session.as_str()).chain_update([0]).chain_update(key).finalize())
}

fn written(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MESSAGE_ID_BYTES).unwrap_or(bytes);
    format!("{MESSAGE_ID_PREFIX}{}", hex::encode_upper(bytes))
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

/// Digest of a request, so that a reused key with another request is noticed.
pub fn fingerprint(canonical: &[u8]) -> String {
    hex::encode(Sha256::digest(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_always_names_the_same_message() {
        let (a, b) = (SessionId::parse("a").unwrap(), SessionId::parse("b").unwrap());
        let id = message_id_for_key(&a, "k");
        assert_eq!(id, message_id_for_key(&a, "k"));
        assert_ne!(id, message_id_for_key(&b, "k"));
        assert_ne!(id, message_id_for_key(&a, "K"));
        assert_eq!(id.len(), 22);
        assert!(id.starts_with("3EB0") && contract::id::is_message_id(&id));
        assert_eq!(message_id([0xab; 16]), "3EB0ABABABABABABABABAB");
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

//! The phone's side of a media retry: a companion that finds a link expired asks under the file's own key, and gets the
//! new link sealed with it. Both sides bind the message's id, so that no answer fits another question.

use rand::RngExt as _;
use wacore::crypto::hkdf_sha256_into;
use wacore::libsignal::crypto::aes_256_gcm_encrypt;
use wacore::media_retry::decrypt_media_retry_notification;
use waproto::buffa::Message as _;
use waproto::whatsapp::{MediaRetryNotification, ServerErrorReceipt, media_retry_notification::ResultType};

const KEY_INFO: &[u8] = b"WhatsApp Media Retry Notification";

/// Whether somebody who knows the file's key asks for this message.
pub(crate) fn is_asked_for(media_key: &[u8; 32], id: &str, iv: &[u8], ciphertext: &[u8]) -> bool {
    // The library names this after the answer; the question is sealed in the same way.
    let opened = decrypt_media_retry_notification(media_key, id, iv, ciphertext).ok();
    let asked = opened.and_then(|bytes| ServerErrorReceipt::decode_from_slice(&bytes).ok());
    asked.is_some_and(|asked| asked.stanza_id.as_deref() == Some(id))
}

/// The sealed new link and its nonce; `None` when the cryptography fails.
pub(crate) fn seal_link(media_key: &[u8; 32], id: &str, direct_path: &str) -> Option<(Vec<u8>, [u8; 12])> {
    let answer = MediaRetryNotification {
        stanza_id: Some(id.to_owned()),
        direct_path: Some(direct_path.to_owned()),
        result: Some(ResultType::SUCCESS),
        ..Default::default()
    };
    let mut key = [0; 32];
    hkdf_sha256_into(media_key, None, KEY_INFO, &mut key).ok()?;
    let iv = rand::rng().random::<[u8; 12]>();
    let mut sealed = Vec::new();
    aes_256_gcm_encrypt(&key, &iv, id.as_bytes(), &answer.encode_to_vec(), &mut sealed).ok()?;
    Some((sealed, iv))
}

#[cfg(test)]
mod tests {
    use wacore::media_retry::encrypt_media_retry_receipt;

    use super::*;

    #[test]
    fn a_question_counts_only_for_its_own_message_and_file() {
        let (sealed, iv) = encrypt_media_retry_receipt(&[1; 32], "ID").unwrap();
        assert!(is_asked_for(&[1; 32], "ID", &iv, &sealed));
        assert!(!is_asked_for(&[2; 32], "ID", &iv, &sealed));
        assert!(!is_asked_for(&[1; 32], "OTHER", &iv, &sealed));
        assert!(!is_asked_for(&[1; 32], "ID", &iv[..11], &sealed));
        assert!(!is_asked_for(&[1; 32], "ID", &iv, &[]));
    }
}

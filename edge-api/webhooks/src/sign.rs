//! Signatures: HMAC-SHA256 in hex, over the body, and over a time and the body against replay. While a secret is being replaced, both
//! sign, so that a receiver knows one of them.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// `sha256=<hex>` over the body, with the newest secret.
pub(crate) const PLAIN: &str = "X-Chatery-Signature";

/// The same with the secret before it.
pub(crate) const PREVIOUS: &str = "X-Chatery-Signature-Previous";

/// `t=<Unix seconds>,v1=<hex>[,v1=<hex>]` over `<t>.<body>`.
pub(crate) const TIMED: &str = "X-Chatery-Signature-V1";

/// The headers that sign a body. None without a secret.
pub(crate) fn headers(secrets: &[&str], seconds: u64, body: &[u8]) -> Vec<(String, String)> {
    let Some(newest) = secrets.first() else { return Vec::new() };
    let mut headers = vec![(PLAIN.to_owned(), format!("sha256={}", hmac(newest, &[body])))];
    if let Some(previous) = secrets.get(1) {
        headers.push((PREVIOUS.to_owned(), format!("sha256={}", hmac(previous, &[body]))));
    }
    let time = seconds.to_string();
    let timed = secrets.iter().map(|secret| format!(",v1={}", hmac(secret, &[time.as_bytes(), b".", body])));
    headers.push((TIMED.to_owned(), format!("t={time}{}", timed.collect::<String>())));
    headers
}

fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    for part in parts {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_signature() {
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac("Jefe", &[b"what do ya want ", b"for nothing?"]), expected);
    }

    #[test]
    fn both_secrets_sign() {
        assert!(headers(&[], 1, b"x").is_empty());
        assert_eq!(headers(&["a"], 1, b"x").len(), 2);
        let both = headers(&["a", "b"], 7, b"x");
        assert_eq!(both[1], (PREVIOUS.to_owned(), format!("sha256={}", hmac("b", &[b"x"]))));
        let timed = format!("t=7,v1={},v1={}", hmac("a", &[b"7.x"]), hmac("b", &[b"7.x"]));
        assert_eq!(both[2], (TIMED.to_owned(), timed));
    }
}

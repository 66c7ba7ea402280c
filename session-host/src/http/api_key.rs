//! The API key as the host checks it. It keeps a digest only, and compares in constant time. Whether a key is needed at a
//! door is the door's business.

use std::fmt;

use contract::error::ErrorCode;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Header that carries the key.
pub const API_KEY_HEADER: &str = "x-api-key";

/// The configured key.
#[derive(Clone)]
pub struct ApiKey {
    // Digests have one length, so that comparing does not tell the key's.
    digest: [u8; 32],
}

impl ApiKey {
    /// Takes the configured key.
    pub fn new(key: &str) -> Self {
        Self { digest: Sha256::digest(key).into() }
    }

    /// Checks what a client offers. Nothing and the empty text are a missing key.
    pub fn check(&self, offered: Option<&str>) -> Result<(), ErrorCode> {
        self.check_bytes(offered.map(str::as_bytes))
    }

    /// As [`Self::check`], for what may be no text.
    pub fn check_bytes(&self, offered: Option<&[u8]>) -> Result<(), ErrorCode> {
        let offered = offered.filter(|key| !key.is_empty()).ok_or(ErrorCode::MissingApiKey)?;
        let offered: [u8; 32] = Sha256::digest(offered).into();
        if bool::from(offered.ct_eq(&self.digest)) { Ok(()) } else { Err(ErrorCode::InvalidApiKey) }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_itself_opens() {
        let key = ApiKey::new("sesame");
        assert_eq!(key.check(Some("sesame")), Ok(()));
        assert_eq!(key.check(Some("sesam")), Err(ErrorCode::InvalidApiKey));
        assert_eq!(key.check(Some("sesame ")), Err(ErrorCode::InvalidApiKey));
        assert_eq!(key.check(Some("")), Err(ErrorCode::MissingApiKey));
        assert_eq!(key.check(None), Err(ErrorCode::MissingApiKey));
        assert_eq!(key.check_bytes(Some(b"\xe4")), Err(ErrorCode::InvalidApiKey));
        assert_eq!(format!("{key:?}"), "ApiKey");
    }
}

//! Byte strings inside the serialised state: base64 text, because JSON would spell them as lists of numbers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::PhoneError;

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn decode(text: &str, field: &'static str) -> Result<Vec<u8>, PhoneError> {
    STANDARD.decode(text).map_err(|_| PhoneError::State(field))
}

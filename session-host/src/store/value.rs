//! How values stand in Redis: one byte that names the encoding, then the value.
//!
//! The byte lets a later release read or convert what an earlier one wrote; without it a changed encoding would look like
//! broken data, and broken sessions are silently rebuilt.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use wacore::store::error::{Result, StoreError};

/// The encoding this release writes: records of the library as they are, structures as JSON.
pub(super) const VERSION: u8 = 1;

pub(super) fn seal(payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(payload.len() + 1);
    value.push(VERSION);
    value.extend_from_slice(payload);
    value
}

pub(super) fn open(value: Vec<u8>) -> Result<Vec<u8>> {
    open_bytes(value).map(Vec::from)
}

pub(super) fn open_bytes(value: Vec<u8>) -> Result<Bytes> {
    match value.first() {
        Some(&VERSION) => Ok(Bytes::from(value).slice(1..)),
        Some(other) => Err(StoreError::Validation(format!("unknown encoding {other} of a stored value"))),
        None => Err(StoreError::Validation("a stored value is empty".to_owned())),
    }
}

pub(super) fn seal_json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut sealed = vec![VERSION];
    serde_json::to_writer(&mut sealed, value).map_err(|error| StoreError::Serialization(Box::new(error)))?;
    Ok(sealed)
}

/// Takes JSON whose version [`open`] has removed.
pub(super) fn from_json<T: DeserializeOwned>(payload: &[u8]) -> Result<T> {
    serde_json::from_slice(payload).map_err(|error| StoreError::Serialization(Box::new(error)))
}

/// A short name for several texts of any length; each counts with its length, so no two lists share one.
pub(super) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_encoding_is_an_error_and_not_absent() {
        assert_eq!(open(seal(b"x")).unwrap(), b"x");
        assert!(open(vec![VERSION + 1, b'x']).is_err());
        assert!(open(Vec::new()).is_err());
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a", ""]), digest(&["a"]));
    }
}

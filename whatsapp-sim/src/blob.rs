//! Bytes as base64 text, the form they have in the journal. Refuses text that is not base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Bytes that serialise as one base64 string instead of a list of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// A 32-byte key, written as base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key32(pub(crate) [u8; 32]);

impl Serialize for Key32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Key32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Blob::deserialize(deserializer)?.0;
        bytes.try_into().map(Self).map_err(|_| D::Error::custom("a key has 32 bytes"))
    }
}

/// Byte strings of public types as base64, for `#[serde(with)]`.
pub(crate) mod text {
    use super::{Blob, Deserialize as _, Deserializer, STANDARD, Serialize as _, Serializer};
    use base64::Engine as _;
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(bytes: impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        STANDARD.encode(bytes).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: TryFrom<Vec<u8>>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::try_from(Blob::deserialize(deserializer)?.0).map_err(|_| D::Error::custom("a key of the wrong length"))
    }
}

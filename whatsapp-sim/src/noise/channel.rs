//! Frames after the handshake: AES-256-GCM with one counter per direction, around marshalled stanzas. A frame that
//! does not open ends the connection.

use bytes::BytesMut;
use wacore_binary::marshal::marshal;
use wacore_binary::{Node, OwnedNodeRef, util};
use wacore_noise::NoiseCipher;
use wacore_noise::framing::encode_frame;

use super::NoiseError;

/// The longest stanza. What a client sends to the largest group, with keys for each of its devices, is half of it; a stanza of
/// small children takes a hundred times its length in memory.
const MAX_STANZA: usize = 2 * 1024 * 1024;

/// Encrypts what the server sends.
pub(crate) struct Sealer {
    cipher: NoiseCipher,
    counter: u32,
}

/// Decrypts what the client sends.
pub(crate) struct Opener {
    cipher: NoiseCipher,
    counter: u32,
}

impl Sealer {
    pub(super) fn new(cipher: NoiseCipher) -> Self {
        Self { cipher, counter: 0 }
    }

    /// One stanza as one frame, ready for the socket.
    pub(crate) fn seal(&mut self, stanza: &Node) -> Result<Vec<u8>, NoiseError> {
        let mut bytes = marshal(stanza).map_err(|_| NoiseError::Stanza)?;
        self.cipher.encrypt_in_place_with_counter(self.counter, &mut bytes).map_err(|_| NoiseError::Frame)?;
        self.counter = self.counter.checked_add(1).ok_or(NoiseError::Frame)?;
        encode_frame(&bytes, None).map_err(|_| NoiseError::Frame)
    }
}

impl Opener {
    pub(super) fn new(cipher: NoiseCipher) -> Self {
        Self { cipher, counter: 0 }
    }

    /// The stanza in one frame.
    pub(crate) fn open(&mut self, mut frame: BytesMut) -> Result<Node, NoiseError> {
        self.cipher.decrypt_in_place_with_counter(self.counter, &mut frame).map_err(|_| NoiseError::Frame)?;
        self.counter = self.counter.checked_add(1).ok_or(NoiseError::Frame)?;
        let bytes = util::unpack_bytes(frame).map_err(|_| NoiseError::Stanza)?;
        if bytes.len() > MAX_STANZA {
            return Err(NoiseError::TooLong);
        }
        OwnedNodeRef::new(bytes).map(|node| node.to_owned_node()).map_err(|_| NoiseError::Stanza)
    }
}

//! Media as a phone handles it: encrypted before it is stored, verified and decrypted after it was fetched.

use std::io::Read as _;

use wacore::download::{DownloadUtils, Downloadable, MediaType};
use wacore::upload::encrypt_media_with_key;

use super::{Content, MediaError, MediaStore, upload, url};
use crate::clock;

/// What a phone puts into the message after an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Where the ciphertext is.
    pub url: String,
    /// The same without the host.
    pub direct_path: String,
    /// The secret that the other keys follow from.
    pub media_key: [u8; 32],
    /// The hash of the content.
    pub file_sha256: [u8; 32],
    /// The hash of the ciphertext.
    pub file_enc_sha256: [u8; 32],
    /// The length of the content.
    pub file_length: u64,
    /// When the secret was made, in Unix seconds.
    pub media_key_timestamp: i64,
    /// For audio and video: what a player needs to start in the middle.
    pub streaming_sidecar: Option<Vec<u8>>,
}

impl MediaStore {
    /// Encrypts content and stores the ciphertext.
    pub(crate) fn phone_uploads(&self, content: &[u8], kind: MediaType) -> Result<Uploaded, MediaError> {
        let sealed = encrypt_media_with_key(content, kind, None).map_err(|_| MediaError::Corrupt)?;
        let direct_path = self.store(&sealed.data_to_upload)?;
        Ok(Uploaded {
            url: url(self.host(), &direct_path),
            direct_path,
            media_key: sealed.media_key,
            file_sha256: sealed.file_sha256,
            file_enc_sha256: sealed.file_enc_sha256,
            file_length: content.len() as u64,
            media_key_timestamp: i64::try_from(clock::now()).unwrap_or(i64::MAX),
            streaming_sidecar: sealed.streaming_sidecar,
        })
    }

    /// Fetches what a message describes, verifies and decrypts it. The phone has loaded it when the message came, so a
    /// link that has expired since does not matter. Media without a key (of channels) is not encrypted.
    pub(crate) fn phone_downloads(&self, media: &dyn Downloadable) -> Result<Vec<u8>, MediaError> {
        let token = token(media).ok_or(MediaError::Missing)?;
        let (content, length) = self.read_kept(&token)?;
        let mut bytes = content.whole(length)?;
        if let Some(key) = media.media_key() {
            DownloadUtils::verify_and_decrypt_in_place(&mut bytes, key, media.app_info())
                .map_err(|_| MediaError::Corrupt)?;
        }
        let is_announced = media.file_length().is_none_or(|length| length == bytes.len() as u64)
            && media.file_sha256().is_none_or(|hash| upload::token_of(&bytes) == upload::token(hash));
        if is_announced { Ok(bytes) } else { Err(MediaError::Corrupt) }
    }
}

impl Content {
    /// All of it.
    pub(super) fn whole(self, length: u64) -> Result<Vec<u8>, MediaError> {
        match self {
            Self::Memory(bytes) => Ok(bytes.into()),
            Self::File(mut file) => {
                let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(|_| MediaError::TooLarge)?);
                file.read_to_end(&mut bytes).map_err(|error| MediaError::Io(super::FOLDER.into(), error))?;
                Ok(bytes)
            }
        }
    }
}

/// The name under which the bytes that a message describes are stored.
pub(crate) fn token(media: &dyn Downloadable) -> Option<String> {
    let hash = if media.is_encrypted() { media.file_enc_sha256() } else { media.file_sha256() };
    hash.map(upload::token)
}

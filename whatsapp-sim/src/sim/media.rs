//! Media, as people and tests meet it: uploads and downloads of phones, links that expire, a media host in trouble.

use sha2::{Digest as _, Sha256};
use wacore::download::{Downloadable, MediaType};

use super::{Sim, SimError};
use crate::media::{MediaError, MediaStore, Refusal, Uploaded};

/// The file of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneMedia {
    /// The file itself.
    pub content: Vec<u8>,
    /// The hash of what the phone loaded and decrypted, in hex.
    pub sha256: String,
    /// What the sender says that it is.
    pub mime_type: Option<String>,
    /// The name of a document.
    pub file_name: Option<String>,
}

impl Sim {
    /// Encrypts content as a phone does and stores it at the media host; what comes back belongs into a message.
    pub async fn phone_uploads(&self, content: Vec<u8>, kind: MediaType) -> Result<Uploaded, SimError> {
        self.with_media(move |store| store.phone_uploads(&content, kind)).await
    }

    /// Fetches, verifies and decrypts what a message describes.
    pub async fn phone_downloads<T: Downloadable + 'static>(&self, media: T) -> Result<Vec<u8>, SimError> {
        self.with_media(move |store| store.phone_downloads(&media)).await
    }

    /// The file of a message on a phone, decrypted.
    pub async fn phone_media(&self, number: &str, id: &str) -> Result<PhoneMedia, SimError> {
        let attachment = {
            let state = self.inner.state.lock().await;
            state.world.attachment(state.world.find(number)?, id)?.clone()
        };
        let (mime_type, file_name) = (attachment.mime_type.clone(), attachment.file_name.clone());
        let content = self.phone_downloads(attachment).await?;
        Ok(PhoneMedia { sha256: hex::encode(Sha256::digest(&content)), content, mime_type, file_name })
    }

    /// The person deletes the file of a message on the phone; it cannot give it to its companions any more.
    pub async fn delete_phone_media(&self, number: &str, id: &str) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let deleted = world.find(number).and_then(|number| world.forget_attachment(number, id));
        step.done().await?;
        deleted
    }

    /// Stores bytes as they are, under their hash; returns their public path.
    pub async fn store_media(&self, bytes: Vec<u8>) -> Result<String, SimError> {
        self.with_media(move |store| store.store(&bytes)).await
    }

    /// The link of a blob expires, or every link when none is named; phones keep their copies. Returns how many expired.
    pub fn expire_media(&self, direct_path: Option<&str>) -> Result<usize, SimError> {
        Ok(self.inner.media.expire(direct_path)?)
    }

    /// What clients were told to show at the media host is refused from now on; they ask for a new proof.
    pub fn expire_media_auth(&self) {
        self.inner.media.renew_auth();
    }

    /// The media host refuses the next uploads with an HTTP status; 0 times is never.
    pub fn refuse_uploads(&self, status: u16, times: u32) {
        self.inner.media.faults(|faults| faults.uploads = refusal(status, times));
    }

    /// The media host refuses the next downloads with an HTTP status, such as 404 or 410; 0 times is never.
    pub fn refuse_downloads(&self, status: u16, times: u32) {
        self.inner.media.faults(|faults| faults.downloads = refusal(status, times));
    }

    /// The media host sends so many bytes a second in each download; `None` is as fast as it can.
    pub fn slow_downloads(&self, bytes_per_second: Option<u64>) {
        self.inner.media.faults(|faults| faults.bytes_per_second = bytes_per_second);
    }

    pub(crate) fn media(&self) -> &MediaStore {
        &self.inner.media
    }

    /// Works on media off the async threads: hashing and encrypting megabytes takes a while.
    pub(super) async fn with_media<T: Send + 'static>(
        &self,
        act: impl FnOnce(&MediaStore) -> Result<T, MediaError> + Send + 'static,
    ) -> Result<T, SimError> {
        let store = std::sync::Arc::clone(&self.inner.media);
        let worked = tokio::task::spawn_blocking(move || act(&store)).await;
        Ok(worked.map_err(|_| SimError::Stopped)??)
    }
}

fn refusal(status: u16, times: u32) -> Option<Refusal> {
    (times > 0).then_some(Refusal { status, times })
}

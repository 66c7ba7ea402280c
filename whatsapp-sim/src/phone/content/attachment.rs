//! The file that belongs to a message, as far as a phone needs it to open it later: where it is, its keys, its name.

use serde::{Deserialize, Serialize};
use wacore::download::{Downloadable, MediaType};
use waproto::whatsapp as wa;

use super::base;
use crate::blob::{Blob, Key32};

/// Longest media type or file name that a phone keeps; longer ones are nobody's.
const MAX_NAME: usize = 1024;

/// What the keys of a file are derived for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Image,
    Video,
    Audio,
    Document,
    Sticker,
}

/// A file that belongs to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attachment {
    kind: Kind,
    /// Files of channels are not encrypted and have none.
    key: Option<Key32>,
    enc_sha256: Option<Blob>,
    sha256: Option<Blob>,
    length: Option<u64>,
    pub(crate) mime_type: Option<String>,
    pub(crate) file_name: Option<String>,
}

impl Attachment {
    pub(crate) fn media_key(&self) -> Option<&[u8; 32]> {
        self.key.as_ref().map(|key| &key.0)
    }
}

impl Downloadable for Attachment {
    /// Phones find files by their hash: links expire.
    fn direct_path(&self) -> Option<&str> {
        None
    }

    fn media_key(&self) -> Option<&[u8]> {
        self.key.as_ref().map(|key| key.0.as_slice())
    }

    fn file_enc_sha256(&self) -> Option<&[u8]> {
        self.enc_sha256.as_ref().map(|hash| hash.0.as_slice())
    }

    fn file_sha256(&self) -> Option<&[u8]> {
        self.sha256.as_ref().map(|hash| hash.0.as_slice())
    }

    fn file_length(&self) -> Option<u64> {
        self.length
    }

    fn app_info(&self) -> MediaType {
        match self.kind {
            Kind::Image => MediaType::Image,
            Kind::Video => MediaType::Video,
            Kind::Audio => MediaType::Audio,
            Kind::Document => MediaType::Document,
            Kind::Sticker => MediaType::Sticker,
        }
    }
}

/// The file of a message, looking through wrappers; `None` when it has none, or one that nobody could open.
pub(crate) fn attachment(message: &wa::Message) -> Option<Attachment> {
    let message = base(message);
    let lottie = message.lottie_sticker_message.as_option().and_then(|lottie| lottie.message.as_option());
    let sticker = lottie.unwrap_or(message).sticker_message.as_option();
    if let Some(image) = message.image_message.as_option() {
        return of(Kind::Image, image, image.mimetype.as_ref(), None);
    }
    if let Some(video) = message.video_message.as_option().or(message.ptv_message.as_option()) {
        return of(Kind::Video, video, video.mimetype.as_ref(), None);
    }
    if let Some(audio) = message.audio_message.as_option() {
        return of(Kind::Audio, audio, audio.mimetype.as_ref(), None);
    }
    if let Some(document) = message.document_message.as_option() {
        return of(Kind::Document, document, document.mimetype.as_ref(), document.file_name.as_ref());
    }
    sticker.and_then(|sticker| of(Kind::Sticker, sticker, sticker.mimetype.as_ref(), None))
}

fn of(
    kind: Kind,
    media: &impl Downloadable,
    mime_type: Option<&String>,
    file_name: Option<&String>,
) -> Option<Attachment> {
    let hash = |hash: Option<&[u8]>| hash.filter(|hash| hash.len() == 32).map(|hash| Blob(hash.to_vec()));
    let name = |name: Option<&String>| name.filter(|name| name.len() <= MAX_NAME).cloned();
    let key = match media.media_key() {
        None => None,
        Some(key) => Some(Key32(key.try_into().ok()?)),
    };
    let attachment = Attachment {
        kind,
        key,
        enc_sha256: hash(media.file_enc_sha256()),
        sha256: hash(media.file_sha256()),
        length: media.file_length(),
        mime_type: name(mime_type),
        file_name: name(file_name),
    };
    let named = if key.is_some() { &attachment.enc_sha256 } else { &attachment.sha256 };
    named.is_some().then_some(attachment)
}

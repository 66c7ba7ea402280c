//! Messages with a file: the fields that phones fill, and the wrappers that they put around.

use wacore::download::MediaType;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::{AudioMessage, DocumentMessage, ImageMessage, StickerMessage, VideoMessage};

use super::super::outgoing::{FileKind, OutgoingFile};
use super::wrapper;
use crate::media::Uploaded;
use crate::picture;

/// How many bars a phone draws for a voice note.
const BARS: u8 = 64;

/// What the keys of a file are derived for.
pub(crate) fn media_type(kind: FileKind) -> MediaType {
    match kind {
        FileKind::Image => MediaType::Image,
        FileKind::Video | FileKind::Gif | FileKind::VideoNote => MediaType::Video,
        FileKind::Audio | FileKind::Voice => MediaType::Audio,
        FileKind::Document => MediaType::Document,
        FileKind::Sticker | FileKind::AnimatedSticker => MediaType::Sticker,
    }
}

/// A file that is at the media host, and what was found out about it on the way.
pub(crate) struct Attached {
    uploaded: Uploaded,
    measured: Option<(u32, u32)>,
    thumbnail: Option<Vec<u8>>,
}

impl Attached {
    /// Looks at pictures, which takes some milliseconds.
    pub(crate) fn new(kind: FileKind, data: &[u8], uploaded: Uploaded) -> Self {
        let pictured = matches!(kind, FileKind::Image | FileKind::Sticker | FileKind::AnimatedSticker);
        Self {
            uploaded,
            measured: pictured.then(|| picture::dimensions(data)).flatten(),
            thumbnail: (kind == FileKind::Image).then(|| picture::thumbnail(data)).flatten(),
        }
    }
}

/// Fills the fields that every message with a file has.
macro_rules! with_file {
    ($kind:ident, $uploaded:expr, $mime:expr, { $($field:ident: $value:expr),* $(,)? }) => {
        $kind {
            url: Some($uploaded.url.clone()),
            direct_path: Some($uploaded.direct_path.clone()),
            media_key: Some($uploaded.media_key.to_vec()),
            media_key_timestamp: Some($uploaded.media_key_timestamp),
            file_sha256: Some($uploaded.file_sha256.to_vec()),
            file_enc_sha256: Some($uploaded.file_enc_sha256.to_vec()),
            file_length: Some($uploaded.file_length),
            mimetype: Some($mime),
            $($field: $value,)*
            ..Default::default()
        }
    };
}

pub(super) fn file_message(kind: FileKind, file: &OutgoingFile, attached: &Attached, once: bool) -> wa::Message {
    let Attached { uploaded, measured, thumbnail } = attached;
    let mime = file.mime_type.clone().unwrap_or_else(|| guessed(kind, &file.data).to_owned());
    let width = file.width.or(measured.map(|(width, _)| width));
    let height = file.height.or(measured.map(|(_, height)| height));
    let view_once = once.then_some(true);
    let message = match kind {
        FileKind::Image => wa::Message {
            image_message: MessageField::some(with_file!(ImageMessage, uploaded, mime, {
                caption: file.caption.clone(),
                width: width,
                height: height,
                jpeg_thumbnail: thumbnail.clone(),
                view_once: view_once,
            })),
            ..Default::default()
        },
        FileKind::Video | FileKind::Gif | FileKind::VideoNote => {
            let video = MessageField::some(with_file!(VideoMessage, uploaded, mime, {
                caption: file.caption.clone(),
                width: width,
                height: height,
                seconds: file.seconds,
                gif_playback: (kind == FileKind::Gif).then_some(true),
                streaming_sidecar: uploaded.streaming_sidecar.clone(),
                view_once: view_once,
            }));
            if kind == FileKind::VideoNote {
                wa::Message { ptv_message: video, ..Default::default() }
            } else {
                wa::Message { video_message: video, ..Default::default() }
            }
        }
        FileKind::Audio | FileKind::Voice => {
            let voice = kind == FileKind::Voice;
            let waveform = file.waveform.clone().or_else(|| voice.then(|| (0..BARS).map(|bar| bar % 32 * 3).collect()));
            wa::Message {
                audio_message: MessageField::some(with_file!(AudioMessage, uploaded, mime, {
                    seconds: file.seconds.or(voice.then_some(1)),
                    ptt: Some(voice),
                    waveform: waveform.filter(|_| voice),
                    streaming_sidecar: uploaded.streaming_sidecar.clone(),
                    view_once: view_once,
                })),
                ..Default::default()
            }
        }
        FileKind::Document => {
            let name = file.file_name.clone().unwrap_or_else(|| "file".to_owned());
            wa::Message {
                document_message: MessageField::some(with_file!(DocumentMessage, uploaded, mime, {
                    title: Some(name.clone()),
                    file_name: Some(name),
                    caption: file.caption.clone(),
                })),
                ..Default::default()
            }
        }
        FileKind::Sticker | FileKind::AnimatedSticker => wa::Message {
            sticker_message: MessageField::some(with_file!(StickerMessage, uploaded, mime, {
                width: width.or(Some(512)),
                height: height.or(Some(512)),
                is_animated: Some(kind == FileKind::AnimatedSticker),
            })),
            ..Default::default()
        },
    };
    match kind {
        // Phones put the caption of a document around it, so that older clients show the file all the same.
        FileKind::Document if file.caption.is_some() => {
            wa::Message { document_with_caption_message: wrapper(message), ..Default::default() }
        }
        FileKind::Voice if once => {
            wa::Message { view_once_message_v2_extension: wrapper(message), ..Default::default() }
        }
        _ if once => wa::Message { view_once_message_v2: wrapper(message), ..Default::default() },
        _ => message,
    }
}

fn guessed(kind: FileKind, data: &[u8]) -> &'static str {
    match kind {
        FileKind::Image => picture::mime_type(data).unwrap_or("image/jpeg"),
        FileKind::Video | FileKind::Gif | FileKind::VideoNote => "video/mp4",
        FileKind::Audio => "audio/mpeg",
        FileKind::Voice => "audio/ogg; codecs=opus",
        FileKind::Document => "application/octet-stream",
        FileKind::Sticker | FileKind::AnimatedSticker => "image/webp",
    }
}

//! The file that a message carries: where it is and what opens it. It owns what of a sender's claims is believed, which decides where
//! the host dials and how much it takes.

use contract::message::MessageType;
use reqwest::Url;
use wacore::download::{Downloadable, MediaType};
use waproto::whatsapp as wa;

use super::content;
use super::wrappers::unwrapped;
use crate::media::{Source, SourceKind};

/// Longest path or address of a file: WhatsApp's own have some hundred bytes.
const MAX_PATH: usize = 2_048;

/// Bytes of a media key, and of a hash.
const KEY_BYTES: usize = 32;

/// Where WhatsApp keeps media.
const MEDIA_DOMAIN: &str = ".whatsapp.net";

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    pub(crate) source: Source,
    /// The message's name at WhatsApp's: chat, and author in chats of several people.
    pub(crate) chat: String,
    pub(crate) participant: Option<String>,
}

/// The file of a message. `None` when it has none, or says of it what no client of WhatsApp's says.
pub(crate) fn source(message: &wa::Message, kind: MessageType, in_channel: bool) -> Option<Source> {
    let base = unwrapped(message);
    let source = match kind {
        MessageType::Image => read(SourceKind::Image, base.image_message.as_option()?),
        MessageType::Video => read(SourceKind::Video, content::video(base)?),
        MessageType::Audio | MessageType::Ptt => read(SourceKind::Audio, base.audio_message.as_option()?),
        MessageType::Document => read(SourceKind::Document, base.document_message.as_option()?),
        MessageType::Sticker => read(SourceKind::Sticker, base.sticker_message.as_option()?),
        _ => None,
    }?;
    // Only what channels post is open to everybody; anything else without a key is made up.
    if source.media_key.is_some() == in_channel { None } else { Some(source) }
}

fn read(kind: SourceKind, media: &impl Downloadable) -> Option<Source> {
    let bytes = |bytes: Option<&[u8]>| bytes.filter(|bytes| bytes.len() == KEY_BYTES).map(<[u8]>::to_vec);
    let source = Source {
        kind,
        direct_path: media.direct_path().filter(|path| is_path(path)).map(str::to_owned),
        static_url: media.static_url().filter(|url| is_of_whatsapp(url)).map(str::to_owned),
        media_key: bytes(media.media_key()),
        sha256: bytes(media.file_sha256()),
        enc_sha256: bytes(media.file_enc_sha256()),
        length: media.file_length(),
    };
    let is_open = source.media_key.is_none();
    let place = source.direct_path.is_some() || is_open && source.static_url.is_some();
    let hash = if is_open { source.sha256.is_some() } else { source.enc_sha256.is_some() };
    (place && hash).then_some(source)
}

/// Whether a text is a path. It is appended to a host's name: anything that does not begin with a slash would become part of the
/// name, and send the host to a server of the sender's choice.
pub(crate) fn is_path(text: &str) -> bool {
    text.len() <= MAX_PATH && text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn is_of_whatsapp(url: &str) -> bool {
    let host =
        Url::parse(url).ok().filter(|url| url.scheme() == "https").and_then(|url| url.host_str().map(str::to_owned));
    url.len() <= MAX_PATH && host.is_some_and(|host| host.ends_with(MEDIA_DOMAIN))
}

impl Downloadable for Source {
    fn direct_path(&self) -> Option<&str> {
        self.direct_path.as_deref()
    }

    fn media_key(&self) -> Option<&[u8]> {
        self.media_key.as_deref()
    }

    fn file_enc_sha256(&self) -> Option<&[u8]> {
        self.enc_sha256.as_deref()
    }

    fn file_sha256(&self) -> Option<&[u8]> {
        self.sha256.as_deref()
    }

    fn file_length(&self) -> Option<u64> {
        self.length
    }

    fn app_info(&self) -> MediaType {
        match self.kind {
            SourceKind::Image => MediaType::Image,
            SourceKind::Video => MediaType::Video,
            SourceKind::Audio => MediaType::Audio,
            SourceKind::Document => MediaType::Document,
            SourceKind::Sticker => MediaType::Sticker,
        }
    }

    fn static_url(&self) -> Option<&str> {
        self.static_url.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use waproto::buffa::MessageField;

    use super::*;

    fn picture(path: &str, key: Option<Vec<u8>>) -> wa::Message {
        let image = wa::message::ImageMessage {
            direct_path: Some(path.to_owned()),
            static_url: Some("https://169.254.169.254/latest".to_owned()),
            media_key: key,
            file_sha256: Some(vec![1; 32]),
            file_enc_sha256: Some(vec![2; 32]),
            file_length: Some(9),
            ..Default::default()
        };
        wa::Message { image_message: MessageField::some(image), ..Default::default() }
    }

    fn of(message: &wa::Message) -> Option<Source> {
        source(message, MessageType::Image, false)
    }

    #[test]
    fn a_picture_and_what_is_believed_of_it() {
        let read = of(&picture("/v/t62/x?a=b", Some(vec![3; 32]))).unwrap();
        assert_eq!((read.direct_path.as_deref(), read.static_url.as_deref()), (Some("/v/t62/x?a=b"), None));
        assert_eq!((read.length, read.media_key), (Some(9), Some(vec![3; 32])));
    }

    #[test]
    fn no_path_leads_to_another_server() {
        let long = format!("/{}", "a".repeat(MAX_PATH));
        for path in ["@evil.example/x", ".evil.example/x", ":8080/x", "evil", "", "/a b", "/a\r\nb", "/\\x", &long] {
            assert_eq!(of(&picture(path, Some(vec![3; 32]))), None, "{path}");
        }
        for url in [
            "http://mmg.whatsapp.net/x",
            "https://evil.example/x",
            "https://mmg.whatsapp.net@evil.example/",
            "https://evilwhatsapp.net/x",
        ] {
            assert!(!is_of_whatsapp(url), "{url}");
        }
        assert!(is_of_whatsapp("https://mmg.whatsapp.net/v/x"));
    }

    #[test]
    fn keys_are_as_the_place_asks_for() {
        assert_eq!(of(&picture("/v/x", None)), None);
        assert_eq!(of(&picture("/v/x", Some(vec![3; 31]))), None);
        assert!(source(&picture("/v/x", None), MessageType::Image, true).is_some());
        assert_eq!(source(&picture("/v/x", Some(vec![3; 32])), MessageType::Image, true), None);
    }

    #[test]
    fn wrapped_files_are_found() {
        let inner = picture("/v/x", Some(vec![3; 32]));
        let wrapped = wa::message::FutureProofMessage { message: MessageField::some(inner) };
        let once = wa::Message { view_once_message_v2: MessageField::some(wrapped.clone()), ..Default::default() };
        let soon = wa::Message { ephemeral_message: MessageField::some(wrapped), ..Default::default() };
        assert!(of(&once).is_some() && of(&soon).is_some());
    }
}

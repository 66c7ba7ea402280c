//! The protobuf of each kind of message, as WhatsApp's own apps write it. Pure: what is random, and what was uploaded, are arguments.

use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use whatsapp_rust::upload::UploadResponse;

use crate::whatsapp::attachments::{UploadedPicture, UploadedSound};

/// Bytes of the secret that the votes in a poll are encrypted with.
const SECRET_BYTES: usize = 32;

/// The type of every sound that goes out.
const OPUS: &str = "audio/ogg; codecs=opus";

/// A place.
pub(super) fn place(latitude: f64, longitude: f64, name: &str) -> wa::Message {
    let place = wa::message::LocationMessage {
        degrees_latitude: Some(latitude),
        degrees_longitude: Some(longitude),
        name: some(name),
        ..Default::default()
    };
    wa::Message { location_message: MessageField::some(place), ..Default::default() }
}

/// A contact card. `phone` is digits.
pub(super) fn contact(name: &str, phone: &str) -> wa::Message {
    let name = one_line(name);
    let escaped: String = name.chars().flat_map(escaped).collect();
    let card = wa::message::ContactMessage {
        display_name: Some(name),
        vcard: Some(format!(
            "BEGIN:VCARD\nVERSION:3.0\nFN:{escaped}\nTEL;type=CELL;type=VOICE;waid={phone}:+{phone}\nEND:VCARD"
        )),
        ..Default::default()
    };
    wa::Message { contact_message: MessageField::some(card), ..Default::default() }
}

/// A text without line breaks and other control characters, which could begin another line of a card.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    line.trim().to_owned()
}

/// A character as it stands in a value of a card.
fn escaped(one: char) -> impl Iterator<Item = char> {
    let escape = matches!(one, '\\' | ',' | ';').then_some('\\');
    escape.into_iter().chain([one])
}

/// A poll. `selectable` 0 is any number. The apps read a newer form when one option may be chosen.
pub(super) fn poll(question: &str, options: &[String], selectable: u32, secret: [u8; SECRET_BYTES]) -> wa::Message {
    let option = |name: &String| wa::message::poll_creation_message::Option {
        option_name: Some(name.clone()),
        ..Default::default()
    };
    let poll = MessageField::some(wa::message::PollCreationMessage {
        name: Some(question.to_owned()),
        options: options.iter().map(option).collect(),
        selectable_options_count: Some(selectable),
        ..Default::default()
    });
    let context = wa::MessageContextInfo { message_secret: Some(secret.to_vec()), ..Default::default() };
    let message = wa::Message { message_context_info: MessageField::some(context), ..Default::default() };
    if selectable == 1 {
        wa::Message { poll_creation_message_v3: poll, ..message }
    } else {
        wa::Message { poll_creation_message: poll, ..message }
    }
}

/// A picture. What it is of, and where it lies, is known from its upload.
pub(super) fn image(uploaded: UploadedPicture, caption: &str) -> wa::Message {
    let UploadedPicture { picture, upload } = uploaded;
    let image = wa::message::ImageMessage {
        url: Some(upload.url),
        direct_path: Some(upload.direct_path),
        media_key: Some(upload.media_key.to_vec()),
        media_key_timestamp: Some(upload.media_key_timestamp),
        file_sha256: Some(upload.file_sha256.to_vec()),
        file_enc_sha256: Some(upload.file_enc_sha256.to_vec()),
        file_length: Some(upload.file_length),
        mimetype: Some(picture.mimetype.to_owned()),
        width: Some(picture.width),
        height: Some(picture.height),
        jpeg_thumbnail: Some(picture.preview),
        caption: some(caption),
        ..Default::default()
    };
    wa::Message { image_message: MessageField::some(image), ..Default::default() }
}

/// A file.
pub(super) fn document(upload: UploadResponse, filename: &str, mimetype: &str, caption: &str) -> wa::Message {
    let filename = file_name(filename);
    let document = wa::message::DocumentMessage {
        url: Some(upload.url),
        direct_path: Some(upload.direct_path),
        media_key: Some(upload.media_key.to_vec()),
        media_key_timestamp: Some(upload.media_key_timestamp),
        file_sha256: Some(upload.file_sha256.to_vec()),
        file_enc_sha256: Some(upload.file_enc_sha256.to_vec()),
        file_length: Some(upload.file_length),
        mimetype: Some(mimetype.to_owned()),
        title: Some(filename.clone()),
        file_name: Some(filename),
        caption: some(caption),
        ..Default::default()
    };
    wa::Message { document_message: MessageField::some(document), ..Default::default() }
}

/// A sound, as a file or as a voice note.
pub(super) fn audio(uploaded: UploadedSound, ptt: bool) -> wa::Message {
    let UploadedSound { sound, upload } = uploaded;
    let audio = wa::message::AudioMessage {
        url: Some(upload.url),
        direct_path: Some(upload.direct_path),
        media_key: Some(upload.media_key.to_vec()),
        media_key_timestamp: Some(upload.media_key_timestamp),
        file_sha256: Some(upload.file_sha256.to_vec()),
        file_enc_sha256: Some(upload.file_enc_sha256.to_vec()),
        file_length: Some(upload.file_length),
        streaming_sidecar: upload.streaming_sidecar,
        mimetype: Some(OPUS.to_owned()),
        seconds: Some(sound.seconds),
        ptt: Some(ptt),
        waveform: ptt.then_some(sound.waveform),
        ..Default::default()
    };
    wa::Message { audio_message: MessageField::some(audio), ..Default::default() }
}

/// A name that is one: without folders, and without characters that turn "gpj.exe" into "exe.jpg" on a screen.
fn file_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |one: &char| {
        !one.is_control() && !matches!(one, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let name: String = name.chars().filter(plain).collect();
    let name = name.trim();
    // A name of dots alone is a folder's.
    if name.trim_start_matches('.').is_empty() { "file".to_owned() } else { name.to_owned() }
}

/// The same message in the wrapper that the apps put around a document with a caption.
pub(super) fn wrapped(message: wa::Message) -> wa::Message {
    let captioned = message.document_message.as_option().is_some_and(|document| document.caption.is_some());
    if !captioned {
        return message;
    }
    let wrapper = wa::message::FutureProofMessage { message: MessageField::some(message) };
    wa::Message { document_with_caption_message: MessageField::some(wrapper), ..Default::default() }
}

/// An empty text is none.
fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_into_a_card_but_a_name() {
        let message = contact("Eve\r\nTEL:+1555\nEND:VCARD; a,b\\", "6281200001111");
        let card = message.contact_message.as_option().unwrap();
        let lines: Vec<&str> = card.vcard.as_deref().unwrap().split('\n').collect();
        assert_eq!(
            lines,
            [
                "BEGIN:VCARD",
                "VERSION:3.0",
                "FN:Eve  TEL:+1555 END:VCARD\\; a\\,b\\\\",
                "TEL;type=CELL;type=VOICE;waid=6281200001111:+6281200001111",
                "END:VCARD"
            ]
        );
        assert_eq!(card.display_name.as_deref(), Some("Eve  TEL:+1555 END:VCARD; a,b\\"));
    }

    #[test]
    fn names_of_files() {
        for (given, shown) in [
            ("a.pdf", "a.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a b.docx", "a b.docx"),
            ("bill\u{202e}fdp.exe", "billfdp.exe"),
            ("a\r\nb\0.txt", "ab.txt"),
            ("  ", "file"),
            ("x/", "file"),
            ("x/..", "file"),
            (".profile", ".profile"),
            ("Rechnung für Zoë.pdf", "Rechnung für Zoë.pdf"),
        ] {
            assert_eq!(file_name(given), shown);
        }
    }

    #[test]
    fn a_poll_with_one_choice_has_the_newer_form() {
        let options = ["a".to_owned(), "b".to_owned()];
        assert!(poll("?", &options, 1, [1; 32]).poll_creation_message_v3.is_set());
        let many = poll("?", &options, 0, [1; 32]);
        assert!(many.poll_creation_message.is_set() && many.message_context_info.is_set());
    }
}

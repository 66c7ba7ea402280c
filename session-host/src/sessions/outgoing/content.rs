//! The protobuf of each kind of message, as WhatsApp's own apps write it. Pure: what is random, and what was uploaded, are arguments.

use waproto::buffa::MessageField;
use waproto::whatsapp as wa;

/// Bytes of the secret that the votes in a poll are encrypted with.
const SECRET_BYTES: usize = 32;

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
    fn a_poll_with_one_choice_has_the_newer_form() {
        let options = ["a".to_owned(), "b".to_owned()];
        assert!(poll("?", &options, 1, [1; 32]).poll_creation_message_v3.is_set());
        let many = poll("?", &options, 0, [1; 32]);
        assert!(many.poll_creation_message.is_set() && many.message_context_info.is_set());
    }
}

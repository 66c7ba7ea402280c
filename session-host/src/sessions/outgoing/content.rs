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

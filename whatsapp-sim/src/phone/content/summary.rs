//! A message in one line: its kind, and the words a person would read.

use wacore::proto_helpers::MessageExt as _;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::{ProtocolMessage, protocol_message};

use super::{base, poll_of};

/// WhatsApp's phones show no more of a text.
const MAX_SHOWN: usize = 65_536;

/// What a person sees of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// `text`, `image`, `video`, `audio`, `document`, `sticker`, `contact`, `location`, `poll`, `vote`, `event`,
    /// `response`, `reaction`, `edit`, `delete`, `pin`, `keep`, `timer`, `album`, `invite`, `interactive`, `choice`,
    /// `protocol` or `unknown`.
    pub kind: &'static str,
    /// The text, the caption, the emoji or the name; `None` when there is nothing to read.
    pub text: Option<String>,
}

/// Summarises a message, looking through own-copy, disappearing and view-once wrappers.
pub fn summary(message: &wa::Message) -> Summary {
    let message = base(message);
    if let Some(text) = message.text_content() {
        return of("text", Some(text));
    }
    if let Some(reaction) = message.reaction_message.as_option() {
        return of("reaction", reaction.text.as_deref());
    }
    if let Some(content) = message.protocol_message.as_option() {
        return of_protocol(content);
    }
    of_media(message)
        .or_else(|| of_card(message))
        .or_else(|| of_business(message))
        .unwrap_or_else(|| of(fallback(message), None))
}

fn of(kind: &'static str, text: Option<&str>) -> Summary {
    Summary { kind, text: text.filter(|text| !text.is_empty()).map(beginning) }
}

fn beginning(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_SHOWN)].to_owned()
}

fn of_protocol(content: &ProtocolMessage) -> Summary {
    match content.r#type {
        Some(protocol_message::Type::REVOKE) => of("delete", None),
        Some(protocol_message::Type::MESSAGE_EDIT) => {
            let edited = content.edited_message.as_option();
            of("edit", edited.and_then(|new| new.text_content().or(new.get_caption())))
        }
        Some(protocol_message::Type::EPHEMERAL_SETTING) => of("timer", None),
        _ => of("protocol", None),
    }
}

fn of_media(message: &wa::Message) -> Option<Summary> {
    let kind = if message.image_message.is_set() {
        "image"
    } else if message.video_message.is_set() || message.ptv_message.is_set() {
        "video"
    } else if message.audio_message.is_set() {
        "audio"
    } else if message.sticker_message.is_set() || message.lottie_sticker_message.is_set() {
        "sticker"
    } else if message.document_message.is_set() {
        "document"
    } else {
        return None;
    };
    let file_name = message.document_message.as_option().and_then(|document| document.file_name.as_deref());
    let caption = message.get_caption().filter(|caption| !caption.is_empty());
    Some(of(kind, caption.or(file_name)))
}

fn of_card(message: &wa::Message) -> Option<Summary> {
    if let Some(contact) = message.contact_message.as_option() {
        return Some(of("contact", contact.display_name.as_deref()));
    }
    if let Some(contacts) = message.contacts_array_message.as_option() {
        return Some(of("contact", contacts.display_name.as_deref()));
    }
    if let Some(place) = message.location_message.as_option() {
        return Some(of("location", place.name.as_deref().or(place.address.as_deref())));
    }
    if let Some(place) = message.live_location_message.as_option() {
        return Some(of("location", place.caption.as_deref()));
    }
    if let Some(event) = message.event_message.as_option() {
        return Some(of("event", event.name.as_deref()));
    }
    if message.poll_update_message.is_set() {
        return Some(of("vote", None));
    }
    if message.enc_event_response_message.is_set() {
        return Some(of("response", None));
    }
    if message.pin_in_chat_message.is_set() {
        return Some(of("pin", None));
    }
    if message.keep_in_chat_message.is_set() {
        return Some(of("keep", None));
    }
    if message.album_message.is_set() {
        return Some(of("album", None));
    }
    if let Some(invite) = message.group_invite_message.as_option() {
        return Some(of("invite", invite.caption.as_deref().or(invite.group_name.as_deref())));
    }
    Some(of("poll", poll_of(message)?.name.as_deref()))
}

/// What businesses offer to choose from, and what was chosen.
fn of_business(message: &wa::Message) -> Option<Summary> {
    if let Some(buttons) = message.buttons_message.as_option() {
        return Some(of("interactive", buttons.content_text.as_deref()));
    }
    if let Some(list) = message.list_message.as_option() {
        return Some(of("interactive", list.description.as_deref().or(list.title.as_deref())));
    }
    if let Some(offer) = message.interactive_message.as_option() {
        return Some(of("interactive", offer.body.as_option().and_then(|body| body.text.as_deref())));
    }
    if message.template_message.is_set() {
        return Some(of("interactive", None));
    }
    if let Some(chosen) = message.list_response_message.as_option() {
        return Some(of("choice", chosen.title.as_deref()));
    }
    if let Some(chosen) = message.template_button_reply_message.as_option() {
        return Some(of("choice", chosen.selected_display_text.as_deref()));
    }
    let chosen = message.buttons_response_message.as_option()?;
    Some(of("choice", chosen.selected_button_id.as_deref()))
}

/// Group key distribution travels alone or next to content; alone it is the software speaking.
fn fallback(message: &wa::Message) -> &'static str {
    if message.sender_key_distribution_message.is_set() { "protocol" } else { "unknown" }
}

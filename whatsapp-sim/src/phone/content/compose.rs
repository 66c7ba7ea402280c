//! Builds the message that a phone sends from what its owner wants to send. Knows no chat and no keys.

mod files;

use wacore::proto_helpers::MessageExt as _;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::{
    ContactMessage, ContactsArrayMessage, EventMessage, ExtendedTextMessage, FutureProofMessage, GroupInviteMessage,
    LiveLocationMessage, LocationMessage, PinInChatMessage, PollCreationMessage, ProtocolMessage,
    extended_text_message, pin_in_chat_message, poll_creation_message, protocol_message,
};

use super::outgoing::Content;
use super::{MessageRef, protocol, text};
use crate::sim::{ContactCard, Invitation, LinkPreview, Occasion, Place};
use files::file_message;
pub(crate) use files::{Attached, media_type};

/// The colour of the card behind a posted text: one of those that phones offer.
const CARD: u32 = 0xff54_c265;
/// The colour of its letters.
const WHITE: u32 = 0xffff_ffff;

/// A message that stands for itself; `None` for one about another.
pub(crate) fn compose(content: &Content, attached: Option<&Attached>, once: bool) -> Option<wa::Message> {
    Some(match content {
        Content::Text(words) => text(words),
        Content::Link { text, preview } => link(text, preview),
        Content::File(kind, file) => file_message(*kind, file, attached?, once),
        Content::Location(place) => location(place),
        Content::Contacts(cards) => contacts(cards),
        Content::Poll { name, options, selectable } => poll(name, options, *selectable),
        Content::Event(event) => occasion(event),
        _ => return None,
    })
}

/// A text on a coloured card, as phones post it for everyone.
pub(crate) fn posted(words: &str) -> wa::Message {
    wa::Message {
        extended_text_message: MessageField::some(ExtendedTextMessage {
            text: Some(words.to_owned()),
            background_argb: Some(CARD),
            text_argb: Some(WHITE),
            font: Some(extended_text_message::FontType::SYSTEM),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Puts what surrounds a message into it. Messages without a place for it stay as they are.
pub(crate) fn surround(message: &mut wa::Message, context: wa::ContextInfo) {
    if context == wa::ContextInfo::default() {
        return;
    }
    let inner = if message.view_once_message_v2.is_set() {
        &mut message.view_once_message_v2
    } else if message.view_once_message_v2_extension.is_set() {
        &mut message.view_once_message_v2_extension
    } else if message.document_with_caption_message.is_set() {
        &mut message.document_with_caption_message
    } else {
        message.set_context_info(context);
        return;
    };
    if let Some(inner) = inner.as_option_mut().and_then(|wrapper| wrapper.message.as_option_mut()) {
        inner.set_context_info(context);
    }
}

/// The wrapper that older phones put around disappearing messages.
pub(crate) fn in_ephemeral_wrapper(message: wa::Message) -> wa::Message {
    wa::Message { ephemeral_message: wrapper(message), ..Default::default() }
}

/// A message is pinned, or unpinned after 0 seconds.
pub(crate) fn pin(of: MessageRef, seconds: u32, timestamp_ms: i64) -> wa::Message {
    let kind =
        if seconds == 0 { pin_in_chat_message::Type::UNPIN_FOR_ALL } else { pin_in_chat_message::Type::PIN_FOR_ALL };
    wa::Message {
        pin_in_chat_message: MessageField::some(PinInChatMessage {
            key: MessageField::some(of.into()),
            r#type: Some(kind),
            sender_timestamp_ms: Some(timestamp_ms),
        }),
        message_context_info: MessageField::some(wa::MessageContextInfo {
            message_add_on_duration_in_secs: Some(seconds),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A personal invitation to a group.
pub(crate) fn invite(invitation: Invitation) -> wa::Message {
    wa::Message {
        group_invite_message: MessageField::some(GroupInviteMessage {
            group_jid: Some(invitation.group),
            group_name: Some(invitation.name),
            invite_code: Some(invitation.code),
            invite_expiration: Some(invitation.expiration),
            caption: Some("Invitation to join my WhatsApp group".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// The timer of the chat from now on.
pub(crate) fn timer(seconds: u32, now: i64) -> wa::Message {
    protocol(ProtocolMessage {
        r#type: Some(protocol_message::Type::EPHEMERAL_SETTING),
        ephemeral_expiration: Some(seconds),
        ephemeral_setting_timestamp: Some(now),
        disappearing_mode: MessageField::some(wa::DisappearingMode {
            initiator: Some(wa::disappearing_mode::Initiator::CHANGED_IN_CHAT),
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn wrapper(message: wa::Message) -> MessageField<FutureProofMessage> {
    MessageField::some(FutureProofMessage { message: MessageField::some(message) })
}

fn link(words: &str, preview: &LinkPreview) -> wa::Message {
    wa::Message {
        extended_text_message: MessageField::some(ExtendedTextMessage {
            text: Some(words.to_owned()),
            matched_text: Some(preview.url.clone()),
            title: preview.title.clone(),
            description: preview.description.clone(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn location(place: &Place) -> wa::Message {
    let (latitude, longitude) = (Some(place.latitude), Some(place.longitude));
    if place.live {
        return wa::Message {
            live_location_message: MessageField::some(LiveLocationMessage {
                degrees_latitude: latitude,
                degrees_longitude: longitude,
                caption: place.name.clone(),
                sequence_number: Some(1),
                ..Default::default()
            }),
            ..Default::default()
        };
    }
    wa::Message {
        location_message: MessageField::some(LocationMessage {
            degrees_latitude: latitude,
            degrees_longitude: longitude,
            name: place.name.clone(),
            address: place.address.clone(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn contacts(cards: &[ContactCard]) -> wa::Message {
    let contact = |card: &ContactCard| ContactMessage {
        display_name: Some(card.name.clone()),
        vcard: Some(card.vcard.clone()),
        ..Default::default()
    };
    if let [card] = cards {
        return wa::Message { contact_message: MessageField::some(contact(card)), ..Default::default() };
    }
    wa::Message {
        contacts_array_message: MessageField::some(ContactsArrayMessage {
            display_name: Some(format!("{} contacts", cards.len())),
            contacts: cards.iter().map(contact).collect(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn poll(name: &str, options: &[String], selectable: u32) -> wa::Message {
    let option =
        |name: &String| poll_creation_message::Option { option_name: Some(name.clone()), ..Default::default() };
    let poll = MessageField::some(PollCreationMessage {
        name: Some(name.to_owned()),
        options: options.iter().map(option).collect(),
        selectable_options_count: Some(selectable),
        ..Default::default()
    });
    // The third version is for one answer, the first for several.
    if selectable == 1 {
        wa::Message { poll_creation_message_v3: poll, ..Default::default() }
    } else {
        wa::Message { poll_creation_message: poll, ..Default::default() }
    }
}

fn occasion(event: &Occasion) -> wa::Message {
    wa::Message {
        event_message: MessageField::some(EventMessage {
            name: Some(event.name.clone()),
            description: event.description.clone(),
            start_time: Some(event.start),
            end_time: event.end,
            is_canceled: Some(false),
            ..Default::default()
        }),
        ..Default::default()
    }
}

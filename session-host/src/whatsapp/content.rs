//! What a WhatsApp message says, in the contract's words. Pure: protobuf in, contract out. It owns the classification of
//! contract §4.2; it refuses to look at who sent it.

use contract::message::{MessageType, QuotedMessage};
use serde_json::{Value, json};
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;

use super::surroundings;
use super::wrappers::unwrapped;

/// The part of a [`contract::message::Message`] that comes from the content.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Kind of content.
    pub kind: MessageType,
    /// Content by kind.
    pub content: Option<Value>,
    /// Caption of a media message.
    pub caption: Option<String>,
    /// Content type of a media message.
    pub mimetype: Option<String>,
    /// File name of a document.
    pub filename: Option<String>,
    /// What it answers.
    pub quoted: Option<QuotedMessage>,
    /// Whom it mentions.
    pub mentions: Vec<String>,
}

impl Content {
    fn new(kind: MessageType) -> Self {
        Self { kind, content: None, caption: None, mimetype: None, filename: None, quoted: None, mentions: Vec::new() }
    }

    fn saying(kind: MessageType, content: Value) -> Self {
        Self { content: Some(content), ..Self::new(kind) }
    }

    /// Text, or caption.
    pub fn text(&self) -> Option<String> {
        match (&self.kind, &self.content) {
            (MessageType::Text, Some(Value::String(text))) => Some(text.clone()),
            _ => self.caption.clone(),
        }
    }
}

/// Says what a message says. `None` when it has nothing that a person could see (key distribution, receipts of the library's
/// own housekeeping).
pub fn describe(message: &wa::Message) -> Option<Content> {
    let base = unwrapped(message);
    let mut content = classify(base)?;
    if let Some(context) = surroundings::context(base) {
        content.quoted = surroundings::quoted(context);
        content.mentions = surroundings::mentions(context);
    }
    Some(content)
}

/// Classifies an unwrapped message; the first kind that fits wins.
pub(super) fn classify(base: &wa::Message) -> Option<Content> {
    let content = text(base).or_else(|| media(base)).or_else(|| structured(base)).or_else(|| housekeeping(base));
    if content.is_none() && is_empty(base) {
        return None;
    }
    Some(content.unwrap_or_else(|| Content::new(MessageType::Unknown)))
}

fn text(base: &wa::Message) -> Option<Content> {
    if let Some(text) = base.conversation.as_ref().filter(|text| !text.is_empty()) {
        return Some(Content::saying(MessageType::Text, json!(text)));
    }
    let extended = base.extended_text_message.as_option()?;
    Some(Content::saying(MessageType::Text, json!(extended.text.as_deref().unwrap_or_default())))
}

fn media(base: &wa::Message) -> Option<Content> {
    if let Some(image) = base.image_message.as_option() {
        let (caption, mimetype) = (image.caption.clone(), image.mimetype.clone());
        return Some(Content { caption, mimetype, ..Content::new(MessageType::Image) });
    }
    if let Some(video) = video(base) {
        let (caption, mimetype) = (video.caption.clone(), video.mimetype.clone());
        return Some(Content { caption, mimetype, ..Content::new(MessageType::Video) });
    }
    if let Some(audio) = base.audio_message.as_option() {
        let kind = if audio.ptt == Some(true) { MessageType::Ptt } else { MessageType::Audio };
        return Some(Content { mimetype: audio.mimetype.clone(), ..Content::new(kind) });
    }
    if let Some(document) = base.document_message.as_option() {
        let (mimetype, filename) = (document.mimetype.clone(), document.file_name.clone());
        let caption = document.caption.clone();
        return Some(Content { caption, mimetype, filename, ..Content::new(MessageType::Document) });
    }
    let sticker = base.sticker_message.as_option()?;
    Some(Content { mimetype: sticker.mimetype.clone(), ..Content::new(MessageType::Sticker) })
}

/// A video, also a round one.
pub(crate) fn video(base: &wa::Message) -> Option<&wa::message::VideoMessage> {
    base.video_message.as_option().or(base.ptv_message.as_option())
}

fn structured(base: &wa::Message) -> Option<Content> {
    if let Some(place) = base.location_message.as_option() {
        let content = json!({
            "latitude": place.degrees_latitude,
            "longitude": place.degrees_longitude,
            "name": place.name,
            "address": place.address,
        });
        return Some(Content::saying(MessageType::Location, content));
    }
    if let Some(contact) = base.contact_message.as_option() {
        return Some(Content::saying(MessageType::Contact, card(contact)));
    }
    if let Some(contacts) = base.contacts_array_message.as_option() {
        let cards: Vec<Value> = contacts.contacts.iter().map(card).collect();
        return Some(Content::saying(MessageType::Contacts, json!(cards)));
    }
    if let Some(reaction) = base.reaction_message.as_option() {
        let target = reaction.key.as_option().and_then(|key| key.id.clone());
        let content = json!({ "emoji": reaction.text.as_deref().unwrap_or_default(), "targetMessageId": target });
        return Some(Content::saying(MessageType::Reaction, content));
    }
    if let Some(vote) = base.poll_update_message.as_option() {
        let key = vote.poll_creation_message_key.as_option();
        let key = key.map(|key| json!({ "id": key.id, "fromMe": key.from_me, "remoteJid": key.remote_jid }));
        let content = json!({ "pollCreationMessageKey": key, "selectedOptions": [] });
        return Some(Content::saying(MessageType::PollVote, content));
    }
    let poll = poll(base)?;
    let options: Vec<&str> = poll.options.iter().filter_map(|option| option.option_name.as_deref()).collect();
    let count = poll.selectable_options_count.filter(|count| *count > 0).unwrap_or(1);
    let content = json!({ "question": poll.name, "options": options, "selectableCount": count });
    Some(Content::saying(MessageType::Poll, content))
}

/// A poll, in whichever form.
pub(super) fn poll(base: &wa::Message) -> Option<&wa::message::PollCreationMessage> {
    let polls = [
        &base.poll_creation_message,
        &base.poll_creation_message_v2,
        &base.poll_creation_message_v3,
        &base.poll_creation_message_v5,
        &base.poll_creation_message_v6,
    ];
    polls.into_iter().find_map(|poll| poll.as_option())
}

fn card(contact: &wa::message::ContactMessage) -> Value {
    json!({ "displayName": contact.display_name, "vcard": contact.vcard.as_deref().unwrap_or_default() })
}

fn housekeeping(base: &wa::Message) -> Option<Content> {
    let protocol = base.protocol_message.as_option()?;
    let kind = protocol.r#type.map(|kind| kind as i32)?;
    Some(Content::saying(MessageType::Protocol, json!(kind)))
}

/// Whether nothing is left but what accompanies every message.
fn is_empty(base: &wa::Message) -> bool {
    let mut rest = base.clone();
    rest.message_context_info = MessageField::default();
    rest.sender_key_distribution_message = MessageField::default();
    rest == wa::Message::default()
}

#[cfg(test)]
mod tests {
    use wacore::proto_helpers::{MessageBuilderExt as _, build_quote_context};

    use super::*;

    fn kind(message: &wa::Message) -> Option<MessageType> {
        describe(message).map(|content| content.kind)
    }

    #[test]
    fn text_with_and_without_a_quote() {
        let plain = describe(&wa::Message::text("hi")).unwrap();
        assert_eq!((plain.kind, plain.text().as_deref(), plain.quoted.clone()), (MessageType::Text, Some("hi"), None));
        let context = build_quote_context("3EB0", "6281200001111@s.whatsapp.net", &wa::Message::text("before"));
        let reply = describe(&wa::Message::text_with_context("after", context)).unwrap();
        let quoted = reply.quoted.clone().unwrap();
        assert_eq!((quoted.id.as_str(), quoted.text.as_deref()), ("3EB0", Some("before")));
        assert_eq!(reply.text().as_deref(), Some("after"));
    }

    #[test]
    fn a_disappearing_message_is_what_it_wraps() {
        let wrapped = wa::Message {
            ephemeral_message: MessageField::some(wa::message::FutureProofMessage {
                message: MessageField::some(wa::Message::text("soon gone")),
            }),
            ..Default::default()
        };
        assert_eq!(describe(&wrapped).unwrap().text().as_deref(), Some("soon gone"));
    }

    #[test]
    fn kinds_by_their_first_content() {
        let reaction = wa::Message {
            reaction_message: MessageField::some(wa::message::ReactionMessage {
                text: Some("👍".into()),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(describe(&reaction).unwrap().content.unwrap()["emoji"], "👍");
        let voice = wa::Message {
            audio_message: MessageField::some(wa::message::AudioMessage { ptt: Some(true), ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(kind(&voice), Some(MessageType::Ptt));
        let revoke = wa::Message {
            protocol_message: MessageField::some(wa::message::ProtocolMessage {
                r#type: Some(wa::message::protocol_message::Type::REVOKE),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(describe(&revoke).unwrap().content, Some(json!(0)));
        let order = wa::Message {
            order_message: MessageField::some(wa::message::OrderMessage {
                order_id: Some("1".into()),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(kind(&order), Some(MessageType::Unknown));
    }

    #[test]
    fn polls_in_every_form() {
        let poll = || {
            let option =
                wa::message::poll_creation_message::Option { option_name: Some("Mie".into()), ..Default::default() };
            MessageField::some(wa::message::PollCreationMessage { options: vec![option], ..Default::default() })
        };
        let inner = wa::Message { poll_creation_message_v3: poll(), ..Default::default() };
        let wrapped =
            MessageField::some(wa::message::FutureProofMessage { message: MessageField::some(inner.clone()) });
        for message in [
            wa::Message { poll_creation_message: poll(), ..Default::default() },
            wa::Message { poll_creation_message_v2: poll(), ..Default::default() },
            inner,
            wa::Message { poll_creation_message_v4: wrapped, ..Default::default() },
            wa::Message { poll_creation_message_v5: poll(), ..Default::default() },
            wa::Message { poll_creation_message_v6: poll(), ..Default::default() },
        ] {
            let described = describe(&message).unwrap();
            assert_eq!((described.kind, &described.content.unwrap()["options"]), (MessageType::Poll, &json!(["Mie"])));
        }
    }

    #[test]
    fn a_document_says_what_stands_below_it() {
        let document = wa::message::DocumentMessage { caption: Some("Due".into()), ..Default::default() };
        let inner = wa::Message { document_message: MessageField::some(document), ..Default::default() };
        let wrapper = wa::message::FutureProofMessage { message: MessageField::some(inner) };
        let message = wa::Message { document_with_caption_message: MessageField::some(wrapper), ..Default::default() };
        let described = describe(&message).unwrap();
        assert_eq!((described.kind, described.text().as_deref()), (MessageType::Document, Some("Due")));
    }

    #[test]
    fn nothing_to_see_is_no_message() {
        assert_eq!(describe(&wa::Message::default()), None);
        let keys_only = wa::Message {
            sender_key_distribution_message: MessageField::some(wa::message::SenderKeyDistributionMessage::default()),
            ..Default::default()
        };
        assert_eq!(describe(&keys_only), None);
    }
}

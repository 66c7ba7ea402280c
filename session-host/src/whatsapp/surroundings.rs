//! What surrounds a message of any kind: what it answers, and whom it mentions. Pure.

use contract::jid::Jid;
use contract::message::QuotedMessage;
use waproto::whatsapp as wa;

use super::content::classify;
use super::wrappers::unwrapped;

/// Mentions that are kept of a message: WhatsApp's largest group has as many members.
const MAX_MENTIONS: usize = 1_024;

/// The surroundings of an unwrapped message.
pub(super) fn context(base: &wa::Message) -> Option<&wa::ContextInfo> {
    macro_rules! first {
        ($($field:ident),+ $(,)?) => {
            None$(.or_else(|| base.$field.as_option().and_then(|part| part.context_info.as_option())))+
        };
    }
    first!(
        extended_text_message,
        image_message,
        video_message,
        ptv_message,
        audio_message,
        document_message,
        sticker_message,
        location_message,
        live_location_message,
        contact_message,
        contacts_array_message,
        poll_creation_message,
        poll_creation_message_v2,
        poll_creation_message_v3,
        poll_creation_message_v5,
        poll_creation_message_v6,
        buttons_message,
        buttons_response_message,
        list_message,
        list_response_message,
        template_message,
        template_button_reply_message,
        interactive_message,
        interactive_response_message,
        product_message,
        order_message,
        group_invite_message,
        event_message,
        sticker_pack_message,
    )
}

/// What a message answers. What that one answers itself is not looked at.
pub(super) fn quoted(context: &wa::ContextInfo) -> Option<QuotedMessage> {
    let id = context.stanza_id.clone().filter(|id| !id.is_empty())?;
    let said = context.quoted_message.as_option().and_then(|quoted| classify(unwrapped(quoted)));
    let (kind, text) = said.map(|said| (said.kind, said.text())).unzip();
    Some(QuotedMessage { id, sender: context.participant.clone().unwrap_or_default(), text: text.flatten(), kind })
}

/// Whom a message mentions, as it says it.
pub(super) fn mentions(context: &wa::ContextInfo) -> Vec<String> {
    let read = context.mentioned_jid.iter().filter_map(|jid| Jid::parse(jid).ok());
    read.map(|jid| jid.to_string()).take(MAX_MENTIONS).collect()
}

#[cfg(test)]
mod tests {
    use contract::message::MessageType;
    use wacore::proto_helpers::{MessageBuilderExt as _, MessageExt as _, build_quote_context};
    use waproto::buffa::MessageField;
    use waproto::whatsapp::message as wam;

    use super::super::content::describe;
    use super::*;

    #[test]
    fn every_kind_answers_and_mentions() {
        let kinds = [
            wa::Message { image_message: MessageField::some(wam::ImageMessage::default()), ..Default::default() },
            wa::Message { video_message: MessageField::some(wam::VideoMessage::default()), ..Default::default() },
            wa::Message { ptv_message: MessageField::some(wam::VideoMessage::default()), ..Default::default() },
            wa::Message { audio_message: MessageField::some(wam::AudioMessage::default()), ..Default::default() },
            wa::Message { document_message: MessageField::some(wam::DocumentMessage::default()), ..Default::default() },
            wa::Message { sticker_message: MessageField::some(wam::StickerMessage::default()), ..Default::default() },
            wa::Message { location_message: MessageField::some(wam::LocationMessage::default()), ..Default::default() },
            wa::Message { contact_message: MessageField::some(wam::ContactMessage::default()), ..Default::default() },
            wa::Message {
                poll_creation_message_v3: MessageField::some(wam::PollCreationMessage::default()),
                ..Default::default()
            },
            wa::Message::text("text"),
        ];
        let before = wa::Message {
            image_message: MessageField::some(wam::ImageMessage { caption: Some("Look".into()), ..Default::default() }),
            ..Default::default()
        };
        for mut message in kinds {
            let mut context = build_quote_context("3EB0", "6281200001111@s.whatsapp.net", &before);
            context.mentioned_jid = vec!["6281200002222@s.whatsapp.net".into(), "nobody".into()];
            assert!(message.set_context_info(context));
            let described = describe(&message).unwrap();
            let quoted = described.quoted.unwrap();
            assert_eq!(
                (quoted.id.as_str(), quoted.text.as_deref(), quoted.kind),
                ("3EB0", Some("Look"), Some(MessageType::Image)),
                "{:?}",
                described.kind
            );
            assert_eq!(described.mentions, ["6281200002222@s.whatsapp.net"], "{:?}", described.kind);
        }
    }

    #[test]
    fn quotes_within_quotes_are_not_followed() {
        let mut message = wa::Message::text("first");
        for _ in 0..3 {
            let mut context = build_quote_context("3EB0", "6281200001111@s.whatsapp.net", &wa::Message::default());
            context.quoted_message = MessageField::some(message);
            message = wa::Message::text_with_context("later", context);
        }
        assert_eq!(describe(&message).unwrap().quoted.unwrap().text.as_deref(), Some("later"));
    }
}

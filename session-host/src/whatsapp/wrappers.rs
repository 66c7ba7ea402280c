//! The wrappers around messages: disappearing, seen once, captioned, edited and whatever else the apps put around a message that
//! stays what it is. It owns which there are; it refuses to go deeper than any app does.

use waproto::whatsapp as wa;
use waproto::whatsapp::message::FutureProofMessage;

/// Wrappers that are opened: apps use two or three, and what is sent may have thousands.
const MAX_LAYERS: usize = 8;

/// The message inside of all wrappers.
pub(crate) fn unwrapped(message: &wa::Message) -> &wa::Message {
    let mut current = message;
    for _ in 0..MAX_LAYERS {
        let Some(inner) = inner(current) else { break };
        current = inner;
    }
    current
}

fn inner(message: &wa::Message) -> Option<&wa::Message> {
    let own = message.device_sent_message.as_option().and_then(|sent| sent.message.as_option());
    let wrappers = [
        &message.ephemeral_message,
        &message.view_once_message,
        &message.view_once_message_v2,
        &message.view_once_message_v2_extension,
        &message.document_with_caption_message,
        &message.edited_message,
        &message.group_mentioned_message,
        &message.bot_invoke_message,
        &message.bot_task_message,
        &message.bot_forwarded_message,
        &message.lottie_sticker_message,
        &message.event_cover_image,
        &message.poll_creation_message_v4,
        &message.poll_creation_option_image_message,
        &message.associated_child_message,
        &message.status_mention_message,
        &message.status_add_yours,
        &message.group_status_mention_message,
        &message.group_status_message,
        &message.group_status_message_v2,
        &message.limit_sharing_message,
        &message.question_message,
        &message.question_reply_message,
        &message.spoiler_message,
    ];
    let wrapped = |wrapper: &'_ FutureProofMessage| wrapper.message.is_set();
    let found = wrappers.into_iter().filter_map(|wrapper| wrapper.as_option()).find(|wrapper| wrapped(wrapper));
    own.or_else(|| found?.message.as_option())
}

/// The secret that what is said later about a message is sealed with. It is outside of some wrappers, and inside of others.
pub(crate) fn secret(message: &wa::Message) -> Option<&[u8]> {
    let of = |message: &'_ wa::Message| {
        message.message_context_info.as_option().is_some_and(|context| context.message_secret.is_some())
    };
    let holder = if of(message) { message } else { unwrapped(message) };
    holder.message_context_info.as_option()?.message_secret.as_deref()
}

#[cfg(test)]
mod tests {
    use wacore::proto_helpers::MessageBuilderExt as _;
    use waproto::buffa::MessageField;

    use super::*;

    fn wrapper(inner: wa::Message) -> MessageField<FutureProofMessage> {
        MessageField::some(FutureProofMessage { message: MessageField::some(inner) })
    }

    #[test]
    fn every_wrapper_in_every_order() {
        type Put = fn(&mut wa::Message, MessageField<FutureProofMessage>);
        let puts: [Put; 24] = [
            |message, inner| message.ephemeral_message = inner,
            |message, inner| message.view_once_message = inner,
            |message, inner| message.view_once_message_v2 = inner,
            |message, inner| message.view_once_message_v2_extension = inner,
            |message, inner| message.document_with_caption_message = inner,
            |message, inner| message.edited_message = inner,
            |message, inner| message.group_mentioned_message = inner,
            |message, inner| message.bot_invoke_message = inner,
            |message, inner| message.bot_task_message = inner,
            |message, inner| message.bot_forwarded_message = inner,
            |message, inner| message.lottie_sticker_message = inner,
            |message, inner| message.event_cover_image = inner,
            |message, inner| message.poll_creation_message_v4 = inner,
            |message, inner| message.poll_creation_option_image_message = inner,
            |message, inner| message.associated_child_message = inner,
            |message, inner| message.status_mention_message = inner,
            |message, inner| message.status_add_yours = inner,
            |message, inner| message.group_status_mention_message = inner,
            |message, inner| message.group_status_message = inner,
            |message, inner| message.group_status_message_v2 = inner,
            |message, inner| message.limit_sharing_message = inner,
            |message, inner| message.question_message = inner,
            |message, inner| message.question_reply_message = inner,
            |message, inner| message.spoiler_message = inner,
        ];
        for put in puts {
            // Around, and within, the most frequent one.
            let mut around = wa::Message::default();
            let plain = wa::Message::text("within");
            put(&mut around, wrapper(wa::Message { ephemeral_message: wrapper(plain.clone()), ..Default::default() }));
            let mut within = wa::Message::default();
            put(&mut within, wrapper(plain.clone()));
            let within = wa::Message { ephemeral_message: wrapper(within), ..Default::default() };
            assert_eq!((unwrapped(&around), unwrapped(&within)), (&plain, &plain));
        }
    }

    #[test]
    fn an_empty_wrapper_is_not_entered_and_a_deep_one_not_to_its_end() {
        let empty = wa::Message {
            view_once_message: MessageField::some(FutureProofMessage::default()),
            ..wa::Message::text("beside")
        };
        assert_eq!(unwrapped(&empty), &empty);
        let mut deep = wa::Message::text("deep");
        for _ in 0..=MAX_LAYERS {
            deep = wa::Message { ephemeral_message: wrapper(deep), ..Default::default() };
        }
        assert!(unwrapped(&deep).conversation.is_none());
    }

    #[test]
    fn a_secret_is_found_on_either_side_of_a_wrapper() {
        let context = wa::MessageContextInfo { message_secret: Some(vec![7; 32]), ..Default::default() };
        let with = |message| wa::Message { message_context_info: MessageField::some(context.clone()), ..message };
        let inside = wa::Message { ephemeral_message: wrapper(with(wa::Message::text("?"))), ..Default::default() };
        let outside = with(wa::Message { ephemeral_message: wrapper(wa::Message::text("?")), ..Default::default() });
        assert_eq!((secret(&inside), secret(&outside)), (Some(&[7; 32][..]), Some(&[7; 32][..])));
        assert_eq!(secret(&wa::Message::text("?")), None);
    }
}

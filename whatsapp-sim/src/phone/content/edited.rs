//! What an edit makes of the message that it is about. Everything but the words stays: file, secret, surroundings.

use wacore::proto_helpers::MessageExt as _;
use waproto::whatsapp as wa;

/// The new words of an edit.
pub(crate) fn new_words(edit: &wa::Message) -> Option<&str> {
    let new = edit.get_base_message().protocol_message.as_option()?.edited_message.as_option()?;
    new.text_content().or_else(|| new.get_caption())
}

/// Puts other words into a message: the text, or the caption of its file. Whether it has any.
pub(crate) fn reword(message: &mut wa::Message, words: &str) -> bool {
    let base = base_mut(message);
    let caption = if let Some(text) = base.extended_text_message.as_option_mut() {
        &mut text.text
    } else if let Some(image) = base.image_message.as_option_mut() {
        &mut image.caption
    } else if let Some(video) = base.video_message.as_option_mut() {
        &mut video.caption
    } else if let Some(document) = base.document_message.as_option_mut() {
        &mut document.caption
    } else if base.conversation.is_some() {
        &mut base.conversation
    } else {
        return false;
    };
    *caption = Some(words.to_owned());
    true
}

/// The message inside of wrappers, for changes.
fn base_mut(message: &mut wa::Message) -> &mut wa::Message {
    let disappears = message.ephemeral_message.as_option().is_some_and(|wrapper| wrapper.message.is_set());
    let captioned = message.document_with_caption_message.as_option().is_some_and(|wrapper| wrapper.message.is_set());
    let wrapper = if disappears {
        &mut message.ephemeral_message
    } else if captioned {
        &mut message.document_with_caption_message
    } else {
        return message;
    };
    base_mut(wrapper.get_or_insert_default().message.get_or_insert_default())
}

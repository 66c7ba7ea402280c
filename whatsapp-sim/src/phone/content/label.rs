//! What the envelope of a message says of its content: the same for every device, and all that the server sees of it.

use wacore::send::{media_type_from_message, should_hide_decrypt_fail_for_send, stanza_type_from_message};
use wacore::types::message::EditAttribute;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp as wa;

use super::{base, poll_of};

/// How a message's stanza is labelled.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    /// `text`, `media`, `poll`, `reaction` or `event`.
    pub(crate) kind: &'static str,
    /// What it does to an earlier message.
    pub(crate) edit: Option<EditAttribute>,
    /// What kind of media, beside the ciphertext.
    pub(crate) media: Option<&'static str>,
    /// Whether a device that cannot decrypt it shows nothing.
    pub(crate) hidden: bool,
    /// An attribute of `<meta>`.
    meta: Option<(&'static str, &'static str)>,
    /// From software to software.
    pub(crate) category: Option<&'static str>,
    /// Companions hear that there is something for one view, and get nothing to view.
    pub(crate) withheld: bool,
}

impl Label {
    /// The label of what people send.
    pub(crate) fn of(message: &wa::Message) -> Self {
        let edit = EditAttribute::infer_from_message(message);
        Self {
            kind: stanza_type_from_message(message),
            media: media_type_from_message(message),
            hidden: should_hide_decrypt_fail_for_send(edit.as_ref(), message),
            meta: meta(base(message)),
            category: None,
            withheld: false,
            edit,
        }
    }

    /// The label of what a phone's software tells its companions'.
    pub(crate) fn peer() -> Self {
        Self {
            kind: "text",
            edit: None,
            media: None,
            hidden: false,
            meta: None,
            category: Some("peer"),
            withheld: false,
        }
    }

    /// What stands beside the ciphertexts.
    pub(crate) fn meta(&self) -> Option<Node> {
        self.meta.map(|(name, value)| NodeBuilder::new("meta").attr(name, value).build())
    }
}

fn meta(base: &wa::Message) -> Option<(&'static str, &'static str)> {
    if poll_of(base).is_some() {
        Some(("polltype", "creation"))
    } else if base.poll_update_message.is_set() {
        Some(("polltype", "vote"))
    } else {
        let response = base.enc_event_response_message.is_set().then_some(("event_type", "response"));
        base.event_message.is_set().then_some(("event_type", "creation")).or(response)
    }
}

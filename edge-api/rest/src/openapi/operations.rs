//! The table of operations: for each what it takes, what it answers, and how it may fail.

mod groups;
mod messaging;
mod sessions;
pub(super) mod webhooks;

use contract::content::MAX_CAPTION_CHARACTERS;
use contract::error::ErrorCode::{
    self, FetchFailed, FileTooLarge, GroupNotFound, InvalidRecipient, NotAllowed, OutcomeUnknown,
    RecipientNotOnWhatsapp, Refused, SendFailed, SendRefused, UnsupportedFile, UploadFailed, UrlRefused,
};
use contract::message::Sent;
use contract::operation::MAX_PARTICIPANTS;
use serde_json::Value;

use super::shape::{Data, Field, Kind, Schemas};

/// Sections of the document.
pub(super) const TAGS: [(&str, &str); 7] = [
    ("Health", "Is it there, and can it work?"),
    ("Sessions", "WhatsApp accounts: link them, look at them, unlink them"),
    ("Webhooks", "Events posted to servers of yours, and what became of each"),
    ("Messaging", "Send messages and show presence"),
    ("Chat History", "Chats, contacts and messages as they are stored"),
    ("Groups", "Groups and who is in them"),
    ("Dashboard", "The way into the dashboard"),
];

/// An operation.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a row in a table")]
pub struct Operation {
    /// `get`, `post`, `patch` or `delete`.
    pub method: &'static str,
    /// The path, with `{session_id}` in it.
    pub path: &'static str,
    /// Its name in generated clients.
    pub id: &'static str,
    /// Its section.
    pub tag: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Whether it reads a body.
    pub has_body: bool,
    /// The fields of the body.
    pub fields: &'static [Field],
    /// The fields of the query.
    pub query: &'static [Field],
    /// A body that works, as JSON.
    pub body: &'static str,
    /// The sentence of a success.
    pub sentence: Option<&'static str>,
    /// The data of a success.
    pub data: Data,
    /// What stands beside them.
    pub besides: &'static [Field],
    /// The type of an answer that is no JSON.
    pub page: Option<&'static str>,
    /// How it fails, besides what all of its kind do.
    pub codes: &'static [ErrorCode],
    /// Whether it is about a connected session that the body names.
    pub of_session: bool,
    /// Whether a host answers it.
    pub by_host: bool,
    /// Whether it takes an `Idempotency-Key`.
    pub repeatable: bool,
    /// Whether it asks for no key.
    pub open: bool,
    /// Whether it may be answered with 202, when what it began takes longer than an answer may.
    pub accepted: bool,
}

impl Operation {
    /// A body that works.
    pub fn example(&self) -> Value {
        serde_json::from_str(self.body).unwrap_or_default()
    }
}

/// What most operations are.
const PLAIN: Operation = Operation {
    method: "post",
    path: "",
    id: "",
    tag: "Sessions",
    summary: "",
    has_body: false,
    fields: &[],
    query: &[],
    body: "{}",
    sentence: None,
    data: Data::Nothing,
    besides: &[],
    page: None,
    codes: &[],
    of_session: false,
    by_host: false,
    repeatable: false,
    open: false,
    accepted: false,
};

/// A question about a chat, answered from what is stored.
const READ: Operation = Operation { tag: "Chat History", has_body: true, of_session: true, ..PLAIN };

/// A question that WhatsApp answers.
const ASK: Operation = Operation { by_host: true, codes: &[InvalidRecipient, Refused], ..READ };

/// A message.
const SEND: Operation = Operation {
    tag: "Messaging",
    by_host: true,
    repeatable: true,
    data: Data::Type(Schemas::of::<Sent>),
    codes: &[InvalidRecipient, RecipientNotOnWhatsapp, SendRefused, SendFailed, GroupNotFound, NotAllowed, Refused],
    ..READ
};

/// A message with a file.
const SEND_FILE: Operation = Operation {
    codes: &[
        InvalidRecipient,
        RecipientNotOnWhatsapp,
        SendRefused,
        SendFailed,
        GroupNotFound,
        NotAllowed,
        Refused,
        UrlRefused,
        FetchFailed,
        FileTooLarge,
        UnsupportedFile,
        UploadFailed,
    ],
    ..SEND
};

/// A question about groups.
const ASK_GROUP: Operation = Operation { tag: "Groups", codes: &[GroupNotFound, NotAllowed, Refused], ..ASK };

/// A change of a group.
const CHANGE_GROUP: Operation =
    Operation { repeatable: true, codes: &[GroupNotFound, NotAllowed, Refused, OutcomeUnknown], ..ASK_GROUP };

const fn must(name: &'static str, kind: Kind, what: &'static str) -> Field {
    Field { name, kind, required: true, what }
}

const fn may(name: &'static str, kind: Kind, what: &'static str) -> Field {
    Field { name, kind, required: false, what }
}

const SESSION_ID: Field = must("sessionId", Kind::Session, "The session.");
const CHAT: Field =
    must("chatId", Kind::Address, "A number as people write it (`+62 812…`, `0812…`) or a WhatsApp address.");
const PHONE: Field = must("phone", Kind::Address, "A number as people write it, or a WhatsApp address.");
const TYPING: Field = may("typingTime", Kind::Whole(0, 60_000), "Milliseconds for which \"typing…\" is shown first.");
const REPLY: Field = may("replyTo", Kind::Short(64), "The id of the message that this one answers.");
const CAPTION: Field = may("caption", Kind::Short(MAX_CAPTION_CHARACTERS), "Text below it.");
const GROUP_ID: Field = must("groupId", Kind::Address, "The address of the group, or its digits.");
const PEOPLE: Field = must("participants", Kind::Texts(1, MAX_PARTICIPANTS), "Numbers or addresses.");
const METADATA: Field = may("metadata", Kind::Object, "Anything of yours; merged key by key.");
const WEBHOOK_LIST: Field = may("webhooks", Kind::WebhookList, "Replaces the list.");
const LIMIT: Field = may("limit", Kind::Whole(1, 500), "How many.");
const OFFSET: Field = may("offset", Kind::Whole(0, 1_000_000), "How many to leave out first.");

const GROUP_ONLY: &[Field] = &[SESSION_ID, GROUP_ID];
const GROUP_AND_PEOPLE: &[Field] = &[SESSION_ID, GROUP_ID, PEOPLE];
const ONE_GROUP: &str = r#"{"sessionId":"shop","groupId":"120363000000000001@g.us"}"#;
const ONE_GROUP_AND_PEOPLE: &str =
    r#"{"sessionId":"shop","groupId":"120363000000000001@g.us","participants":["6281200000103"]}"#;
const CHANGED_GROUP: &[Field] = &[must("groupId", Kind::Text, "The group.")];
const PN: Field = may("pn", Kind::Text, "The address by phone number, when known.");
const LID: Field = may("lid", Kind::Text, "The hidden address, when known.");

/// Every operation.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    let sessions = sessions::OPERATIONS.iter().chain(webhooks::OPERATIONS);
    sessions.chain(messaging::OPERATIONS).chain(groups::OPERATIONS)
}

//! Operations on chats: messages, presence, and what is stored.

use contract::chat::{ChatPage, ContactPage};
use contract::content::{MAX_NAME_CHARACTERS, MAX_POLL_OPTIONS, MAX_TEXT_CHARACTERS, MIN_POLL_OPTIONS};
use contract::error::ErrorCode::{GroupNotFound, InvalidRecipient, NotAllowed, Refused};
use contract::message::MessagePage;
use contract::routes::{
    CHAT_INFO, CHECK_NUMBER, CONTACT_INFO, CONTACTS, MARK_READ, MESSAGES, OVERVIEW, PRESENCE, PROFILE_PICTURE,
    SEND_AUDIO, SEND_BUTTON, SEND_CONTACT, SEND_DOCUMENT, SEND_IMAGE, SEND_LOCATION, SEND_POLL, SEND_TEXT,
};

use super::super::shape::{Data, Kind, Schemas};
use super::{
    ASK, CAPTION, CHAT, LID, LIMIT, OFFSET, Operation, PHONE, PN, READ, REPLY, SEND, SEND_FILE, SESSION_ID, TYPING,
    may, must,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: SEND_TEXT,
        id: "sendText",
        summary: "Send a text",
        fields: &[SESSION_ID, CHAT, must("message", Kind::Short(MAX_TEXT_CHARACTERS), "The text."), TYPING, REPLY],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","message":"Hello"}"#,
        sentence: Some("Message sent successfully"),
        ..SEND
    },
    Operation {
        path: SEND_IMAGE,
        id: "sendImage",
        summary: "Send a picture: JPEG, PNG or WebP, up to 16 MiB",
        fields: &[
            SESSION_ID,
            CHAT,
            must("imageUrl", Kind::File, "An http, https or data address."),
            CAPTION,
            TYPING,
            REPLY,
        ],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","imageUrl":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==","caption":"One pixel"}"#,
        sentence: Some("Image sent successfully"),
        ..SEND_FILE
    },
    Operation {
        path: SEND_DOCUMENT,
        id: "sendDocument",
        summary: "Send any file, up to 100 MiB",
        fields: &[
            SESSION_ID,
            CHAT,
            must("documentUrl", Kind::File, "An http, https or data address."),
            must("filename", Kind::Short(MAX_NAME_CHARACTERS), "Its name, as the other person sees it."),
            may("mimetype", Kind::Short(127), "Its type; `application/pdf` when it is missing."),
            CAPTION,
            TYPING,
            REPLY,
        ],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","documentUrl":"data:text/plain,Hello","filename":"hello.txt","mimetype":"text/plain"}"#,
        sentence: Some("Document sent successfully"),
        ..SEND_FILE
    },
    Operation {
        path: SEND_AUDIO,
        id: "sendAudio",
        summary: "Send a sound or a voice note, up to 16 MiB; what is not OGG/Opus is converted where the server can",
        fields: &[
            SESSION_ID,
            CHAT,
            must("audioUrl", Kind::File, "An http, https or data address."),
            may("ptt", Kind::Flag, "Whether it is a voice note."),
            TYPING,
            REPLY,
        ],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","audioUrl":"data:audio/wav;base64,UklGRuwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YcgAAACAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgA==","ptt":true}"#,
        sentence: Some("Voice note sent successfully"),
        ..SEND_FILE
    },
    Operation {
        path: SEND_LOCATION,
        id: "sendLocation",
        summary: "Send a place",
        fields: &[
            SESSION_ID,
            CHAT,
            must("latitude", Kind::Number(-90.0, 90.0), "Degrees north."),
            must("longitude", Kind::Number(-180.0, 180.0), "Degrees east."),
            may("name", Kind::Short(MAX_NAME_CHARACTERS), "What the place is called."),
            TYPING,
            REPLY,
        ],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","latitude":-6.2,"longitude":106.8,"name":"Kiosk"}"#,
        sentence: Some("Location sent successfully"),
        ..SEND
    },
    Operation {
        path: SEND_CONTACT,
        id: "sendContact",
        summary: "Send a contact card",
        fields: &[
            SESSION_ID,
            CHAT,
            must("contactName", Kind::Short(MAX_NAME_CHARACTERS), "The person's name."),
            must("contactPhone", Kind::Address, "The person's number."),
            TYPING,
            REPLY,
        ],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","contactName":"Budi","contactPhone":"6281200000103"}"#,
        sentence: Some("Contact sent successfully"),
        ..SEND
    },
    Operation {
        path: SEND_BUTTON,
        id: "sendButton",
        summary: "Send buttons, as a poll: WhatsApp shows no buttons any more",
        fields: &[
            SESSION_ID,
            CHAT,
            must("text", Kind::Short(MAX_NAME_CHARACTERS), "The question."),
            must("buttons", Kind::Texts(1, MAX_POLL_OPTIONS), "What can be chosen."),
            may("footer", Kind::Short(MAX_NAME_CHARACTERS), "Below the question."),
            TYPING,
            REPLY,
        ],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","text":"Will you come?","buttons":["Yes","No"]}"#,
        sentence: Some("Interactive poll sent (buttons are deprecated by WhatsApp)"),
        ..SEND
    },
    Operation {
        path: SEND_POLL,
        id: "sendPoll",
        summary: "Send a poll",
        fields: &[
            SESSION_ID,
            CHAT,
            must("question", Kind::Short(MAX_NAME_CHARACTERS), "The question."),
            must("options", Kind::Texts(MIN_POLL_OPTIONS, MAX_POLL_OPTIONS), "What can be chosen."),
            may("selectableCount", Kind::Whole(0, 12), "How many may be chosen; 0 is any number, 1 the default."),
            TYPING,
            REPLY,
        ],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","question":"When?","options":["Today","Tomorrow"]}"#,
        sentence: Some("Poll sent successfully"),
        ..SEND
    },
    Operation {
        path: PRESENCE,
        id: "showPresence",
        summary: "Show typing, recording, or being online",
        fields: &[
            SESSION_ID,
            CHAT,
            may(
                "presence",
                Kind::OneOf(&["composing", "recording", "paused", "available", "unavailable"]),
                "`composing` when it is missing.",
            ),
        ],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","presence":"composing"}"#,
        sentence: Some("Presence 'composing' sent"),
        data: Data::Nothing,
        codes: &[InvalidRecipient, Refused],
        ..SEND
    },
    Operation {
        path: CHECK_NUMBER,
        id: "checkNumber",
        tag: "Messaging",
        summary: "Whether a number is on WhatsApp",
        fields: &[SESSION_ID, PHONE],
        body: r#"{"sessionId":"shop","phone":"6281200000102"}"#,
        data: Data::Fields(&[
            must("phone", Kind::Text, "As it was asked for."),
            must("isRegistered", Kind::Flag, "Whether it is."),
            may("jid", Kind::Text, "Its address, when it is."),
            LID,
        ]),
        ..ASK
    },
    Operation {
        path: PROFILE_PICTURE,
        id: "profilePicture",
        tag: "Messaging",
        summary: "Where the picture of a person or group is",
        fields: &[SESSION_ID, PHONE],
        body: r#"{"sessionId":"shop","phone":"6281200000102"}"#,
        data: Data::Fields(&[
            must("phone", Kind::Text, "As it was asked for."),
            may("profilePicture", Kind::Text, "`null` when there is none to be seen."),
        ]),
        ..ASK
    },
    Operation {
        path: CONTACT_INFO,
        id: "contactInfo",
        tag: "Messaging",
        summary: "What WhatsApp shows of a person",
        fields: &[SESSION_ID, PHONE],
        body: r#"{"sessionId":"shop","phone":"6281200000102"}"#,
        data: Data::Fields(&[
            must("phone", Kind::Text, "As it was asked for."),
            may("jid", Kind::Text, "The address."),
            must("isRegistered", Kind::Flag, "Whether the number is on WhatsApp."),
            may("profilePicture", Kind::Text, "Where the picture is."),
            may("status", Kind::Text, "What the person says about themselves."),
            PN,
            LID,
            must("isBusiness", Kind::Flag, "Whether it is a business."),
            may("verifiedName", Kind::Text, "The name that WhatsApp certifies."),
        ]),
        ..ASK
    },
    Operation {
        path: OVERVIEW,
        id: "listChats",
        summary: "Chats, the one with the newest message first",
        fields: &[SESSION_ID, LIMIT, OFFSET, may("type", Kind::OneOf(&["all", "personal", "group"]), "Which.")],
        body: r#"{"sessionId":"shop","limit":20}"#,
        data: Data::Type(Schemas::of::<ChatPage>),
        ..READ
    },
    Operation {
        path: CONTACTS,
        id: "listContacts",
        summary: "Who is in the address book or wrote, by name",
        fields: &[SESSION_ID, LIMIT, OFFSET, may("search", Kind::Short(100), "Part of a name or number.")],
        body: r#"{"sessionId":"shop","search":"ali"}"#,
        data: Data::Type(Schemas::of::<ContactPage>),
        ..READ
    },
    Operation {
        path: MESSAGES,
        id: "listMessages",
        summary: "Messages of a chat, the newest first",
        fields: &[SESSION_ID, CHAT, LIMIT, may("cursor", Kind::Short(160), "The `cursor` of the page before.")],
        body: r#"{"sessionId":"shop","chatId":"6281200000102","limit":20}"#,
        data: Data::Type(Schemas::of::<MessagePage>),
        codes: &[InvalidRecipient],
        ..READ
    },
    Operation {
        path: CHAT_INFO,
        id: "chatInfo",
        summary: "What WhatsApp shows of the person or group of a chat",
        fields: &[SESSION_ID, CHAT],
        body: r#"{"sessionId":"shop","chatId":"6281200000102"}"#,
        data: Data::Fields(&[
            must("id", Kind::Text, "The address."),
            must(
                "isGroup",
                Kind::Flag,
                "Whether it is a group; then there are `name`, `participants` and what a group has.",
            ),
            may("profilePicture", Kind::Text, "Where the picture is."),
        ]),
        codes: &[InvalidRecipient, GroupNotFound, NotAllowed, Refused],
        ..ASK
    },
    Operation {
        path: MARK_READ,
        id: "markRead",
        summary: "Send read receipts for what is unread in a chat",
        fields: &[SESSION_ID, CHAT, may("messageId", Kind::Short(64), "Only this message and what is older.")],
        body: r#"{"sessionId":"shop","chatId":"6281200000102"}"#,
        sentence: Some("Chat marked as read"),
        data: Data::Fields(&[
            must("chatId", Kind::Text, "The chat."),
            must("isGroup", Kind::Flag, "Whether it is a group."),
            must("markedCount", Kind::Whole(0, 1_000_000), "For how many messages a receipt was sent."),
        ]),
        repeatable: true,
        ..ASK
    },
];

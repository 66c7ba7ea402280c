//! Operations on groups.

use contract::error::ErrorCode::{
    FetchFailed, FileTooLarge, GroupNotFound, InvalidRecipient, InviteInvalid, NotAllowed, OutcomeUnknown,
    RecipientNotOnWhatsapp, Refused, UnsupportedFile, UrlRefused,
};
use contract::group::{Changed, Created, Groups, Joined, Metadata};
use contract::operation::{MAX_DESCRIPTION_CHARACTERS, MAX_SUBJECT_CHARACTERS};
use contract::routes::{
    GROUP_CREATE, GROUP_DESCRIPTION, GROUP_JOIN, GROUP_LEAVE, GROUP_METADATA, GROUP_PICTURE, GROUP_SETTINGS,
    GROUP_SUBJECT, GROUPS, INVITE_CODE, PARTICIPANTS_ADD, PARTICIPANTS_DEMOTE, PARTICIPANTS_PROMOTE,
    PARTICIPANTS_REMOVE, REVOKE_INVITE,
};

use super::super::shape::{Data, Kind, Schemas};
use super::{
    ASK_GROUP, CHANGE_GROUP, CHANGED_GROUP, GROUP_AND_PEOPLE, GROUP_ID, GROUP_ONLY, ONE_GROUP, ONE_GROUP_AND_PEOPLE,
    Operation, PEOPLE, SESSION_ID, may, must,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: GROUPS,
        id: "listGroups",
        summary: "All groups of the account",
        fields: &[SESSION_ID],
        body: r#"{"sessionId":"shop"}"#,
        sentence: Some("Groups retrieved successfully"),
        data: Data::Type(Schemas::of::<Groups>),
        codes: &[Refused],
        ..ASK_GROUP
    },
    Operation {
        path: GROUP_CREATE,
        id: "createGroup",
        summary: "Create a group",
        fields: &[SESSION_ID, must("name", Kind::Short(MAX_SUBJECT_CHARACTERS), "Its name."), PEOPLE],
        body: r#"{"sessionId":"shop","name":"Market","participants":["6281200000102"]}"#,
        sentence: Some("Group created successfully"),
        data: Data::Type(Schemas::of::<Created>),
        codes: &[InvalidRecipient, RecipientNotOnWhatsapp, NotAllowed, Refused, OutcomeUnknown],
        ..CHANGE_GROUP
    },
    Operation {
        path: GROUP_METADATA,
        id: "groupMetadata",
        summary: "A group with its people",
        fields: GROUP_ONLY,
        body: ONE_GROUP,
        sentence: Some("Group metadata retrieved successfully"),
        data: Data::Type(Schemas::of::<Metadata>),
        ..ASK_GROUP
    },
    Operation {
        path: PARTICIPANTS_ADD,
        id: "addParticipants",
        summary: "Add people to a group; each has an outcome of their own",
        fields: GROUP_AND_PEOPLE,
        body: ONE_GROUP_AND_PEOPLE,
        sentence: Some("Participants added successfully"),
        data: Data::Type(Schemas::of::<Changed>),
        codes: &[InvalidRecipient, RecipientNotOnWhatsapp, GroupNotFound, NotAllowed, Refused, OutcomeUnknown],
        ..CHANGE_GROUP
    },
    Operation {
        path: PARTICIPANTS_REMOVE,
        id: "removeParticipants",
        summary: "Remove people from a group",
        fields: GROUP_AND_PEOPLE,
        body: ONE_GROUP_AND_PEOPLE,
        sentence: Some("Participants removed successfully"),
        data: Data::Type(Schemas::of::<Changed>),
        codes: &[InvalidRecipient, RecipientNotOnWhatsapp, GroupNotFound, NotAllowed, Refused, OutcomeUnknown],
        ..CHANGE_GROUP
    },
    Operation {
        path: PARTICIPANTS_PROMOTE,
        id: "promoteParticipants",
        summary: "Make people admins of a group",
        fields: GROUP_AND_PEOPLE,
        body: ONE_GROUP_AND_PEOPLE,
        sentence: Some("Participants promoted to admin successfully"),
        data: Data::Type(Schemas::of::<Changed>),
        codes: &[InvalidRecipient, RecipientNotOnWhatsapp, GroupNotFound, NotAllowed, Refused, OutcomeUnknown],
        ..CHANGE_GROUP
    },
    Operation {
        path: PARTICIPANTS_DEMOTE,
        id: "demoteParticipants",
        summary: "Make admins of a group ordinary members",
        fields: GROUP_AND_PEOPLE,
        body: ONE_GROUP_AND_PEOPLE,
        sentence: Some("Participants demoted from admin successfully"),
        data: Data::Type(Schemas::of::<Changed>),
        codes: &[InvalidRecipient, RecipientNotOnWhatsapp, GroupNotFound, NotAllowed, Refused, OutcomeUnknown],
        ..CHANGE_GROUP
    },
    Operation {
        path: GROUP_SUBJECT,
        id: "setGroupSubject",
        summary: "Rename a group",
        fields: &[SESSION_ID, GROUP_ID, must("subject", Kind::Short(MAX_SUBJECT_CHARACTERS), "The new name.")],
        body: r#"{"sessionId":"shop","groupId":"120363000000000001@g.us","subject":"Sunday market"}"#,
        sentence: Some("Group subject updated successfully"),
        data: Data::Fields(&[must("groupId", Kind::Text, "The group."), must("subject", Kind::Text, "Its name.")]),
        ..CHANGE_GROUP
    },
    Operation {
        path: GROUP_DESCRIPTION,
        id: "setGroupDescription",
        summary: "Describe a group; an empty text takes the description away",
        fields: &[SESSION_ID, GROUP_ID, may("description", Kind::Short(MAX_DESCRIPTION_CHARACTERS), "The text.")],
        body: r#"{"sessionId":"shop","groupId":"120363000000000001@g.us","description":"Who brings what"}"#,
        sentence: Some("Group description updated successfully"),
        data: Data::Fields(&[must("groupId", Kind::Text, "The group."), may("description", Kind::Maybe, "The text.")]),
        ..CHANGE_GROUP
    },
    Operation {
        path: GROUP_SETTINGS,
        id: "setGroupSetting",
        summary: "Say who may write in a group, or change it",
        fields: &[
            SESSION_ID,
            GROUP_ID,
            must(
                "setting",
                Kind::OneOf(&["announcement", "not_announcement", "locked", "unlocked"]),
                "Only admins write, or everybody; only admins change it, or everybody.",
            ),
        ],
        body: r#"{"sessionId":"shop","groupId":"120363000000000001@g.us","setting":"announcement"}"#,
        sentence: Some("Group settings updated successfully"),
        data: Data::Fields(&[must("groupId", Kind::Text, "The group."), must("setting", Kind::Text, "The setting.")]),
        ..CHANGE_GROUP
    },
    Operation {
        path: GROUP_PICTURE,
        id: "setGroupPicture",
        summary: "Give a group a picture; the middle square is kept",
        fields: &[SESSION_ID, GROUP_ID, must("imageUrl", Kind::File, "An http, https or data address.")],
        body: r#"{"sessionId":"shop","groupId":"120363000000000001@g.us","imageUrl":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}"#,
        sentence: Some("Group profile picture updated successfully"),
        data: Data::Fields(CHANGED_GROUP),
        codes: &[GroupNotFound, NotAllowed, Refused, UrlRefused, FetchFailed, FileTooLarge, UnsupportedFile],
        ..CHANGE_GROUP
    },
    Operation {
        path: GROUP_LEAVE,
        id: "leaveGroup",
        summary: "Leave a group",
        fields: GROUP_ONLY,
        body: ONE_GROUP,
        sentence: Some("Left group successfully"),
        data: Data::Fields(CHANGED_GROUP),
        ..CHANGE_GROUP
    },
    Operation {
        path: GROUP_JOIN,
        id: "joinGroup",
        summary: "Join a group by its invite code or link",
        fields: &[SESSION_ID, must("inviteCode", Kind::Short(160), "The code, or the link that ends with it.")],
        body: r#"{"sessionId":"shop","inviteCode":"https://chat.whatsapp.com/AbCd1234"}"#,
        sentence: Some("Joined group successfully"),
        data: Data::Type(Schemas::of::<Joined>),
        codes: &[InviteInvalid, NotAllowed, Refused, OutcomeUnknown],
        ..CHANGE_GROUP
    },
    Operation {
        path: INVITE_CODE,
        id: "inviteCode",
        summary: "The invite code of a group",
        fields: GROUP_ONLY,
        body: ONE_GROUP,
        sentence: Some("Invite code retrieved successfully"),
        data: Data::Fields(&[
            must("groupId", Kind::Text, "The group."),
            must("inviteCode", Kind::Text, "The code."),
            must("inviteLink", Kind::Text, "The link."),
        ]),
        ..ASK_GROUP
    },
    Operation {
        path: REVOKE_INVITE,
        id: "revokeInvite",
        summary: "Make the invite link of a group invalid and get another",
        fields: GROUP_ONLY,
        body: ONE_GROUP,
        sentence: Some("Invite code revoked successfully"),
        data: Data::Fields(&[
            must("groupId", Kind::Text, "The group."),
            must("newInviteCode", Kind::Text, "The code."),
            must("newInviteLink", Kind::Text, "The link."),
            must("inviteCode", Kind::Text, "The code."),
            must("inviteLink", Kind::Text, "The link."),
        ]),
        ..CHANGE_GROUP
    },
];

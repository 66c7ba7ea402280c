//! What a host can be asked besides sending: changes at WhatsApp, and questions to it. With each stands the `data` of its answer.

use serde::{Deserialize, Serialize};

use crate::content::Source;
use crate::jid::Jid;

/// Most participants that one request may name: WhatsApp's own limit of a group.
pub const MAX_PARTICIPANTS: usize = 1_024;

/// Longest subject of a group, in characters: WhatsApp's own limit.
pub const MAX_SUBJECT_CHARACTERS: usize = 100;

/// Longest description of a group, in characters: WhatsApp's own limit.
pub const MAX_DESCRIPTION_CHARACTERS: usize = 2_048;

/// A change. It goes through the ledger, so that a repeated request is answered and not done twice. Without another word the answer has no data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Show a state of mind: typing in a chat, or being online at all.
    Presence {
        /// The chat.
        chat: Jid,
        /// What to show.
        presence: Presence,
    },
    /// Send read receipts for what is unread in a chat. Data: [`MarkedRead`].
    MarkRead {
        /// The chat.
        chat: Jid,
        /// Only this message and those before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_id: Option<String>,
    },
    /// Create a group. Data: [`crate::group::Created`].
    CreateGroup {
        /// Its name.
        subject: String,
        /// Whom to invite.
        participants: Vec<Jid>,
    },
    /// Change who is in a group, or what they may do. Data: [`crate::group::Changed`].
    ChangeParticipants {
        /// The group.
        group: Jid,
        /// What happens to them.
        change: ParticipantChange,
        /// Who.
        participants: Vec<Jid>,
    },
    /// Rename a group.
    SetSubject {
        /// The group.
        group: Jid,
        /// The new name.
        subject: String,
    },
    /// Describe a group; an empty text takes the description away.
    SetDescription {
        /// The group.
        group: Jid,
        /// The new text.
        description: String,
    },
    /// Say who may write in a group or change it.
    SetSetting {
        /// The group.
        group: Jid,
        /// The setting.
        setting: GroupSetting,
    },
    /// Give a group a picture.
    SetPicture {
        /// The group.
        group: Jid,
        /// The picture.
        image: Source,
    },
    /// Leave a group.
    Leave {
        /// The group.
        group: Jid,
    },
    /// Join a group. Data: [`crate::group::Joined`].
    Join {
        /// The code of an invite link.
        code: String,
    },
    /// Make the invite link invalid and get another. Data: [`crate::group::Invite`].
    RevokeInvite {
        /// The group.
        group: Jid,
    },
}

impl Action {
    /// The chat within which it keeps its place among messages and other changes.
    pub fn chat(&self) -> Option<&Jid> {
        match self {
            Self::Presence { chat, .. } | Self::MarkRead { chat, .. } => Some(chat),
            Self::ChangeParticipants { group, .. }
            | Self::SetSubject { group, .. }
            | Self::SetDescription { group, .. }
            | Self::SetSetting { group, .. }
            | Self::SetPicture { group, .. }
            | Self::Leave { group }
            | Self::RevokeInvite { group } => Some(group),
            Self::CreateGroup { .. } | Self::Join { .. } => None,
        }
    }

    /// Whether doing it twice is the same as doing it once, so that it may be done again when nobody knows whether it was.
    pub fn is_repeatable(&self) -> bool {
        !matches!(self, Self::CreateGroup { .. } | Self::RevokeInvite { .. })
    }

    /// Whether it still makes sense some minutes later.
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Presence { .. })
    }
}

/// What a session shows of itself.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Typing in the chat.
    Composing,
    /// Recording in the chat.
    Recording,
    /// Neither any more.
    Paused,
    /// The account is online.
    Available,
    /// The account is not.
    Unavailable,
}

impl Presence {
    /// Every state, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Composing, Self::Recording, Self::Paused, Self::Available, Self::Unavailable];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Composing => "composing",
            Self::Recording => "recording",
            Self::Paused => "paused",
            Self::Available => "available",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What happens to participants of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantChange {
    /// They are added.
    Add,
    /// They are removed.
    Remove,
    /// They become admins.
    Promote,
    /// They are admins no more.
    Demote,
}

/// Who may do what in a group.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupSetting {
    /// Only admins write.
    Announcement,
    /// Everybody writes.
    NotAnnouncement,
    /// Only admins change subject, description and picture.
    Locked,
    /// Everybody does.
    Unlocked,
}

impl GroupSetting {
    /// Every setting, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Announcement, Self::NotAnnouncement, Self::Locked, Self::Unlocked];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Announcement => "announcement",
            Self::NotAnnouncement => "not_announcement",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
        }
    }
}

/// A question. The data of its answer stands with each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// Is a number registered? [`NumberCheck`].
    Number {
        /// The person.
        phone: Jid,
    },
    /// What picture does a person or group show? [`Picture`].
    Picture {
        /// Whose.
        of: Jid,
    },
    /// Who is that? [`Person`].
    Person {
        /// Who.
        of: Jid,
    },
    /// Which groups is the account in? [`crate::group::Groups`].
    Groups,
    /// What is a group? [`crate::group::Metadata`].
    Group {
        /// Which.
        group: Jid,
    },
    /// What is the invite code of a group? [`crate::group::Invite`].
    InviteCode {
        /// Which.
        group: Jid,
    },
}

/// How many messages a chat had unread.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkedRead {
    /// For how many messages a receipt was sent.
    pub marked_count: usize,
}

/// Whether a number is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberCheck {
    /// Whether it is.
    pub is_registered: bool,
    /// Its address, when it is.
    pub jid: Option<Jid>,
    /// Its hidden address, when known.
    pub lid: Option<Jid>,
}

/// A profile picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// Where it is; `null` when there is none to be seen.
    pub url: Option<String>,
}

/// A person, as WhatsApp shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Whether the number is registered.
    pub is_registered: bool,
    /// The address by phone number, when known.
    pub pn: Option<Jid>,
    /// The hidden address, when known.
    pub lid: Option<Jid>,
    /// Where the profile picture is.
    pub picture: Option<String>,
    /// The about text.
    pub about: Option<String>,
    /// Whether the account is one of a business.
    #[serde(default)]
    pub is_business: bool,
    /// The business's name, when WhatsApp verified it.
    #[serde(default)]
    pub verified_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire() {
        for presence in Presence::ALL {
            assert_eq!(serde_json::to_value(presence).unwrap(), presence.as_str());
        }
        for setting in GroupSetting::ALL {
            assert_eq!(serde_json::to_value(setting).unwrap(), setting.as_str());
        }
    }

    #[test]
    fn a_change_keeps_its_form() {
        let json = r#"{"action":"set_subject","group":"120363000000000001@g.us","subject":"x"}"#;
        let change: Action = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&change).unwrap(), json);
        assert_eq!(change.chat().unwrap().user(), "120363000000000001");
    }
}

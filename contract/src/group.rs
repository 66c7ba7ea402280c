//! Groups as the API answers them.

use serde::{Deserialize, Serialize};

use crate::jid::Jid;

/// A group in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = GroupSummary))]
pub struct Summary {
    /// Its address.
    pub id: Jid,
    /// Its name.
    pub subject: String,
    /// Who gave it that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_owner: Option<Jid>,
    /// When, unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_time: Option<u64>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether only admins change subject, description and picture.
    pub restrict: bool,
    /// Whether only admins write.
    pub announce: bool,
    /// How many people are in it.
    pub size: usize,
    /// The same.
    pub participants_count: usize,
    /// When it was created, unix seconds.
    pub creation: u64,
    /// Who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Jid>,
}

/// All groups of an account.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// How many.
    pub count: usize,
    /// Which.
    pub groups: Vec<Summary>,
}

/// A group with its people.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = GroupMetadata))]
pub struct Metadata {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: Summary,
    /// The id of the description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_id: Option<String>,
    /// Who is in it.
    pub participants: Vec<Participant>,
}

/// A person in a group.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// By phone number when it is known.
    pub id: Jid,
    /// The role; `null` for an ordinary member.
    pub admin: Option<Role>,
    /// Whether the person created the group.
    pub is_super_admin: bool,
    /// The address by phone number, when known.
    pub pn: Option<Jid>,
    /// The hidden address, when known.
    pub lid: Option<Jid>,
}

/// A role that goes beyond membership.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Admin.
    Admin,
    /// The one who created the group.
    Superadmin,
}

/// A new group.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// Its address.
    pub group_id: Jid,
    /// The same.
    pub group_jid: Jid,
    /// Its name.
    pub subject: String,
    /// Who was asked to be in it.
    pub participants: Vec<Jid>,
    /// What became of each.
    pub results: Vec<ParticipantResult>,
    /// When, ISO 8601.
    pub created_at: String,
}

/// What became of a change of participants.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// The group.
    pub group_id: Jid,
    /// Each person.
    pub participants: Vec<ParticipantResult>,
}

/// What became of one person.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantResult {
    /// `"200"`, or WhatsApp's code: `"403"` may not be added, `"408"` left recently, `"409"` is in it already, `"404"` is not.
    pub status: String,
    /// Who.
    pub jid: Jid,
    /// The original's detail.
    pub content: ParticipantDetail,
}

/// The node that the original passes on.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantDetail {
    /// Always `participant`.
    pub tag: String,
    /// Its attributes.
    pub attrs: std::collections::BTreeMap<String, String>,
}

/// A group that was joined. Without a group id the join waits for an admin.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<Jid>,
    /// The code that was used.
    pub invite_code: String,
}

/// The invite code of a group.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// The group.
    pub group_id: Jid,
    /// The code; the link is `https://chat.whatsapp.com/` and the code.
    pub invite_code: String,
}

//! Groups as they are shown to whoever asks, and what came of acts.

use serde::Serialize;
use utoipa::ToSchema;

use crate::world::World;
use crate::world::chat::Chat;
use crate::world::group::{Flag, Group, Role};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupInfo {
    /// Its id: `…@g.us`.
    pub id: String,
    /// Its name.
    pub subject: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// Who founded it, as a number.
    pub creator: String,
    /// When it was founded, in Unix seconds.
    pub created: u64,
    /// Its members, by number.
    pub members: Vec<GroupMember>,
    /// What is allowed in it.
    pub settings: GroupSettings,
    /// The id of its picture.
    pub picture: Option<String>,
    /// The code of its invite link.
    pub invite_code: String,
    /// Who asked to join, as numbers.
    pub requests: Vec<String>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupMember {
    /// Its number.
    pub number: String,
    /// Its hidden id, digits only.
    pub lid: String,
    /// The name that others see.
    pub name: String,
    /// `member`, `admin` or `superadmin`.
    pub role: String,
}

/// What is allowed in a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the phone's screen")]
pub struct GroupSettings {
    /// Only admins change name, picture and description.
    pub locked: bool,
    /// Only admins write.
    pub announcement: bool,
    /// Who wants to join has to be let in.
    pub approval: bool,
    /// Only admins add members.
    pub admins_add: bool,
    /// Every member may hand out the invite link.
    pub link_by_all: bool,
    /// Messages disappear after so many seconds; zero: never.
    pub ephemeral: u32,
}

/// What came of it for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberOutcome {
    /// The person.
    pub number: String,
    /// The code that a client gets when it did not succeed, such as 403, 404 or 409.
    pub error: Option<u16>,
}

/// What came of following an invite link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JoinOutcome {
    /// The group: `…@g.us`.
    pub id: String,
    /// Whether the admins have to decide first.
    pub pending: bool,
}

pub(super) fn info(world: &World, group: &Group) -> GroupInfo {
    let member = |(number, role): (u64, Role)| {
        let account = world.accounts.get(&number);
        GroupMember {
            number: number.to_string(),
            lid: world.lid_of(number).to_string(),
            name: account.map(|account| account.name.clone()).unwrap_or_default(),
            role: match role {
                Role::Member => "member",
                Role::Admin => "admin",
                Role::Superadmin => "superadmin",
            }
            .to_owned(),
        }
    };
    GroupInfo {
        id: Chat::Group(group.id).to_string(),
        subject: group.subject.clone(),
        description: group.description.as_ref().map(|description| description.text.clone()),
        creator: group.creator.to_string(),
        created: group.created,
        members: group.members.iter().map(|(number, of)| member((*number, of.role))).collect(),
        settings: GroupSettings {
            locked: group.has(Flag::Locked),
            announcement: group.has(Flag::Announcement),
            approval: group.settings.approval,
            admins_add: group.settings.admins_add,
            link_by_all: group.settings.link_by_all,
            ephemeral: group.settings.ephemeral.unwrap_or_default(),
        },
        picture: world.picture(Chat::Group(group.id)).map(|picture| picture.id.clone()),
        invite_code: group.invite.clone(),
        requests: group.requests.keys().map(u64::to_string).collect(),
    }
}

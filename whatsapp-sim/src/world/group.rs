//! Groups: who is in, who decides, what they are called and what is allowed in them. Owns the group's state and every
//! decision about it; a phone is a member like any companion, so people and clients go through the same doors. It
//! refuses communities: a group here has no parent and no children.

pub(crate) mod changes;
pub(crate) mod joining;
pub(crate) mod members;
pub(crate) mod message;
pub(crate) mod news;
pub(crate) mod node;
pub(crate) mod phone;
mod picture;

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt as _;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::chat::Chat;
use super::records::Key;
use super::{DeviceRef, World};
use crate::clock;

/// WhatsApp's own limit.
pub(crate) const MAX_MEMBERS: usize = 1024;
/// Every group holds its members in memory, and every message of it is copied to all of their devices.
const MAX_GROUPS: usize = 10_000;
/// WhatsApp's limit of a name, in characters.
const MAX_SUBJECT: usize = 100;
/// WhatsApp's limit of a description, in characters.
const MAX_DESCRIPTION: usize = 2048;
/// The id of the first group; ids of real groups look like this.
const FIRST_GROUP: u64 = 120_363_000_000_000_000;
/// The length of an invite code.
const CODE_LENGTH: usize = 22;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Write, where that is not left to admins.
    Member,
    /// Decide.
    Admin,
    /// Decide, and never lose that: who founded the group.
    Superadmin,
}

/// A member.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) role: Role,
    /// Counts joins, so that the eldest member is known.
    pub(crate) order: u64,
}

/// A group's description.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Description {
    /// Chosen by whoever wrote it; the next change names it.
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) author: u64,
    pub(crate) time: u64,
}

/// Something that is on or off in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flag {
    /// Only admins change name, picture and description.
    Locked,
    /// Only admins write.
    Announcement,
    /// Often forwarded messages are not welcome.
    NoForwarded,
    /// Members may report messages to admins.
    AdminReports,
    /// Newcomers may be shown what was written before.
    History,
}

impl Flag {
    const ALL: [Self; 5] = [Self::Locked, Self::Announcement, Self::NoForwarded, Self::AdminReports, Self::History];

    /// The tag that switches it on (and shows that it is on), and the one that switches it off.
    fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::Locked => ("locked", "unlocked"),
            Self::Announcement => ("announcement", "not_announcement"),
            Self::NoForwarded => ("no_frequently_forwarded", "frequently_forwarded_ok"),
            Self::AdminReports => ("allow_admin_reports", "not_allow_admin_reports"),
            Self::History => ("group_history", "no_group_history"),
        }
    }

    /// What a tag switches.
    pub(crate) fn of_tag(tag: &str) -> Option<(Self, bool)> {
        let of = |flag: Self| {
            let (on, off) = flag.tags();
            if tag == on { Some((flag, true)) } else { (tag == off).then_some((flag, false)) }
        };
        Self::ALL.into_iter().find_map(of)
    }
}

/// What is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) flags: BTreeSet<Flag>,
    /// Messages disappear after so many seconds.
    pub(crate) ephemeral: Option<u32>,
    /// Who wants to join has to be let in.
    pub(crate) approval: bool,
    /// Only admins add members.
    pub(crate) admins_add: bool,
    /// Every member, not only admins, may hand out the invite link.
    pub(crate) link_by_all: bool,
}

/// An invitation of one person who cannot be added without being asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) code: String,
    pub(crate) admin: u64,
    pub(crate) expiration: u64,
}

/// A group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) subject: String,
    pub(crate) subject_by: u64,
    pub(crate) subject_time: u64,
    pub(crate) creator: u64,
    pub(crate) created: u64,
    pub(crate) members: BTreeMap<u64, Member>,
    joins: u64,
    pub(crate) description: Option<Description>,
    pub(crate) settings: Settings,
    pub(crate) invite: String,
    /// Codes that were taken back.
    old_invites: BTreeSet<String>,
    /// Who asked to join, and when.
    pub(crate) requests: BTreeMap<u64, u64>,
    pub(crate) offers: BTreeMap<u64, Offer>,
    /// Whom an admin removed: the link does not bring them back.
    removed: BTreeSet<u64>,
}

/// Why something about a group is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum GroupError {
    /// No group has this id.
    #[error("there is no such group")]
    NoSuchGroup,
    /// Only members may do this.
    #[error("only members of the group may do this")]
    NotAMember,
    /// Only admins may do this.
    #[error("only admins of the group may do this")]
    NotAnAdmin,
    /// A name is empty or too long, or a description is too long.
    #[error("a group's name has 1 to {MAX_SUBJECT} characters, its description at most {MAX_DESCRIPTION}")]
    BadText,
    /// The request makes no sense.
    #[error("this is no possible change of a group")]
    BadRequest,
    /// The description is not the one that was to be replaced.
    #[error("the description has changed meanwhile")]
    Conflict,
    /// The group has as many members as it may.
    #[error("the group has no room for another member")]
    Full,
    /// The network has as many groups as it may.
    #[error("the network has no room for another group")]
    TooManyGroups,
    /// No group has this invite code.
    #[error("no group has this invite code")]
    NoSuchInvite,
    /// The code was taken back.
    #[error("this invite code was taken back")]
    InviteGone,
    /// A member wants to join.
    #[error("this person is a member already")]
    AlreadyMember,
    /// An admin removed who wants to join.
    #[error("who was removed is not let in by the link")]
    WasRemoved,
    /// The person is not a member or did not ask to join.
    #[error("this person is not concerned")]
    NoSuchPerson,
    /// Nobody removes or demotes who founded the group.
    #[error("the founder of a group stays and stays admin")]
    IsFounder,
    /// The person's privacy settings forbid it; an invitation was made out instead.
    #[error("this person does not want to be added to groups")]
    NotAllowed,
}

impl GroupError {
    /// The code that clients know.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotAMember | Self::NotAnAdmin | Self::NotAllowed => 403,
            Self::NoSuchGroup | Self::NoSuchInvite | Self::NoSuchPerson => 404,
            Self::WasRemoved | Self::IsFounder => 405,
            Self::BadText => 406,
            Self::Conflict => 409,
            Self::AlreadyMember => 304,
            Self::InviteGone => 410,
            Self::Full => 419,
            Self::TooManyGroups => 507,
        }
    }

    /// The code that one participant gets in the answer to a change of many.
    pub(crate) fn participant_code(self) -> u16 {
        if self == Self::AlreadyMember { 409 } else { self.code() }
    }

    /// The name that goes with the code.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::NotAMember | Self::NotAnAdmin | Self::NotAllowed => "forbidden",
            Self::NoSuchGroup | Self::NoSuchInvite | Self::NoSuchPerson => "item-not-found",
            Self::WasRemoved | Self::IsFounder => "not-allowed",
            Self::BadText => "not-acceptable",
            Self::Conflict | Self::AlreadyMember => "conflict",
            Self::InviteGone => "gone",
            Self::Full | Self::TooManyGroups => "resource-limit",
        }
    }
}

impl Group {
    fn new(id: u64, subject: String, creator: u64) -> Self {
        let now = clock::now();
        let mut group = Self {
            id,
            subject,
            subject_by: creator,
            subject_time: now,
            creator,
            created: now,
            members: BTreeMap::new(),
            joins: 0,
            description: None,
            settings: Settings::default(),
            invite: fresh_code(),
            old_invites: BTreeSet::new(),
            requests: BTreeMap::new(),
            offers: BTreeMap::new(),
            removed: BTreeSet::new(),
        };
        group.let_in(creator, Role::Superadmin);
        group
    }

    fn let_in(&mut self, number: u64, role: Role) {
        self.joins += 1;
        self.members.insert(number, Member { role, order: self.joins });
        self.requests.remove(&number);
        self.offers.remove(&number);
        self.removed.remove(&number);
    }

    /// What a member may do; `None` for everybody else.
    pub(crate) fn role(&self, number: u64) -> Option<Role> {
        self.members.get(&number).map(|member| member.role)
    }

    /// Whether something is switched on.
    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.settings.flags.contains(&flag)
    }

    fn is_admin(&self, number: u64) -> bool {
        self.role(number) > Some(Role::Member)
    }

    fn require_member(&self, number: u64) -> Result<(), GroupError> {
        if self.members.contains_key(&number) { Ok(()) } else { Err(GroupError::NotAMember) }
    }

    fn require_admin(&self, number: u64) -> Result<(), GroupError> {
        self.require_member(number)?;
        if self.is_admin(number) { Ok(()) } else { Err(GroupError::NotAnAdmin) }
    }

    /// Admins, and where nothing else was decided every member.
    fn require_role_if(&self, number: u64, admins_only: bool) -> Result<(), GroupError> {
        if admins_only { self.require_admin(number) } else { self.require_member(number) }
    }
}

impl World {
    /// A group, when it exists.
    pub(crate) fn group(&self, id: u64) -> Result<&Group, GroupError> {
        self.groups.get(&id).ok_or(GroupError::NoSuchGroup)
    }

    /// The group that a person or a test names.
    pub(crate) fn find_group(&self, id: &str) -> Result<u64, GroupError> {
        match self.find_chat(id) {
            Ok(Chat::Group(id)) => Ok(id),
            _ => Err(GroupError::NoSuchGroup),
        }
    }

    /// A group that is about to change: it is written down with this step.
    fn group_mut(&mut self, id: u64) -> Result<&mut Group, GroupError> {
        self.touch(Key::Group(id));
        self.groups.get_mut(&id).ok_or(GroupError::NoSuchGroup)
    }

    /// The groups in which somebody is.
    pub(crate) fn groups_of(&self, number: u64) -> impl Iterator<Item = &Group> {
        self.groups.values().filter(move |group| group.members.contains_key(&number))
    }

    /// Every device of every member; device 0 is the phone.
    pub(crate) fn group_devices(&self, id: u64) -> Vec<DeviceRef> {
        let members = self.groups.get(&id).into_iter().flat_map(|group| group.members.keys());
        members.flat_map(|number| self.devices_of(*number)).collect()
    }

    /// The phone and the companions of an account.
    pub(crate) fn devices_of(&self, number: u64) -> Vec<DeviceRef> {
        let companions = self.accounts.get(&number).into_iter().flat_map(|account| account.devices.keys().copied());
        std::iter::once(0).chain(companions).map(|device| DeviceRef { number, device }).collect()
    }
}

fn fresh_code() -> String {
    rand::rng().sample_iter(Alphanumeric).take(CODE_LENGTH).map(char::from).collect()
}

fn checked_subject(text: &str) -> Result<String, GroupError> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_SUBJECT;
    if fits { Ok(text.to_owned()) } else { Err(GroupError::BadText) }
}

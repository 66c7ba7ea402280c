//! Channels: an owner posts, followers read and react, everybody may look. Posts are not encrypted. Owns what is kept of
//! them and who may do what; how they are asked for is in `iq::newsletter` and `iq::mex`.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chat::Chat;
use super::records::Key;
use super::{DeviceRef, World};
use crate::blob::Blob;
use crate::clock;
use crate::sim::SimError;

/// How many channels there may be; each is held in memory with its posts.
const MAX_NEWSLETTERS: usize = 1000;
/// The id of the first channel.
const FIRST_ID: u64 = 120_363_500_000_000_000;
/// Clients take the ids of posts from 99 on.
const FIRST_POST: u64 = 100;
/// How many posts a channel keeps.
const MAX_POSTS: usize = 2000;
/// WhatsApp's limit of a channel's name.
const MAX_NAME: usize = 100 * 4;
/// WhatsApp's limit of a channel's description.
const MAX_DESCRIPTION: usize = 2048 * 4;

/// A channel without its posts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Newsletter {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) invite: String,
    pub(crate) created: u64,
    pub(crate) changed: u64,
    pub(crate) owner: u64,
    /// Whoever follows, and the kinds of news of which they want no notification.
    pub(crate) followers: BTreeMap<u64, BTreeSet<String>>,
    /// Which kinds of news the owner wants no notification of.
    pub(crate) owner_muted: BTreeSet<String>,
    /// A channel that was deleted leaves its id behind, so that no other gets it.
    pub(crate) deleted: bool,
    pub(super) next_post: u64,
    #[serde(skip)]
    pub(crate) posts: BTreeMap<u64, Post>,
}

/// One post.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Post {
    pub(crate) id: String,
    pub(crate) at: u64,
    /// `text`, `media`, `poll_creation` and so on, as its author labelled it.
    pub(crate) kind: String,
    pub(crate) media: Option<String>,
    /// The message, encoded; nothing when the post was taken back.
    pub(crate) body: Option<Blob>,
    /// Who reacted, and how.
    pub(crate) reactions: BTreeMap<u64, String>,
}

impl Post {
    /// How often each emoji was given.
    pub(crate) fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for emoji in self.reactions.values() {
            *counts.entry(emoji.as_str()).or_default() += 1;
        }
        counts
    }
}

/// Why something about a channel is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such channel or post.
    Missing,
    /// Only the owner may do this, or everyone but the owner.
    Forbidden,
    /// A name, a text or an emoji is none or too long.
    Malformed,
    /// There is no room for another channel.
    Full,
}

impl Refusal {
    /// The code on the wire.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Missing => 404,
            Self::Forbidden => 403,
            Self::Malformed => 400,
            Self::Full => 503,
        }
    }
}

impl From<Refusal> for SimError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Missing => Self::NoSuchNewsletter,
            Refusal::Forbidden => Self::NotYourNewsletter,
            Refusal::Malformed => Self::BadText,
            Refusal::Full => Self::TooManyNewsletters,
        }
    }
}

impl World {
    /// A new channel.
    pub(crate) fn create_newsletter(&mut self, who: DeviceRef, name: &str, description: &str) -> Result<u64, Refusal> {
        if !fits(name, description) {
            return Err(Refusal::Malformed);
        }
        if self.newsletters.len() >= MAX_NEWSLETTERS {
            return Err(Refusal::Full);
        }
        let id = self.newsletters.keys().next_back().map_or(FIRST_ID, |last| last + 1);
        let now = clock::now();
        let newsletter = Newsletter {
            name: name.to_owned(),
            description: description.to_owned(),
            invite: hex::encode(rand::rng().random::<[u8; 11]>()),
            created: now,
            changed: now,
            owner: who.number,
            followers: BTreeMap::new(),
            owner_muted: BTreeSet::new(),
            deleted: false,
            next_post: FIRST_POST,
            posts: BTreeMap::new(),
        };
        self.newsletters.insert(id, newsletter);
        self.touch(Key::Newsletter(id));
        self.newsletter_news(who, id, "NotificationNewsletterJoin", "xwa2_notify_newsletter_on_join");
        Ok(id)
    }

    /// A channel that exists.
    pub(crate) fn newsletter(&self, id: u64) -> Result<&Newsletter, Refusal> {
        self.newsletters.get(&id).filter(|newsletter| !newsletter.deleted).ok_or(Refusal::Missing)
    }

    pub(super) fn newsletter_mut(&mut self, id: u64) -> Result<&mut Newsletter, Refusal> {
        self.newsletters.get_mut(&id).filter(|newsletter| !newsletter.deleted).ok_or(Refusal::Missing)
    }

    /// The channel with this invitation.
    pub(crate) fn newsletter_by_invite(&self, invite: &str) -> Result<u64, Refusal> {
        let found = self.newsletters.iter().find(|(_, newsletter)| !newsletter.deleted && newsletter.invite == invite);
        found.map(|(id, _)| *id).ok_or(Refusal::Missing)
    }

    /// The channels that an account owns or follows.
    pub(crate) fn newsletters_of(&self, number: u64) -> Vec<u64> {
        let concerns =
            |newsletter: &Newsletter| newsletter.owner == number || newsletter.followers.contains_key(&number);
        let all = self.newsletters.iter();
        all.filter(|(_, newsletter)| !newsletter.deleted && concerns(newsletter)).map(|(id, _)| *id).collect()
    }

    /// Follows a channel.
    pub(crate) fn follow(&mut self, who: DeviceRef, id: u64) -> Result<(), Refusal> {
        let newsletter = self.newsletter_mut(id)?;
        if newsletter.owner != who.number {
            newsletter.followers.entry(who.number).or_default();
            self.touch(Key::Newsletter(id));
            self.newsletter_news(who, id, "NotificationNewsletterJoin", "xwa2_notify_newsletter_on_join");
        }
        Ok(())
    }

    /// Follows a channel no more. Its owner cannot leave.
    pub(crate) fn unfollow(&mut self, who: DeviceRef, id: u64) -> Result<(), Refusal> {
        let newsletter = self.newsletter_mut(id)?;
        if newsletter.owner == who.number {
            return Err(Refusal::Forbidden);
        }
        newsletter.followers.remove(&who.number);
        self.touch(Key::Newsletter(id));
        self.newsletter_news(who, id, "NotificationNewsletterLeave", "xwa2_notify_newsletter_on_leave");
        Ok(())
    }

    /// Wants, or no longer wants, to hear of one kind of news.
    pub(crate) fn mute_newsletter(&mut self, who: DeviceRef, id: u64, kind: &str, mute: bool) -> Result<(), Refusal> {
        if !matches!(kind, "MUTE_FOLLOWER_ACTIVITY" | "MUTE_ADMIN_ACTIVITY") {
            return Err(Refusal::Malformed);
        }
        let newsletter = self.newsletter_mut(id)?;
        let muted = if newsletter.owner == who.number {
            &mut newsletter.owner_muted
        } else {
            newsletter.followers.get_mut(&who.number).ok_or(Refusal::Forbidden)?
        };
        if mute {
            muted.insert(kind.to_owned());
        } else {
            muted.remove(kind);
        }
        self.touch(Key::Newsletter(id));
        self.newsletter_news(who, id, "NotificationNewsletterMuteChange", "xwa2_notify_newsletter_on_mute_change");
        Ok(())
    }

    /// The owner changes what a channel says about itself.
    pub(crate) fn update_newsletter(
        &mut self,
        who: DeviceRef,
        id: u64,
        name: Option<&str>,
        description: Option<&str>,
    ) -> Result<(), Refusal> {
        let newsletter = self.newsletter_mut(id)?;
        if newsletter.owner != who.number {
            return Err(Refusal::Forbidden);
        }
        let name = name.unwrap_or(&newsletter.name).to_owned();
        let description = description.unwrap_or(&newsletter.description).to_owned();
        if !fits(&name, &description) {
            return Err(Refusal::Malformed);
        }
        (newsletter.name, newsletter.description) = (name, description);
        newsletter.changed = clock::now();
        self.touch(Key::Newsletter(id));
        let (op, field) = ("NotificationNewsletterUpdate", "xwa2_notify_newsletter_on_metadata_update");
        for reader in self.newsletter_readers(id) {
            let except = if reader == who.number { who.device } else { 0 };
            self.newsletter_news(DeviceRef { number: reader, device: except }, id, op, field);
        }
        Ok(())
    }

    /// The owner closes a channel for good.
    pub(crate) fn delete_newsletter(&mut self, who: DeviceRef, id: u64) -> Result<(), Refusal> {
        let newsletter = self.newsletter_mut(id)?;
        if newsletter.owner != who.number {
            return Err(Refusal::Forbidden);
        }
        newsletter.deleted = true;
        let readers = self.newsletter_readers(id);
        let posts = self.newsletters.get_mut(&id).map(|gone| std::mem::take(&mut gone.posts)).unwrap_or_default();
        for server_id in posts.into_keys() {
            self.touch(Key::Post(id, server_id));
        }
        self.touch(Key::Newsletter(id));
        for reader in readers {
            let except = if reader == who.number { who.device } else { 0 };
            let reader = DeviceRef { number: reader, device: except };
            self.newsletter_news(
                reader,
                id,
                "NotificationNewsletterStateChange",
                "xwa2_notify_newsletter_on_state_change",
            );
        }
        Ok(())
    }

    /// The owner and the followers.
    pub(super) fn newsletter_readers(&self, id: u64) -> BTreeSet<u64> {
        let Some(newsletter) = self.newsletters.get(&id) else { return BTreeSet::new() };
        newsletter.followers.keys().copied().chain([newsletter.owner]).collect()
    }

    /// A channel as `viewer` sees it, in the form of the GraphQL answers.
    pub(crate) fn describe_newsletter(&self, id: u64, viewer: u64) -> Option<Value> {
        let newsletter = self.newsletters.get(&id)?;
        let jid = Chat::Newsletter(id).to_string();
        let muted = newsletter.followers.get(&viewer);
        let (role, muted) = match muted {
            _ if newsletter.owner == viewer => ("owner", Some(&newsletter.owner_muted)),
            Some(muted) => ("subscriber", Some(muted)),
            None => ("guest", None),
        };
        let settings = ["MUTE_ADMIN_ACTIVITY", "MUTE_FOLLOWER_ACTIVITY"].map(|kind| {
            let on = muted.is_some_and(|muted| muted.contains(kind));
            json!({ "type": kind, "value": if on { "ON" } else { "OFF" } })
        });
        let changed = newsletter.changed.to_string();
        Some(json!({
            "id": jid,
            "state": { "type": if newsletter.deleted { "deleted" } else { "active" } },
            "thread_metadata": {
                "creation_time": newsletter.created.to_string(),
                "name": { "id": changed, "text": newsletter.name, "update_time": changed },
                "description": { "id": changed, "text": newsletter.description, "update_time": changed },
                "handle": null,
                "invite": newsletter.invite,
                "picture": null,
                "preview": null,
                "settings": { "reaction_codes": { "value": "ALL" } },
                "subscribers_count": newsletter.followers.len().to_string(),
                "verification": "UNVERIFIED",
            },
            "viewer_metadata": { "role": role, "settings": settings },
        }))
    }

    pub(super) fn keep_post(&mut self, id: u64, post: Post) -> Result<u64, Refusal> {
        let newsletter = self.newsletter_mut(id)?;
        let server_id = newsletter.next_post;
        newsletter.next_post += 1;
        newsletter.posts.insert(server_id, post);
        let dropped = (newsletter.posts.len() > MAX_POSTS).then(|| newsletter.posts.pop_first()).flatten();
        self.touch(Key::Newsletter(id));
        self.touch(Key::Post(id, server_id));
        if let Some((oldest, _)) = dropped {
            self.touch(Key::Post(id, oldest));
        }
        Ok(server_id)
    }
}

fn fits(name: &str, description: &str) -> bool {
    !name.trim().is_empty() && name.len() <= MAX_NAME && description.len() <= MAX_DESCRIPTION
}

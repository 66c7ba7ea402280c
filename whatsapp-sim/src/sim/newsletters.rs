//! Channels from outside: found one, post, follow, react, and see what there is.

use serde::Serialize;
use utoipa::ToSchema;
use waproto::codec;

use super::{Sim, SimError};
use crate::phone::content;
use crate::world::World;
use crate::world::chat::Chat;

/// WhatsApp ends a text here.
const MAX_TEXT: usize = 65_536;

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NewsletterInfo {
    /// Its JID, `…@newsletter`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it says about itself.
    pub description: String,
    /// The code of its invitation.
    pub invite: String,
    /// The number of the account that owns it.
    pub owner: String,
    /// The numbers of those who follow it.
    pub followers: Vec<String>,
    /// What was posted, the oldest first.
    pub posts: Vec<NewsletterPost>,
}

/// A post of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewsletterPost {
    /// The number under which the channel knows it.
    pub server_id: u64,
    /// The id that its author gave it.
    pub id: String,
    /// What it is, as for messages; `delete` when it was taken back.
    #[serde(rename = "type")]
    pub kind: String,
    /// What there is to read in it.
    pub text: Option<String>,
    /// Unix seconds.
    pub timestamp: u64,
    /// The emojis given to it.
    pub reactions: Vec<NewsletterReaction>,
}

/// How often an emoji was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NewsletterReaction {
    /// The emoji.
    pub emoji: String,
    /// How often.
    pub count: usize,
}

fn find(world: &World, typed: &str) -> Result<u64, SimError> {
    match world.find_chat(typed) {
        Ok(Chat::Newsletter(id)) => Ok(id),
        _ => Err(SimError::NoSuchNewsletter),
    }
}

fn info(world: &World, id: u64) -> Result<NewsletterInfo, SimError> {
    let newsletter = world.newsletter(id)?;
    let posts = newsletter.posts.iter().map(|(server_id, post)| {
        let message = post.body.as_ref().and_then(|body| codec::message_decode(&body.0).ok());
        let summary = message.map(|message| content::summary(&message));
        NewsletterPost {
            server_id: *server_id,
            id: post.id.clone(),
            kind: summary.as_ref().map_or("delete", |summary| summary.kind).to_owned(),
            text: summary.and_then(|summary| summary.text),
            timestamp: post.at,
            reactions: (post.counts().into_iter())
                .map(|(emoji, count)| NewsletterReaction { emoji: emoji.to_owned(), count })
                .collect(),
        }
    });
    Ok(NewsletterInfo {
        id: Chat::Newsletter(id).to_string(),
        name: newsletter.name.clone(),
        description: newsletter.description.clone(),
        invite: newsletter.invite.clone(),
        owner: newsletter.owner.to_string(),
        followers: newsletter.followers.keys().map(u64::to_string).collect(),
        posts: posts.collect(),
    })
}

impl Sim {
    /// The phone of `number` founds a channel.
    pub async fn create_newsletter(
        &self,
        number: &str,
        name: &str,
        description: &str,
    ) -> Result<NewsletterInfo, SimError> {
        self.as_phone(number, |world, phone| {
            let id = world.create_newsletter(phone, name, description)?;
            info(world, id)
        })
        .await
    }

    /// All channels, without those that were deleted.
    pub async fn newsletters(&self) -> Vec<NewsletterInfo> {
        let state = self.inner.state.lock().await;
        state.world.newsletters.keys().filter_map(|id| info(&state.world, *id).ok()).collect()
    }

    /// One channel.
    pub async fn newsletter(&self, id: &str) -> Result<NewsletterInfo, SimError> {
        let state = self.inner.state.lock().await;
        info(&state.world, find(&state.world, id)?)
    }

    /// The owner posts a text on the phone; returns the number under which the channel knows it.
    pub async fn newsletter_post(&self, id: &str, text: &str) -> Result<u64, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let posted = find(world, id).and_then(|id| {
            if text.is_empty() || text.len() > MAX_TEXT {
                return Err(SimError::BadText);
            }
            let owner = world.newsletter(id)?.owner;
            Ok(world.phone_posts(owner, id, &content::text(text))?)
        });
        step.done().await?;
        posted
    }

    /// The phone of `number` follows a channel, or leaves it.
    pub async fn newsletter_follow(&self, number: &str, id: &str, follow: bool) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| {
            let id = find(world, id)?;
            Ok(if follow { world.follow(phone, id) } else { world.unfollow(phone, id) }?)
        })
        .await
    }

    /// The phone of `number` reacts to a post; an empty emoji takes the reaction back.
    pub async fn newsletter_react(&self, number: &str, id: &str, post: u64, emoji: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| {
            let id = find(world, id)?;
            Ok(world.react_to_post(phone.number, id, post, emoji)?)
        })
        .await
    }

    /// The owner closes a channel for good.
    pub async fn delete_newsletter(&self, id: &str) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let deleted = find(world, id).and_then(|id| {
            let owner = world.newsletter(id)?.owner;
            Ok(world.delete_newsletter(crate::world::DeviceRef { number: owner, device: 0 }, id)?)
        });
        step.done().await?;
        deleted
    }
}

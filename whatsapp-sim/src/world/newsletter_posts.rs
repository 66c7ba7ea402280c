//! Posts of channels on their way: from the owner to every reader, and the reactions back. What is sent here is
//! readable to the server, as it is at WhatsApp.

use std::collections::BTreeMap;

use serde_json::json;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, NodeContent};
use waproto::codec;
use waproto::whatsapp as wa;

use super::chat::Chat;
use super::connection::{ConnectionId, Peer};
use super::newsletter::{Post, Refusal};
use super::queue::Class;
use super::records::Key;
use super::{DeviceRef, World};
use crate::blob::Blob;
use crate::phone::content;
use crate::sim::PhoneMessage;
use crate::{address, clock, stanza};

/// WhatsApp's messages are smaller; media is elsewhere.
const MAX_BODY: usize = 256 * 1024;
/// The longest message id or label that is kept.
const MAX_WORD: usize = 128;
/// A sequence of code points that shows as one emoji.
const MAX_EMOJI: usize = 64;
/// How long a client hears of reactions without asking again, in seconds.
pub(crate) const LIVE: u64 = 300;
/// The owner changes a post.
const EDIT: &str = "3";
/// The owner takes a post back.
const REVOKE: &str = "8";

impl World {
    /// `<message>` of a client to a channel: a post, a change of one, or a reaction.
    pub(super) fn newsletter_message(
        &mut self,
        from: DeviceRef,
        message: &Node,
        message_id: &str,
        id: u64,
    ) -> Result<(), Refusal> {
        let kind = stanza::attr(message, "type").filter(|kind| kind.len() <= MAX_WORD).ok_or(Refusal::Malformed)?;
        if kind == "reaction" {
            let about = stanza::attr(message, "server_id").and_then(|about| about.parse().ok());
            let emoji = message.get_optional_child("reaction").and_then(|reaction| stanza::attr(reaction, "code"));
            let emoji = emoji.unwrap_or_default();
            return self.react_to_post(from.number, id, about.ok_or(Refusal::Malformed)?, &emoji);
        }
        let plaintext = message.get_optional_child("plaintext");
        let body = plaintext.and_then(stanza::bytes).unwrap_or_default();
        if body.len() > MAX_BODY || message_id.len() > MAX_WORD {
            return Err(Refusal::Malformed);
        }
        let media = plaintext.and_then(|plaintext| stanza::attr(plaintext, "mediatype"));
        let body = Some(Blob(body.to_vec())).filter(|body| !body.0.is_empty());
        match stanza::attr(message, "edit").as_deref() {
            Some(EDIT) => self.change_post(from, id, message_id, body),
            Some(REVOKE) => self.change_post(from, id, message_id, None),
            _ => {
                let media = media.filter(|media| media.len() <= MAX_WORD);
                let post = Post {
                    id: message_id.to_owned(),
                    at: clock::now(),
                    kind,
                    media,
                    body: Some(body.ok_or(Refusal::Malformed)?),
                    reactions: BTreeMap::new(),
                };
                self.post(from, id, &post).map(drop)
            }
        }
    }

    /// The owner's phone posts a text.
    pub(crate) fn phone_posts(&mut self, number: u64, id: u64, message: &wa::Message) -> Result<u64, Refusal> {
        let post = Post {
            id: Self::fresh_id(),
            at: clock::now(),
            kind: "text".to_owned(),
            media: None,
            body: Some(Blob(codec::message_to_vec(message))),
            reactions: BTreeMap::new(),
        };
        self.post(DeviceRef { number, device: 0 }, id, &post)
    }

    fn post(&mut self, from: DeviceRef, id: u64, post: &Post) -> Result<u64, Refusal> {
        let newsletter = self.newsletter(id)?;
        if newsletter.owner != from.number {
            return Err(Refusal::Forbidden);
        }
        // The same id again is the same post again: its author did not hear that it arrived.
        if let Some((server_id, _)) = newsletter.posts.iter().find(|(_, known)| known.id == post.id) {
            return Ok(*server_id);
        }
        let shown = post.body.as_ref().and_then(|body| codec::message_decode(&body.0).ok());
        let shown: wa::Message = shown.ok_or(Refusal::Malformed)?;
        let details = content::details(&shown, &|jid| jid.to_owned());
        let shown = content::summary(&shown);
        let server_id = self.keep_post(id, post.clone())?;
        self.show_post(from, id, server_id, post, None);
        let chat = Chat::Newsletter(id).to_string();
        for reader in self.newsletter_readers(id) {
            let from = if reader == from.number { reader.to_string() } else { chat.clone() };
            self.file(
                reader,
                PhoneMessage {
                    id: post.id.clone(),
                    chat: chat.clone(),
                    from,
                    to: chat.clone(),
                    kind: shown.kind.to_owned(),
                    text: shown.text.clone(),
                    timestamp: post.at,
                    wire_repeats: 0,
                    details: details.clone(),
                },
                None,
            );
        }
        Ok(server_id)
    }

    /// The owner changes a post, or takes it back.
    fn change_post(&mut self, from: DeviceRef, id: u64, post: &str, body: Option<Blob>) -> Result<(), Refusal> {
        let newsletter = self.newsletter_mut(id)?;
        if newsletter.owner != from.number {
            return Err(Refusal::Forbidden);
        }
        let (server_id, kept) =
            newsletter.posts.iter_mut().find(|(_, kept)| kept.id == post).ok_or(Refusal::Missing)?;
        kept.body = body;
        let (server_id, kept) = (*server_id, kept.clone());
        self.touch(Key::Post(id, server_id));
        let edit = if kept.body.is_some() { EDIT } else { REVOKE };
        self.show_post(from, id, server_id, &kept, Some(edit));
        Ok(())
    }

    /// Delivers a post to every device of every reader but the one that wrote it.
    fn show_post(&mut self, from: DeviceRef, id: u64, server_id: u64, post: &Post, edit: Option<&'static str>) {
        for number in self.newsletter_readers(id) {
            let Some(account) = self.accounts.get(&number) else { continue };
            let devices: Vec<u16> = account.devices.keys().copied().collect();
            let mut stanza = self.post_node(id, server_id, post, number);
            stanza.attrs.insert("from", self.chat_jid(Chat::Newsletter(id)));
            if let Some(edit) = edit {
                stanza.attrs.insert("edit", edit);
            }
            for device in devices {
                let to = DeviceRef { number, device };
                if to != from {
                    self.deliver(to, Class::Message, stanza.clone());
                }
            }
        }
    }

    /// A post as `viewer` gets it, live or from the past.
    fn post_node(&self, id: u64, server_id: u64, post: &Post, viewer: u64) -> Node {
        let mut node = NodeBuilder::new("message")
            .attr("id", post.id.as_str())
            .attr("server_id", server_id)
            .attr("t", post.at)
            .attr("type", post.kind.as_str());
        if self.newsletters.get(&id).is_some_and(|newsletter| newsletter.owner == viewer) {
            node = node.attr("is_sender", "true");
        }
        let mut plaintext = NodeBuilder::new("plaintext");
        if let Some(media) = &post.media {
            plaintext = plaintext.attr("mediatype", media.as_str());
        }
        let bytes = post.body.as_ref().map(|body| body.0.clone()).unwrap_or_default();
        let mut content = vec![plaintext.bytes(bytes).build()];
        content.extend(reactions(post));
        node.children(content).build()
    }

    /// Posts from the past: the latest `count` before `before`, or those after `after`, the oldest first.
    pub(crate) fn past_posts(
        &self,
        id: u64,
        viewer: u64,
        count: usize,
        before: Option<u64>,
        after: Option<u64>,
    ) -> Result<Vec<Node>, Refusal> {
        let newsletter = self.newsletter(id)?;
        let first = after.map_or(0, |after| after.saturating_add(1));
        let within = newsletter.posts.range(first..before.unwrap_or(u64::MAX).max(first));
        let node = |(server_id, post): (&u64, &Post)| self.post_node(id, *server_id, post, viewer);
        if after.is_some() {
            return Ok(within.take(count).map(node).collect());
        }
        let mut latest: Vec<Node> = within.rev().take(count).map(node).collect();
        latest.reverse();
        Ok(latest)
    }

    /// A reader reacts to a post; an empty emoji takes the reaction back. Whoever watches the channel sees the counts.
    pub(crate) fn react_to_post(&mut self, number: u64, id: u64, post: u64, emoji: &str) -> Result<(), Refusal> {
        if emoji.len() > MAX_EMOJI {
            return Err(Refusal::Malformed);
        }
        let newsletter = self.newsletter_mut(id)?;
        if newsletter.owner != number && !newsletter.followers.contains_key(&number) {
            return Err(Refusal::Forbidden);
        }
        let kept = newsletter.posts.get_mut(&post).filter(|kept| kept.body.is_some()).ok_or(Refusal::Missing)?;
        if emoji.is_empty() {
            kept.reactions.remove(&number);
        } else {
            kept.reactions.insert(number, emoji.to_owned());
        }
        let counted = NodeBuilder::new("message").attr("server_id", post).children(reactions(kept)).build();
        self.touch(Key::Post(id, post));
        let messages = NodeBuilder::new("messages").attr("t", clock::now()).children([counted]).build();
        let update = NodeBuilder::new("live_updates").children([messages]).build();
        let notification = Self::notification("newsletter", self.chat_jid(Chat::Newsletter(id)), [update]);
        let now = clock::now();
        let watches = |until: Option<&u64>| until.is_some_and(|until| *until > now);
        let watching: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| watches(connection.channels.get(&id)))
            .map(|(id, _)| *id)
            .collect();
        for connection in watching {
            self.send(connection, notification.clone());
        }
        Ok(())
    }

    /// A client wants to see, for a while, what happens to a channel's posts.
    pub(crate) fn watch_newsletter(&mut self, connection: ConnectionId, id: u64) -> Result<(), Refusal> {
        self.newsletter(id)?;
        let now = clock::now();
        if let Some(connection) = self.connections.get_mut(&connection)
            && matches!(connection.peer, Peer::Device(_))
        {
            connection.channels.retain(|_, until| *until > now);
            connection.channels.insert(id, now + LIVE);
        }
        Ok(())
    }

    /// Tells an account's other companions what has become of a channel.
    pub(super) fn newsletter_news(&mut self, who: DeviceRef, id: u64, op: &'static str, field: &'static str) {
        let Some(described) = self.describe_newsletter(id, who.number) else { return };
        let mut payload = serde_json::Map::new();
        payload.insert(field.to_owned(), described);
        let mut update = NodeBuilder::new("update").attr("op_name", op).build();
        update.content = Some(NodeContent::Bytes(json!({ "data": payload }).to_string().into_bytes()));
        let own = address::pn(who.number, 0);
        self.notify_companions(who.number, Some(who.device), &Self::notification("mex", own, [update]));
    }
}

/// The counts of a post's reactions.
fn reactions(post: &Post) -> Option<Node> {
    let counts = post.counts();
    let reactions = counts
        .iter()
        .map(|(emoji, count)| NodeBuilder::new("reaction").attr("code", *emoji).attr("count", *count).build());
    Some(NodeBuilder::new("reactions").children(reactions).build()).filter(|_| !counts.is_empty())
}

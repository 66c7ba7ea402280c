//! What the phone tells of the past when an account is linked: chats with their newest messages, and names. It owns the way from the
//! library's form to what is stored; nothing of it is announced as if it had just happened.

use contract::jid::{Jid, Server};
use contract::message::{Message, delivery};
use wacore::types::events::LazyHistorySync;
use waproto::whatsapp as wa;
use whatsapp_rust::Client;

use super::attached::{self, Attached};
use super::content;
use super::identity::Identity;
use crate::history::{ChatChange, ContactChange, Entry};

/// From here on a time is in milliseconds: as seconds it would lie in the year 5138.
const MILLISECONDS_FROM: u64 = 100_000_000_000;

/// A chat of the past.
#[derive(Debug)]
pub(crate) struct PastChat {
    pub(crate) chat: Jid,
    pub(crate) change: ChatChange,
    pub(crate) unread: u64,
    /// The name in the address book of the other person.
    pub(crate) contact: Option<(Jid, Option<Jid>, ContactChange)>,
    /// Newest first.
    pub(crate) entries: Vec<Entry>,
}

/// The conversations and names of a chunk. It is unpacked piece by piece, and off the threads that serve sessions: some are
/// megabytes.
pub(crate) fn unpacked(chunk: &LazyHistorySync, mut take: impl FnMut(wa::Conversation) -> bool) -> Vec<wa::Pushname> {
    let mut stream = chunk.stream();
    loop {
        match stream.next_conversation() {
            Ok(Some(conversation)) => {
                if !take(conversation) {
                    return Vec::new();
                }
            }
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "a part of the past cannot be read");
                return Vec::new();
            }
        }
    }
    stream.remainder().map(|rest| rest.pushnames).unwrap_or_default()
}

/// A conversation as it is stored. `None` for what is no chat of people.
pub(crate) async fn chat(client: &Client, conversation: wa::Conversation) -> Option<PastChat> {
    let read = |jid: Option<&String>| jid.and_then(|jid| jid.parse::<wacore_binary::Jid>().ok());
    let id: wacore_binary::Jid = conversation.id.parse().ok()?;
    let other = read(conversation.pn_jid.as_ref()).filter(|pn| pn.server != id.server);
    let other = other.or_else(|| read(conversation.lid_jid.as_ref()).filter(|lid| lid.server != id.server));
    let identity = Identity::resolve(client, &id, other.as_ref()).await?;
    let chat = identity.chat.clone();
    if !matches!(chat.server(), Server::Phone | Server::Lid | Server::Group) {
        return None;
    }
    let name = conversation.name.clone().or_else(|| conversation.display_name.clone()).filter(|name| !name.is_empty());
    let muted = conversation.mute_end_time.filter(|end| *end > 0);
    let change = ChatChange {
        name: name.clone().filter(|_| chat.is_group()),
        archived: conversation.archived,
        pinned: conversation.pinned.map(|place| place > 0),
        muted_until: muted.map(|end| i64::try_from(if end > MILLISECONDS_FROM { end / 1000 } else { end }).ok()),
        read: conversation.marked_as_unread.filter(|marked| *marked).map(|_| false),
        cleared_until: None,
    };
    let contact = name.filter(|_| !chat.is_group()).map(|name| {
        let lid = identity.lid.clone().filter(|lid| *lid != chat);
        (chat.clone(), lid, ContactChange { name: Some(name), ..ContactChange::default() })
    });
    let own = Jid::parse(&client.pn()?.to_non_ad_string()).ok()?;
    let mut entries = Vec::new();
    for entry in conversation.messages {
        if let Some(message) = entry.message.into_option() {
            entries.extend(entry_of(client, &identity, &own, message).await);
        }
    }
    // Phones list the newest first, and so do messages of one second keep their order.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.message.timestamp));
    let unread = u64::from(conversation.unread_count.unwrap_or_default());
    Some(PastChat { chat, change, unread, contact, entries })
}

async fn entry_of(client: &Client, chat: &Identity, own: &Jid, past: wa::WebMessageInfo) -> Option<Entry> {
    let key = past.key.into_option()?;
    let mut raw = past.message.into_option()?;
    if let Some(secret) = past.message_secret {
        // What is said later about this message is sealed with it.
        raw.message_context_info.get_or_insert_default().message_secret.get_or_insert(secret);
    }
    let described = content::describe(&raw)?;
    let file = attached::source(&raw, described.kind, false);
    let from_me = key.from_me.unwrap_or_default();
    let is_group = chat.chat.is_group();
    let participant = past.participant.or(key.participant).filter(|_| is_group);
    let media =
        file.zip(key.remote_jid).map(|(source, chat)| Attached { source, chat, participant: participant.clone() });
    let author = if from_me {
        Identity::new(own.clone(), None)
    } else if is_group {
        Identity::resolve(client, &participant.as_deref()?.parse().ok()?, None).await?
    } else {
        chat.clone()
    };
    let other = if is_group { &author } else { chat };
    let sender = if is_group { &author.chat } else { &chat.chat };
    let to = if is_group || from_me { &chat.chat } else { own };
    let text = described.text();
    let message = Message {
        id: key.id.filter(|id| contract::id::is_message_id(id))?,
        chat_id: chat.chat.to_string(),
        from_me,
        sender: sender.to_string(),
        sender_phone: sender.user().to_owned(),
        sender_name: past.push_name.filter(|name| !name.is_empty()),
        timestamp: past.message_timestamp.unwrap_or_default(),
        kind: described.kind,
        text,
        content: described.content,
        caption: described.caption,
        mimetype: described.mimetype,
        filename: described.filename,
        media_url: None,
        is_group,
        quoted_message: described.quoted,
        from: author.chat.to_string(),
        to: to.to_string(),
        pn: other.pn.as_ref().map(Jid::to_string),
        lid: other.lid.as_ref().map(Jid::to_string),
        status: from_me.then_some(delivery::SERVER_ACK),
        offline: false,
        mentions: described.mentions,
        edited: false,
        revoked: false,
        reactions: Vec::new(),
    };
    Some(Entry { media, ..Entry::new(chat.chat.clone(), message, raw) })
}

//! From a received message to what the history keeps: whose chat it is, who wrote it, what it says.

use contract::jid::Jid;
use contract::message::Message;
use redis::RedisError;
use serde_json::json;
use wacore::types::events::InboundMessage;
use wacore::types::message::{EditAttribute, MessageCategory};
use wacore_binary::JidExt as _;
use whatsapp_rust::Client;

use super::attached::{self, Attached};
use super::identity::Identity;
use super::wrappers::unwrapped;
use super::{content, votes};
use crate::fence::FenceError;
use crate::history::{Effect, Entry, History};

/// Files the messages of a batch that a person could see.
pub(crate) async fn file(client: &Client, history: &History, batch: &[InboundMessage]) -> Result<(), FenceError> {
    let entries = entries(client, history, batch).await?;
    if entries.is_empty() { Ok(()) } else { history.ingest(entries).await.map(drop) }
}

/// The messages as they are filed, in order.
async fn entries(client: &Client, history: &History, batch: &[InboundMessage]) -> Result<Vec<Entry>, RedisError> {
    let mut entries = Vec::with_capacity(batch.len());
    for inbound in batch {
        let Some((mut entry, author)) = entry(client, inbound).await else { continue };
        if let Some(vote) = unwrapped(&entry.raw).poll_update_message.as_option() {
            let options = votes::chosen(client, history, &entries, &entry.chat, &author, vote).await?;
            if let Some(content) = &mut entry.message.content {
                content["selectedOptions"] = json!(options.as_deref().unwrap_or_default());
            }
            entry.effect = options.map(|options| Effect::Vote { options });
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// A message as it is filed, and who wrote it. `None` for what the phone tells its own companions, what shows nothing, and strange addresses.
async fn entry(client: &Client, inbound: &InboundMessage) -> Option<(Entry, Identity)> {
    let info = &inbound.info;
    let source = &info.source;
    if info.category == MessageCategory::Peer {
        return None;
    }
    let content = content::describe(&inbound.message)?;
    let file = attached::source(&inbound.message, content.kind, source.chat.is_newsletter());
    let several = source.is_group || source.chat.is_broadcast_list() || source.chat.is_status_broadcast();
    let media = file.map(|file| Attached {
        source: file,
        chat: source.chat.to_non_ad_string(),
        participant: several.then(|| source.sender.to_non_ad_string()),
    });
    let chat_other = match (source.is_group, source.is_from_me) {
        (true, _) => None,
        (false, true) => source.recipient_alt.as_ref().or(info.peer_recipient_pn.as_ref()),
        (false, false) => source.sender_alt.as_ref(),
    };
    let chat = Identity::resolve(client, &source.chat, chat_other).await?;
    let own = own_address(client);
    let author = if source.is_from_me {
        own.clone().map(|own| Identity::new(own, None))
    } else {
        Identity::resolve(client, &source.sender, source.sender_alt.as_ref()).await
    }?;
    let other = if source.is_group { &author } else { &chat };
    let sender = if source.is_group { &author.chat } else { &chat.chat };
    let to = if source.is_group || source.is_from_me { Some(chat.chat.clone()) } else { own };
    let message = Message {
        id: info.id.clone(),
        chat_id: chat.chat.to_string(),
        from_me: source.is_from_me,
        sender: sender.to_string(),
        sender_phone: sender.user().to_owned(),
        sender_name: Some(info.push_name.clone()).filter(|name| !name.is_empty()),
        timestamp: u64::try_from(info.timestamp.timestamp()).unwrap_or_default(),
        kind: content.kind,
        text: content.text(),
        content: content.content,
        caption: content.caption,
        mimetype: content.mimetype,
        filename: content.filename,
        media_url: None,
        is_group: source.is_group,
        quoted_message: content.quoted,
        from: author.chat.to_string(),
        to: to.map(|jid| jid.to_string()).unwrap_or_default(),
        pn: other.pn.as_ref().map(Jid::to_string),
        lid: other.lid.as_ref().map(Jid::to_string),
        status: None,
        offline: info.is_offline,
        mentions: content.mentions,
        edited: false,
        revoked: false,
        reactions: Vec::new(),
    };
    let entry = Entry { media, ..Entry::new(chat.chat, message, (*inbound.message).clone()) };
    Some((entry.with_effect(info.edit == EditAttribute::AdminRevoke), author))
}

/// The account's own address, by phone number.
fn own_address(client: &Client) -> Option<Jid> {
    Jid::parse(&client.pn()?.to_non_ad_string()).ok()
}

//! From a received message to what the history keeps: whose chat it is, who wrote it, what it says.

use contract::jid::Jid;
use contract::message::Message;
use wacore::types::events::InboundMessage;
use wacore::types::message::MessageCategory;
use wacore_binary::JidExt as _;
use whatsapp_rust::Client;

use super::attached::{self, Attached};
use super::content;
use super::identity::Identity;
use crate::history::Entry;

/// The messages of a batch that a person could see, as they are filed.
pub(crate) async fn entries(client: &Client, batch: &[InboundMessage]) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(batch.len());
    for inbound in batch {
        entries.extend(entry(client, inbound).await);
    }
    entries
}

/// A message as it is filed. `None` for what the phone tells its own companions, what shows nothing, and strange addresses.
async fn entry(client: &Client, inbound: &InboundMessage) -> Option<Entry> {
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
    };
    Some(Entry { chat: chat.chat, message, raw: (*inbound.message).clone(), media })
}

/// The account's own address, by phone number.
fn own_address(client: &Client) -> Option<Jid> {
    Jid::parse(&client.pn()?.to_non_ad_string()).ok()
}

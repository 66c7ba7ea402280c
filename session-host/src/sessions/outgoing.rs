//! From what a client asked for to what goes out: the addressee, the protobuf, and the message as the history keeps it.

use contract::command::{Failure, Send};
use contract::content::Content;
use contract::error::ErrorCode;
use contract::jid::{Jid, Server};
use contract::message::{Message, Sent, delivery};
use wacore::proto_helpers::{MessageBuilderExt as _, MessageExt as _, build_quote_context_with_info};
use waproto::whatsapp as wa;
use whatsapp_rust::Client;

mod content;

use super::outbox::{Stores, failure};
use crate::clock;
use crate::history::{Entry, History};
use crate::whatsapp::content::describe;
use crate::whatsapp::identity::{Identity, to_library};

/// The chat in the library's form. A number that nobody wrote to before is asked for first: WhatsApp takes messages to
/// numbers that do not exist and drops them in silence.
pub(super) async fn addressable(client: &Client, chat: &Jid) -> Result<wacore_binary::Jid, Failure> {
    let to = to_library(chat).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    if chat.server() != Server::Phone || client.get_lid_pn_entry(&to).await.ok().flatten().is_some() {
        return Ok(to);
    }
    match client.contacts().is_on_whatsapp(std::slice::from_ref(&to)).await {
        Ok(answers) if answers.iter().any(|answer| answer.is_registered) => Ok(to),
        Ok(_) => Err(failure(ErrorCode::RecipientNotOnWhatsapp)),
        Err(error) => {
            // The question failed, not the number; the send itself will tell.
            tracing::debug!(%error, "a number could not be looked up");
            Ok(to)
        }
    }
}

/// The message that goes out, answering a stored one when it names one. Files are fetched and uploaded here.
pub(super) async fn build(client: &Client, stores: &Stores, send: &Send) -> Result<wa::Message, Failure> {
    let mut message = match &send.content {
        Content::Text { text } => wa::Message::text(text),
        Content::Location { latitude, longitude, name } => content::place(*latitude, *longitude, name),
        Content::Contact { name, phone } => content::contact(name, phone),
        Content::Poll { question, options, selectable } => {
            content::poll(question, options, *selectable, rand::random())
        }
        Content::Image { file, caption } => content::image(stores.attachments.image(client, file).await?, caption),
        Content::Document { file, filename, mimetype, caption } => {
            content::document(stores.attachments.document(client, file).await?, filename, mimetype, caption)
        }
        Content::Audio { file, ptt } => content::audio(stores.attachments.audio(client, file).await?, *ptt),
    };
    if let Some(quoted) = &send.reply_to {
        message.set_context_info(quote(&stores.history, &send.chat, quoted).await?);
    }
    Ok(content::wrapped(message))
}

/// A message as the history keeps it.
pub(super) async fn filed(client: &Client, send: &Send, message: &wa::Message) -> Result<Entry, Failure> {
    let chat = &send.chat;
    let own = client.pn().and_then(|own| Jid::parse(&own.to_non_ad_string()).ok());
    let own = own.ok_or_else(|| failure(ErrorCode::SessionNotConnected))?;
    let other = match to_library(chat) {
        Some(address) => Identity::resolve(client, &address, None).await,
        None => None,
    };
    let other = other.unwrap_or_else(|| Identity::new(chat.clone(), None));
    let sender = if chat.is_group() { &own } else { chat };
    let described = describe(message).ok_or_else(|| failure(ErrorCode::Internal))?;
    let text = described.text();
    let name = client.push_name();
    let stored = Message {
        id: send.message_id.clone(),
        chat_id: chat.to_string(),
        from_me: true,
        sender: sender.to_string(),
        sender_phone: sender.user().to_owned(),
        sender_name: Some(name).filter(|name| !name.is_empty()),
        timestamp: 0,
        kind: described.kind,
        content: described.content,
        caption: described.caption,
        mimetype: described.mimetype,
        filename: described.filename,
        media_url: None,
        is_group: chat.is_group(),
        quoted_message: described.quoted,
        from: own.to_string(),
        to: chat.to_string(),
        text,
        pn: other.pn.map(|pn| pn.to_string()),
        lid: other.lid.map(|lid| lid.to_string()),
        status: Some(delivery::SERVER_ACK),
        offline: false,
        mentions: described.mentions,
        edited: false,
        revoked: false,
        reactions: Vec::new(),
    };
    Ok(Entry::new(chat.clone(), stored, message.clone()))
}

/// The quote of a stored message. One that is not stored is still named, as the original does, with the chat as its author.
async fn quote(history: &History, chat: &Jid, id: &str) -> Result<wa::ContextInfo, Failure> {
    let found = history.find(chat, id).await.map_err(|error| {
        tracing::error!(%error, "a quoted message could not be read");
        failure(ErrorCode::StorageUnavailable)
    })?;
    let target = to_library(chat).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    let (quoted, author) = match found {
        Some((raw, message)) => (raw, Jid::parse(&message.from).ok().and_then(|from| to_library(&from))),
        None => (wa::Message::text(""), None),
    };
    let author = author.unwrap_or_else(|| target.clone());
    Ok(build_quote_context_with_info(id, &author, &target, &target, &quoted))
}

/// Puts the server's time on a message, and makes the answer of it.
pub(super) fn stamp(entry: &mut Entry, seconds: Option<i64>) -> Sent {
    let seconds = seconds.unwrap_or_else(clock::unix_now);
    entry.message.timestamp = u64::try_from(seconds).unwrap_or_default();
    Sent {
        message_id: entry.message.id.clone(),
        chat_id: entry.message.chat_id.clone(),
        timestamp: clock::iso_seconds(seconds).unwrap_or_else(clock::iso_now),
    }
}

//! `POST /chats/overview` and `POST /contacts`: lists, page by page, from what the host has stored.

use axum::extract::State;
use contract::chat::{ChatPage, ChatSummary, ContactPage, ContactSummary, MAX_PREVIEW_CHARACTERS};
use contract::error::ErrorCode;
use contract::jid::{Jid, Server};
use contract::message::{Message, MessageType};
use edge_core::port::Port;
use edge_core::store::{ChatKind, Listed, ListedChat, ListedContact};
use serde_json::Value;

use super::{after_session_checks, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid};

/// Chats of a page when the client does not say: the original's.
const DEFAULT_CHATS: usize = 50;

/// Contacts of a page when the client does not say: the original's.
const DEFAULT_CONTACTS: usize = 100;

/// Most items of a page.
const MAX_LIMIT: usize = 500;

/// Furthest a page may begin.
const MAX_OFFSET: usize = 1_000_000;

/// Longest text that is searched for, in characters.
const MAX_SEARCH_CHARACTERS: usize = 100;

pub(super) async fn overview<P: Port>(State(app): State<App<P>>, body: Given) -> Answer {
    let session = session_of(body.0.as_ref())?;
    let own = wanted_chats(&body.or_empty());
    let (session, (kind, limit, offset)) = after_session_checks(&app, session.as_ref(), own).await?;
    let (total, chats) = listed(app.store.overview(&session, kind, offset, limit).await?)?;
    let has_more = total > offset.saturating_add(chats.len());
    let chats = chats.into_iter().map(chat).collect();
    Ok(answer::data(ChatPage { total, limit, offset, has_more, chats }))
}

pub(super) async fn contacts<P: Port>(State(app): State<App<P>>, body: Given) -> Answer {
    let session = session_of(body.0.as_ref())?;
    let own = wanted_contacts(&body.or_empty());
    let (session, (search, limit, offset)) = after_session_checks(&app, session.as_ref(), own).await?;
    let (total, contacts) = listed(app.store.contacts(&session, &search, offset, limit).await?)?;
    let has_more = total > offset.saturating_add(contacts.len());
    let contacts = contacts.into_iter().map(contact).collect();
    Ok(answer::data(ContactPage { total, limit, offset, has_more, contacts }))
}

fn wanted_chats(fields: &Fields) -> Result<(ChatKind, usize, usize), Failure> {
    let kind = match fields.text(&["type"])?.as_deref() {
        Some("personal" | "individual" | "private") => ChatKind::Personal,
        Some("group") => ChatKind::Group,
        // As the original.
        _ => ChatKind::All,
    };
    Ok((kind, whole(fields, "limit", 1, MAX_LIMIT, DEFAULT_CHATS)?, whole(fields, "offset", 0, MAX_OFFSET, 0)?))
}

fn wanted_contacts(fields: &Fields) -> Result<(String, usize, usize), Failure> {
    let search = fields.text(&["search"])?.unwrap_or_default();
    crate::fields::no_longer_than("search", &search, MAX_SEARCH_CHARACTERS)?;
    let limit = whole(fields, "limit", 1, MAX_LIMIT, DEFAULT_CONTACTS)?;
    Ok((search, limit, whole(fields, "offset", 0, MAX_OFFSET, 0)?))
}

/// A whole number within bounds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole number in range")]
#[expect(clippy::cast_precision_loss, reason = "the bounds are far below what a double holds exactly")]
pub(super) fn whole(
    fields: &Fields,
    name: &'static str,
    least: usize,
    most: usize,
    default: usize,
) -> Result<usize, Failure> {
    match fields.number(name)? {
        None => Ok(default),
        Some(wish) if wish.fract() == 0.0 && (least as f64..=most as f64).contains(&wish) => Ok(wish as usize),
        Some(_) => Err(invalid(format!("{name} must be a whole number from {least} to {most}"))),
    }
}

fn listed<T>(list: Listed<T>) -> Result<(usize, Vec<T>), Failure> {
    match list {
        Listed::Unknown => Err(ErrorCode::SessionNotFound.into()),
        Listed::Down => Err(ErrorCode::SessionNotConnected.into()),
        Listed::Page(total, items) => Ok((total, items)),
    }
}

fn chat(listed: ListedChat) -> ChatSummary {
    let ListedChat { chat, contact, newest, .. } = listed;
    let contact = contact.unwrap_or_default();
    let (pn, lid) = addresses(&chat, Some(listed.lid).filter(|lid| !lid.is_empty()).or(contact.lid));
    let own_name = Some(listed.name).filter(|name| !name.is_empty());
    let name = if chat.is_group() { own_name } else { contact.name.or(contact.push).or(own_name) };
    ChatSummary {
        name: name.unwrap_or_else(|| chat.user().to_owned()),
        phone: (!chat.is_group()).then(|| chat.user().to_owned()),
        is_group: chat.is_group(),
        id: chat,
        profile_picture: None,
        participants_count: None,
        last_message: newest.as_ref().and_then(preview),
        last_message_timestamp: newest.map_or(listed.seconds, |newest| newest.timestamp),
        unread_count: listed.unread,
        marked_unread: listed.marked_unread,
        archived: listed.archived,
        pinned: listed.pinned,
        muted_until: listed.muted_until,
        pn,
        lid,
    }
}

fn contact(listed: ListedContact) -> ContactSummary {
    let ListedContact { address, contact } = listed;
    let (pn, lid) = addresses(&address, contact.lid);
    ContactSummary {
        phone: address.user().to_owned(),
        name: contact.name.or_else(|| contact.push.clone()).unwrap_or_else(|| address.user().to_owned()),
        short_name: contact.push.clone(),
        push_name: contact.push,
        profile_picture: None,
        pn,
        lid,
        id: address,
    }
}

/// The two addresses of a person.
fn addresses(address: &Jid, lid: Option<String>) -> (Option<String>, Option<String>) {
    match address.server() {
        Server::Phone => (Some(address.to_string()), lid),
        Server::Lid => (None, Some(address.to_string())),
        _ => (None, None),
    }
}

/// What a message says, in short, as the original words it.
fn preview(message: &Message) -> Option<String> {
    let said = |of: &str| message.content.as_ref()?.get(of)?.as_str().filter(|text| !text.is_empty());
    let preview = match message.kind {
        MessageType::Image => "📷 Image".to_owned(),
        MessageType::Video => "🎥 Video".to_owned(),
        MessageType::Audio | MessageType::Ptt => "🎵 Audio".to_owned(),
        MessageType::Document => format!("📄 {}", message.filename.as_deref().unwrap_or("Document")),
        MessageType::Sticker => "🎭 Sticker".to_owned(),
        MessageType::Contact => format!("👤 Contact: {}", said("displayName").unwrap_or("Contact")),
        MessageType::Contacts => "👤 Contacts".to_owned(),
        MessageType::Location => "📍 Location".to_owned(),
        MessageType::Poll => format!("📊 {}", said("question").unwrap_or("Poll")),
        MessageType::PollVote => "📊 Poll vote".to_owned(),
        MessageType::Text => match &message.content {
            Some(Value::String(text)) => text.clone(),
            _ => return None,
        },
        MessageType::Reaction | MessageType::Protocol | MessageType::Unknown => "Message".to_owned(),
    };
    let preview: String = preview.chars().take(MAX_PREVIEW_CHARACTERS).collect();
    Some(preview).filter(|preview| !preview.is_empty())
}

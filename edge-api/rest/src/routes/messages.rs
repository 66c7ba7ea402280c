//! `POST /chats/messages`: a page of a chat's history, newest first.

use axum::extract::State;
use contract::cursor::Cursor;
use contract::error::ErrorCode;
use contract::jid::Jid;
use contract::message::MessagePage;
use contract::recipient;
use edge_core::port::Port;
use edge_core::store::{Position, Slice};

use super::chats::whole;
use super::{after_session_checks, session_of};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{CHAT_ID, Fields, invalid};

/// Messages of a page when the client does not say: the original's.
const DEFAULT_LIMIT: usize = 50;

/// Most messages of a page: keeps an answer below a megabyte or so.
const MAX_LIMIT: usize = 500;

pub(super) async fn messages<P: Port>(State(app): State<App<P>>, body: Given) -> Answer {
    let fields = body.0;
    let session = session_of(fields.as_ref())?;
    let own = wanted(&fields.unwrap_or_default(), &app.settings.default_country_code);
    let (session, wanted) = after_session_checks(&app, session.as_ref(), own).await?;
    let chat = app.store.chat_of(&session, wanted.chat).await?;
    // One more than asked, to know whether there is more.
    let mut entries = match app.store.history(&session, &chat, &wanted.from, wanted.limit + 1).await? {
        Slice::Unknown => return Err(ErrorCode::SessionNotFound.into()),
        Slice::Down => return Err(ErrorCode::SessionNotConnected.into()),
        Slice::UnknownCursor => return Err(unknown_cursor()),
        Slice::Page(entries) => entries,
    };
    let has_more = entries.len() > wanted.limit;
    entries.truncate(wanted.limit);
    let last = entries.last().map(|entry| Cursor::Position { score: entry.score, id: entry.id.clone() });
    let messages: Vec<_> = entries.into_iter().filter_map(|entry| entry.message).collect();
    Ok(answer::data(MessagePage {
        is_group: chat.is_group(),
        chat_id: chat.to_string(),
        total: messages.len(),
        limit: wanted.limit,
        cursor: last.map(|cursor| cursor.to_string()),
        has_more,
        messages,
    }))
}

#[derive(Debug)]
struct Wanted {
    chat: Jid,
    limit: usize,
    from: Position,
}

fn wanted(fields: &Fields, country_code: &str) -> Result<Wanted, Failure> {
    let Some(chat) = fields.text(CHAT_ID)? else {
        return Err(Failure::new(ErrorCode::MissingField, "Missing required field: chatId"));
    };
    let chat = recipient::parse(&chat, country_code).map_err(|_| ErrorCode::InvalidRecipient)?;
    let from = match fields.text(&["cursor"])? {
        None => Position::Newest,
        Some(text) => match Cursor::parse(&text).map_err(|_| unknown_cursor())? {
            Cursor::Position { score, .. } => Position::Below(score),
            Cursor::MessageId(id) => Position::After(id),
        },
    };
    Ok(Wanted { chat, limit: whole(fields, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT)?, from })
}

fn unknown_cursor() -> Failure {
    invalid("Unknown cursor".to_owned())
}

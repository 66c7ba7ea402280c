//! The task of one subscription that is behind: it reads the log from the member's position and emits at the pace the socket
//! takes, until the member may go live. It gives up on a socket that takes nothing for [`super::RealtimeConfig::stall_limit`].
//!
//! What it may send is bounded by the log's cap, and what it holds by one page.

use std::sync::Arc;

use contract::id::SessionId;
use serde::Serialize;
use socketioxide::extract::SocketRef;
use tokio::time::{Instant, sleep};

use super::hub::{Backoff, Hub};
use super::replies::FULL_PAUSE;
use super::request::Failure;
use super::rooms::{Delivery, Ticket};
use crate::eventlog::{Continuity, EventId, EventLogError, Page};

/// Entries read at once: one round trip for most absences, about a megabyte of memory.
const PAGE: usize = 500;

/// Events emitted under one hold of the lock: a fraction of a millisecond.
const CHUNK: usize = 64;

/// Name of the reply to `subscribe`.
const SUBSCRIBED: &str = "subscribed";

/// Where a new subscription starts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    /// With what comes next.
    Now,
    /// After an entry the client has seen.
    After(EventId),
}

/// The reply to `subscribe`. The cursor is where the subscription stands, so that a client can resume before it has had an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscribed<'a> {
    session_id: &'a str,
    message: String,
    cursor: EventId,
}

impl<'a> Subscribed<'a> {
    fn new(session: &'a SessionId, cursor: EventId) -> Self {
        Self { session_id: session.as_str(), message: format!("Subscribed to session {session}"), cursor }
    }
}

/// Replies to a `subscribe` that changes nothing.
pub(super) fn subscribed(hub: &Arc<Hub>, socket: &SocketRef, session: &SessionId, cursor: EventId) {
    hub.reply(socket, SUBSCRIBED, &Subscribed::new(session, cursor));
}

/// Brings a new subscription to where it starts, replies, and catches up.
pub(super) async fn start(hub: Arc<Hub>, ticket: Ticket, at: Start) {
    let position = match at {
        Start::After(cursor) => cursor,
        // Read before the reply: whatever is appended after the client saw it, is delivered.
        Start::Now => match newest(&hub, &ticket).await {
            Some(newest) => newest,
            None => return,
        },
    };
    let Some((socket, _)) = hub.rooms.member(&ticket) else { return };
    let Some(wishes) = hub.rooms.settle(&ticket, position) else { return };
    for _ in 0..wishes {
        if !hub.say(&socket, SUBSCRIBED, &Subscribed::new(&ticket.session, position)).await {
            return;
        }
    }
    run(hub, ticket).await;
}

/// Catches up and goes live, or ends with the subscription.
pub(super) async fn run(hub: Arc<Hub>, ticket: Ticket) {
    let mut told = false;
    loop {
        let Some((socket, position)) = hub.rooms.member(&ticket) else { return };
        let Some(page) = read(&hub, &ticket, position).await else { return };
        match page.continuity {
            Continuity::Unbroken => told = false,
            Continuity::Trimmed | Continuity::Ahead { .. } if told => {}
            Continuity::Trimmed | Continuity::Ahead { .. } => {
                if !hub.say(&socket, "error", &Failure::cursor_expired(&ticket.session)).await {
                    return;
                }
                told = true;
            }
        }
        if let Continuity::Ahead { .. } = page.continuity {
            if !hub.rooms.place(&ticket, EventId::START) {
                return;
            }
            continue;
        }
        if !deliver(&hub, &ticket, &socket, &page).await {
            return;
        }
        let caught_up = if page.more {
            hub.rooms.place(&ticket, page.end).then_some(false)
        } else {
            hub.rooms.go_live(&ticket, page.end)
        };
        match caught_up {
            Some(false) => {}
            Some(true) | None => return,
        }
    }
}

/// Emits a page at the socket's pace; `false` when the subscription is over.
async fn deliver(hub: &Arc<Hub>, ticket: &Ticket, socket: &SocketRef, page: &Page) -> bool {
    let mut rest = page.events.as_slice();
    let mut progress = Instant::now();
    while !rest.is_empty() {
        let chunk = &rest[..rest.len().min(CHUNK)];
        match hub.rooms.deliver(ticket, chunk) {
            Delivery::Gone => return false,
            Delivery::Took(0) if progress.elapsed() >= hub.stall_limit => {
                hub.end(socket, "it takes nothing");
                return false;
            }
            Delivery::Took(0) => sleep(FULL_PAUSE).await,
            Delivery::Took(count) => {
                rest = &rest[count..];
                progress = Instant::now();
                tokio::task::yield_now().await;
            }
        }
    }
    true
}

async fn newest(hub: &Hub, ticket: &Ticket) -> Option<EventId> {
    retry(hub, ticket, || hub.log.last_id(&ticket.session)).await
}

async fn read(hub: &Hub, ticket: &Ticket, position: EventId) -> Option<Page> {
    retry(hub, ticket, || hub.log.read_after(&ticket.session, position, PAGE)).await
}

/// Asks Redis until it answers or the subscription is over.
async fn retry<T, F>(hub: &Hub, ticket: &Ticket, ask: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<T, EventLogError>>,
{
    let mut backoff = Backoff::new();
    loop {
        match ask().await {
            Ok(answer) => return Some(answer),
            Err(error) => tracing::debug!(session = %ticket.session, %error, "catching up waits for Redis"),
        }
        backoff.pause().await;
        hub.rooms.member(ticket)?;
    }
}

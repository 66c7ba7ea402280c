//! What is emitted to a socket: events with their cursor, and failures. It says whether the send buffer took an event; what
//! follows from that is decided elsewhere.

use contract::event::{Event, Payload};
use serde::Serialize;
use socketioxide::extract::SocketRef;
use socketioxide::{SendError, SocketError};

use super::request::Failure;
use crate::eventlog::EventId;

/// What became of an emit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is in the send buffer, or can never be.
    Taken,
    /// The send buffer has no room at the moment.
    Full,
    /// The socket is closed.
    Closed,
}

#[derive(Serialize)]
struct Outgoing<'a> {
    #[serde(flatten)]
    payload: &'a Payload,
    cursor: EventId,
}

/// Emits an event of the log.
pub(super) fn event(socket: &SocketRef, cursor: EventId, event: &Event) -> Sent {
    let outgoing = Outgoing { payload: &event.payload, cursor };
    match socket.emit(event.event.as_str(), &outgoing) {
        Ok(()) => Sent::Taken,
        Err(SendError::Socket(SocketError::InternalChannelFull)) => Sent::Full,
        Err(SendError::Socket(SocketError::Closed)) => Sent::Closed,
        Err(SendError::Serialize(error)) => {
            tracing::error!(session = %event.payload.session_id, %cursor, %error, "an event cannot be serialised");
            Sent::Taken
        }
    }
}

/// Emits a failure.
pub(super) fn failure(socket: &SocketRef, failure: &Failure) -> Sent {
    reply(socket, "error", failure)
}

/// Emits anything that is no event of the log.
pub(super) fn reply(socket: &SocketRef, name: &str, payload: &impl Serialize) -> Sent {
    match socket.emit(name, payload) {
        Ok(()) => Sent::Taken,
        Err(SendError::Socket(SocketError::InternalChannelFull)) => Sent::Full,
        Err(SendError::Socket(SocketError::Closed)) => Sent::Closed,
        Err(SendError::Serialize(error)) => {
            tracing::error!(socket = %socket.id, name, %error, "a reply cannot be serialised");
            Sent::Taken
        }
    }
}

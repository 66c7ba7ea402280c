//! What the library tells, sorted: status for the session's actor, acknowledgements for its outbox, the rest for its
//! bookkeeping.
//!
//! The library calls from inside its pipeline, so nothing here waits; every queue is bounded.

use std::sync::Arc;

use super::announce;
use super::notes::Notes;
use contract::session::StatusReason;
use tokio::sync::mpsc;
use tracing::warn;
use wacore::types::events::{ConnectFailureReason, Event, EventHandler, MessageBatch, Receipt};

/// A change of the session's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A QR code to show.
    Qr(String),
    /// The last QR code ran out.
    QrExpired,
    /// A phone scanned.
    Paired,
    /// Connected and in sync.
    Online,
    /// The account has another name; of a new account it comes after the connection.
    Renamed,
    /// The connection is gone; the client reconnects by itself.
    Lost,
    /// WhatsApp refused the login for the moment.
    Refused,
    /// WhatsApp ended the session.
    Ended(StatusReason),
}

/// WhatsApp's server took or refused a message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The message.
    pub id: String,
    /// Server time, unix seconds.
    pub seconds: Option<i64>,
    /// The code of a refusal.
    pub refusal: Option<String>,
}

/// What has no hurry.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// Delivery states of own messages.
    Receipt(Box<Receipt>),
    /// Anything else that clients hear of.
    Happened(Arc<Event>),
    /// Messages that did not go through the inbound hook (channels, placeholders that were recovered).
    Messages(MessageBatch),
}

/// Where a link's reports go.
#[derive(Clone)]
pub(crate) struct Reports {
    /// To the actor. Some per connection; a full queue means an actor that hangs.
    pub(crate) signals: mpsc::Sender<Signal>,
    /// To the outbox: at most one for each message under way.
    pub(crate) acks: mpsc::Sender<Ack>,
    /// To the bookkeeper.
    pub(crate) news: mpsc::Sender<News>,
    /// What the phone tells of the past.
    pub(crate) past: mpsc::Sender<Arc<Event>>,
    /// To the bookkeeper: the newest word of each chat and contact.
    pub(crate) notes: Arc<Notes>,
}

impl EventHandler for Reports {
    fn handle_event(&self, event: Arc<Event>) {
        match &*event {
            Event::ServerAck(ack) if ack.class.as_deref() == Some("message") => {
                let ack = Ack {
                    id: ack.id.clone(),
                    seconds: ack.timestamp.map(|time| time.timestamp()),
                    refusal: ack.error.clone(),
                };
                offer(&self.acks, ack, "acknowledgement");
            }
            Event::Receipt(receipt) => offer(&self.news, News::Receipt(Box::new(receipt.clone())), "receipt"),
            Event::Messages(batch) if !batch.hook_committed => {
                offer(&self.news, News::Messages(batch.clone()), "message");
            }
            Event::HistorySync(_) => offer(&self.past, Arc::clone(&event), "part of the past"),
            other => {
                self.notes.take(other);
                if announce::is_news(other) {
                    offer(&self.news, News::Happened(Arc::clone(&event)), "event");
                } else if let Some(signal) = signal(other) {
                    offer(&self.signals, signal, "signal");
                }
            }
        }
    }
}

fn offer<T>(queue: &mpsc::Sender<T>, item: T, what: &'static str) {
    if let Err(mpsc::error::TrySendError::Full(_)) = queue.try_send(item) {
        warn!(what, "a queue of the session is full; a report of the client was dropped");
    }
}

fn signal(event: &Event) -> Option<Signal> {
    Some(match event {
        Event::PairingQrCode(qr) => Signal::Qr(qr.code.clone()),
        Event::PairingQrCodesExhausted(_) => Signal::QrExpired,
        Event::PairSuccess(_) => Signal::Paired,
        Event::Connected(_) => Signal::Online,
        Event::SelfPushNameUpdated(_) => Signal::Renamed,
        Event::Disconnected(_) => Signal::Lost,
        Event::LoggedOut(_) => Signal::Ended(StatusReason::LoggedOut),
        Event::StreamReplaced(_) => Signal::Ended(StatusReason::Replaced),
        Event::TemporaryBan(_) => Signal::Ended(StatusReason::TemporaryBan),
        Event::ClientOutdated(_) => Signal::Ended(StatusReason::ClientOutdated),
        Event::ConnectFailure(failure) => match failure.reason {
            // The client itself tries again after these.
            ConnectFailureReason::InternalServerError | ConnectFailureReason::ServiceUnavailable => Signal::Lost,
            _ => Signal::Refused,
        },
        _ => return None,
    })
}

//! What passes the connections, for whoever looks: a bounded ring in memory. It belongs to the sockets and not to the
//! world, so neither writing it nor reading it holds the network up; switched off it costs one look at a flag.
//!
//! It refuses to keep what is secret or large: contents that are no stanzas (ciphertexts, keys, codes) appear as their
//! length only.

mod render;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use wacore_binary::Node;

use crate::clock;
use crate::world::connection::ConnectionId;

/// How many stanzas are kept: some minutes of a busy test, more than anybody scrolls through.
const MAX_ENTRIES: usize = 5000;
/// How many bytes of text are kept, however large the stanzas are.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Which way a stanza went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the client to the network.
    In,
    /// From the network to the client.
    Out,
}

/// One stanza that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Its place in the log; it grows by one.
    pub seq: u64,
    /// Unix time in milliseconds.
    pub time: u64,
    /// `in`: a client said it. `out`: it was told.
    pub direction: Direction,
    /// The connection, unique within the process.
    pub connection: u64,
    /// The account that the client logged in as; null for one that is being linked.
    pub number: Option<String>,
    /// The client's device number.
    pub device: Option<u16>,
    /// What kind of stanza it is: `iq`, `message` and so on.
    pub tag: String,
    /// The `id` attribute.
    pub id: Option<String>,
    /// The `type` attribute.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The `xmlns` of a request, or the `class` of an acknowledgement.
    pub about: Option<String>,
    /// The stanza as XML. Contents that are no stanzas are given as their length.
    pub xml: String,
    /// Whether the XML was too long and ends early.
    pub cut: bool,
}

impl LogEntry {
    /// About how many bytes the entry takes.
    fn weight(&self) -> usize {
        let texts = [&self.number, &self.id, &self.kind, &self.about].into_iter().flatten();
        size_of::<Self>() + self.tag.len() + self.xml.len() + texts.map(String::len).sum::<usize>()
    }
}

/// Part of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogPage {
    /// Whether stanzas are being written down.
    pub enabled: bool,
    /// The oldest first.
    pub entries: Vec<LogEntry>,
    /// Where to go on: the `after` of the next question.
    pub next: u64,
    /// How many stanzas after the asked place are gone already, of all accounts.
    pub missed: u64,
}

#[derive(Default)]
struct Ring {
    entries: VecDeque<LogEntry>,
    bytes: usize,
    /// The place of the latest entry that ever was.
    last: u64,
}

/// The log of one network.
pub(crate) struct StanzaLog {
    enabled: AtomicBool,
    ring: Mutex<Ring>,
    /// Moves with each entry and each switch.
    moves: watch::Sender<u64>,
}

impl StanzaLog {
    pub(crate) fn new(enabled: bool) -> Self {
        Self { enabled: AtomicBool::new(enabled), ring: Mutex::default(), moves: watch::Sender::new(0) }
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
        self.moves.send_modify(|moves| *moves += 1);
    }

    pub(crate) fn enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// Moves whenever there may be something new to read.
    pub(crate) fn moves(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // A ring is whole between any two of its lines, so a panic elsewhere has not broken it.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, entry: LogEntry) {
        self.ring().push(entry);
        self.moves.send_modify(|moves| *moves += 1);
    }

    /// At most `limit` entries after a place, of one account or of all. A place that was never reached belongs to an
    /// earlier network; everything is after it.
    pub(crate) fn page(&self, after: u64, number: Option<&str>, limit: usize) -> LogPage {
        let ring = self.ring();
        let after = if after > ring.last { 0 } else { after };
        let first = ring.entries.front().map_or(ring.last + 1, |entry| entry.seq);
        let missed = first.saturating_sub(after + 1);
        let from = ring.entries.partition_point(|entry| entry.seq <= after);
        let wanted = ring.entries.range(from..).filter(|entry| number.is_none() || entry.number.as_deref() == number);
        let entries: Vec<_> = wanted.take(limit).cloned().collect();
        let next = entries.last().filter(|_| entries.len() == limit).map_or(ring.last, |entry| entry.seq);
        LogPage { enabled: self.enabled(), entries, next, missed }
    }
}

impl Ring {
    fn push(&mut self, mut entry: LogEntry) {
        self.last += 1;
        entry.seq = self.last;
        self.bytes += entry.weight();
        self.entries.push_back(entry);
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.weight();
        }
    }
}

/// Where one connection is listened to.
#[derive(Clone)]
pub(crate) struct Tap {
    pub(crate) log: Arc<StanzaLog>,
    pub(crate) connection: ConnectionId,
    /// The account and device that the client logged in as.
    pub(crate) who: Option<(u64, u16)>,
}

impl Tap {
    /// Notes a stanza, when the log is on.
    pub(crate) fn passes(&self, direction: Direction, stanza: &Node) {
        if !self.log.enabled() {
            return;
        }
        let (xml, cut) = render::xml(stanza);
        let attribute = |key| stanza.attrs.get(key).map(|value| render::value(&value.as_str()));
        self.log.push(LogEntry {
            seq: 0,
            time: clock::now_ms(),
            direction,
            connection: self.connection.0,
            number: self.who.map(|(number, _)| number.to_string()),
            device: self.who.map(|(_, device)| device),
            tag: render::value(&stanza.tag),
            id: attribute("id"),
            kind: attribute("type"),
            about: attribute("xmlns").or_else(|| attribute("class")),
            xml,
            cut,
        });
    }
}

#[cfg(test)]
mod tests;

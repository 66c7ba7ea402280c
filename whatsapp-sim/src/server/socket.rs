//! One connection: the conversation's head, the handshake, then a reader and a writer until either end closes. Frames
//! cross WebSocket messages freely, so bytes are collected before they are cut.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::BytesMut;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wacore_binary::Node;
use wacore_binary::consts::WA_CONN_HEADER;
use wacore_noise::framing::{FrameDecoder, encode_frame};

use crate::noise::{Hello, NoiseError, Opened, Opener, Sealer};
use crate::sim::Sim;
use crate::stanza_log::{Direction, Tap};
use crate::world::connection::{OUTBOX_CAPACITY, Out};
use crate::world::login::Wire;

/// The client gives its handshake twenty seconds; so does the server.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a closed socket waits for the client to close as well. Without it the system would reset the connection
/// over bytes that nobody read, and the client could miss the last words.
const LINGER: Duration = Duration::from_secs(2);
/// What a routing hint begins with; this server never gives any, a client may have one from elsewhere.
const ROUTING_MAGIC: [u8; 4] = *b"ED\x00\x01";
/// What a stranger may send before it has shown a key: real handshakes have some hundred bytes, with a long push name a few
/// thousand.
const MAX_HANDSHAKE: usize = 64 * 1024;
/// Real hints have some dozen bytes; this bounds what a stranger can make the server collect.
const MAX_ROUTING: usize = 4096;

/// Incoming bytes, cut into frames.
struct Frames {
    stream: SplitStream<WebSocket>,
    decoder: FrameDecoder,
    /// Bytes before the first frame, until the head of the conversation is complete.
    head: Option<Vec<u8>>,
    /// How many bytes more a stranger may send; nothing is counted any more once the handshake is over.
    room: Option<usize>,
}

impl Frames {
    /// The next frame; `None` when the connection is over or does not speak this protocol.
    async fn next(&mut self) -> Option<BytesMut> {
        loop {
            if self.head.is_none()
                && let Some(frame) = self.decoder.decode_frame()
            {
                return Some(frame);
            }
            match self.stream.next().await?.ok()? {
                Message::Binary(bytes) => self.take(&bytes)?,
                Message::Close(_) => return None,
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Option<()> {
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(bytes.len())?;
        }
        let Some(head) = &mut self.head else {
            self.decoder.feed(bytes);
            return Some(());
        };
        head.extend_from_slice(bytes);
        match after_head(head) {
            Head::Incomplete => Some(()),
            Head::Foreign => None,
            Head::Complete(rest) => {
                self.decoder.feed(rest);
                self.head = None;
                Some(())
            }
        }
    }
}

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
enum Head<'a> {
    /// Not enough to tell.
    Incomplete,
    /// Another protocol's.
    Foreign,
    /// The head of a conversation, and what follows it.
    Complete(&'a [u8]),
}

fn after_head(bytes: &[u8]) -> Head<'_> {
    let begins = |bytes: &[u8], with: &[u8]| bytes.iter().zip(with).all(|(a, b)| a == b);
    let mut rest = bytes;
    if !rest.is_empty() && begins(rest, &ROUTING_MAGIC) {
        let Some(length) = rest.get(4..7) else { return Head::Incomplete };
        let length = length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        if length > MAX_ROUTING {
            return Head::Foreign;
        }
        let Some(after) = rest.get(7 + length..) else { return Head::Incomplete };
        rest = after;
    }
    if !begins(rest, &WA_CONN_HEADER) {
        return Head::Foreign;
    }
    rest.get(WA_CONN_HEADER.len()..).map_or(Head::Incomplete, Head::Complete)
}

/// Serves one connection to its end; `host` is what the client calls this server.
pub(crate) async fn run(sim: Sim, socket: WebSocket, host: Option<String>) {
    let id = sim.next_connection();
    let (mut sink, stream) = socket.split();
    let mut frames = Frames { stream, decoder: FrameDecoder::new(), head: Some(Vec::new()), room: Some(MAX_HANDSHAKE) };
    let closing = sim.stopping().child_token();
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake(&sim, &mut frames, &mut sink));
    let opened = tokio::select! {
        opened = handshake => opened,
        () = closing.cancelled() => return,
    };
    let opened = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return tracing::debug!(%error, "a handshake failed"),
        Err(_) => return tracing::debug!("a handshake took too long"),
    };
    let Opened { client_key, payload, sealer, opener } = opened;
    frames.room = None;
    let (outbox, queued) = mpsc::channel(OUTBOX_CAPACITY);
    let tap = sim.tap(id, &payload);
    let writer = tokio::spawn(write(sink, queued, sealer, tap.clone(), closing.clone()));
    sim.opened(Wire { id, outbox, closing: closing.clone(), host }, client_key, &payload).await;
    read(&sim, id, &mut frames, opener, &tap, &closing).await;
    sim.closed(id).await;
    closing.cancel();
    if let Err(error) = writer.await {
        tracing::error!(%error, "a socket's writer failed");
    }
}

async fn handshake(
    sim: &Sim,
    frames: &mut Frames,
    sink: &mut SplitSink<WebSocket, Message>,
) -> Result<Opened, NoiseError> {
    let hello = frames.next().await.ok_or(NoiseError::Message)?;
    let (answer, pending) = match sim.responder().hello(&hello)? {
        Hello::Complete { answer, opened } => {
            send(sink, &answer).await?;
            return Ok(*opened);
        }
        Hello::AwaitFinish { answer, pending } => (answer, pending),
    };
    send(sink, &answer).await?;
    let finish = frames.next().await.ok_or(NoiseError::Message)?;
    pending.finish(&finish)
}

async fn send(sink: &mut SplitSink<WebSocket, Message>, payload: &[u8]) -> Result<(), NoiseError> {
    let frame = encode_frame(payload, None).map_err(|_| NoiseError::Frame)?;
    sink.send(Message::Binary(frame.into())).await.map_err(|_| NoiseError::Message)
}

async fn read(
    sim: &Sim,
    id: crate::world::connection::ConnectionId,
    frames: &mut Frames,
    mut opener: Opener,
    tap: &Tap,
    closing: &CancellationToken,
) {
    loop {
        let frame = tokio::select! {
            frame = frames.next() => frame,
            () = closing.cancelled() => return,
        };
        let Some(frame) = frame else { return };
        match opener.open(frame) {
            Ok(stanza) => {
                tap.passes(Direction::In, &stanza);
                sim.received(id, &stanza).await;
            }
            Err(error) => return tracing::debug!(%error, "a connection was ended"),
        }
    }
}

/// What is to be sent later, by its time.
#[derive(Default)]
struct Later {
    waiting: BTreeMap<(Instant, u64), Node>,
    added: u64,
}

impl Later {
    /// More than may wait for a socket at all does not wait here either: then the delay is cut short.
    fn add(&mut self, delay: Duration, stanza: Node) -> Option<Node> {
        self.added += 1;
        self.waiting.insert((Instant::now() + delay, self.added), stanza);
        (self.waiting.len() > OUTBOX_CAPACITY).then(|| self.waiting.pop_first()).flatten().map(|(_, stanza)| stanza)
    }

    /// The next one, at its time; never when there is none.
    async fn next(&mut self) -> Option<Node> {
        match self.waiting.first_key_value() {
            Some(((due, _), _)) => tokio::time::sleep_until(*due).await,
            None => std::future::pending().await,
        }
        self.waiting.pop_first().map(|(_, stanza)| stanza)
    }
}

/// Writes what is queued until the connection is closed; what waits then waits for the next login.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut queued: mpsc::Receiver<Out>,
    mut sealer: Sealer,
    tap: Tap,
    closing: CancellationToken,
) {
    let mut work = std::pin::pin!(async {
        let mut later = Later::default();
        loop {
            let out = tokio::select! {
                out = queued.recv() => out,
                due = later.next() => due.map(|stanza| Out::Stanza(Box::new(stanza))),
            };
            let Some(out) = out else { break };
            let stanzas = match out {
                Out::Stanza(stanza) => vec![*stanza],
                Out::Backlog(stanzas) => stanzas,
                Out::Later(delay, stanza) => later.add(delay, *stanza).into_iter().collect(),
                Out::Pause(time) => {
                    tokio::time::sleep(time).await;
                    continue;
                }
                Out::Close => break,
            };
            for stanza in &stanzas {
                tap.passes(Direction::Out, stanza);
                let Ok(frame) = sealer.seal(stanza) else { return };
                if sink.feed(Message::Binary(frame.into())).await.is_err() {
                    return;
                }
            }
            if sink.flush().await.is_err() {
                return;
            }
        }
        if sink.close().await.is_ok() {
            tokio::time::sleep(LINGER).await;
        }
    });
    // The reader ends as soon as the client has closed its side.
    tokio::select! {
        () = &mut work => {}
        () = closing.cancelled() => {}
    }
    closing.cancel();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_may_come_in_pieces_and_behind_a_routing_hint() {
        assert_eq!(after_head(b""), Head::Incomplete);
        assert_eq!(after_head(b"WA"), Head::Incomplete);
        assert_eq!(after_head(b"WA\x06\x03rest"), Head::Complete(b"rest"));
        assert_eq!(after_head(b"ED\x00\x01\x00\x00\x02xxWA\x06\x03"), Head::Complete(b""));
        assert_eq!(after_head(b"ED\x00\x01\x00\x00\x02x"), Head::Incomplete);
        assert_eq!(after_head(b"GET "), Head::Foreign);
        assert_eq!(after_head(b"ED\x00\x01\xff\xff\xff"), Head::Foreign);
    }
}

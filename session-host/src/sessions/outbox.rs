//! Sends of one session: from an accepted command to WhatsApp's own acknowledgement.
//!
//! Each chat is a lane: its messages go out one after another, in the order they were accepted, and "typing…" in one chat
//! holds no other. A message is `handed` in the ledger before it goes to the socket, and stays among the unfinished ones
//! until the server acknowledged it. What was handed over and not acknowledged is sent again under the same id, after a
//! reconnect and after a crash: WhatsApp clients drop a repeated id, so the person sees it once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::command::{Command, Content, Failure, Outcome, Request};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::jid::Jid;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};
use whatsapp_rust::{Client, SendError, SendOptions};

use super::ledger::Ledger;
use super::outgoing;
use crate::fence::FenceError;
use crate::history::{Entry, History};
use crate::whatsapp::signal::Ack;

/// Messages of one session under way at once. Beyond it new ones are refused: WhatsApp would ban before this queue drains.
pub const MAX_UNDER_WAY: usize = 1_000;

/// How long a receipt waits for the record of the message it is about: far longer than recording takes, and short for the
/// receipts behind it when the acknowledgement never came.
const SETTLED_WITHIN: Duration = Duration::from_secs(2);

/// Acknowledgements recorded together.
const ACK_BATCH: usize = 64;

/// A connection that messages can be handed to; the number grows with every connection.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) client: Arc<Client>,
    pub(super) number: u64,
}

/// Sends of one session.
pub struct Outbox {
    session: SessionId,
    ledger: Ledger,
    history: History,
    connection: watch::Receiver<Option<Connection>>,
    tracker: TaskTracker,
    stop: CancellationToken,
    state: Mutex<State>,
    /// Rings when a message is no longer under way.
    settled: Notify,
}

#[derive(Default)]
struct State {
    sends: HashMap<String, Pending>,
    lanes: HashMap<Jid, VecDeque<String>>,
}

struct Pending {
    command: Command,
    /// Requests that wait for the outcome; repeats of one id join the first.
    waiting: Vec<(String, String)>,
    /// Until when it may be started.
    start_by: Instant,
    /// Handed over at least once, by us or before a restart.
    handed: bool,
    /// What was handed over, and on which connection.
    handed_as: Option<(Entry, u64)>,
}

impl Outbox {
    pub(super) fn new(
        session: SessionId,
        ledger: Ledger,
        history: History,
        connection: watch::Receiver<Option<Connection>>,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (state, settled) = (Mutex::default(), Notify::new());
        Arc::new(Self { session, ledger, history, connection, tracker, stop, state, settled })
    }

    /// Takes a command. `remaining` is the time left to start it; `handed` says that an earlier life handed it over.
    pub fn submit(self: &Arc<Self>, command: Command, remaining: Duration, handed: bool) {
        let Request::Send(send) = &command.request;
        let (id, chat) = (send.message_id.clone(), send.chat.clone());
        let waiting = (command.id.clone(), command.reply_to.clone());
        let mut state = self.state();
        if let Some(pending) = state.sends.get_mut(&id) {
            if !pending.waiting.contains(&waiting) {
                pending.waiting.push(waiting);
            }
            return;
        }
        let overloaded = state.sends.len() >= MAX_UNDER_WAY;
        let start_by = Instant::now() + remaining;
        state.sends.insert(id.clone(), Pending { command, waiting: vec![waiting], start_by, handed, handed_as: None });
        if overloaded {
            drop(state);
            let outbox = Arc::clone(self);
            self.spawn(async move { outbox.fail(&id, failure(ErrorCode::Overloaded)).await });
            return;
        }
        self.queue(&mut state, chat, [id]);
    }

    /// Takes up what an earlier owner left unfinished.
    pub(super) async fn recover(self: &Arc<Self>) -> Result<(), FenceError> {
        for (command, remaining, handed) in self.ledger.unfinished().await? {
            self.submit(command, remaining, handed);
        }
        Ok(())
    }

    /// After a reconnect: sends again what was handed to an earlier connection and never acknowledged.
    pub(super) fn resend(self: &Arc<Self>, connection: u64) {
        let mut state = self.state();
        let mut again: Vec<(Instant, String, Jid)> = state
            .sends
            .iter()
            .filter(|(_, pending)| pending.handed_as.as_ref().is_some_and(|(_, number)| *number < connection))
            .map(|(id, pending)| (pending.start_by, id.clone(), chat_of(&pending.command)))
            .collect();
        again.sort_by_key(|(start_by, ..)| *start_by);
        for (_, id, chat) in again {
            if let Some(pending) = state.sends.get_mut(&id) {
                pending.handed_as = None;
            }
            self.queue(&mut state, chat, [id]);
        }
    }

    /// The session is logged out: nothing of it can be sent any more.
    pub(super) async fn fail_all(&self, code: ErrorCode) {
        let ids: Vec<String> = self.state().sends.keys().cloned().collect();
        for id in ids {
            self.fail(&id, failure(code)).await;
        }
    }

    /// Comes back when none of these messages is under way any more, so that nobody hears of a delivery before the message.
    pub(super) async fn settled(&self, ids: &[String]) {
        let all = async {
            loop {
                let mut ring = std::pin::pin!(self.settled.notified());
                ring.as_mut().enable();
                if !ids.iter().any(|id| self.state().sends.contains_key(id)) {
                    return;
                }
                ring.await;
            }
        };
        if timeout(SETTLED_WITHIN, all).await.is_err() {
            debug!(session = %self.session, "a receipt came before the acknowledgement");
        }
    }

    /// Messages under way.
    pub fn under_way(&self) -> usize {
        self.state().sends.len()
    }

    /// Records acknowledgements until the session ends.
    pub(super) async fn record_acks(self: Arc<Self>, mut acks: mpsc::Receiver<Ack>) {
        let mut batch = Vec::with_capacity(ACK_BATCH);
        loop {
            let count = tokio::select! {
                count = acks.recv_many(&mut batch, ACK_BATCH) => count,
                () = self.stop.cancelled() => 0,
            };
            if count == 0 {
                return;
            }
            futures::future::join_all(batch.drain(..).map(|ack| self.acknowledged(ack))).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
        });
    }

    fn queue(self: &Arc<Self>, state: &mut State, chat: Jid, ids: impl IntoIterator<Item = String>) {
        if let Some(lane) = state.lanes.get_mut(&chat) {
            lane.extend(ids);
            return;
        }
        state.lanes.insert(chat.clone(), ids.into_iter().collect());
        let outbox = Arc::clone(self);
        self.spawn(async move { outbox.run_lane(chat).await });
    }

    async fn run_lane(self: Arc<Self>, chat: Jid) {
        loop {
            let id = {
                let mut state = self.state();
                let Some(id) = state.lanes.get_mut(&chat).and_then(VecDeque::pop_front) else {
                    state.lanes.remove(&chat);
                    return;
                };
                id
            };
            if let Err(failure) = self.hand_over(&chat, &id).await {
                self.fail(&id, failure).await;
            }
        }
    }

    /// Brings a message onto the socket. `Ok` also when only an acknowledgement can tell what became of it.
    async fn hand_over(&self, chat: &Jid, id: &str) -> Result<(), Failure> {
        let Some((command, start_by, handed)) =
            self.state().sends.get(id).map(|pending| (pending.command.clone(), pending.start_by, pending.handed))
        else {
            return Ok(());
        };
        let Request::Send(send) = command.request;
        let connection = self.connected(start_by, handed).await?;
        let client = &connection.client;
        let to = outgoing::addressable(client, chat).await?;
        if !handed && send.typing_ms > 0 {
            show_typing(client, &to, Duration::from_millis(send.typing_ms)).await;
        }
        let Content::Text { text } = &send.content;
        let built = outgoing::text(client, &self.history, chat, id, text, send.reply_to.as_deref()).await?;
        if let Some(outcome) = self.ledger.handed(id).await.map_err(|error| self.storage_failed(&error))? {
            self.finished(id, &outcome).await;
            return Ok(());
        }
        if let Some(pending) = self.state().sends.get_mut(id) {
            pending.handed = true;
            pending.handed_as = Some((built.entry, connection.number));
        }
        let options = SendOptions::default().with_message_id(id);
        match client.send_message_with_options(to, built.message, options).await {
            Ok(_) => Ok(()),
            Err(SendError::Client(_) | SendError::NotLoggedIn | SendError::Iq(_)) if !client.is_logged_in() => {
                debug!(session = %self.session, "the connection went away under a message; it is sent again after the reconnect");
                Ok(())
            }
            Err(error) => {
                warn!(session = %self.session, error = %error, "the client could not send a message");
                Err(failure(ErrorCode::SendFailed))
            }
        }
    }

    /// Waits for a connection. What was never handed over may be given up; what was must go out again.
    async fn connected(&self, start_by: Instant, handed: bool) -> Result<Connection, Failure> {
        let mut connection = self.connection.clone();
        let online = async {
            match connection.wait_for(Option::is_some).await {
                Ok(connection) => connection.clone(),
                Err(_) => None,
            }
        };
        let found = if handed { online.await } else { timeout_at(start_by, online).await.ok().flatten() };
        match found {
            Some(connection) if handed || Instant::now() < start_by => Ok(connection),
            _ => Err(failure(ErrorCode::SessionNotConnected)),
        }
    }

    async fn acknowledged(&self, ack: Ack) {
        let Some((mut entry, waiting)) = self.state().sends.get(&ack.id).and_then(|pending| {
            let (entry, _) = pending.handed_as.clone()?;
            Some((entry, pending.waiting.clone()))
        }) else {
            return;
        };
        if let Some(code) = ack.refusal {
            let whatsapp_code = code.parse().ok();
            self.fail(&ack.id, Failure { whatsapp_code, ..failure(ErrorCode::SendRefused) }).await;
            return;
        }
        let sent = outgoing::stamp(&mut entry, ack.seconds);
        match self.ledger.sent(&self.history, &entry, &sent).await {
            Ok(()) => {
                // Repeats that came meanwhile are answered as well.
                let waiting = self.state().sends.remove(&ack.id).map_or(waiting, |pending| pending.waiting);
                self.settled.notify_waiters();
                self.reply(waiting, &Outcome::Sent(sent)).await;
            }
            Err(error) => {
                // It stays unfinished, and is recorded when it is acknowledged again.
                self.storage_failed(&error);
            }
        }
    }

    async fn fail(&self, id: &str, failure: Failure) {
        let Some(chat) = self.state().sends.get(id).map(|pending| chat_of(&pending.command)) else { return };
        let outcome = Outcome::Failed(failure);
        if let Err(error) = self.ledger.failed(&self.session, &chat, id, &outcome).await {
            self.storage_failed(&error);
        }
        self.finished(id, &outcome).await;
    }

    /// Forgets what is recorded, and answers whoever waits.
    async fn finished(&self, id: &str, outcome: &Outcome) {
        let waiting = self.state().sends.remove(id).map(|pending| pending.waiting).unwrap_or_default();
        self.settled.notify_waiters();
        self.reply(waiting, outcome).await;
    }

    async fn reply(&self, waiting: Vec<(String, String)>, outcome: &Outcome) {
        if let Err(error) = self.ledger.reply(waiting, outcome).await {
            error!(session = %self.session, %error, "a reply could not be given");
        }
    }

    fn storage_failed(&self, error: &FenceError) -> Failure {
        error!(session = %self.session, %error, "the send ledger could not be written");
        failure(ErrorCode::StorageUnavailable)
    }
}

fn chat_of(command: &Command) -> Jid {
    let Request::Send(send) = &command.request;
    send.chat.clone()
}

pub(super) fn failure(code: ErrorCode) -> Failure {
    Failure { code, message: code.message().to_owned(), whatsapp_code: None }
}

/// Typing is a courtesy: when it cannot be shown, the message goes out all the same.
async fn show_typing(client: &Client, to: &wacore_binary::Jid, time: Duration) {
    if let Err(error) = client.chatstate().send_composing(to).await {
        debug!(%error, "typing could not be shown");
        return;
    }
    sleep(time).await;
    if let Err(error) = client.chatstate().send_paused(to).await {
        debug!(%error, "typing could not be ended");
    }
}

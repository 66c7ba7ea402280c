//! Sends and changes of one session: from an accepted command to WhatsApp's own acknowledgement.
//!
//! Each chat is a lane: its messages and changes go out one after another, in the order they were accepted, and "typing…" in
//! one chat holds no other. A message is `handed` in the ledger before it goes to the socket, and stays among the unfinished ones
//! until the server acknowledged it. What was handed over and not acknowledged is sent again under the same id, after a
//! reconnect and after a crash: WhatsApp clients drop a repeated id, so the person sees it once. A change is made again only
//! when making it twice is the same as making it once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::command::{self, Command, Failure, Outcome, Request};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::jid::Jid;
use contract::operation::Action;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};
use waproto::whatsapp as wa;
use whatsapp_rust::{Client, IqError, SendError, SendOptions};

use super::ledger::{Ledger, Unfinished};
use super::refusal::Trouble;
use super::typing::show_typing;
use super::{changes, outcome, outgoing};
use crate::fence::FenceError;
use crate::history::{Entry, History};
use crate::whatsapp::attachments::Attachments;
use crate::whatsapp::signal::Ack;

/// Messages of one session under way at once. Beyond it new ones are refused: WhatsApp would ban before this queue drains.
pub const MAX_UNDER_WAY: usize = 1_000;

/// How long a receipt waits for the record of the message it is about: far longer than recording takes, and short for the
/// receipts behind it when the acknowledgement never came.
const SETTLED_WITHIN: Duration = Duration::from_secs(2);

/// How long a change may take at WhatsApp.
const CHANGE_WITHIN: Duration = Duration::from_mins(1);

/// Acknowledgements recorded together.
const ACK_BATCH: usize = 64;

/// A connection that messages can be handed to; the number grows with every connection.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) client: Arc<Client>,
    pub(super) number: u64,
}

/// What sends are read from and written to.
pub(super) struct Stores {
    pub(super) ledger: Ledger,
    pub(super) history: History,
    pub(super) attachments: Attachments,
}

/// Sends of one session.
pub struct Outbox {
    session: SessionId,
    stores: Stores,
    connection: watch::Receiver<Option<Connection>>,
    tracker: TaskTracker,
    stop: CancellationToken,
    state: Mutex<State>,
    /// Rings when a message is no longer under way.
    settled: Notify,
}

#[derive(Default)]
struct State {
    /// By the name of the ledger entry.
    pending: HashMap<String, Pending>,
    /// The entry of each message under way: WhatsApp knows it by its own id.
    entries: HashMap<String, String>,
    lanes: HashMap<Lane, VecDeque<String>>,
}

impl State {
    fn remove(&mut self, entry: &str) -> Option<Pending> {
        let pending = self.pending.remove(entry)?;
        if let Work::Send(send) = &pending.work {
            self.entries.remove(&send.message_id);
        }
        Some(pending)
    }
}

/// What keeps its order: a chat, or a change of none by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Lane {
    Chat(Jid),
    Alone(String),
}

/// What is to be done.
#[derive(Clone)]
enum Work {
    Send(command::Send),
    Change(Action),
}

impl Work {
    fn of(request: Request) -> Option<Self> {
        match request {
            Request::Send(send) => Some(Self::Send(send)),
            Request::Change(action) => Some(Self::Change(action)),
            Request::Ask(_) => None,
        }
    }

    fn lane(&self, entry: &str) -> Lane {
        match self {
            Self::Send(send) => Lane::Chat(send.chat.clone()),
            Self::Change(action) => match action.chat() {
                Some(chat) => Lane::Chat(chat.clone()),
                None => Lane::Alone(entry.to_owned()),
            },
        }
    }
}

struct Pending {
    work: Work,
    /// The API request that asked for it, for the log.
    request_id: Option<String>,
    /// Requests that wait for the outcome; repeats join the first.
    waiting: Vec<(String, String)>,
    /// Until when it may be started.
    start_by: Instant,
    /// Handed over at least once, by us or before a restart.
    handed: bool,
    /// The message as it was first handed over. It goes out again as the same one: made anew, a file might be gone, and votes
    /// in a poll could not be read.
    message: Option<wa::Message>,
    /// What was handed over, and on which connection.
    handed_as: Option<(Entry, u64)>,
}

impl Outbox {
    pub(super) fn new(
        session: SessionId,
        stores: Stores,
        connection: watch::Receiver<Option<Connection>>,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (state, settled) = (Mutex::default(), Notify::new());
        Arc::new(Self { session, stores, connection, tracker, stop, state, settled })
    }

    /// Takes a command. `remaining` is the time left to start it.
    pub fn submit(self: &Arc<Self>, command: Command, remaining: Duration) {
        self.take_up(Unfinished { command, remaining, handed: false, message: None });
    }

    fn take_up(self: &Arc<Self>, unfinished: Unfinished) {
        let Unfinished { command, remaining, handed, message } = unfinished;
        let Command { id: request, reply_to, request: what, entry, request_id, .. } = command;
        let (Some(work), Some(entry)) = (Work::of(what), entry) else { return };
        let lane = work.lane(&entry);
        let waiting = (request, reply_to);
        let mut state = self.state();
        if let Some(pending) = state.pending.get_mut(&entry) {
            if !pending.waiting.contains(&waiting) {
                pending.waiting.push(waiting);
            }
            return;
        }
        let overloaded = state.pending.len() >= MAX_UNDER_WAY;
        let start_by = Instant::now() + remaining;
        if let Work::Send(send) = &work {
            state.entries.insert(send.message_id.clone(), entry.clone());
        }
        let waiting = vec![waiting];
        let pending = Pending { work, request_id, waiting, start_by, handed, message, handed_as: None };
        state.pending.insert(entry.clone(), pending);
        if overloaded {
            drop(state);
            let outbox = Arc::clone(self);
            self.spawn(async move { outbox.fail(&entry, failure(ErrorCode::Overloaded)).await });
            return;
        }
        self.queue(&mut state, lane, [entry]);
    }

    /// Takes up what an earlier owner left unfinished.
    pub(super) async fn recover(self: &Arc<Self>) -> Result<(), FenceError> {
        for mut unfinished in self.stores.ledger.unfinished().await? {
            if let Request::Change(action) = &unfinished.command.request
                && !action.is_lasting()
            {
                // Nobody is typing any more.
                unfinished.remaining = Duration::ZERO;
                unfinished.handed = false;
            }
            self.take_up(unfinished);
        }
        Ok(())
    }

    /// After a reconnect: sends again what was handed to an earlier connection and never acknowledged.
    pub(super) fn resend(self: &Arc<Self>, connection: u64) {
        let mut state = self.state();
        let mut again: Vec<(Instant, String, Lane)> = state
            .pending
            .iter()
            .filter(|(_, pending)| pending.handed_as.as_ref().is_some_and(|(_, number)| *number < connection))
            .map(|(entry, pending)| (pending.start_by, entry.clone(), pending.work.lane(entry)))
            .collect();
        again.sort_by_key(|(start_by, ..)| *start_by);
        for (_, entry, lane) in again {
            if let Some(pending) = state.pending.get_mut(&entry) {
                pending.handed_as = None;
            }
            self.queue(&mut state, lane, [entry]);
        }
    }

    /// The session is logged out: nothing of it can be sent any more.
    pub(super) async fn fail_all(&self, code: ErrorCode) {
        let entries: Vec<String> = self.state().pending.keys().cloned().collect();
        for entry in entries {
            self.fail(&entry, failure(code)).await;
        }
    }

    /// Answers who waits that nothing is known yet. What is under way stays so.
    pub(super) async fn release_waiting(&self) {
        let waiting: Vec<(String, String)> =
            self.state().pending.values_mut().flat_map(|pending| std::mem::take(&mut pending.waiting)).collect();
        self.reply(waiting, &Outcome::Failed(failure(ErrorCode::Timeout))).await;
    }

    /// Comes back when none of these messages is under way any more, so that nobody hears of a delivery before the message.
    pub(super) async fn settled(&self, ids: &[String]) {
        let all = async {
            loop {
                let mut ring = std::pin::pin!(self.settled.notified());
                ring.as_mut().enable();
                if !ids.iter().any(|id| self.state().entries.contains_key(id)) {
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
        self.state().pending.len()
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

    fn queue(self: &Arc<Self>, state: &mut State, lane: Lane, entries: impl IntoIterator<Item = String>) {
        if let Some(queue) = state.lanes.get_mut(&lane) {
            queue.extend(entries);
            return;
        }
        state.lanes.insert(lane.clone(), entries.into_iter().collect());
        let outbox = Arc::clone(self);
        self.spawn(async move { outbox.run_lane(lane).await });
    }

    async fn run_lane(self: Arc<Self>, lane: Lane) {
        loop {
            let entry = {
                let mut state = self.state();
                let Some(entry) = state.lanes.get_mut(&lane).and_then(VecDeque::pop_front) else {
                    state.lanes.remove(&lane);
                    return;
                };
                entry
            };
            let Some((work, start_by, handed)) = self
                .state()
                .pending
                .get(&entry)
                .map(|pending| (pending.work.clone(), pending.start_by, pending.handed))
            else {
                continue;
            };
            let done = match work {
                Work::Send(send) => self.hand_over(&entry, &send, start_by, handed).await,
                Work::Change(action) => self.make(&entry, &action, start_by, handed).await,
            };
            if let Err(failure) = done {
                self.fail(&entry, failure).await;
            }
        }
    }

    /// Brings a message onto the socket. `Ok` also when only an acknowledgement can tell what became of it.
    async fn hand_over(
        &self,
        entry: &str,
        send: &command::Send,
        start_by: Instant,
        handed: bool,
    ) -> Result<(), Failure> {
        let connection = self.connected(start_by, handed).await?;
        let client = &connection.client;
        let to = outgoing::addressable(client, &send.chat).await?;
        let known = self.state().pending.get(entry).and_then(|pending| pending.message.clone());
        let message = match &known {
            Some(message) => message.clone(),
            None => outgoing::build(client, &self.stores, send).await?,
        };
        if !handed && send.typing_ms > 0 {
            show_typing(client, &to, &send.content, Duration::from_millis(send.typing_ms)).await;
        }
        let filed = outgoing::filed(client, send, &message).await?;
        let new = known.is_none().then_some(&message);
        if self.is_finished(entry, new).await? {
            return Ok(());
        }
        if let Some(pending) = self.state().pending.get_mut(entry) {
            pending.handed = true;
            pending.message = Some(message.clone());
            pending.handed_as = Some((filed, connection.number));
        }
        let options = SendOptions::default().with_message_id(&send.message_id);
        match client.send_message_with_options(to, message, options).await {
            Ok(_) => Ok(()),
            Err(SendError::Client(_) | SendError::NotLoggedIn | SendError::Iq(_)) if !client.is_logged_in() => {
                debug!(session = %self.session, "the connection went away under a message; it is sent again after the reconnect");
                Ok(())
            }
            Err(SendError::Iq(error @ IqError::ServerError { .. })) if send.chat.is_group() => {
                Err(Trouble::from(&error).failure())
            }
            Err(error) => {
                warn!(session = %self.session, error = %error, "the client could not send a message");
                Err(failure(ErrorCode::SendFailed))
            }
        }
    }

    /// Makes a change and records that it is made.
    async fn make(&self, entry: &str, action: &Action, start_by: Instant, handed: bool) -> Result<(), Failure> {
        if handed && !action.is_repeatable() {
            return Err(failure(ErrorCode::OutcomeUnknown));
        }
        let give_up = Instant::now() + CHANGE_WITHIN;
        let mut again = handed;
        let data = loop {
            let connection = self.connected(start_by, again).await?;
            if self.is_finished(entry, None).await? {
                return Ok(());
            }
            let made = changes::make(&connection.client, &self.stores, action, again);
            match timeout_at(give_up, made).await {
                // The connection went away under it.
                Ok(Err(lost)) if lost.code == ErrorCode::SessionNotConnected && action.is_repeatable() => {
                    again = true;
                    self.newer_than(connection.number, give_up).await?;
                }
                Ok(made) => break made?,
                Err(_) if action.is_repeatable() => return Err(failure(ErrorCode::Timeout)),
                Err(_) => return Err(failure(ErrorCode::OutcomeUnknown)),
            }
        };
        let outcome = Outcome::Done(data);
        self.stores.ledger.done(entry, &outcome).await.map_err(|error| self.storage_failed(&error))?;
        self.finished(entry, &outcome).await;
        Ok(())
    }

    /// Notes that something goes out now. Whether its outcome stands already: then whoever waits has it, and nothing goes out.
    async fn is_finished(&self, entry: &str, message: Option<&wa::Message>) -> Result<bool, Failure> {
        let outcome = self.stores.ledger.handed(entry, message).await.map_err(|error| self.storage_failed(&error))?;
        let Some(outcome) = outcome else { return Ok(false) };
        self.finished(entry, &outcome).await;
        Ok(true)
    }

    /// Forgets what is recorded, and answers whoever waits.
    async fn finished(&self, entry: &str, outcome: &Outcome) {
        let pending = self.state().remove(entry);
        self.settled.notify_waiters();
        let Some(Pending { waiting, request_id, .. }) = pending else { return };
        outcome::log(&self.session, request_id.as_deref(), outcome);
        self.reply(waiting, outcome).await;
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

    /// Waits for another connection than this one.
    async fn newer_than(&self, number: u64, give_up: Instant) -> Result<(), Failure> {
        let mut connection = self.connection.clone();
        let newer = connection.wait_for(|now| now.as_ref().is_some_and(|now| now.number > number));
        match timeout_at(give_up, newer).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(failure(ErrorCode::Timeout)),
        }
    }

    async fn acknowledged(&self, ack: Ack) {
        let Some((entry, mut message)) = self.handed_over(&ack.id) else { return };
        if let Some(code) = ack.refusal {
            let whatsapp_code = code.parse().ok();
            self.fail(&entry, Failure { whatsapp_code, ..failure(ErrorCode::SendRefused) }).await;
            return;
        }
        let sent = outgoing::stamp(&mut message, ack.seconds);
        match self.stores.ledger.sent(&self.stores.history, &entry, &message, &sent).await {
            Ok(()) => {
                // Repeats that came meanwhile are answered as well.
                self.finished(&entry, &Outcome::Sent(sent)).await;
            }
            Err(error) => {
                // It stays unfinished, and is recorded when it is acknowledged again.
                self.storage_failed(&error);
            }
        }
    }

    /// A message that waits for its acknowledgement: its ledger entry, and itself.
    fn handed_over(&self, message_id: &str) -> Option<(String, Entry)> {
        let state = self.state();
        let entry = state.entries.get(message_id)?;
        let pending = state.pending.get(entry)?;
        let (message, _) = pending.handed_as.clone()?;
        Some((entry.clone(), message))
    }

    async fn fail(&self, entry: &str, failure: Failure) {
        let Some(work) = self.state().pending.get(entry).map(|pending| pending.work.clone()) else { return };
        let outcome = Outcome::Failed(failure);
        let recorded = match work {
            Work::Send(send) => self.stores.ledger.failed(&self.session, entry, &send, &outcome).await,
            Work::Change(_) => self.stores.ledger.done(entry, &outcome).await,
        };
        if let Err(error) = recorded {
            self.storage_failed(&error);
        }
        self.finished(entry, &outcome).await;
    }

    async fn reply(&self, waiting: Vec<(String, String)>, outcome: &Outcome) {
        if let Err(error) = self.stores.ledger.reply(waiting, outcome).await {
            error!(session = %self.session, %error, "a reply could not be given");
        }
    }

    fn storage_failed(&self, error: &FenceError) -> Failure {
        error!(session = %self.session, %error, "the send ledger could not be written");
        failure(ErrorCode::StorageUnavailable)
    }
}

pub(super) fn failure(code: ErrorCode) -> Failure {
    Failure { code, message: code.message().to_owned(), whatsapp_code: None }
}

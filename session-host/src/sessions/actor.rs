//! One task per session: it takes what happens, lets [`State`] decide, and does what is to be done. It holds the client; it
//! never waits for a message to be sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contract::error::ErrorCode;
use contract::event::{Event, EventKind};
use contract::id::SessionId;
use contract::record::field;
use contract::session::{Desired, Network, SessionStatus, StatusReason};
use serde_json::json;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::bookkeeper::Desk;
use super::collector::Collector;
use super::ledger::Ledger;
use super::outbox::{Connection, MAX_UNDER_WAY, Outbox, Stores};
use super::past::{self, CHUNK_QUEUE};
use super::questions::Questions;
use super::roster::Roster;
use super::state::{Effect, Input, State};
use super::supervisor::SessionsConfig;
use crate::fence::{Fence, FenceError};
use crate::history::{History, event};
use crate::media::Media;
use crate::whatsapp::dial::Networks;
use crate::whatsapp::link::{Link, LinkError};
use crate::whatsapp::notes::Notes;
use crate::whatsapp::signal::{Reports, Signal};
use crate::{pump, qr, record, store};

/// Status reports that may wait: a connection makes a handful.
const SIGNAL_QUEUE: usize = 64;

/// Receipts and channel messages that may wait; beyond it they are dropped and counted as such.
const NEWS_QUEUE: usize = 4_096;

/// Wishes that may wait.
const ORDER_QUEUE: usize = 16;

/// Number of no wish: they count from one.
const NO_WISH: u64 = 0;

/// Pause before a status that could not be written is written again.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// How long a session may be without connection before it says that WhatsApp cannot be reached.
const SLOW_AFTER: Duration = Duration::from_secs(20);

/// What the host tells an actor.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// The record has a wish, under this number.
    Wish(Desired, u64),
    /// The host is stopping.
    Leave,
}

/// The way to a running actor.
#[derive(Clone)]
pub struct Handle {
    orders: mpsc::Sender<Order>,
    /// Number of the newest wish the actor took.
    wish: Arc<AtomicU64>,
    pub(super) fence: Fence,
    /// Rings when there are files to be fetched.
    pub(super) files: Arc<Notify>,
    /// The session's sends and changes.
    pub outbox: Arc<Outbox>,
    /// The session's questions.
    pub(crate) questions: Arc<Questions>,
}

impl Handle {
    /// Passes a wish on, unless the actor has it. When its queue is full, the next sweep tries again.
    pub(super) fn wish(&self, desired: Desired, wish: u64) {
        if self.wish.load(Ordering::Relaxed) != wish && self.orders.try_send(Order::Wish(desired, wish)).is_ok() {
            self.wish.store(wish, Ordering::Relaxed);
        }
    }

    pub(super) async fn leave(&self) {
        // An actor that is gone has left.
        let _ = self.orders.send(Order::Leave).await;
    }
}

/// How a write of the session's state went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Yes,
    /// Redis did not take it; it may later.
    No,
    LeaseLost,
}

/// A session that runs on this host.
pub(super) struct Actor {
    session: SessionId,
    network: Network,
    networks: Networks,
    fence: Fence,
    history: History,
    media: Option<Media>,
    outbox: Arc<Outbox>,
    orders: mpsc::Receiver<Order>,
    signals: mpsc::Receiver<Signal>,
    reports: Reports,
    connection: watch::Sender<Option<Connection>>,
    connections: u64,
    link: Option<Link>,
    state: State,
    announced: Option<(SessionStatus, Option<StatusReason>)>,
    wish: u64,
    retry_at: Option<Instant>,
    slow_at: Option<Instant>,
    record_at: Option<Instant>,
    stop: CancellationToken,
}

impl Actor {
    pub(super) fn new(
        session: SessionId,
        network: Network,
        host: SessionsConfig,
        fence: Fence,
        tracker: &TaskTracker,
    ) -> (Self, Handle) {
        let SessionsConfig { networks, attachments, media, .. } = host;
        let (order_sender, orders) = mpsc::channel(ORDER_QUEUE);
        let (signal_sender, signals) = mpsc::channel(SIGNAL_QUEUE);
        let (ack_sender, acks) = mpsc::channel(MAX_UNDER_WAY);
        let (news_sender, news) = mpsc::channel(NEWS_QUEUE);
        let (connection, connected) = watch::channel(None);
        let stop = CancellationToken::new();
        let history = History::new(fence.clone(), session.clone(), media.clone());
        let stores = Stores { ledger: Ledger::new(fence.clone()), history: history.clone(), attachments };
        let outbox = Outbox::new(session.clone(), stores, connected.clone(), tracker.clone(), stop.clone());
        tracker.spawn(Arc::clone(&outbox).record_acks(acks));
        let redis = fence.redis().clone();
        let questions = Questions::new(session.clone(), redis, connected.clone(), tracker.clone(), stop.clone());
        let notes = Arc::new(Notes::default());
        let desk = Desk { history: history.clone(), outbox: Arc::clone(&outbox), connection: connected.clone() };
        tracker.spawn(desk.run(news, stop.clone()));
        let (past_sender, chunks) = mpsc::channel(CHUNK_QUEUE);
        tracker.spawn(past::run(history.clone(), connected.clone(), chunks, stop.clone()));
        let files = history.bell();
        if let Some(media) = media.clone() {
            let (session, history, connection) = (session.clone(), history.clone(), connected.clone());
            let stop = stop.clone();
            tracker.spawn(Collector { session, history, media, connection, stop }.run(Arc::clone(&files)));
        }
        tracker.spawn(
            Roster { history: history.clone(), connection: connected, notes: Arc::clone(&notes) }.run(stop.clone()),
        );
        let wish = Arc::new(AtomicU64::new(NO_WISH));
        let handle =
            Handle { orders: order_sender, wish, fence: fence.clone(), files, outbox: Arc::clone(&outbox), questions };
        let actor = Self {
            session,
            network,
            networks,
            fence,
            history,
            media,
            outbox,
            orders,
            signals,
            reports: Reports { signals: signal_sender, acks: ack_sender, news: news_sender, past: past_sender, notes },
            connection,
            connections: 0,
            link: None,
            state: State::default(),
            announced: None,
            wish: 0,
            retry_at: None,
            slow_at: None,
            record_at: None,
            stop,
        };
        (actor, handle)
    }

    /// Runs until the session leaves this host. Returns whether the lease is still ours to give back.
    pub(super) async fn run(mut self) -> bool {
        let kept = self.work().await;
        self.stop.cancel();
        if let Some(link) = self.link.take() {
            link.abort();
        }
        kept
    }

    async fn work(&mut self) -> bool {
        let mut lost = self.fence.lost_signal();
        loop {
            let (retry_at, slow_at, record_at) = (self.retry_at, self.slow_at, self.record_at);
            let input = tokio::select! {
                biased;
                () = is_lost(&mut lost) => {
                    warn!(session = %self.session, "the lease of the session is lost");
                    return false;
                }
                order = self.orders.recv() => match order {
                    Some(Order::Wish(desired, wish)) => {
                        self.wish = wish;
                        Input::Wish(desired)
                    }
                    Some(Order::Leave) | None => Input::Leave,
                },
                Some(signal) = self.signals.recv() => match self.heard(signal) {
                    Some(input) => input,
                    None => continue,
                },
                () = at(retry_at) => {
                    self.retry_at = None;
                    Input::Retry
                }
                () = at(slow_at) => {
                    self.slow_at = None;
                    Input::Slow
                }
                () = at(record_at) => {
                    if self.record().await == Written::LeaseLost {
                        return false;
                    }
                    continue;
                }
            };
            if let Some(kept) = self.advance(input).await {
                return kept;
            }
        }
    }

    /// Applies an input and all that follows from it. When the session leaves: whether the lease is still ours.
    async fn advance(&mut self, input: Input) -> Option<bool> {
        let (next, effects) = self.state.step(input);
        self.state = next;
        for effect in effects {
            let written = match effect {
                Effect::Start => match self.start().await {
                    Ok(()) => Written::Yes,
                    Err(reason) => return Box::pin(self.advance(Input::StartFailed(reason))).await,
                },
                Effect::Stop => self.close(false).await,
                Effect::Logout => self.close(true).await,
                Effect::Record => self.record().await,
                Effect::AnnounceLogout => self.written(self.announce_logout().await),
                Effect::Forget => {
                    self.outbox.fail_all(ErrorCode::SessionNotConnected).await;
                    self.written(store::erase(&self.fence).await)
                }
                Effect::GiveUp => self.written(record::give_up(&self.fence, self.wish).await.map(drop)),
                Effect::Erase => {
                    pump::settled(self.fence.redis(), &self.session).await;
                    info!(session = %self.session, "the session is erased");
                    let erased = self.written(record::erase(&self.fence, &self.session).await);
                    if let Some(media) = &self.media {
                        media.session_gone();
                    }
                    erased
                }
                Effect::RetryIn(seconds) => {
                    self.retry_at = Some(Instant::now() + Duration::from_secs(seconds));
                    Written::Yes
                }
                Effect::Leave => return Some(true),
            };
            // What could not be written does not hold up the rest: the wish stands in the record, and the session's next
            // owner, perhaps this host, makes it true.
            if written == Written::LeaseLost {
                return Some(false);
            }
        }
        None
    }

    fn written(&self, result: Result<(), FenceError>) -> Written {
        match result {
            Ok(()) => Written::Yes,
            Err(FenceError::Lost) => Written::LeaseLost,
            Err(error) => {
                error!(session = %self.session, error = %chain(&error), "the session's state could not be written");
                Written::No
            }
        }
    }

    /// What a signal means for the state. `None` when it stays as it is.
    fn heard(&mut self, signal: Signal) -> Option<Input> {
        Some(match signal {
            Signal::Qr(code) => {
                self.slow_at = None;
                Input::Qr(code)
            }
            Signal::QrExpired => Input::QrExpired,
            Signal::Paired => Input::Paired,
            Signal::Online => {
                self.slow_at = None;
                if let Some(link) = &self.link {
                    self.connections += 1;
                    let client = Arc::clone(link.client());
                    self.connection.send_replace(Some(Connection { client, number: self.connections }));
                    self.outbox.resend(self.connections);
                }
                Input::Online
            }
            Signal::Renamed => {
                self.record_at = Some(Instant::now());
                return None;
            }
            Signal::Lost => {
                self.offline();
                self.slow_at = Some(Instant::now() + SLOW_AFTER);
                Input::Lost
            }
            Signal::Refused => Input::Refused,
            Signal::Ended(reason) => Input::Ended(reason),
        })
    }

    async fn start(&mut self) -> Result<(), StatusReason> {
        let dial = self.networks.dial(self.network).ok_or(StatusReason::NetworkUnavailable)?;
        if let Err(error) = self.outbox.recover().await {
            error!(session = %self.session, error = %chain(&error), "unfinished sends could not be read");
            return Err(StatusReason::StorageFailed);
        }
        match Link::open(self.history.clone(), &self.fence, &dial, self.reports.clone()).await {
            Ok(link) => {
                self.link = Some(link);
                self.slow_at = Some(Instant::now() + SLOW_AFTER);
                Ok(())
            }
            Err(error @ (LinkError::Store(_) | LinkError::Build(_))) => {
                error!(session = %self.session, error = %chain(&error), "the session could not be started");
                Err(StatusReason::StorageFailed)
            }
        }
    }

    async fn close(&mut self, logout: bool) -> Written {
        self.offline();
        self.slow_at = None;
        if let Some(link) = self.link.take() {
            if logout {
                link.logout().await;
            } else {
                link.close().await;
            }
        }
        // What the closed client said last belongs to nobody.
        while self.signals.try_recv().is_ok() {}
        Written::Yes
    }

    fn offline(&self) {
        self.connection.send_replace(None);
    }

    /// Writes the present state and announces it; a failure is made up for later.
    async fn record(&mut self) -> Written {
        self.record_at = None;
        let state = &self.state;
        let image = state.qr.as_deref().and_then(qr::data_uri);
        let mut fields = vec![
            (field::STATUS, state.status.as_str().to_owned()),
            (field::REASON, state.reason.map(StatusReason::as_str).unwrap_or_default().to_owned()),
            (field::QR, image.clone().unwrap_or_default()),
        ];
        let mut identity = json!({});
        if state.status == SessionStatus::Connected
            && let Some(link) = &self.link
        {
            let client = link.client();
            let user = |jid: Option<wacore_binary::Jid>| jid.map(|jid| jid.user.to_string()).unwrap_or_default();
            let (phone, name) = (user(client.pn()), client.push_name());
            identity = json!({ "phoneNumber": phone, "name": name });
            fields.extend([(field::PHONE, phone), (field::LID, user(client.lid())), (field::NAME, name)]);
        }
        let events = self.events(image, identity);
        let present = (state.status, state.reason);
        let reason = state.reason.map(StatusReason::as_str);
        info!(session = %self.session, status = state.status.as_str(), reason, "session");
        let written = self.written(record::write(&self.fence, &self.session, &fields, &events).await);
        match written {
            Written::Yes => self.announced = Some(present),
            Written::No => self.record_at = Some(Instant::now() + RECORD_AGAIN),
            Written::LeaseLost => {}
        }
        written
    }

    /// What subscribers hear of the present state.
    fn events(&self, qr_image: Option<String>, identity: serde_json::Value) -> Vec<Event> {
        let state = &self.state;
        if state.status == SessionStatus::QrReady {
            let image = qr_image.unwrap_or_default();
            return vec![event(&self.session, EventKind::Qr, [("qrCode", image.into())])];
        }
        if self.announced == Some((state.status, state.reason)) {
            return Vec::new();
        }
        let status = json!(state.status);
        let mut update = event(&self.session, EventKind::ConnectionUpdate, [("status", status)]);
        let fields = &mut update.payload.fields;
        if let serde_json::Value::Object(identity) = identity {
            fields.extend(identity);
        }
        if let Some(reason) = state.reason {
            fields.insert("reason".to_owned(), json!(reason));
            if state.status == SessionStatus::Disconnected {
                fields.insert("shouldReconnect".to_owned(), json!(reason.reconnects()));
            }
        }
        vec![update]
    }

    async fn announce_logout(&self) -> Result<(), FenceError> {
        let message = json!("Session has been logged out");
        let event = event(&self.session, EventKind::LoggedOut, [("message", message)]);
        let status = (field::STATUS, self.state.status.as_str().to_owned());
        record::write(&self.fence, &self.session, &[status], &[event]).await
    }
}

async fn is_lost(lost: &mut watch::Receiver<bool>) {
    // The fence outlives the actor, so the channel stays open.
    let _ = lost.wait_for(|lost| *lost).await;
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

//! Clients, and the messages that are on their way between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse};
use whatsapp_rust::transport::TokioWebSocketTransportFactory;
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::events::{Event, EventHandler};
use whatsapp_rust::{Client, Jid, TokioRuntime, async_trait};
use whatsapp_sim::SeededDevice;

use crate::seeded_store::store_of;
use crate::simulator::Simulator;

/// Clients that connect, or meet, at once.
const AT_ONCE: usize = 32;
/// How long a client may take to connect.
const CONNECTED_WITHIN: Duration = Duration::from_mins(5);
/// How many messages wait for one writer; a slower writer slows all down.
const WAITING: usize = 64;
/// How long the last messages may be on their way.
const LANDED_WITHIN: Duration = Duration::from_secs(30);
/// How many messages each writer sends first, so that sessions and memory are as they stay.
const FIRST_MESSAGES: usize = 20;

/// The messages of the load, by their number: when each was sent and when it came, in microseconds since the beginning.
pub(crate) struct Flight {
    began: Instant,
    sent: Vec<AtomicU64>,
    came: Vec<AtomicU64>,
    landed: AtomicUsize,
    /// Messages before the load, which are not measured.
    first: AtomicUsize,
    news: Notify,
}

/// What the flight showed.
pub(crate) struct Report {
    pub(crate) sent: usize,
    pub(crate) lost: usize,
    pub(crate) median: Duration,
    pub(crate) slow: Duration,
}

impl Flight {
    pub(crate) fn new(rate: u32, seconds: u32) -> Self {
        let count = rate as usize * seconds as usize;
        let times = || (0..count).map(|_| AtomicU64::new(0)).collect();
        let (landed, first) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { began: Instant::now(), sent: times(), came: times(), landed, first, news: Notify::new() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn arrived(&self, text: &str) {
        if let Some(number) = text.strip_prefix("load ").and_then(|number| number.parse::<usize>().ok()) {
            let Some(came) = self.came.get(number) else { return };
            // A message may be delivered again; only the first time counts.
            if came.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                self.landed.fetch_add(1, Ordering::Relaxed);
            }
        } else if text.starts_with("first ") {
            self.first.fetch_add(1, Ordering::Relaxed);
        }
        self.news.notify_waiters();
    }

    fn sent_count(&self) -> usize {
        self.sent.iter().filter(|sent| sent.load(Ordering::Relaxed) > 0).count()
    }

    /// Waits for what is still on its way.
    pub(crate) async fn landed(&self) {
        let sent = self.sent_count();
        let waiting = async {
            loop {
                let news = self.news.notified();
                if self.landed.load(Ordering::Relaxed) >= sent {
                    return;
                }
                news.await;
            }
        };
        // Whatever has not come by then is counted as lost.
        let _landed = tokio::time::timeout(LANDED_WITHIN, waiting).await;
    }

    pub(crate) fn report(&self) -> Report {
        let mut times = Vec::with_capacity(self.sent.len());
        let (mut sent, mut lost) = (0, 0);
        for (left, came) in self.sent.iter().zip(&self.came) {
            let (left, came) = (left.load(Ordering::Relaxed), came.load(Ordering::Relaxed));
            if left > 0 {
                sent += 1;
                if came > 0 { times.push(came.saturating_sub(left)) } else { lost += 1 }
            }
        }
        times.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100);
            Duration::from_micros(times.get(rank.saturating_sub(1)).copied().unwrap_or_default())
        };
        Report { sent, lost, median: percentile(50), slow: percentile(99) }
    }
}

/// All clients.
pub(crate) struct Clients {
    clients: Vec<One>,
    flight: Arc<Flight>,
}

struct One {
    handle: BotHandle,
    client: Arc<Client>,
    number: String,
}

struct Tap {
    flight: Arc<Flight>,
    connected: Arc<Notify>,
}

impl EventHandler for Tap {
    fn handle_event(&self, event: Arc<Event>) {
        if matches!(*event, Event::Connected(_)) {
            self.connected.notify_one();
        }
        for inbound in event.messages() {
            if let Some(text) = inbound.message.text_content() {
                self.flight.arrived(text);
            }
        }
    }
}

/// No media here.
struct NoHttp;

#[async_trait]
impl HttpClient for NoHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        anyhow::bail!("the client wants {}", request.url)
    }
}

impl Clients {
    pub(crate) async fn start(
        simulator: &Simulator,
        seeded: Vec<SeededDevice>,
        flight: &Arc<Flight>,
    ) -> anyhow::Result<Self> {
        let connecting = seeded.into_iter().map(|device| start_one(simulator, device, Arc::clone(flight)));
        let clients = stream::iter(connecting).buffered(AT_ONCE).try_collect().await?;
        Ok(Self { clients, flight: Arc::clone(flight) })
    }

    /// Whom a client writes to.
    fn next(&self, nth: usize) -> Jid {
        Jid::pn(&self.clients[(nth + 1) % self.clients.len()].number)
    }

    /// Each writer meets the one that it writes to.
    pub(crate) async fn introduce(&self, writers: usize) -> anyhow::Result<()> {
        let meeting = (0..writers).map(|nth| async move {
            for _ in 0..FIRST_MESSAGES {
                Box::pin(self.clients[nth].client.send_text(self.next(nth), &format!("first {nth}"))).await?;
            }
            anyhow::Ok(())
        });
        stream::iter(meeting).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let all = async {
            while self.flight.first.load(Ordering::Relaxed) < writers * FIRST_MESSAGES {
                let _or_look_again = tokio::time::timeout(Duration::from_secs(1), self.flight.news.notified()).await;
            }
        };
        tokio::time::timeout(CONNECTED_WITHIN, all).await.context("the first messages do not all arrive")
    }

    /// Writes all messages of the load, in turn and in time.
    pub(crate) async fn write(&self, flight: &Arc<Flight>, rate: u32, writers: usize) {
        let mut tasks = JoinSet::new();
        let mut orders = Vec::with_capacity(writers);
        for nth in 0..writers {
            let (order, mut ordered) = mpsc::channel::<usize>(WAITING);
            let (client, to, flight) = (Arc::clone(&self.clients[nth].client), self.next(nth), Arc::clone(flight));
            orders.push(order);
            tasks.spawn(async move {
                while let Some(number) = ordered.recv().await {
                    flight.sent[number].store(flight.now(), Ordering::Relaxed);
                    if Box::pin(client.send_text(to.clone(), &format!("load {number}"))).await.is_err() {
                        flight.sent[number].store(0, Ordering::Relaxed);
                    }
                }
            });
        }
        let began = Instant::now();
        for number in 0..flight.sent.len() {
            let due = Duration::from_secs_f64(f64::from(u32::try_from(number).unwrap_or(u32::MAX)) / f64::from(rate));
            if began.elapsed() < due {
                tokio::time::sleep_until(began + due).await;
            }
            // A writer that is gone has failed already.
            let _gone = orders[number % writers].send(number).await;
        }
        drop(orders);
        while tasks.join_next().await.is_some() {}
    }

    pub(crate) async fn stop(self) {
        stream::iter(self.clients).for_each_concurrent(AT_ONCE, |one| one.handle.shutdown()).await;
    }
}

async fn start_one(simulator: &Simulator, device: SeededDevice, flight: Arc<Flight>) -> anyhow::Result<One> {
    let connected = Arc::new(Notify::new());
    let bot = Bot::builder()
        .with_backend_arc(store_of(&device, simulator.key).await)
        .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(simulator.ws_url()))
        .with_http_client(NoHttp)
        .with_runtime(TokioRuntime)
        .with_event_handler(Tap { flight, connected: Arc::clone(&connected) })
        .with_version((2, 3000, 0))
        .with_wanted_pre_key_count(20)
        .build()
        .await?;
    let handle = bot.spawn();
    tokio::time::timeout(CONNECTED_WITHIN, connected.notified()).await.context("a client does not connect")?;
    Ok(One { client: handle.client(), handle, number: device.number })
}

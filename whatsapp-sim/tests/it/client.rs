//! An unmodified client with a store of its own choice: seeded with the server's key, empty, or linked before.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

pub(crate) mod seeded_store;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse};
use whatsapp_rust::transport::TokioWebSocketTransportFactory;
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::store::device::{CachedNoiseCert, CachedServerCertChain};
use whatsapp_rust::wacore::store::traits::DeviceStore as _;
use whatsapp_rust::wacore::store::{Device, InMemoryBackend};
use whatsapp_rust::wacore::types::events::{Event, EventHandler};
use whatsapp_rust::wacore::types::message::MessageInfo;
use whatsapp_rust::{Client, Jid, TokioRuntime, async_trait};
use whatsapp_sim::{RESERVED_NUMBER, Sim, SimConfig};

/// Longer than anything here may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);
/// Far more events than any test here lets pile up.
const MAX_EVENTS: usize = 4096;
/// The name that every client here begins with; it takes its phone's name as soon as it hears it.
pub(crate) const NAME: &str = "Companion";
/// The seed of every network here.
pub(crate) const SEED: [u8; 32] = [7; 32];

pub(crate) async fn network() -> Sim {
    Sim::start(SimConfig { key_seed: SEED, ..SimConfig::default() }).await.unwrap()
}

/// Creates a phone and returns its number.
pub(crate) async fn phone(sim: &Sim, name: &str) -> String {
    sim.create_phone(name, None).await.unwrap().number
}

pub(crate) fn jid(number: &str) -> Jid {
    Jid::pn(number)
}

/// Nothing that a client asked was unknown to the network, and no phone met a riddle.
pub(crate) async fn all_understood(sim: &Sim) {
    let stats = sim.stats().await;
    assert_eq!((stats.unknown_requests, stats.undecryptable), (0, 0), "{stats:?}");
}

/// A store as a host prepares it: it knows the server, so the client needs no root certificate.
pub(crate) async fn seeded_store(server_key: [u8; 32]) -> Arc<InMemoryBackend> {
    let certificate = |key| CachedNoiseCert { key, not_before: 0, not_after: 4_000_000_000 };
    let mut device = Device::new();
    device.pn = Some(jid(&RESERVED_NUMBER.to_string()));
    device.server_cert_chain =
        Some(CachedServerCertChain { intermediate: certificate([9; 32]), leaf: certificate(server_key) });
    let store = InMemoryBackend::new();
    store.create().await.unwrap();
    store.save(&device).await.unwrap();
    Arc::new(store)
}

/// A running client.
pub(crate) struct TestClient {
    pub(crate) client: Arc<Client>,
    pub(crate) store: Arc<InMemoryBackend>,
    handle: BotHandle,
    events: mpsc::Receiver<Arc<Event>>,
}

impl TestClient {
    pub(crate) async fn start(url: String, store: Arc<InMemoryBackend>) -> Self {
        Self::over(TokioWebSocketTransportFactory::new().with_url(url), MediaHttp::plain(), store).await
    }

    /// A client with a way of its own to the network.
    pub(crate) async fn over(
        transport: TokioWebSocketTransportFactory,
        media: MediaHttp,
        store: Arc<InMemoryBackend>,
    ) -> Self {
        let (tap, events) = mpsc::channel(MAX_EVENTS);
        let bot = Bot::builder()
            .with_backend_arc(Arc::<InMemoryBackend>::clone(&store))
            .with_transport_factory(transport)
            .with_http_client(media)
            .with_runtime(TokioRuntime)
            .with_event_handler(Tap(tap))
            .with_version((2, 3000, 0))
            .with_wanted_pre_key_count(20)
            .with_push_name(NAME)
            .build()
            .await
            .unwrap();
        let handle = bot.spawn();
        Self { client: handle.client(), store, handle, events }
    }

    /// A client that is not linked yet.
    pub(crate) async fn fresh(sim: &Sim) -> Self {
        Self::start(sim.ws_url(), seeded_store(sim.server_public_key()).await).await
    }

    /// A client that is linked to a phone and has finished its start.
    pub(crate) async fn linked(sim: &Sim, number: &str) -> Self {
        Self::fresh(sim).await.links(sim, number).await
    }

    /// Links it to a phone and lets it finish its start.
    pub(crate) async fn links(self, sim: &Sim, number: &str) -> Self {
        let mut client = self;
        let code = client.code().await;
        assert_eq!(sim.scan(number, &code).await.unwrap().number, number);
        client.connected().await;
        client
    }

    /// Stops the client as an orderly host does; its store remains.
    pub(crate) async fn stop(self) -> Arc<InMemoryBackend> {
        self.handle.shutdown().await;
        self.store
    }

    /// The first event from now on in which `pick` finds something.
    pub(crate) async fn expect<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the client lives");
                if let Some(found) = pick(&event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(DEADLINE, found).await.unwrap_or_else(|_| panic!("{what} did not come"))
    }

    /// Whether one of the events that have come already is like this.
    pub(crate) fn has_come(&mut self, like: impl Fn(&Event) -> bool) -> bool {
        std::iter::from_fn(|| self.events.try_recv().ok()).any(|event| like(&event))
    }

    pub(crate) async fn code(&mut self) -> String {
        self.expect("a linking code", |event| match event {
            Event::PairingQrCode(shown) => Some(shown.code.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn connected(&mut self) {
        self.expect("the connection", |event| matches!(event, Event::Connected(_)).then_some(())).await;
    }

    pub(crate) async fn logged_out(&mut self) {
        self.expect("the log-out", |event| matches!(event, Event::LoggedOut(_)).then_some(())).await;
    }

    /// Sends a text and returns its id; the server has it when the ack comes.
    pub(crate) async fn send(&self, to: &Jid, text: &str) -> String {
        Box::pin(self.client.send_text(to.clone(), text)).await.unwrap().message_id
    }

    /// The server's ack of a message: its refusal, if it is one.
    pub(crate) async fn ack(&mut self, id: &str) -> Option<String> {
        self.expect("the ack", |event| match event {
            Event::ServerAck(ack) if ack.id == id => Some(ack.error.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for a text and returns what came with it.
    pub(crate) async fn text(&mut self, text: &str) -> MessageInfo {
        self.expect(&format!("the text {text:?}"), |event| {
            let mut messages = event.messages();
            messages.find(|inbound| inbound.message.text_content() == Some(text)).map(|inbound| (*inbound.info).clone())
        })
        .await
    }
}

struct Tap(mpsc::Sender<Arc<Event>>);

impl EventHandler for Tap {
    fn handle_event(&self, event: Arc<Event>) {
        let _test_is_over = self.0.try_send(event);
    }
}

/// The way to the media host. Clients say `https` whatever it is; networks without TLS are asked in plain HTTP. Nothing
/// here leaves the machine.
pub(crate) struct MediaHttp {
    http: reqwest::Client,
    scheme: &'static str,
}

impl MediaHttp {
    fn plain() -> Self {
        Self { http: reqwest::Client::builder().timeout(DEADLINE).build().unwrap(), scheme: "http" }
    }

    /// In TLS, by a client that trusts the network's certificate.
    pub(crate) fn secure(http: reqwest::Client) -> Self {
        Self { http, scheme: "https" }
    }
}

#[async_trait]
impl HttpClient for MediaHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let local = request
            .url
            .strip_prefix("https://")
            .filter(|rest| rest.starts_with("127.0.0.1:") || rest.starts_with("localhost:"));
        let local = local.ok_or_else(|| anyhow::anyhow!("the client wants {}", request.url))?;
        let url = format!("{}://{local}", self.scheme);
        let mut sent = self.http.request(request.method.parse()?, url);
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        let answer = sent.body(request.body.unwrap_or_default()).send().await?;
        let status_code = answer.status().as_u16();
        Ok(HttpResponse { status_code, body: answer.bytes().await?.into() })
    }
}

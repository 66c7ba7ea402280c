//! An unmodified client whose store was seeded with the simulator's key, as a host does it; its events, one by one.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse};
use whatsapp_rust::transport::TokioWebSocketTransportFactory;
use whatsapp_rust::wacore::store::device::{CachedNoiseCert, CachedServerCertChain};
use whatsapp_rust::wacore::store::traits::DeviceStore as _;
use whatsapp_rust::wacore::store::{Device, InMemoryBackend};
use whatsapp_rust::wacore::types::events::{Event, EventHandler};
use whatsapp_rust::{Client, TokioRuntime, async_trait};
use whatsapp_sim::{RESERVED_NUMBER, Sim};

/// Longer than anything here may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Far more events than any test here lets pile up; what does not fit is missed, and the test says so.
const MAX_EVENTS: usize = 4096;

/// A running client.
pub(crate) struct Companion {
    pub(crate) client: Arc<Client>,
    _handle: BotHandle,
    events: mpsc::Receiver<Arc<Event>>,
}

impl Companion {
    /// Starts a client that is not linked yet.
    pub(crate) async fn start(sim: &Sim) -> Self {
        let backend = InMemoryBackend::new();
        backend.create().await.unwrap();
        backend.save(&seeded_device(sim)).await.unwrap();
        let (tap, events) = mpsc::channel(MAX_EVENTS);
        let bot = Bot::builder()
            .with_backend(backend)
            .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(sim.ws_url()))
            .with_http_client(NoHttp)
            .with_runtime(TokioRuntime)
            .with_event_handler(Tap(tap))
            .with_version((2, 3000, 0))
            .with_wanted_pre_key_count(20)
            .with_push_name("Companion")
            .build()
            .await
            .unwrap();
        let handle = bot.spawn();
        Self { client: handle.client(), _handle: handle, events }
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

    /// The text of the linking code that the client shows.
    pub(crate) async fn code(&mut self) -> String {
        self.expect("a linking code", |event| match event {
            Event::PairingQrCode(shown) => Some(shown.code.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the client is linked and has finished its start.
    pub(crate) async fn connected(&mut self) {
        self.expect("the connection", |event| matches!(event, Event::Connected(_)).then_some(())).await;
    }
}

/// What a host writes into an empty store, so that the client opens with Noise IK and needs no root certificate.
fn seeded_device(sim: &Sim) -> Device {
    let certificate = |key| CachedNoiseCert { key, not_before: 0, not_after: 4_000_000_000 };
    let mut device = Device::new();
    device.pn = Some(format!("{RESERVED_NUMBER}@s.whatsapp.net").parse().unwrap());
    device.server_cert_chain =
        Some(CachedServerCertChain { intermediate: certificate([9; 32]), leaf: certificate(sim.server_public_key()) });
    device
}

struct Tap(mpsc::Sender<Arc<Event>>);

impl EventHandler for Tap {
    fn handle_event(&self, event: Arc<Event>) {
        let _test_is_over = self.0.try_send(event);
    }
}

/// These tests move no media.
struct NoHttp;

#[async_trait]
impl HttpClient for NoHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        anyhow::bail!("the client wants {}", request.url)
    }
}

//! Which WhatsApp a session may reach: the wall between the live network and the sandbox.
//!
//! A session's transport and HTTP client are made here, from its network alone; nothing else in the host dials WhatsApp.

use contract::session::Network;
use whatsapp_rust::transport::TokioWebSocketTransportFactory;

use super::http::NetworkHttp;
use super::sandbox::Sandbox;

/// Where the live network is.
pub const LIVE_URL: &str = "wss://web.whatsapp.com/ws/chat";

/// Client version announced in the sandbox; the live network's is looked up.
const SANDBOX_VERSION: (u32, u32, u32) = (2, 3000, 1_026_131_876);

/// The networks this host knows.
#[derive(Clone, Debug)]
pub struct Networks {
    live_url: String,
    live_version: Option<(u32, u32, u32)>,
    sandbox: Option<Sandbox>,
    http: reqwest::Client,
    largest_file: u64,
}

/// How one session dials.
#[derive(Clone, Debug)]
pub struct Dial {
    url: String,
    http: NetworkHttp,
    version: Option<(u32, u32, u32)>,
    sandbox: Option<Sandbox>,
}

impl Networks {
    /// The live network, and the sandbox when there is one.
    pub fn new(sandbox: Option<Sandbox>, http: reqwest::Client) -> Self {
        Self { live_url: LIVE_URL.to_owned(), live_version: None, sandbox, http, largest_file: 0 }
    }

    /// Gives sessions room for files of this size.
    #[must_use]
    pub fn with_files_of(self, bytes: u64) -> Self {
        Self { largest_file: bytes, ..self }
    }

    /// Takes another address for the live network, with a fixed client version since nobody there knows one: for tests that show
    /// what a live session refuses.
    #[must_use]
    pub fn with_live_url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.live_url);
        self.live_version = Some(SANDBOX_VERSION);
        self
    }

    /// How a session of a network dials. `None` when the network is not configured here.
    pub fn dial(&self, network: Network) -> Option<Dial> {
        match network {
            Network::Live => Some(Dial {
                url: self.live_url.clone(),
                http: NetworkHttp::live(self.http.clone()).with_files_of(self.largest_file),
                version: self.live_version,
                sandbox: None,
            }),
            Network::Sandbox => self.sandbox.as_ref().map(|sandbox| Dial {
                url: sandbox.url().to_owned(),
                http: NetworkHttp::sandbox(self.http.clone(), sandbox.authority()).with_files_of(self.largest_file),
                version: Some(SANDBOX_VERSION),
                sandbox: Some(sandbox.clone()),
            }),
        }
    }
}

impl Dial {
    pub(super) fn transport(&self) -> TokioWebSocketTransportFactory {
        TokioWebSocketTransportFactory::new().with_url(self.url.clone())
    }

    pub(super) fn http(&self) -> NetworkHttp {
        self.http.clone()
    }

    pub(super) fn version(&self) -> Option<(u32, u32, u32)> {
        self.version
    }

    pub(super) fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref()
    }
}

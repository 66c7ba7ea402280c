//! The handle on a running network: start and stop it, and do what people do with their phones.
//!
//! Cheap to clone; all clones mean the same network. Every act is one step: decide, write down, then let others hear
//! of it.

mod app_state;
mod beside;
mod burst;
mod business;
mod calls;
mod error;
mod faults;
mod groups;
mod log;
mod media;
mod message;
mod newsletters;
mod outgoing;
mod pair_code;
mod picture;
mod refusal;
mod scenario;
pub(crate) mod seeded;
mod social;
mod step;
mod view;
mod wait;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wacore::libsignal::protocol::KeyPair;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp::ClientPayload;

use crate::clock;
use crate::config::{self, RESERVED_NUMBER, SimConfig};
use crate::journal::Journal;
use crate::media::MediaStore;
use crate::noise::{Replays, Responder};
use crate::phone::content::{Content, Outgoing};
use crate::server;
use crate::stanza_log::{StanzaLog, Tap};
use crate::tls::Tls;
use crate::world::chat::Chat;
use crate::world::connection::ConnectionId;
use crate::world::login::Wire;
use crate::world::records::Key;
use crate::world::{DeviceRef, World};
use burst::Bursts;
use scenario::Playing;

pub use crate::world::group::GroupError;
pub use app_state::ChatChange;
pub use burst::{BurstInfo, BurstSpec, BurstState};
pub use business::{BusinessCategory, BusinessDay, BusinessHours, BusinessProfile};
pub use calls::{CallOptions, CallState, PhoneCall};
pub use error::{SimError, StartError};
pub use faults::{FaultInfo, FaultName, FaultText};
pub use groups::{GroupChange, GroupInfo, GroupMember, GroupSettings, JoinOutcome, MemberAction, MemberOutcome};
pub use media::PhoneMedia;
pub use message::{
    ContactCard, FileDetails, Invitation, LinkPreview, LoadedFile, MessageDetails, Occasion, PhoneMessage, Place, Poll,
    PollOption, Quoted, Reacted, Responded,
};
pub use newsletters::{NewsletterInfo, NewsletterPost, NewsletterReaction};
pub(crate) use picture::MAX_ABOUT;
pub use view::{DeviceInfo, Linked, PhoneInfo, PhoneReceipt, Stats};

/// How long a companion may take to answer a scan.
const SCAN_TIMEOUT: Duration = Duration::from_secs(10);
/// The phone that scans codes of companions without a push name.
const DEFAULT_PHONE: &str = "Sandbox phone";
/// How many messages one read receipt may cover.
const MAX_READ: usize = 1000;

/// Number of the first connection.
const FIRST_CONNECTION: u64 = 1;

/// A running network.
#[derive(Clone)]
pub struct Sim {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<step::State>,
    media: Arc<MediaStore>,
    tls: Option<Tls>,
    /// Counts steps; whoever waits for a fact looks again after each.
    steps: watch::Sender<u64>,
    key: KeyPair,
    certificate_chain: Vec<u8>,
    address: SocketAddr,
    stopping: CancellationToken,
    connections: AtomicU64,
    log: Arc<StanzaLog>,
    bursts: Bursts,
    /// Files that phones load at the same time.
    loading: Arc<Semaphore>,
    playing: Playing,
    replays: Replays,
    listener: Mutex<Option<JoinHandle<()>>>,
}

impl Sim {
    /// Starts a network. With a `data_dir`, the one that was stored there goes on.
    pub async fn start(config: SimConfig) -> Result<Self, StartError> {
        let (journal, mut world) = match &config.data_dir {
            None => (None, World::default()),
            Some(directory) => {
                let (journal, records) = Journal::open(directory)?;
                (Some(journal), World::from_records(records)?)
            }
        };
        let listener = TcpListener::bind(config.listen).await.map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        world.media = Arc::new(MediaStore::open(config.data_dir.as_deref(), address.to_string())?);
        world.phone_messages = config.phone_messages;
        world.media.keep_pictures(|path| world.is_shown(path));
        let tls =
            if config.tls { Some(Tls::open(config.data_dir.as_deref(), address, &config.admin_hosts)?) } else { None };
        let public = config::server_public_key(&config.key_seed);
        let inner = Inner {
            media: Arc::clone(&world.media),
            tls,
            state: Mutex::new(step::State { world, journal, stopped: false }),
            steps: watch::Sender::new(0),
            key: config::server_key(&config.key_seed),
            certificate_chain: config::certificate_chain(&public, clock::now()),
            address,
            stopping: CancellationToken::new(),
            connections: AtomicU64::new(FIRST_CONNECTION),
            log: Arc::new(StanzaLog::new(config.stanza_log)),
            bursts: Bursts::default(),
            loading: Arc::new(Semaphore::new(beside::AT_ONCE)),
            playing: Playing::default(),
            replays: Replays::default(),
            listener: Mutex::new(None),
        };
        let sim = Self { inner: Arc::new(inner) };
        let task = tokio::spawn(server::serve(sim.clone(), listener, config.admin_hosts));
        *sim.inner.listener.lock().await = Some(task);
        if let Some(scenario) = &config.scenario
            && let Err(error) = sim.load_scenario(scenario).await
        {
            sim.shutdown().await;
            return Err(StartError::Scenario(error));
        }
        Ok(sim)
    }

    /// Sockets that were ever opened, whether or not their handshake succeeded.
    pub fn connections_accepted(&self) -> u64 {
        self.inner.connections.load(Ordering::Relaxed) - FIRST_CONNECTION
    }

    /// Where the network listens.
    pub fn addr(&self) -> SocketAddr {
        self.inner.address
    }

    /// The URL that clients open.
    pub fn ws_url(&self) -> String {
        format!("ws://{}{}", self.inner.address, server::CHAT_PATH)
    }

    /// The URL for clients that speak TLS, when the network does.
    pub fn wss_url(&self) -> Option<String> {
        self.inner.tls.as_ref().map(|_| format!("wss://{}{}", self.inner.address, server::CHAT_PATH))
    }

    /// The certificate that clients have to trust, as PEM, when the network speaks TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.inner.tls.as_ref().map(|tls| tls.pem.as_str())
    }

    /// The SHA-256 of the certificate, in hex.
    pub fn certificate_fingerprint(&self) -> Option<&str> {
        self.inner.tls.as_ref().map(|tls| tls.fingerprint.as_str())
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.inner.tls.as_ref()
    }

    /// The static public key that clients are seeded with.
    pub fn server_public_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(self.inner.key.public_key.public_key_bytes());
        key
    }

    /// Ends every connection and the listener. Everything is written already; another network may use the directory.
    pub async fn shutdown(&self) {
        self.inner.stopping.cancel();
        let task = self.inner.listener.lock().await.take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the listener failed");
        }
        let mut state = self.inner.state.lock().await;
        state.stopped = true;
        state.journal = None;
    }

    /// A new phone, with a number of its own choice or the next free one.
    pub async fn create_phone(&self, name: &str, number: Option<&str>) -> Result<PhoneInfo, SimError> {
        let mut step = self.step().await?;
        let created = step.world().create_account(name, number);
        step.done().await?;
        self.phone(&created?.to_string()).await
    }

    /// The phone of `number` scans a code; returns when the companion is linked.
    pub async fn scan(&self, number: &str, qr: &str) -> Result<Linked, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let scanned = world.find(number).and_then(|number| world.scan(number, qr));
        step.done().await?;
        tokio::time::timeout(SCAN_TIMEOUT, scanned?)
            .await
            .map_err(|_| SimError::CompanionSilent)?
            .map_err(|_| SimError::CompanionSilent)?
    }

    /// The phone whose name the companion registered with scans its code: the same name is the same person. A companion
    /// that says no name is scanned by the phone called "Sandbox phone".
    pub async fn scan_by_push_name(&self, qr: &str) -> Result<Linked, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let number = world.name_behind(qr).and_then(|name| world.named(name.as_deref().unwrap_or(DEFAULT_PHONE)));
        step.done().await?;
        self.scan(&number?.to_string(), qr).await
    }

    /// The phone of `number` writes a text; returns the message's id.
    pub async fn phone_send(&self, number: &str, to: &str, text: &str) -> Result<String, SimError> {
        self.phone_sends(number, to, Outgoing::text(text)).await
    }

    /// The phone of `number` reacts to a message of its chat with `chat`; an empty emoji takes the reaction back.
    pub async fn phone_react(&self, number: &str, chat: &str, id: &str, emoji: &str) -> Result<String, SimError> {
        let reaction = Content::Reaction { id: id.to_owned(), emoji: emoji.to_owned() };
        self.phone_sends(number, chat, reaction.into()).await
    }

    /// The person reads messages that `chat` wrote.
    pub async fn phone_read(&self, number: &str, chat: &str, ids: &[String]) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let read = both(world, number, chat).and_then(|(number, chat)| {
            if ids.is_empty() || ids.len() > MAX_READ {
                return Err(SimError::BadIds);
            }
            world.phone_reads(number, chat, ids)
        });
        step.done().await?;
        read
    }

    /// The person types, or stops.
    pub async fn phone_typing(&self, number: &str, to: &str, typing: bool) -> Result<(), SimError> {
        let state = NodeBuilder::new(if typing { "composing" } else { "paused" }).build();
        self.phone_chat_state(number, to, state).await
    }

    /// The person records a voice message.
    pub async fn phone_recording(&self, number: &str, to: &str) -> Result<(), SimError> {
        let state = NodeBuilder::new("composing").attr("media", "audio").build();
        self.phone_chat_state(number, to, state).await
    }

    async fn phone_chat_state(&self, number: &str, to: &str, state: Node) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let typed = both(world, number, to).and_then(|(number, chat)| {
            let who = DeviceRef { number, device: 0 };
            match chat {
                Chat::Person(to) => world.typing(who, to, vec![state]),
                Chat::Group(id) => world.typing_in_group(who, id, vec![state]),
                Chat::Status | Chat::Newsletter(_) => return Err(SimError::WrongChat),
            }
            Ok(())
        });
        step.done().await?;
        typed
    }

    /// The phone unlinks a companion.
    pub async fn remove_companion(&self, number: &str, device: u16) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let removed = world.find(number).and_then(|number| {
            if world.unlink(DeviceRef { number, device }, true) { Ok(()) } else { Err(SimError::NoSuchDevice) }
        });
        step.done().await?;
        removed
    }

    /// Whether the phone answers each text with `Echo: ` and the same text.
    pub async fn set_echo(&self, number: &str, echo: bool) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let set = world.find(number).map(|number| {
            if let Some(account) = world.accounts.get_mut(&number) {
                account.echo = echo;
            }
            world.touch(Key::Account(number));
        });
        step.done().await?;
        set
    }

    /// The admin API, for a program that serves it at a place of its own as well. It checks what is asked under the names of this
    /// machine only; who may ask at the other place is that program's business.
    pub fn admin(&self) -> Router {
        crate::admin::router(self.clone(), [])
    }

    pub(crate) fn stopping(&self) -> CancellationToken {
        self.inner.stopping.clone()
    }

    pub(crate) fn responder(&self) -> Responder<'_> {
        Responder {
            key: &self.inner.key,
            certificate_chain: &self.inner.certificate_chain,
            replays: &self.inner.replays,
        }
    }

    pub(crate) fn next_connection(&self) -> ConnectionId {
        let number = self.inner.connections.fetch_add(1, Ordering::Relaxed);
        self.inner.steps.send_modify(|steps| *steps += 1);
        ConnectionId(number)
    }

    /// Where the log hears a connection.
    pub(crate) fn tap(&self, connection: ConnectionId, payload: &ClientPayload) -> Tap {
        let number = payload.username.filter(|number| *number != RESERVED_NUMBER);
        let device = payload.device.and_then(|device| u16::try_from(device).ok()).unwrap_or(0);
        Tap { log: Arc::clone(&self.inner.log), connection, who: number.map(|number| (number, device)) }
    }

    /// A connection after its handshake.
    pub(crate) async fn opened(&self, wire: Wire, client_key: [u8; 32], payload: &ClientPayload) {
        self.on_wire(|world| world.opened(wire, client_key, payload)).await;
    }

    /// One stanza of a connection.
    pub(crate) async fn received(&self, id: ConnectionId, stanza: &Node) {
        self.on_wire(|world| world.received(id, stanza)).await;
    }

    /// A connection's end.
    pub(crate) async fn closed(&self, id: ConnectionId) {
        self.on_wire(|world| world.closed(id)).await;
    }

    async fn on_wire(&self, act: impl FnOnce(&mut World)) {
        // A step that could not be written has closed every connection already, so nothing is left to tell here.
        let Ok(mut step) = self.step().await else { return };
        act(step.world());
        if let Err(error) = step.done().await {
            tracing::error!(%error, "a step was abandoned");
        }
    }
}

/// A phone and the chat in which it does something.
fn both(world: &World, number: &str, chat: &str) -> Result<(u64, Chat), SimError> {
    Ok((world.find(number)?, world.find_chat(chat)?))
}

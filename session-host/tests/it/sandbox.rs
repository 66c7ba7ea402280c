//! The whole host against the simulated network: the walls between the networks, and what a restart of either side keeps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use contract::event::EventKind;
use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::record::{SessionRecord, field};
use contract::session::{Desired, Network, SessionStatus, StatusReason};
use redis::AsyncCommands as _;
use session_host::config::Config;
use session_host::eventlog::{EventId, EventLog};
use session_host::host::Host;
use session_host::record;
use session_host::redis::Redis;
use session_host::whatsapp::dial::Networks;
use session_host::whatsapp::sandbox::{RESERVED_NUMBER, Sandbox};
use whatsapp_sim::{Sim, SimConfig};

use super::support::{AppendOnly, Server, session, start};

/// How long a test waits for a fact.
const DEADLINE: Duration = Duration::from_mins(1);

/// Pause between two looks at a fact.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) async fn sim(config: SimConfig) -> Sim {
    Sim::start(config).await.unwrap()
}

/// A session of its own, and hosts that take it.
pub(crate) struct World {
    // Hosts take whatever session they find, so each test has its own Redis.
    server: Arc<Server>,
    pub(crate) redis: Redis,
    pub(crate) session: SessionId,
}

impl World {
    pub(crate) async fn new() -> Self {
        let server = start(AppendOnly::No);
        Self { redis: Redis::connect(&server.url()).await.unwrap(), server: Arc::new(server), session: session() }
    }

    /// Another session on the same Redis.
    pub(crate) fn beside(&self) -> Self {
        Self { server: Arc::clone(&self.server), redis: self.redis.clone(), session: session() }
    }

    pub(crate) async fn host(&self, name: &str, sandbox: Option<&Sim>) -> Host {
        self.host_on(name, sandbox, None).await
    }

    async fn host_on(&self, name: &str, sandbox: Option<&Sim>, live_url: Option<&str>) -> Host {
        self.host_with(name, sandbox, live_url, &[]).await
    }

    async fn host_with(
        &self,
        name: &str,
        sandbox: Option<&Sim>,
        live_url: Option<&str>,
        settings: &[(&str, &str)],
    ) -> Host {
        let host_id = format!("{name}-{}", self.session);
        let url = self.server.url();
        let config = Config::from_env(|variable| match variable {
            "REDIS_URL" => Some(url.clone()),
            "HOST_ID" => Some(host_id.clone()),
            _ => settings.iter().find(|(name, _)| *name == variable).map(|(_, value)| (*value).to_owned()),
        })
        .unwrap();
        let sandbox = sandbox.map(|sim| Sandbox::new(&sim.ws_url(), &hex::encode(sim.server_public_key())).unwrap());
        let networks = Networks::new(sandbox, reqwest::Client::builder().build().unwrap());
        let networks = match live_url {
            Some(url) => networks.with_live_url(url),
            None => networks,
        };
        Host::start_on(config, networks, None).await.unwrap()
    }

    /// Writes a wish as the edge does.
    async fn wish(&self, network: Network, desired: Desired) {
        let mut redis = self.redis.shared();
        let key = SessionKeys::new(&self.session).record();
        let _: () = redis::pipe()
            .hset_multiple(&key, &[(field::NETWORK, network.as_str()), (field::DESIRED, desired.as_str())])
            .hincr(&key, field::WISH, 1)
            .zadd(keys::SESSIONS, self.session.as_str(), 1)
            .publish(keys::WAKE, self.session.as_str())
            .query_async(&mut redis)
            .await
            .unwrap();
    }

    async fn record(&self) -> Option<SessionRecord> {
        record::read(&self.redis, &self.session).await.unwrap()
    }

    pub(crate) async fn until(&self, what: &str, fact: impl Fn(&SessionRecord) -> bool) -> SessionRecord {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let record = self.record().await;
            if let Some(record) = record.clone().filter(&fact) {
                return record;
            }
            assert!(Instant::now() < deadline, "no {what} in time; last seen: {record:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn until_gone(&self) {
        let deadline = Instant::now() + DEADLINE;
        while self.record().await.is_some() {
            assert!(Instant::now() < deadline, "it is still there");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The text of the QR code that waits, read from the picture as a phone would.
    async fn qr(&self) -> String {
        self.until("QR code", |record| record.status == SessionStatus::QrReady).await;
        let uri: String = self.redis.shared().hget(SessionKeys::new(&self.session).record(), field::QR).await.unwrap();
        let png = uri.strip_prefix("data:image/png;base64,").unwrap();
        let png = base64::engine::general_purpose::STANDARD.decode(png).unwrap();
        let picture = image::load_from_memory(&png).unwrap().into_luma8();
        let mut picture = rqrr::PreparedImage::prepare(picture);
        picture.detect_grids()[0].decode().unwrap().1
    }

    pub(crate) async fn link(&self, sim: &Sim) -> String {
        self.wish(Network::Sandbox, Desired::Connected).await;
        let phone = sim.create_phone("Shop", None).await.unwrap();
        sim.scan(&phone.number, &self.qr().await).await.unwrap();
        self.connected().await;
        phone.number
    }

    pub(crate) async fn connected(&self) -> SessionRecord {
        self.until("connection", |record| record.status == SessionStatus::Connected).await
    }

    async fn events(&self) -> Vec<EventKind> {
        let log = EventLog::new(self.redis.clone());
        let page = log.read_after(&self.session, EventId::START, 1000).await.unwrap();
        page.events.into_iter().map(|(_, event)| event.event).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_host_says_so_and_still_deletes() {
    let (mut world, sim) = (World::new().await, sim(SimConfig::default()).await);
    let host = world.host_with("a", Some(&sim), None, &[("MAX_SESSIONS", "1")]).await;
    world.link(&sim).await;
    let first = std::mem::replace(&mut world.session, session());
    world.wish(Network::Sandbox, Desired::Connected).await;
    world.until("reason", |record| record.reason == Some(StatusReason::NoCapacity)).await;
    let second = std::mem::replace(&mut world.session, session());
    world.wish(Network::Sandbox, Desired::Deleted).await;
    world.until_gone().await;

    // Room for the one that waits.
    world.session = first;
    world.wish(Network::Sandbox, Desired::Deleted).await;
    world.session = second;
    let offered = world.until("QR code", |record| record.status == SessionStatus::QrReady).await;
    assert_eq!(offered.reason, None);
    host.stop().await;
}

#[test]
fn host_and_simulator_agree_on_the_reserved_number() {
    assert_eq!(RESERVED_NUMBER, whatsapp_sim::RESERVED_NUMBER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_linked_and_says_who_it_is() {
    let (world, sim) = (World::new().await, sim(SimConfig::default()).await);
    let host = world.host("a", Some(&sim)).await;
    let number = world.link(&sim).await;
    let record = world.record().await.unwrap();
    assert_eq!((record.phone.as_deref(), record.reason), (Some(number.as_str()), None));
    let events = world.events().await;
    assert!(events.starts_with(&[EventKind::ConnectionUpdate, EventKind::Qr]), "{events:?}");
    assert_eq!(sim.stats().await.unknown_requests, 0);
    host.stop().await;
    let left = world.record().await.unwrap();
    assert_eq!((left.status, left.reason), (SessionStatus::Disconnected, Some(StatusReason::HandedOver)));
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_session_refuses_the_simulator_s_certificate() {
    let (world, sim) = (World::new().await, sim(SimConfig::default()).await);
    let host = world.host_on("a", Some(&sim), Some(&sim.ws_url())).await;
    world.wish(Network::Live, Desired::Connected).await;
    // It dials, hears a certificate that WhatsApp did not sign, hangs up, and tries again.
    let deadline = Instant::now() + DEADLINE;
    while sim.connections_accepted() < 2 {
        assert!(Instant::now() < deadline, "the live session does not dial");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    assert_eq!(sim.stats().await.stanzas_in, 0);
    assert_eq!(world.record().await.unwrap().status, SessionStatus::Connecting);
    assert!(!world.events().await.contains(&EventKind::Qr));
    assert!(sim.phones().await.iter().all(|phone| phone.devices.is_empty()));
    host.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_there_is_none() {
    let world = World::new().await;
    let host = world.host("a", None).await;
    world.wish(Network::Sandbox, Desired::Connected).await;
    let record = world.until("refusal", |record| record.reason == Some(StatusReason::NetworkUnavailable)).await;
    assert_eq!((record.status, record.desired), (SessionStatus::Disconnected, Desired::Stopped));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_simulator_finds_its_sessions_linked() {
    let directory = tempfile::tempdir().unwrap();
    let config = SimConfig { data_dir: Some(directory.path().to_owned()), key_seed: [7; 32], ..SimConfig::default() };
    let (world, first) = (World::new().await, sim(config.clone()).await);
    let host = world.host("a", Some(&first)).await;
    world.link(&first).await;
    let listen = first.addr();
    first.shutdown().await;
    world.until("loss", |record| record.status != SessionStatus::Connected).await;
    let second = sim(SimConfig { listen, ..config }).await;
    world.connected().await;
    assert_eq!(world.events().await.iter().filter(|kind| **kind == EventKind::Qr).count(), 1);
    host.stop().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_takes_over_what_a_stopped_one_left() {
    let (world, sim) = (World::new().await, sim(SimConfig::default()).await);
    let first = world.host("a", Some(&sim)).await;
    let second = world.host("b", Some(&sim)).await;
    world.link(&sim).await;
    let (leaving, staying) =
        if first.sessions.get(&world.session).is_some() { (first, second) } else { (second, first) };
    leaving.stop().await;
    let record = world.connected().await;
    assert_eq!(record.desired, Desired::Connected);
    assert!(staying.sessions.get(&world.session).is_some());
    staying.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_unlinks_the_device_logs_the_session_out() {
    let (world, sim) = (World::new().await, sim(SimConfig::default()).await);
    let host = world.host("a", Some(&sim)).await;
    let number = world.link(&sim).await;
    let device = sim.phones().await.iter().find(|phone| phone.number == number).unwrap().devices[0].id;
    sim.remove_companion(&number, device).await.unwrap();
    let record = world.until("logout", |record| record.desired == Desired::Stopped).await;
    assert_eq!(record.reason, Some(StatusReason::LoggedOut));
    assert_eq!(world.events().await.last(), Some(&EventKind::LoggedOut));
    // It can be linked anew under the same id.
    world.link(&sim).await;
    host.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_session_leaves_nothing_but_its_last_words() {
    let (world, sim) = (World::new().await, sim(SimConfig::default()).await);
    let host = world.host("a", Some(&sim)).await;
    let number = world.link(&sim).await;
    world.wish(Network::Sandbox, Desired::Deleted).await;
    let deadline = Instant::now() + DEADLINE;
    while world.record().await.is_some() {
        assert!(Instant::now() < deadline, "the session is not deleted in time");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let unlinked = || async { sim.phones().await.iter().find(|p| p.number == number).unwrap().devices.is_empty() };
    assert!(unlinked().await, "the phone still knows the device");
    assert_eq!(world.events().await.last(), Some(&EventKind::LoggedOut));
    let keys = SessionKeys::new(&world.session);
    let deadline = Instant::now() + DEADLINE;
    loop {
        let left: Vec<String> =
            redis::cmd("KEYS").arg(format!("{}*", keys.prefix())).query_async(&mut world.redis.shared()).await.unwrap();
        if left.iter().all(|key| *key == keys.events()) {
            break;
        }
        assert!(Instant::now() < deadline, "left behind: {left:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    host.stop().await;
    sim.shutdown().await;
}

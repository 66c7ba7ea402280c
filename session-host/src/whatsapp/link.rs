//! A running client: built over a session's store and network, and closed again. It owns how the library is configured.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::timeout;
use wacore::store::error::StoreError;
use wacore::store::traits::Backend;
use whatsapp_rust::bot::{Bot, BotBuilderError, BotHandle};
use whatsapp_rust::{CacheConfig, Client, TokioRuntime};

use super::dial::Dial;
use super::hook::Inbox;
use super::signal::Reports;
use crate::fence::Fence;
use crate::history::History;
use crate::store::RedisStore;

/// One-time keys offered to people who write for the first time. The library's default of 812 costs memory, Redis space and
/// a second of key making per session; the server asks for more when they run low.
const PRE_KEYS: usize = 100;

/// Longest time a client may take to finish what is under way and close.
const CLOSE_WITHIN: Duration = Duration::from_secs(15);

/// Entries of the library's per-session caches, for hosts with hundreds of sessions; what does not fit is read from Redis.
const CACHED_DEVICES: u64 = 500;

/// Why a client could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The session's store could not be prepared.
    #[error("the session's store failed")]
    Store(#[from] StoreError),
    /// The client could not be built over it.
    #[error("the WhatsApp client could not be built")]
    Build(#[source] BotBuilderError),
}

/// A running client.
pub struct Link {
    client: Arc<Client>,
    handle: BotHandle,
}

impl Link {
    pub(crate) async fn open(
        history: History,
        fence: &Fence,
        dial: &Dial,
        reports: Reports,
    ) -> Result<Self, LinkError> {
        let store = Arc::new(RedisStore::new(fence.clone()));
        let backend: Arc<dyn Backend> = Arc::clone(&store) as Arc<dyn Backend>;
        if let Some(sandbox) = dial.sandbox() {
            sandbox.seed(&*backend).await?;
        }
        let mut caches = CacheConfig::default();
        caches.device_registry_cache.capacity = CACHED_DEVICES;
        let mut builder = Bot::builder()
            .with_backend_arc(backend)
            .with_transport_factory(dial.transport())
            .with_http_client(dial.http())
            .with_runtime(TokioRuntime)
            .with_cache_config(caches)
            .with_wanted_pre_key_count(PRE_KEYS)
            .with_inbound_durability_hook(Inbox::new(history))
            .with_event_handler(reports);
        if let Some(version) = dial.version() {
            builder = builder.with_version(version);
        }
        let bot = builder.build().await.map_err(LinkError::Build)?;
        let client = bot.client();
        // People see their message delivered without this account being shown as online all day.
        client.set_force_active_delivery_receipts(true);
        store.save_before_pairing(identity_saver(&client));
        Ok(Self { handle: bot.spawn(), client })
    }

    /// The client.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Finishes what is under way and closes.
    pub async fn close(self) {
        if timeout(CLOSE_WITHIN, self.handle.shutdown()).await.is_err() {
            tracing::warn!("a client did not close in time");
        }
    }

    /// Tells WhatsApp that this device is no more, and closes.
    pub async fn logout(self) {
        if timeout(CLOSE_WITHIN, self.client.logout()).await.is_err() {
            tracing::warn!("a logout did not finish in time");
        }
        self.close().await;
    }

    /// Stops at once, saving nothing: for a session that another host owns.
    pub fn abort(self) {
        self.handle.abort();
    }
}

/// The library saves a new identity in the background, after it has told the phone; a crash in between would leave a phone
/// that is linked to nobody. The store calls this before, at the last write that precedes the answer.
fn identity_saver(
    client: &Arc<Client>,
) -> impl Fn() -> futures::future::BoxFuture<'static, Result<(), StoreError>> + Send + Sync + 'static {
    let client: Weak<Client> = Arc::downgrade(client);
    move || {
        let client = client.upgrade();
        Box::pin(async move {
            match client {
                Some(client) => client.persistence_manager().flush().await,
                None => Ok(()),
            }
        })
    }
}

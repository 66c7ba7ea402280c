//! The host: everything long-lived, assembled once, run until it is told to stop, then drained.

use std::time::Duration;

use axum::Router;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::config::Config;
use crate::fence::{DurabilityUnavailable, Fencing};
use crate::fetch::Fetcher;
use crate::http::entrance::Entrance;
use crate::media::serve::Served;
use crate::media::{Bucket, Links, Media, janitor, link};
use crate::outbound::Guard;
use crate::pump::{Functions, Pump};
use crate::realtime::{Realtime, RealtimeConfig};
use crate::redis::{Redis, RedisUnavailable};
use crate::sessions::{Sessions, SessionsConfig};
use crate::whatsapp::attachments::Attachments;
use crate::whatsapp::dial::Networks;
use crate::{commands, doorbell, http};

/// Longest time a stopping host may take: less than the 30 seconds that supervisors give before they kill.
const STOP_WITHIN: Duration = Duration::from_secs(28);

/// Time to reach a server with the shared HTTP pool.
const HTTP_CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Why a host does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Redis cannot be reached.
    #[error(transparent)]
    Redis(#[from] RedisUnavailable),
    /// Redis cannot promise what is asked of it.
    #[error(transparent)]
    Durability(#[from] DurabilityUnavailable),
    /// What links are signed with could not be read.
    #[error("the secret of media links could not be read from Redis")]
    Secret(#[source] redis::RedisError),
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built")]
    Http(#[source] reqwest::Error),
}

/// A running host.
pub struct Host {
    /// What clients reach.
    pub public: Router,
    /// What only operators reach.
    pub internal: Router,
    /// Who may use what is public.
    pub entrance: Entrance,
    /// The sessions that run here.
    pub sessions: Sessions,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Host {
    /// Connects everything and begins to take sessions.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_beside(config, None).await
    }

    /// As [`Self::start`], with the functions of the edge in this process when there are `functions`.
    pub async fn start_beside(config: Config, functions: Option<Functions>) -> Result<Self, StartError> {
        let http = reqwest::Client::builder()
            .connect_timeout(HTTP_CONNECT_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(StartError::Http)?;
        let networks = Networks::new(config.sandbox.clone(), http);
        Self::start_on(config, networks, functions).await
    }

    /// As [`Self::start_beside`], on networks made elsewhere.
    pub async fn start_on(
        config: Config,
        networks: Networks,
        functions: Option<Functions>,
    ) -> Result<Self, StartError> {
        let redis = Redis::connect(&config.redis_url).await?;
        for warning in redis.durability_warnings().await {
            warn!("{warning}");
        }
        let fencing = Fencing::new(redis.clone(), config.durability).await?;
        let media = media(&config, &redis).await?;
        let fetcher = Fetcher::new(Guard::new(config.allow_private)).map_err(StartError::Http)?;
        let attachments = Attachments::new(fetcher, config.ffmpeg.as_deref()).await;
        let stop = CancellationToken::new();
        let tracker = TaskTracker::new();
        let realtime = RealtimeConfig::new(config.cors_origin, config.socket_auth);
        // Sockets outlive the sessions, so that clients hear them leave.
        let sockets = CancellationToken::new();
        let (realtime, layer) = Realtime::start(redis.clone(), realtime, sockets.clone(), tracker.clone());
        let functions = match (functions, &config.edge) {
            (None, Some(edge)) => Some(Functions::over_http(edge).map_err(StartError::Http)?),
            (functions, _) => functions,
        };
        let mut readers = vec![realtime.reader()];
        if let Some(functions) = functions {
            readers.push(Pump::start(redis.clone(), functions, &config.host_id, &tracker, &sockets).await);
        } else {
            warn!("webhooks are not delivered: EDGE_URL is not set");
        }
        tracker.spawn(sockets.clone().run_until_cancelled_owned(doorbell::run(redis.clone(), readers)));
        let (host_id, max_sessions) = (config.host_id.clone(), config.max_sessions);
        let networks = networks.with_files_of(config.media.max_bytes);
        let sessions = SessionsConfig { host_id, max_sessions, networks, attachments, media: media.clone() };
        let sessions = Sessions::start(sessions, redis.clone(), fencing, tracker.clone(), stop.clone());
        tracker.spawn(commands::run(redis.clone(), config.host_id.clone(), sessions.clone(), stop.clone()));
        tracker.spawn({
            let (sessions, stop) = (sessions.clone(), stop.clone());
            async move {
                stop.cancelled().await;
                sessions.drained().await;
                sockets.cancel();
            }
        });
        info!(host = config.host_id, "host started");
        if let Some(media) = media.clone() {
            tracker.spawn(janitor::run(media, redis.clone(), stop.clone()));
        }
        let entrance = Entrance::new(config.api_key, redis.clone());
        let public = http::public(realtime, &layer, entrance.clone(), Served { media, redis: redis.clone() });
        Ok(Self { public, internal: http::internal(redis), entrance, sessions, tracker, stop })
    }

    /// Lets every session go, and ends.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tracker.close();
        if timeout(STOP_WITHIN, self.tracker.wait()).await.is_err() {
            warn!("the host did not stop in time");
        }
    }
}

/// Where files of messages are kept. Nobody waits for the bucket: files do.
async fn media(config: &Config, redis: &Redis) -> Result<Option<Media>, StartError> {
    let Some(s3) = &config.s3 else {
        warn!("there is no bucket (S3_ENDPOINT): files of messages are not kept, and mediaUrl is null");
        return Ok(None);
    };
    let bucket = Bucket::new(s3);
    let secret = match &config.media.secret {
        Some(secret) => secret.clone(),
        None => link::shared_secret(redis).await.map_err(StartError::Secret)?,
    };
    let links = Links::new(&secret, config.media.signed, &config.media.public_url);
    Ok(Some(Media::new(bucket, links, config.media.clone())))
}

//! Brings the files of a session's messages from WhatsApp into the bucket, a few at once, and erases there what went with its message or
//! is kept too long. What is to be done stands in Redis; nothing here is lost with the process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use whatsapp_rust::Client;

use super::outbox::Connection;
use crate::fence::FenceError;
use crate::history::{Due, History};
use crate::media::{
    BucketError, Job, Lost, MAX_ATTEMPTS, Media, Object, Record, Stored, pause_after, pause_for_bucket,
};
use crate::whatsapp::download::{FetchError, Fetched, Renewal, fetch, renew};

/// Files of one session fetched at once: one busy session leaves room for others.
const AT_ONCE: usize = 3;

/// Longest time between two looks at what is to be fetched; new files ring, so this is for what nobody rang for.
const LOOK_AFTER: Duration = Duration::from_mins(5);

/// Pause after Redis could not be read or written.
const REDIS_PAUSE: Duration = Duration::from_secs(2);

/// Pause of a file whose session has lost its connection; that is nobody's failed attempt.
const OFFLINE_PAUSE: Duration = Duration::from_secs(5);

/// Time between two rounds of erasing: one question to Redis when there is nothing to erase.
const ROUND_EVERY: Duration = Duration::from_secs(20);

/// Files looked at, and erased, in one step of a round.
const ROUND_STEP: usize = 200;

/// Steps of one round; the rest waits for the next.
const ROUND_STEPS: usize = 50;

/// What files are collected with.
#[derive(Clone)]
pub(super) struct Collector {
    pub(super) session: contract::id::SessionId,
    pub(super) history: History,
    pub(super) media: Media,
    pub(super) connection: watch::Receiver<Option<Connection>>,
    pub(super) stop: CancellationToken,
}

/// What became of a file.
enum Collected {
    Stored(Record, Stored),
    Later(Job, Duration),
    Lost(Record, Lost),
}

impl Collector {
    /// Works until the session ends.
    pub(super) async fn run(self, bell: Arc<Notify>) {
        let stop = self.stop.clone();
        tokio::select! {
            () = self.clone().fetch_all(bell) => {}
            () = self.erase_all() => {}
            () = stop.cancelled() => {}
        }
    }

    async fn fetch_all(mut self, bell: Arc<Notify>) {
        let mut under_way = HashMap::new();
        let mut tasks = JoinSet::new();
        loop {
            let mut look_again = LOOK_AFTER;
            if let Some(client) = self.client() {
                match self.history.agenda(AT_ONCE * 2).await {
                    Ok(agenda) => {
                        for due in agenda.due {
                            let is_new = !under_way.values().any(|object| *object == due.object);
                            if is_new && under_way.len() < AT_ONCE {
                                let object = due.object.clone();
                                let task = tasks.spawn(self.clone().collect(Arc::clone(&client), due));
                                under_way.insert(task.id(), object);
                            }
                        }
                        look_again = agenda.next.unwrap_or(LOOK_AFTER).min(LOOK_AFTER);
                    }
                    Err(error) => {
                        warn!(%error, "files to be fetched could not be read");
                        look_again = REDIS_PAUSE;
                    }
                }
            }
            tokio::select! {
                () = bell.notified() => {}
                () = sleep(look_again) => {}
                Some(done) = tasks.join_next_with_id() => {
                    under_way.remove(&done.map_or_else(|error| error.id(), |(id, ())| id));
                }
                changed = self.connection.changed() => if changed.is_err() { return },
            }
        }
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.connection.borrow().as_ref().map(|connection| Arc::clone(&connection.client))
    }

    /// Fetches a file, and writes down what became of it.
    async fn collect(self, client: Arc<Client>, due: Due) {
        let Due { object, record, job } = due;
        let collected = self.bring(&client, &object, record, job).await;
        let written = match collected {
            Collected::Stored(record, stored) => {
                debug!(session = %self.session, size = stored.size, "a file is stored");
                self.history.media_stored(&object, record, stored).await.map(drop)
            }
            Collected::Later(job, pause) => self.history.media_postponed(&object, &job, pause).await,
            Collected::Lost(record, why) => {
                info!(session = %self.session, code = why.code(), "a file of a message is given up");
                self.history.media_lost(&object, &record, why).await
            }
        };
        if let Err(error) = written {
            warn!(%error, "what became of a file could not be written");
            // It is still due: without a pause it would be fetched at once again.
            sleep(REDIS_PAUSE).await;
        }
    }

    async fn bring(&self, client: &Client, object: &Object, record: Record, mut job: Job) -> Collected {
        // A file is not fetched for nothing.
        if job.bucket_failures > 0
            && let Err(error) = self.media.bucket().ensure().await
        {
            return bucket_failed(job, &error);
        }
        let Ok(turn) = self.media.fetches().acquire_owned().await else { return Collected::Later(job, OFFLINE_PAUSE) };
        match fetch(client, &job.source, self.media.config().max_bytes, self.stop.clone()).await {
            Ok(fetched) => self.store(object, record, job, fetched).await,
            Err(FetchError::TooLarge) => Collected::Lost(record, Lost::TooLarge),
            // It would be another one next time as well.
            Err(FetchError::Mismatch) => Collected::Lost(record, Lost::Failed),
            Err(error) => {
                debug!(session = %self.session, %error, "a file was not fetched");
                if self.client().is_none() {
                    return Collected::Later(job, OFFLINE_PAUSE);
                }
                job.attempts += 1;
                if job.attempts >= MAX_ATTEMPTS {
                    let why = if matches!(error, FetchError::Expired) { Lost::Gone } else { Lost::Failed };
                    return Collected::Lost(record, why);
                }
                let pause = pause_after(job.attempts);
                if !matches!(error, FetchError::Expired) {
                    return Collected::Later(job, pause);
                }
                // The phone takes its time; others need none of it.
                drop(turn);
                match renew(client, &job).await {
                    Renewal::Path(path) => {
                        job.source.direct_path = Some(path);
                        Collected::Later(job, Duration::ZERO)
                    }
                    Renewal::Refused => Collected::Lost(record, Lost::Gone),
                    Renewal::Silence => Collected::Later(job, pause),
                }
            }
        }
    }

    async fn store(&self, object: &Object, record: Record, job: Job, fetched: Fetched) -> Collected {
        let Fetched { file, size, sha256 } = fetched;
        let (key, content_type) = (object.key(&self.session), object.kind().content_type);
        if let Err(error) = self.media.bucket().put(&key, &file, size, content_type).await {
            return bucket_failed(job, &error);
        }
        match self.history.now_ms().await {
            Ok(at) => Collected::Stored(record, Stored { size, sha256: hex::encode(sha256), at }),
            Err(error) => {
                warn!(%error, "the time of storing could not be read");
                Collected::Later(job, REDIS_PAUSE)
            }
        }
    }

    async fn erase_all(self) {
        loop {
            sleep(ROUND_EVERY).await;
            if let Err(error) = self.expire().await {
                warn!(session = %self.session, %error, "files that are kept too long could not be looked at");
            }
            match self.erase().await {
                Ok(()) => {}
                Err(Unerased::Redis(error)) => {
                    warn!(session = %self.session, %error, "files to be erased could not be looked at");
                }
                Err(Unerased::Bucket(error)) => {
                    warn!(session = %self.session, %error, "files could not be erased; it is tried again");
                }
            }
        }
    }

    /// Lets go of what is too old, and of the oldest while there is too much.
    async fn expire(&self) -> Result<(), FenceError> {
        let (max_age, max_total) = (self.media.config().max_age, self.media.config().max_total);
        if max_age.is_none() && max_total.is_none() {
            return Ok(());
        }
        let max_age = max_age.map_or(u64::MAX, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        for _ in 0..ROUND_STEPS {
            let kept = self.history.media_kept(ROUND_STEP).await?;
            let all = kept.oldest.len();
            let mut over = kept.bytes.saturating_sub(max_total.unwrap_or(u64::MAX));
            let mut expired = 0;
            for (object, record, at) in kept.oldest {
                if kept.now.saturating_sub(at) <= max_age && over == 0 {
                    return Ok(());
                }
                let size = record.stored.as_ref().map_or(0, |stored| stored.size);
                self.history.media_lost(&object, &record, Lost::Expired).await?;
                over = over.saturating_sub(size);
                expired += 1;
            }
            if expired < all.max(1) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Erases from the bucket what has no message any more.
    async fn erase(&self) -> Result<(), Unerased> {
        for _ in 0..ROUND_STEPS {
            let names = self.history.media_to_erase(ROUND_STEP).await.map_err(FenceError::from)?;
            if names.is_empty() {
                return Ok(());
            }
            let objects = names.iter().filter_map(|name| Object::parse(name));
            let keys: Vec<String> = objects.map(|object| object.key(&self.session)).collect();
            self.media.bucket().erase(keys).await?;
            self.history.media_erased(&names).await?;
        }
        Ok(())
    }
}

/// Why a round of erasing was not finished.
#[derive(Debug, thiserror::Error)]
enum Unerased {
    #[error(transparent)]
    Redis(#[from] FenceError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

fn bucket_failed(mut job: Job, error: &BucketError) -> Collected {
    warn!(%error, "a file could not be stored; it is tried again");
    job.bucket_failures += 1;
    let pause = pause_for_bucket(job.bucket_failures);
    Collected::Later(job, pause)
}

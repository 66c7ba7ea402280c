//! What people send: kept in a bucket, served at `/media`.
//!
//! It owns the names of files, the links to them, their records, the bucket and the way from there to whoever opens a link. It refuses to
//! know WhatsApp: who fetches a file brings it here.
//!
//! | module | owns |
//! |---|---|
//! | [`object`], [`kind`] | names, and what a file is served as |
//! | [`link`] | proofs in links |
//! | [`record`] | what Redis knows of a file |
//! | [`bucket`] | the S3 protocol |
//! | [`serve`], [`range`], [`disposition`] | the answers to links |
//! | [`janitor`] | what deleted sessions leave in the bucket |

pub(crate) mod bucket;
mod disposition;
pub(crate) mod janitor;
mod kind;
pub(crate) mod link;
mod object;
mod range;
mod record;
pub(crate) mod serve;
mod settings;

use std::sync::Arc;

use contract::id::SessionId;
use contract::jid::Jid;
use contract::message::Message;
use tokio::sync::{Notify, Semaphore};

pub use bucket::{BucketError, S3Config};
pub use settings::MediaConfig;

pub(crate) use bucket::Bucket;
pub(crate) use link::Links;
pub(crate) use object::Object;
pub(crate) use record::{Job, Lost, MAX_ATTEMPTS, Record, Source, SourceKind, Stored, pause_after, pause_for_bucket};

use crate::whatsapp::attached::Attached;
use kind::Kind;
use object::RANDOM_BYTES;

/// Files fetched from WhatsApp at once on this host; it bounds the disk that files on their way take.
const FETCHES_AT_ONCE: usize = 8;

/// Files served at once by this host: each holds a connection to the bucket and some hundred kilobytes.
const READERS: usize = 256;

/// Requests that wait for a file at once; beyond it they are told to come again.
const WAITERS: usize = 256;

/// What is needed to keep and serve files.
#[derive(Clone)]
pub struct Media(Arc<Inner>);

struct Inner {
    bucket: Bucket,
    links: Links,
    config: MediaConfig,
    fetches: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    waiters: Semaphore,
    /// Rings when a session was deleted.
    gone: Notify,
}

/// How the file of a message is named and fetched.
pub(crate) struct Plan {
    pub(crate) object: Object,
    pub(crate) url: String,
    pub(crate) record: Record,
    pub(crate) job: Job,
}

impl Media {
    /// Keeps files in a bucket, under links.
    pub(crate) fn new(bucket: Bucket, links: Links, config: MediaConfig) -> Self {
        Self(Arc::new(Inner {
            bucket,
            links,
            config,
            fetches: Arc::new(Semaphore::new(FETCHES_AT_ONCE)),
            readers: Arc::new(Semaphore::new(READERS)),
            waiters: Semaphore::new(WAITERS),
            gone: Notify::new(),
        }))
    }

    pub(crate) fn bucket(&self) -> &Bucket {
        &self.0.bucket
    }

    pub(crate) fn config(&self) -> &MediaConfig {
        &self.0.config
    }

    /// Where fetches take their turn.
    pub(crate) fn fetches(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.fetches)
    }

    /// A session was deleted; what it leaves is to be erased now.
    pub(crate) fn session_gone(&self) {
        self.0.gone.notify_one();
    }

    /// Names the file of a message. Of one that is too large there is none.
    pub(crate) fn plan(
        &self,
        session: &SessionId,
        chat: &Jid,
        message: &Message,
        attached: &Attached,
        random: [u8; RANDOM_BYTES],
    ) -> Result<Plan, Lost> {
        if attached.source.length.is_some_and(|length| length > self.0.config.max_bytes) {
            return Err(Lost::TooLarge);
        }
        let object = Object::new(chat, Kind::claimed(message.mimetype.as_deref().unwrap_or_default()), random);
        let record = Record {
            chat: chat.to_string(),
            id: message.id.clone(),
            author: message.from.clone(),
            filename: message.filename.clone(),
            stored: None,
        };
        let job = Job {
            source: attached.source.clone(),
            id: message.id.clone(),
            chat: attached.chat.clone(),
            participant: attached.participant.clone(),
            from_me: message.from_me,
            attempts: 0,
            bucket_failures: 0,
        };
        Ok(Plan { url: self.0.links.url(session, &object), object, record, job })
    }
}

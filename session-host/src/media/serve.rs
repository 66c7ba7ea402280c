//! `GET /media/…`: a file, or a part of it, from the bucket to whoever has its link. Strangers chose the content, so a browser gets it
//! with a content type of ours, with nothing allowed, and as something to be saved unless it is of a kind that only shows.
//!
//! While the file is being fetched the answer waits a little. Bytes pass through in pieces; a reader that takes none for a while is let
//! go, and so is what is held for it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use redis::{AsyncCommands as _, RedisError, Script};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::bucket::BucketError;
use super::range::{Wanted, wanted};
use super::record::{Record, Stored};
use super::{Media, Object, disposition};
use crate::http::failure;
use crate::redis::Redis;

/// How long a request waits for a file that is being fetched: longer than a picture takes, and shorter than clients wait.
const WAIT: Duration = Duration::from_secs(20);

/// Time between two looks whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long a reader may take none of a file.
const STALL: Duration = Duration::from_mins(1);

/// Pieces read ahead of a reader; the bucket's client gives them as they come from the network, some ten kilobytes each.
const PIECES_AHEAD: usize = 4;

/// Seconds after which a file that was not there may be.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// A file never changes under its name; but links end, so it is not kept for ever.
const CACHED: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// Nothing in it runs, loads or frames.
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");

/// What answers links.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) media: Option<Media>,
    pub(crate) redis: Redis,
}

/// The query of a link.
#[derive(Deserialize)]
pub(crate) struct Proof {
    sig: Option<String>,
}

/// A file as it is to be served.
struct Found {
    object: Object,
    session: SessionId,
    filename: Option<String>,
    stored: Stored,
}

pub(crate) async fn serve(
    State(served): State<Served>,
    Path((session, chat, name)): Path<(String, String, String)>,
    proof: Result<Query<Proof>, axum::extract::rejection::QueryRejection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return failure(ErrorCode::RouteNotFound);
    }
    let Some(media) = served.media else { return failure(ErrorCode::MediaNotFound) };
    let proof = proof.ok().and_then(|Query(proof)| proof.sig);
    let found = match find(&media, &served.redis, &session, &chat, &name, proof.as_deref()).await {
        Ok(found) => found,
        Err(code) => return refused(code),
    };
    let etag = format!("\"{}\"", found.stored.sha256);
    if header(&headers, &IF_NONE_MATCH).is_some_and(|known| matches(known, &etag)) {
        return (StatusCode::NOT_MODIFIED, marks(&found, &etag)).into_response();
    }
    // A part of what was another file would be of no use.
    let range = header(&headers, &IF_RANGE)
        .is_none_or(|known| known.trim() == etag)
        .then(|| header(&headers, &RANGE))
        .flatten();
    let (status, part, length) = match wanted(range, found.stored.size) {
        Wanted::Whole => (StatusCode::OK, None, found.stored.size),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, Some((first, last)), last - first + 1),
        Wanted::Nothing => {
            let size = format!("bytes */{}", found.stored.size);
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, size)]).into_response();
        }
    };
    let body = if method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        match body(&media, &found, part).await {
            Ok(body) => body,
            Err(code) => return refused(code),
        }
    };
    let mut answer = (status, marks(&found, &etag), body).into_response();
    answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    if let Some((first, last)) = part
        && let Ok(range) = HeaderValue::try_from(format!("bytes {first}-{last}/{}", found.stored.size))
    {
        answer.headers_mut().insert(CONTENT_RANGE, range);
    }
    answer
}

/// The file behind a link, when it may be seen; waits a little for one that is on its way.
async fn find(
    media: &Media,
    redis: &Redis,
    session: &str,
    chat: &str,
    name: &str,
    proof: Option<&str>,
) -> Result<Found, ErrorCode> {
    let session = SessionId::parse(session).map_err(|_| ErrorCode::MediaNotFound)?;
    let object = Object::from_parts(chat, name).ok_or(ErrorCode::MediaNotFound)?;
    if !media.0.links.allows(&session, &object, proof) {
        return Err(ErrorCode::MediaForbidden);
    }
    let record = match read(redis, &session, &object).await? {
        Record { stored: None, .. } => wait(media, redis, &session, &object).await?,
        record => record,
    };
    let stored = record.stored.ok_or(ErrorCode::MediaPending)?;
    if let Some(age) = media.0.config.max_age {
        // It is erased with the session's next round.
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let now = redis.now_ms().await.map_err(|error| unavailable(&error))?;
        if now.saturating_sub(stored.at) > age {
            return Err(ErrorCode::MediaNotFound);
        }
    }
    Ok(Found { object, session, filename: record.filename, stored })
}

async fn read(redis: &Redis, session: &SessionId, object: &Object) -> Result<Record, ErrorCode> {
    let key = SessionKeys::new(session).media();
    let record: Option<String> =
        redis.shared().hget(key, object.to_string()).await.map_err(|error| unavailable(&error))?;
    record.and_then(|record| serde_json::from_str(&record).ok()).ok_or(ErrorCode::MediaNotFound)
}

/// A file of the past is fetched when somebody asks for the first time. KEYS: jobs, due. ARGV: object.
static WAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 or redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), ARGV[1])
return 1
",
    )
});

/// Asks the owner of the session for a file, unless it is on its way.
async fn wake(redis: &Redis, session: &SessionId, object: &Object) -> Result<(), RedisError> {
    let keys = SessionKeys::new(session);
    let mut call = WAKE.key(keys.media_jobs());
    let woken: u64 = call.key(keys.media_due()).arg(object.to_string()).invoke_async(&mut redis.shared()).await?;
    if woken == 1 {
        let _: u64 = redis.shared().publish(keys::WAKE, session.as_str()).await?;
    }
    Ok(())
}

async fn wait(media: &Media, redis: &Redis, session: &SessionId, object: &Object) -> Result<Record, ErrorCode> {
    let Ok(_place) = media.0.waiters.try_acquire() else { return Err(ErrorCode::MediaPending) };
    wake(redis, session, object).await.map_err(|error| unavailable(&error))?;
    let end = Instant::now() + WAIT;
    loop {
        sleep(LOOK_EVERY).await;
        let record = read(redis, session, object).await?;
        if record.stored.is_some() || Instant::now() >= end {
            return Ok(record);
        }
    }
}

fn unavailable(error: &RedisError) -> ErrorCode {
    warn!(%error, "a file's record could not be read");
    ErrorCode::StorageUnavailable
}

/// What is said of a file in every answer.
fn marks(found: &Found, etag: &str) -> HeaderMap {
    let kind = found.object.kind();
    let disposition = disposition::header(kind, found.filename.as_deref(), found.object.name());
    let mut headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(kind.content_type)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CONTENT_SECURITY_POLICY, POLICY),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CACHE_CONTROL, CACHED),
        (CONTENT_DISPOSITION, HeaderValue::try_from(disposition).unwrap_or(HeaderValue::from_static("attachment"))),
    ]);
    headers.extend(HeaderValue::try_from(etag).ok().map(|etag| (ETAG, etag)));
    headers
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a list of tags has this one, or any.
fn matches(known: &str, etag: &str) -> bool {
    known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == etag)
}

fn refused(code: ErrorCode) -> Response {
    let mut answer = failure(code);
    if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    answer
}

async fn body(media: &Media, found: &Found, part: Option<(u64, u64)>) -> Result<Body, ErrorCode> {
    let place = Arc::clone(&media.0.readers).try_acquire_owned().map_err(|_| ErrorCode::Overloaded)?;
    let content = media.bucket().get(&found.object.key(&found.session), part).await.map_err(|error| match error {
        BucketError::Missing => ErrorCode::MediaNotFound,
        error => {
            warn!(%error, "a file could not be read");
            ErrorCode::StorageUnavailable
        }
    })?;
    let (pieces, mut taken) = mpsc::channel(PIECES_AHEAD);
    tokio::spawn(pass(content, pieces, place));
    Ok(Body::from_stream(futures::stream::poll_fn(move |context| taken.poll_recv(context))))
}

/// Passes a file on. A reader that is gone or asleep ends it.
async fn pass(
    mut content: ByteStream,
    pieces: mpsc::Sender<Result<Bytes, axum::BoxError>>,
    place: OwnedSemaphorePermit,
) {
    while let Some(piece) = content.next().await {
        let ends = piece.is_err();
        let sent = timeout(STALL, pieces.send(piece.map_err(Into::into))).await;
        if ends || !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    drop(place);
}

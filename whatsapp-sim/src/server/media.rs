//! The media host: uploads and downloads over HTTP, beside the wire. Clients always say `https`; whoever runs them turns
//! that into `http`, or the network serves TLS as well. It moves opaque bytes: what they are, only phones and clients know.

use std::io::Read as _;
use std::ops::Range;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::json;

use crate::media::{Content, MAX_BLOB, MediaError, MediaStore, url};
use crate::sim::Sim;

/// What is read from a file at once.
const CHUNK: usize = 64 * 1024;
/// The beat of a slow download.
const BEAT: Duration = Duration::from_millis(100);
const BEATS_PER_SECOND: u64 = 10;

/// The query of every request. Clients repeat the name of the blob as `token`; the path counts.
#[derive(Deserialize)]
struct Asked {
    auth: Option<String>,
    resume: Option<String>,
    file_offset: Option<u64>,
}

/// The routes. `/newsletter` and `/product` take what is not encrypted, in the same way.
pub(super) fn router(sim: Sim) -> Router {
    Router::new()
        .route("/mms/{kind}/{token}", post(upload))
        .route("/newsletter/{kind}/{token}", post(upload))
        .route("/product/{kind}/{token}", post(upload))
        .route("/v/{*name}", get(download))
        .with_state(sim)
}

async fn upload(
    State(sim): State<Sim>,
    Path((_, token)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    content: Body,
) -> Response {
    let store = sim.media();
    let host = super::host(&headers).unwrap_or_else(|| store.host().to_owned());
    if asked.auth.as_deref() != Some(store.auth().as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let stored = |path: String| json!({ "url": url(&host, &path), "direct_path": path });
    if asked.resume.is_some() {
        return match (store.uploaded(&token), store.interrupted_at(&token)) {
            (Some(path), _) => {
                let mut answer = stored(path);
                answer["resume"] = "complete".into();
                Json(answer).into_response()
            }
            (None, Some(offset)) => Json(json!({ "resume": offset.to_string() })).into_response(),
            (None, None) => StatusCode::NOT_FOUND.into_response(),
        };
    }
    if let Some(status) = store.faults(crate::media::MediaFaults::refuse_upload) {
        return refused(status);
    }
    match take(store, &token, asked.file_offset.unwrap_or(0), content).await {
        Ok(path) => Json(stored(path)).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn take(store: &MediaStore, token: &str, offset: u64, content: Body) -> Result<String, MediaError> {
    // Who announces too much need not send it first.
    if offset.saturating_add(content.size_hint().lower()) > MAX_BLOB {
        return Err(MediaError::TooLarge);
    }
    let mut upload = store.begin(token, offset)?;
    let mut content = content.into_data_stream();
    while let Some(bytes) = content.next().await {
        // Broken off: what came is kept, so that the client can go on.
        let Ok(bytes) = bytes else { return Err(MediaError::BadOffset) };
        upload.write(&bytes)?;
    }
    upload.finish()
}

/// Downloads need no proof: the path is one. A wrong proof is refused all the same, so that clients renew theirs.
async fn download(
    State(sim): State<Sim>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let store = sim.media();
    if asked.auth.is_some_and(|auth| auth != store.auth()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (refusal, speed) = store.faults(|faults| (faults.refuse_download(), faults.bytes_per_second));
    if let Some(status) = refusal {
        return refused(status);
    }
    // Some clients put their parameters behind the path with `&` alone, because WhatsApp's own paths have a query.
    let name = name.split('&').next().unwrap_or_default();
    match store.read(&format!("/v/{name}")) {
        Ok((content, length)) => serve(content, length, headers.get(RANGE), speed),
        Err(error) => error.into_response(),
    }
}

fn serve(content: Content, length: u64, range: Option<&HeaderValue>, speed: Option<u64>) -> Response {
    let asked = range.and_then(|range| range.to_str().ok()).and_then(|range| range.strip_prefix("bytes="));
    let part = match asked.map(|asked| part(asked, length)) {
        None => 0..length,
        Some(Some(part)) => part,
        Some(None) => {
            let whole = [(CONTENT_RANGE, format!("bytes */{length}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, whole).into_response();
        }
    };
    let mut response = Response::new(stream(content, part.clone(), speed));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
    if asked.is_some() {
        let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
        if let Ok(range) = HeaderValue::from_str(&range) {
            headers.insert(CONTENT_RANGE, range);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// One range, as `5-9`, `5-` or `-5`. Several at once are nobody's need.
fn part(asked: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = asked.split_once('-')?;
    let part = match (first, last) {
        ("", count) => length.saturating_sub(count.parse().ok()?)..length,
        (first, "") => first.parse().ok()?..length,
        (first, last) => first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?.min(length),
    };
    (part.start < part.end).then_some(part)
}

fn stream(content: Content, part: Range<u64>, speed: Option<u64>) -> Body {
    let step = speed.map_or(CHUNK, |speed| usize::try_from(speed / BEATS_PER_SECOND).unwrap_or(CHUNK).clamp(1, CHUNK));
    let chunks = futures::stream::try_unfold((content, part), move |(content, part)| async move {
        if part.is_empty() {
            return Ok(None);
        }
        if speed.is_some() {
            tokio::time::sleep(BEAT).await;
        }
        let end = part.end.min(part.start + step as u64);
        let chunk = piece(&content, part.start..end)?;
        Ok::<_, std::io::Error>(Some((chunk, (content, end..part.end))))
    });
    Body::from_stream(chunks)
}

fn piece(content: &Content, part: Range<u64>) -> std::io::Result<Bytes> {
    match content {
        Content::Memory(bytes) => {
            let place = |at| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            Ok(bytes.slice(place(part.start)..place(part.end)))
        }
        Content::File(file) => {
            let mut chunk = Vec::with_capacity(CHUNK);
            let mut file: &std::fs::File = file;
            std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(part.start))?;
            file.take(part.end - part.start).read_to_end(&mut chunk)?;
            Ok(chunk.into())
        }
    }
}

fn refused(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

impl IntoResponse for MediaError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::BadToken | Self::Mismatch | Self::Corrupt => StatusCode::BAD_REQUEST,
            Self::BadOffset => StatusCode::CONFLICT,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Io(..) => {
                tracing::error!(error = %self, "the media host failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        (status, self.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_means_them() {
        let cases = [("0-", 0..10), ("2-4", 2..5), ("-3", 7..10), ("-30", 0..10), ("9-99", 9..10)];
        for (asked, expected) in cases {
            assert_eq!(part(asked, 10), Some(expected), "{asked}");
        }
        for asked in ["", "-", "10-", "5-4", "x-y", "0-1,3-4", "-0", "18446744073709551615-"] {
            assert_eq!(part(asked, 10), None, "{asked}");
        }
        assert_eq!(part("0-18446744073709551615", 10), None, "an end behind every number");
    }
}

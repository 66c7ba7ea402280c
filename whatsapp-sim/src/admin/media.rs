//! Files of messages as the person with the phone has them, and trouble at the media host.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::Sim;

/// The word that means every link.
const ALL: &str = "all";

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(content, delete)).routes(routes!(inject))
}

/// The file of a message, decrypted.
///
/// Sent and received messages have their file as long as the phone has it. The media type is what the sender says; `repr-digest` is the SHA-256 of what
/// the phone has loaded and decrypted.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/messages/{id}/media",
    tag = "messages",
    params(("id" = String, Path, description = "the message's id", example = "3EB0AA11BB22CC33DD44")),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "default", body = Failure, description = "`unknown_message`, `unknown_media`, `corrupt_media`"),
    ),
)]
async fn content(
    State(sim): State<Sim>,
    Segments((number, id)): Segments<(String, String)>,
) -> Outcome<impl IntoResponse> {
    let media = sim.phone_media(&number, &id).await?;
    let mut headers = HeaderMap::new();
    let kind = media.mime_type.and_then(|kind| HeaderValue::try_from(kind).ok());
    headers.insert(CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    let name = media.file_name.map(|name| format!("; filename*=UTF-8''{}", percent_encoded(&name)));
    let disposition = format!("attachment{}", name.unwrap_or_default());
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::try_from(disposition).unwrap_or(HeaderValue::from_static("attachment")),
    );
    // Strangers chose the type and the content: a browser must not run it as a page of this API.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What the phone itself has loaded and decrypted, whatever the sender said.
    let digest = hex::decode(&media.sha256).map(|hash| format!("sha-256=:{}:", STANDARD.encode(hash)));
    if let Some(digest) = digest.ok().and_then(|digest| HeaderValue::try_from(digest).ok()) {
        headers.insert("repr-digest", digest);
    }
    Ok((headers, Bytes::from(media.content)))
}

/// The person deletes the file of a message on the phone.
///
/// The message stays. From now on the phone cannot renew the link for its companions.
#[utoipa::path(
    delete,
    path = "/admin/phones/{number}/messages/{id}/media",
    tag = "messages",
    params(("id" = String, Path, description = "the message's id", example = "3EB0AA11BB22CC33DD44")),
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_message`, `unknown_media`"),
    ),
)]
async fn delete(
    State(sim): State<Sim>,
    Segments((number, id)): Segments<(String, String)>,
) -> Outcome<impl IntoResponse> {
    sim.delete_phone_media(&number, &id).await?;
    Ok(success(Nothing {}))
}

/// What to do; whatever is not named stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "expire": "all", "bytesPerSecond": 100_000, "refuseDownloads": { "status": 410, "times": 2 } }))]
struct MediaFaults {
    /// The link with this path (`/v/…`) expires, or every link: `all`. Phones keep their files and can renew it.
    expire: Option<String>,
    /// True: what clients were told to show at the media host is refused (401) until they have asked anew.
    #[serde(default)]
    expire_auth: bool,
    /// How fast each download is at most; 0 is as fast as it can.
    bytes_per_second: Option<u64>,
    /// The next downloads are refused.
    refuse_downloads: Option<Refusal>,
    /// The next uploads are refused.
    refuse_uploads: Option<Refusal>,
}

/// A refusal of the media host.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Refusal {
    /// The HTTP status, 400 to 599.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// How many requests are refused; 0 ends an earlier refusal.
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// What happened at once.
#[derive(Serialize, ToSchema)]
struct Expired {
    /// How many links have expired.
    expired: usize,
}

/// Makes trouble at the media host, or ends it.
#[utoipa::path(
    post,
    path = "/admin/faults/media",
    tag = "faults",
    request_body = MediaFaults,
    responses(
        (status = 200, body = Success<Expired>),
        (status = "default", body = Failure, description = "`unknown_media`"),
    ),
)]
async fn inject(State(sim): State<Sim>, Body(faults): Body<MediaFaults>) -> Outcome<impl IntoResponse> {
    let refusals = [&faults.refuse_downloads, &faults.refuse_uploads];
    if refusals.into_iter().flatten().any(|refusal| !(400..600).contains(&refusal.status)) {
        return Err(ApiError::bad_status());
    }
    let expired = match faults.expire.as_deref() {
        None => 0,
        Some(ALL) => sim.expire_media(None)?,
        Some(path) => sim.expire_media(Some(path))?,
    };
    if faults.expire_auth {
        sim.expire_media_auth();
    }
    if let Some(speed) = faults.bytes_per_second {
        sim.slow_downloads((speed > 0).then_some(speed));
    }
    if let Some(refusal) = faults.refuse_downloads {
        sim.refuse_downloads(refusal.status, refusal.times);
    }
    if let Some(refusal) = faults.refuse_uploads {
        sim.refuse_uploads(refusal.status, refusal.times);
    }
    Ok(success(Expired { expired }))
}

/// A file name as RFC 5987 wants it.
fn percent_encoded(name: &str) -> String {
    let encode = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(encode).collect()
}

//! Request bodies: JSON and forms, bounded in size and time while they are read. Owns when a body counts as absent, as the original
//! has it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use contract::error::ErrorCode;
use edge_core::port::{Port, within};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::answer::Failure;
use crate::app::App;
use crate::fields::Fields;
use crate::form;

/// Largest body in bytes: the original's 100 kB.
pub(crate) const MAX_BODY: usize = 100 * 1024;

/// Longest time a body may take to arrive: at the limit of its size that is 10 kB/s.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);

/// What may stand before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The sentence for a form that is none.
const NO_FORM: &str = "Request body is not a valid form";

/// The body of a request. `None` when there is none, or none of a known type.
#[derive(Debug)]
pub(crate) struct Given(pub(crate) Option<Fields>);

impl Given {
    /// The fields; none at all when there is no body.
    pub(crate) fn or_empty(self) -> Fields {
        self.0.unwrap_or_default()
    }

    /// Reads what arrived.
    pub(crate) fn of(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Failure> {
        let Some(kind) = Kind::of(headers) else { return Ok(Self(None)) };
        if bytes.is_empty() {
            return Ok(Self(headers.contains_key(CONTENT_LENGTH).then(Fields::default)));
        }
        let object = match kind {
            Kind::Json => json(bytes).ok_or(ErrorCode::MalformedBody)?,
            Kind::Form => form::parse(bytes).ok_or_else(|| Failure::new(ErrorCode::MalformedBody, NO_FORM))?,
        };
        Ok(Self(Some(Fields::new(object))))
    }
}

impl<P: Port> FromRequest<App<P>> for Given {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App<P>) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        if Kind::of(&parts.headers).is_none() {
            return Ok(Self(None));
        }
        let bytes = read(app.store.port(), &parts.headers, body).await?;
        Self::of(&parts.headers, &bytes)
    }
}

enum Kind {
    Json,
    Form,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = text.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else {
            None
        }
    }
}

/// Reads a body up to the limits. One that is announced as too large is not waited for.
pub(crate) async fn read<P: Port>(port: &P, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Failure> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(ErrorCode::BodyTooLarge.into());
    }
    match within(port, ARRIVES_WITHIN, Limited::new(body, MAX_BODY).collect()).await {
        Some(Ok(whole)) => Ok(whole.to_bytes().into()),
        Some(Err(error)) if error.is::<LengthLimitError>() => Err(ErrorCode::BodyTooLarge.into()),
        // The client broke off; nobody reads this answer.
        Some(Err(_)) => Err(ErrorCode::MalformedBody.into()),
        None => Err(ErrorCode::RequestTimeout.into()),
    }
}

/// The top level must be an object or an array; no route takes an array, so one holds no fields.
///
/// A byte order mark, which editors of Windows put before it, says nothing.
fn json(bytes: &[u8]) -> Option<Map<String, Value>> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    match serde_json::from_slice(bytes).ok()? {
        Value::Object(object) => Some(object),
        Value::Array(_) => Some(Map::new()),
        _ => None,
    }
}

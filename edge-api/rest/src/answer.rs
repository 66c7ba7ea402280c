//! Answers: the envelope as JSON, and failures with their status. Owns the difference between true statuses and the original's.

use std::borrow::Cow;
use std::fmt;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use contract::envelope::Envelope;
use contract::error::ErrorCode;
use edge_core::port::RedisError;
use serde::Serialize;
use serde_json::Value;

/// Seconds after which a session that has too much under way is worth another try.
const TRY_AGAIN_AFTER: HeaderValue = HeaderValue::from_static("1");

/// What a handler gives.
pub(crate) type Answer = Result<Response<Body>, Failure>;

/// A failure on its way out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// Its code.
    pub(crate) code: ErrorCode,
    /// Its sentence.
    pub(crate) message: Cow<'static, str>,
    /// What is known about it.
    pub(crate) data: Option<Value>,
    /// What led to it, for the log.
    cause: Option<String>,
    /// Whether the original answers it with 200 and `success: false`.
    engine: bool,
}

impl Failure {
    /// A failure with a sentence of its own.
    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        use ErrorCode::{
            FetchFailed, FileTooLarge, GroupNotFound, InvalidRecipient, InvalidSessionId, InviteInvalid, NoHost,
            NotAllowed, OutcomeUnknown, Overloaded, RecipientNotOnWhatsapp, Refused, SendFailed, SendRefused,
            SessionAlreadyConnected, Timeout, UploadFailed, UrlRefused,
        };
        let engine = matches!(
            code,
            InvalidSessionId
                | SessionAlreadyConnected
                | InvalidRecipient
                | RecipientNotOnWhatsapp
                | SendRefused
                | SendFailed
                | Timeout
                | NoHost
                | Overloaded
                | UrlRefused
                | FetchFailed
                | FileTooLarge
                | UploadFailed
                | GroupNotFound
                | InviteInvalid
                | NotAllowed
                | Refused
                | OutcomeUnknown
        );
        Self { code, message: message.into(), data: None, cause: None, engine }
    }

    /// The same with data.
    pub(crate) fn with_data(mut self, data: impl Serialize) -> Self {
        self.data = serde_json::to_value(data).ok();
        self
    }

    /// The same as a failure that the original answers with 200 at this place only.
    pub(crate) fn of_engine(mut self) -> Self {
        self.engine = true;
        self
    }

    /// The same with its true status always: the original has nothing like it.
    pub(crate) fn with_true_status(mut self) -> Self {
        self.engine = false;
        self
    }

    /// The answer as the original gives it.
    pub(crate) fn legacy(mut self) -> Response<Body> {
        let status = match self.code {
            ErrorCode::MalformedBody | ErrorCode::BodyTooLarge => {
                self.message = ErrorCode::Internal.message().into();
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ if self.engine => StatusCode::OK,
            code => true_status(code),
        };
        self.render(status)
    }

    fn render(&self, status: StatusCode) -> Response<Body> {
        let envelope = Envelope::failure(self.code, &self.message, self.data.as_ref());
        let mut response = json(&envelope);
        *response.status_mut() = status;
        if self.code == ErrorCode::Overloaded {
            response.headers_mut().insert(RETRY_AFTER, TRY_AGAIN_AFTER);
        }
        response
    }
}

fn true_status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, code.message())
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        let code = match error {
            RedisError::Timeout | RedisError::Connection(_) => ErrorCode::StorageUnavailable,
            RedisError::NoScript | RedisError::Refused(_) | RedisError::UnexpectedReply(_) => ErrorCode::Internal,
        };
        Self { cause: Some(error.to_string()), ..code.into() }
    }
}

/// As it is logged: its code, and what led to it. Causes name commands of ours, never texts, numbers or keys of a client.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code.status(), self.code.as_str())?;
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        let mut response = self.render(true_status(self.code));
        // Kept for the door, which knows whether legacy answers are wanted.
        response.extensions_mut().insert(self);
        response
    }
}

/// A success with a sentence.
pub(crate) fn ok(message: &str, data: impl Serialize) -> Response<Body> {
    json(&Envelope::ok(message, data))
}

/// A success of a read that has none.
pub(crate) fn data(data: impl Serialize) -> Response<Body> {
    json(&Envelope::data(data))
}

/// A success with a sentence only.
pub(crate) fn done(message: &str) -> Response<Body> {
    json(&Envelope::<()> { success: true, message: Some(message.to_owned()), data: None, code: None })
}

/// JSON as the original labels it.
pub(crate) fn json(value: &impl Serialize) -> Response<Body> {
    let Ok(text) = serde_json::to_vec(value) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    typed("application/json; charset=utf-8", text)
}

/// A body with its type.
pub(crate) fn typed(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

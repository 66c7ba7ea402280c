//! The closed list of failure codes of the public API, with the HTTP status and the default sentence of each.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $status:literal, $message:literal;)+) => {
        /// Why a request failed. The text is stable: clients may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl ErrorCode {
            /// Every code, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as it stands in an answer.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The HTTP status it is answered with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The sentence used when the place that fails has none of its own.
            pub fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }
        }
    };
}

codes! {
    /// No `X-Api-Key` header, or an empty one.
    MissingApiKey = "missing_api_key", 401, "Missing X-Api-Key header";
    /// The key is not the configured one.
    InvalidApiKey = "invalid_api_key", 403, "Invalid API key";
    /// Dashboard credentials that are not the configured ones.
    InvalidCredentials = "invalid_credentials", 401, "Invalid username or password";
    /// Unknown path, or a method the path does not have.
    RouteNotFound = "route_not_found", 404, "Route not found";
    /// The body is not JSON (or not a form), or its top level is no object.
    MalformedBody = "malformed_body", 400, "Request body is not valid JSON";
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large", 413, "Request body is too large";
    /// The route needs a body.
    BodyRequired = "body_required", 400, "Request body is required";
    /// A required field is missing, null or empty.
    MissingField = "missing_field", 400, "Missing required field";
    /// A field has the wrong type or a value outside its range.
    InvalidField = "invalid_field", 400, "Invalid field";
    /// The session id has a forbidden character or length.
    InvalidSessionId = "invalid_session_id", 400, "Invalid session ID. Use only letters, numbers, underscore, and dash.";
    /// The recipient is neither a phone number nor a WhatsApp address.
    InvalidRecipient = "invalid_recipient", 400, "Invalid recipient: not a phone number or WhatsApp ID";
    /// No session has this id.
    SessionNotFound = "session_not_found", 404, "Session not found";
    /// The session is connected already.
    SessionAlreadyConnected = "session_already_connected", 409, "Session already connected";
    /// The session exists but is not connected to WhatsApp.
    SessionNotConnected = "session_not_connected", 400, "Session not connected. Please scan QR code first.";
    /// There is no QR code to show at the moment.
    QrNotAvailable = "qr_not_available", 404, "QR Code not available yet. Please wait...";
    /// The session exists on the other network; the network of a session is fixed.
    NetworkMismatch = "network_mismatch", 409, "The session was created on another network";
    /// No simulated WhatsApp network is configured.
    SandboxNotConfigured = "sandbox_not_configured", 400, "No sandbox is configured on this server";
    /// The idempotency key was used before with another request.
    IdempotencyKeyReused = "idempotency_key_reused", 409, "Idempotency-Key was already used with a different request";
    /// The idempotency key has a forbidden character or length.
    InvalidIdempotencyKey = "invalid_idempotency_key", 400, "Invalid Idempotency-Key: 1 to 255 visible ASCII characters";
    /// WhatsApp says that the number is not registered.
    RecipientNotOnWhatsapp = "recipient_not_on_whatsapp", 400, "Number is not registered on WhatsApp";
    /// WhatsApp refused the message.
    SendRefused = "send_refused", 502, "WhatsApp refused the message";
    /// The WhatsApp client failed before the message could be handed over.
    SendFailed = "send_failed", 502, "The message could not be sent";
    /// The address of a file leads where this server does not go, or is none.
    UrlRefused = "url_refused", 400, "The address is not allowed";
    /// The file behind an address could not be fetched.
    FetchFailed = "fetch_failed", 400, "The file could not be fetched";
    /// The file is larger than the limit.
    FileTooLarge = "file_too_large", 413, "The file is too large";
    /// WhatsApp's media servers did not take the file.
    UploadFailed = "upload_failed", 502, "The file could not be uploaded to WhatsApp";
    /// The file is not of a type that can be sent here.
    UnsupportedFile = "unsupported_file", 400, "The file has a type that cannot be sent";
    /// The group does not exist, or the account is not in it.
    GroupNotFound = "group_not_found", 404, "Group not found";
    /// No group has this invite code, or it was taken back.
    InviteInvalid = "invite_invalid", 404, "The invite code is not valid";
    /// The account may not do that: it is no admin, or the other person does not allow it.
    NotAllowed = "not_allowed", 403, "WhatsApp does not allow this account to do that";
    /// WhatsApp refused the change or the question.
    Refused = "refused", 502, "WhatsApp refused the request";
    /// Nobody knows whether the change was made, and making it twice would be another thing than once.
    OutcomeUnknown = "outcome_unknown", 504, "The outcome is not known: look before you try again";
    /// The outcome is not known yet; asking again with the same key gives it.
    Timeout = "timeout", 504, "No answer from WhatsApp yet";
    /// The session has no such webhook.
    WebhookNotFound = "webhook_not_found", 404, "Webhook not found";
    /// The webhook has no such delivery, or it is too old to be known.
    DeliveryNotFound = "delivery_not_found", 404, "Delivery not found";
    /// The event log does not reach back that far.
    EventGone = "event_gone", 410, "The event is no longer in the event log";
    /// A part of the log is being delivered again already.
    ReplayRunning = "replay_running", 409, "A replay is under way already";
    /// Nobody is logged in to the dashboard.
    NotLoggedIn = "not_logged_in", 401, "Nobody is logged in";
    /// The dashboard's password was guessed too often.
    TooManyAttempts = "too_many_attempts", 429, "Too many login attempts; try again later";
    /// The body of a request did not arrive in time.
    RequestTimeout = "request_timeout", 408, "The request did not arrive in time";
    /// No host owns the session at the moment.
    NoHost = "no_host", 503, "No session host is available for this session";
    /// Too much is under way for this session.
    Overloaded = "overloaded", 503, "Too many requests under way for this session";
    /// The link to a media file is not one that this server gave.
    MediaForbidden = "media_forbidden", 403, "The link is not valid";
    /// There is no such media file: it never was, could not be had from WhatsApp, or went with its message.
    MediaNotFound = "media_not_found", 404, "Media not found";
    /// The media file is being fetched from WhatsApp.
    MediaPending = "media_pending", 503, "The media is not here yet; try again in a moment";
    /// Redis cannot be reached.
    StorageUnavailable = "storage_unavailable", 503, "Storage is unavailable";
    /// A function that runs beside the API does not do its work.
    FunctionFailed = "function_failed", 503, "A function of the edge fails";
    /// A defect of ours.
    Internal = "internal", 500, "Internal Server Error";
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ErrorCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("Why a request failed. The list is closed and stable."))
            .enum_values(Some(Self::ALL.iter().map(|one| one.as_str())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ErrorCode {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_snake_case_and_round_trip() {
        let mut seen = HashSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.as_str()), "{code:?} twice");
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!((400..600).contains(&code.status()));
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
            assert_eq!(serde_json::from_str::<ErrorCode>(&json).unwrap(), *code);
        }
    }
}

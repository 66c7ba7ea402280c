//! The refusals of the API: a true status, a stable code for programs, a sentence for people. [`Code`] is the closed list:
//! a new refusal is a new variant with its status.

use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection, QueryRejection, StringRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::qr::QrError;
use crate::media::MediaError;
use crate::phone::content::MessageError;
use crate::picture::PictureError;
use crate::sim::{GroupError, SimError};

/// Defines the codes: the variant, its name in JSON, its status.
/// Longest sentence of a failure, in characters.
const MAX_MESSAGE: usize = 300;

macro_rules! codes {
    ($($variant:ident $name:tt $status:ident)*) => {
        /// Why a request was refused: the closed list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        pub(super) enum Code {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl Code {
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    AlreadyMember "already_member" CONFLICT
    AlreadyScanned "already_scanned" CONFLICT
    BadAddress "bad_address" BAD_REQUEST
    BadCount "bad_count" BAD_REQUEST
    BadFault "bad_fault" BAD_REQUEST
    BadBusiness "bad_business" BAD_REQUEST
    BadChange "bad_change" BAD_REQUEST
    BadIds "bad_ids" BAD_REQUEST
    BadMessage "bad_message" BAD_REQUEST
    AppStateFull "app_state_full" CONFLICT
    BadLabel "bad_label" BAD_REQUEST
    BadName "bad_name" BAD_REQUEST
    BadPicture "bad_picture" BAD_REQUEST
    BadQr "bad_qr" BAD_REQUEST
    BadSetting "bad_setting" BAD_REQUEST
    BadScenario "bad_scenario" UNPROCESSABLE_ENTITY
    BadSignature "bad_signature" BAD_GATEWAY
    BadText "bad_text" BAD_REQUEST
    BadVote "bad_vote" BAD_REQUEST
    CompanionRefused "companion_refused" BAD_GATEWAY
    CompanionSilent "companion_silent" GATEWAY_TIMEOUT
    CorruptMedia "corrupt_media" UNPROCESSABLE_ENTITY
    DescriptionChanged "description_changed" CONFLICT
    ForeignHost "foreign_host" FORBIDDEN
    ForeignOrigin "foreign_origin" FORBIDDEN
    GroupFull "group_full" CONFLICT
    Internal "internal" INTERNAL_SERVER_ERROR
    InvalidBody "invalid_body" UNPROCESSABLE_ENTITY
    InvalidJson "invalid_json" BAD_REQUEST
    InvalidQuery "invalid_query" BAD_REQUEST
    LinkRefused "link_refused" FORBIDDEN
    MediaFull "media_full" INSUFFICIENT_STORAGE
    InviteGone "invite_gone" GONE
    IsFounder "is_founder" FORBIDDEN
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED
    NotAMember "not_a_member" FORBIDDEN
    NotAllowed "not_allowed" FORBIDDEN
    NotAnAdmin "not_an_admin" FORBIDDEN
    NotConcerned "not_concerned" NOT_FOUND
    NotEditable "not_editable" CONFLICT
    NotFound "not_found" NOT_FOUND
    NotPlayable "not_playable" BAD_REQUEST
    NotYourMessage "not_your_message" FORBIDDEN
    NotYourNewsletter "not_your_newsletter" FORBIDDEN
    NumberTaken "number_taken" CONFLICT
    PairCodeExpired "pair_code_expired" GONE
    QrExpired "qr_expired" GONE
    Stopped "stopped" SERVICE_UNAVAILABLE
    TooLarge "too_large" PAYLOAD_TOO_LARGE
    TooManyBursts "too_many_bursts" CONFLICT
    TooManyDevices "too_many_devices" CONFLICT
    TooManyFaults "too_many_faults" CONFLICT
    TooManyGroups "too_many_groups" CONFLICT
    TooManyNewsletters "too_many_newsletters" CONFLICT
    TooManyPhones "too_many_phones" CONFLICT
    UnknownBusiness "unknown_business" NOT_FOUND
    UnknownCall "unknown_call" NOT_FOUND
    UnknownBurst "unknown_burst" NOT_FOUND
    UnknownCertificate "unknown_certificate" NOT_FOUND
    UnknownDevice "unknown_device" NOT_FOUND
    UnknownEvent "unknown_event" NOT_FOUND
    UnknownFault "unknown_fault" NOT_FOUND
    UnknownMedia "unknown_media" NOT_FOUND
    UnknownGroup "unknown_group" NOT_FOUND
    UnknownInvite "unknown_invite" NOT_FOUND
    UnknownMessage "unknown_message" NOT_FOUND
    UnknownNewsletter "unknown_newsletter" NOT_FOUND
    UnknownPhone "unknown_phone" NOT_FOUND
    UnknownPicture "unknown_picture" NOT_FOUND
    UnknownPoll "unknown_poll" NOT_FOUND
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE
    WasRemoved "was_removed" FORBIDDEN
    WrongChat "wrong_chat" BAD_REQUEST
    PairCodeWrong "wrong_pair_code" BAD_REQUEST
}

/// The envelope of every refusal.
#[derive(Serialize, ToSchema)]
pub(super) struct Failure {
    /// Always false.
    success: bool,
    code: Code,
    /// A sentence for people.
    message: String,
}

/// One refused request.
#[derive(Debug)]
pub(super) struct ApiError {
    code: Code,
    message: String,
}

impl ApiError {
    fn new(code: Code, message: impl Into<String>) -> Self {
        let mut message = message.into();
        // Some name what they did not like, however long it was.
        if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
            message.truncate(end);
            message.push('…');
        }
        Self { code, message }
    }

    pub(super) fn route() -> Self {
        Self::new(Code::NotFound, "there is no such address")
    }

    pub(super) fn method() -> Self {
        Self::new(Code::MethodNotAllowed, "this address does not take that method")
    }

    pub(super) fn foreign_host() -> Self {
        let message = "the admin API answers only under its own host name";
        Self::new(Code::ForeignHost, message)
    }

    pub(super) fn foreign_origin() -> Self {
        let message = "pages of other sites may not use the admin API";
        Self::new(Code::ForeignOrigin, message)
    }

    pub(super) fn query(message: &str) -> Self {
        Self::new(Code::InvalidQuery, message)
    }

    pub(super) fn no_certificate() -> Self {
        Self::new(Code::UnknownCertificate, "the network does not speak TLS")
    }

    pub(super) fn bad_status() -> Self {
        Self::new(Code::InvalidBody, "a refusal has an HTTP status of 400 to 599")
    }

    pub(super) fn bad_picture() -> Self {
        SimError::BadPicture(PictureError).into()
    }

    pub(super) fn worker() -> Self {
        Self::new(Code::Internal, "the picture could not be worked on")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Failure { success: false, code: self.code, message: self.message };
        (self.code.status(), Json(body)).into_response()
    }
}

impl From<SimError> for ApiError {
    fn from(error: SimError) -> Self {
        let code = match &error {
            SimError::BadAddress(_) => Code::BadAddress,
            SimError::Unregistered => Code::UnknownPhone,
            SimError::BadName => Code::BadName,
            SimError::NumberTaken => Code::NumberTaken,
            SimError::TooManyAccounts => Code::TooManyPhones,
            SimError::BadCode => Code::BadQr,
            SimError::CodeExpired => Code::QrExpired,
            SimError::WrongPairCode => Code::PairCodeWrong,
            SimError::PairCodeExpired => Code::PairCodeExpired,
            SimError::AlreadyScanned => Code::AlreadyScanned,
            SimError::TooManyCompanions => Code::TooManyDevices,
            SimError::CompanionRefused => Code::CompanionRefused,
            SimError::BadSignature => Code::BadSignature,
            SimError::CompanionSilent => Code::CompanionSilent,
            SimError::NoSuchDevice => Code::UnknownDevice,
            SimError::WrongChat => Code::WrongChat,
            SimError::Group(error) => group(*error),
            SimError::Message(error) => message(*error),
            SimError::NoSuchMessage => Code::UnknownMessage,
            SimError::BadText => Code::BadText,
            SimError::BadBusiness => Code::BadBusiness,
            SimError::BadSetting => Code::BadSetting,
            SimError::NoSuchCall => Code::UnknownCall,
            SimError::NoBusiness => Code::UnknownBusiness,
            SimError::NoSuchNewsletter => Code::UnknownNewsletter,
            SimError::NotYourNewsletter => Code::NotYourNewsletter,
            SimError::TooManyNewsletters => Code::TooManyNewsletters,
            SimError::BadIds => Code::BadIds,
            SimError::Scenario(_) => Code::BadScenario,
            SimError::BadCount => Code::BadCount,
            SimError::NoSuchBurst => Code::UnknownBurst,
            SimError::TooManyBursts => Code::TooManyBursts,
            SimError::BadFault => Code::BadFault,
            SimError::NoSuchFault => Code::UnknownFault,
            SimError::TooManyFaults => Code::TooManyFaults,
            SimError::LinkRefused => Code::LinkRefused,
            SimError::BadPicture(_) => Code::BadPicture,
            SimError::NoPicture => Code::UnknownPicture,
            SimError::BadLabel => Code::BadLabel,
            SimError::NoRoom => Code::AppStateFull,
            SimError::Media(error) => media(error),
            SimError::Phone(_) | SimError::Journal(_) => Code::Internal,
            SimError::Stopped => Code::Stopped,
        };
        if code.status().is_server_error() {
            tracing::error!(%error, code = code.name(), "an admin request failed");
        }
        Self::new(code, error.to_string())
    }
}

fn media(error: &MediaError) -> Code {
    match error {
        MediaError::TooLarge => Code::TooLarge,
        MediaError::Full => Code::MediaFull,
        MediaError::Missing => Code::UnknownMedia,
        MediaError::Corrupt => Code::CorruptMedia,
        MediaError::BadToken | MediaError::Mismatch | MediaError::BadOffset | MediaError::Io(..) => Code::Internal,
    }
}

fn group(error: GroupError) -> Code {
    match error {
        GroupError::NoSuchGroup => Code::UnknownGroup,
        GroupError::NotAMember => Code::NotAMember,
        GroupError::NotAnAdmin => Code::NotAnAdmin,
        GroupError::BadText => Code::BadText,
        GroupError::BadRequest => Code::BadChange,
        GroupError::Conflict => Code::DescriptionChanged,
        GroupError::Full => Code::GroupFull,
        GroupError::TooManyGroups => Code::TooManyGroups,
        GroupError::NoSuchInvite => Code::UnknownInvite,
        GroupError::InviteGone => Code::InviteGone,
        GroupError::AlreadyMember => Code::AlreadyMember,
        GroupError::WasRemoved => Code::WasRemoved,
        GroupError::NoSuchPerson => Code::NotConcerned,
        GroupError::IsFounder => Code::IsFounder,
        GroupError::NotAllowed => Code::NotAllowed,
    }
}

fn message(error: MessageError) -> Code {
    match error {
        MessageError::Bad(_) => Code::BadMessage,
        MessageError::NotYours => Code::NotYourMessage,
        MessageError::NotAPoll => Code::UnknownPoll,
        MessageError::NotAnEvent => Code::UnknownEvent,
        MessageError::BadVote => Code::BadVote,
        MessageError::NotEditable => Code::NotEditable,
        MessageError::NotPlayable => Code::NotPlayable,
    }
}

impl From<QrError> for ApiError {
    fn from(error: QrError) -> Self {
        Self::new(Code::BadQr, error.to_string())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Code::InvalidBody,
            _ => Code::InvalidJson,
        };
        Self::new(code, rejection.body_text())
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        let large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(if large { Code::TooLarge } else { Code::InvalidBody }, rejection.body_text())
    }
}

impl From<StringRejection> for ApiError {
    fn from(rejection: StringRejection) -> Self {
        let large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(if large { Code::TooLarge } else { Code::InvalidBody }, rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(Code::InvalidQuery, rejection.body_text())
    }
}

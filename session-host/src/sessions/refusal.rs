//! What went wrong with a request to WhatsApp, in the words of the API: refusals by their number, and a connection that went
//! away. Texts of WhatsApp are for the log only.

use std::fmt::Display;

use contract::command::Failure;
use contract::error::ErrorCode;
use tracing::debug;
use whatsapp_rust::IqError;
use whatsapp_rust::features::{ContactError, GroupError, MexError};

use super::outbox::failure;

/// Why a request brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It did not go out.
    NotSent,
    /// It went out, and the connection went away before the answer.
    Lost,
    /// It went out, and no answer came.
    Late,
    /// WhatsApp refused it.
    Refused(u16),
    /// What was asked for makes no request.
    Senseless,
    /// The answer makes no sense to us.
    Unreadable,
}

impl Trouble {
    /// For what changes nothing, or may be done again: [`ErrorCode::SessionNotConnected`] says that it may be.
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::NotSent | Self::Lost => failure(ErrorCode::SessionNotConnected),
            Self::Late => failure(ErrorCode::Timeout),
            Self::Refused(code) => refused(code),
            Self::Senseless => failure(ErrorCode::InvalidField),
            Self::Unreadable => failure(ErrorCode::Internal),
        }
    }

    /// For what must not be done twice.
    pub(super) fn failure_once(self) -> Failure {
        match self {
            Self::Lost | Self::Late | Self::Unreadable => failure(ErrorCode::OutcomeUnknown),
            other => other.failure(),
        }
    }

    /// For texts: WhatsApp's 406 is about the text.
    pub(super) fn failure_of_text(self) -> Failure {
        match self {
            Self::Refused(406) => Failure { whatsapp_code: Some(406), ..failure(ErrorCode::Refused) },
            other => other.failure(),
        }
    }

    /// Whether WhatsApp's number is one of these.
    pub(super) fn is(self, codes: &[u16]) -> bool {
        matches!(self, Self::Refused(code) if codes.contains(&code))
    }

    fn noted(self, error: &impl Display) -> Self {
        debug!(%error, "WhatsApp did not do what it was asked");
        self
    }
}

fn refused(code: u16) -> Failure {
    let public = match code {
        401 | 403 | 405 => ErrorCode::NotAllowed,
        404 | 406 => ErrorCode::GroupNotFound,
        _ => ErrorCode::Refused,
    };
    Failure { whatsapp_code: Some(code), ..failure(public) }
}

impl From<&IqError> for Trouble {
    fn from(error: &IqError) -> Self {
        let trouble = match error {
            IqError::ServerError { code, .. } => Self::Refused(*code),
            IqError::Timeout => Self::Late,
            IqError::EncodeError(_) => Self::NotSent,
            IqError::ParseError(_) | IqError::UnexpectedResponseType { .. } => Self::Unreadable,
            // Whether it went out is not known: the library says `NotConnected` of both.
            _ => Self::Lost,
        };
        trouble.noted(error)
    }
}

impl From<IqError> for Trouble {
    fn from(error: IqError) -> Self {
        Self::from(&error)
    }
}

impl From<GroupError> for Trouble {
    fn from(error: GroupError) -> Self {
        match &error {
            GroupError::Iq(error) | GroupError::Mex(MexError::Request(error)) => Self::from(error),
            GroupError::Mex(MexError::ExtensionError { code, .. }) => {
                Self::Refused(u16::try_from(*code).unwrap_or_default())
            }
            GroupError::DescriptionConflict => Self::Refused(409),
            GroupError::InvalidRequest(_) => Self::Senseless.noted(&error),
            _ => Self::Unreadable.noted(&error),
        }
    }
}

impl From<ContactError> for Trouble {
    fn from(error: ContactError) -> Self {
        match &error {
            ContactError::Iq(error) => Self::from(error),
            ContactError::InvalidJid(_) => Self::Senseless,
            _ => Self::Unreadable.noted(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: u16) -> (ErrorCode, Option<u16>) {
        let failure = Trouble::Refused(code).failure();
        (failure.code, failure.whatsapp_code)
    }

    #[test]
    fn numbers_of_whatsapp_have_names() {
        for (number, name) in [
            (401, ErrorCode::NotAllowed),
            (403, ErrorCode::NotAllowed),
            (404, ErrorCode::GroupNotFound),
            (406, ErrorCode::GroupNotFound),
            (409, ErrorCode::Refused),
            (419, ErrorCode::Refused),
            (429, ErrorCode::Refused),
        ] {
            assert_eq!(code(number), (name, Some(number)));
        }
        assert_eq!(Trouble::Refused(406).failure_of_text().code, ErrorCode::Refused);
    }

    #[test]
    fn what_must_not_be_done_twice_is_unknown_when_no_answer_came() {
        for trouble in [Trouble::Lost, Trouble::Late, Trouble::Unreadable] {
            assert_eq!(trouble.failure_once().code, ErrorCode::OutcomeUnknown);
        }
        assert_eq!(Trouble::NotSent.failure_once().code, ErrorCode::SessionNotConnected);
        assert_eq!(Trouble::Refused(403).failure_once().code, ErrorCode::NotAllowed);
    }
}

//! The envelope of every JSON answer of the public API. The only place that knows its keys.

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;

/// `{"success":…,"message"?:…,"data"?:…,"code"?:…}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// Whether the request did what it says.
    pub success: bool,
    /// One sentence for people. Some reads have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The answer proper, or what is known about a failure.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub data: Option<T>,
    /// The stable code of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
}

fn none<T>() -> Option<T> {
    None
}

impl<T> Envelope<T> {
    /// A success with a sentence.
    pub fn ok(message: &str, data: T) -> Self {
        Self { success: true, message: Some(message.to_owned()), data: Some(data), code: None }
    }

    /// A success of a read that has no sentence.
    pub fn data(data: T) -> Self {
        Self { success: true, message: None, data: Some(data), code: None }
    }

    /// A failure.
    pub fn failure(code: ErrorCode, message: &str, data: Option<T>) -> Self {
        Self { success: false, message: Some(message.to_owned()), data, code: Some(code) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_keys_are_omitted() {
        let answer = Envelope::data(1);
        assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"success":true,"data":1}"#);
        let failure = Envelope::<()>::failure(ErrorCode::SessionNotFound, "Session not found", None);
        assert_eq!(
            serde_json::to_string(&failure).unwrap(),
            r#"{"success":false,"message":"Session not found","code":"session_not_found"}"#
        );
    }
}

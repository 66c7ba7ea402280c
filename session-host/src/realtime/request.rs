//! What clients say with `subscribe` and `unsubscribe`, read without effects: the argument is the session id, or an object
//! with it. It refuses everything else with a sentence and a code.

use contract::error::ErrorCode;
use contract::id::SessionId;
use serde::Serialize;
use serde_json::Value;

use crate::eventlog::EventId;

/// The code of a failure that only Socket.IO knows: the cursor is older than the log, or from another log.
pub(super) const CURSOR_EXPIRED: &str = "cursor_expired";

/// The code of a failure that only Socket.IO knows: the socket has all the subscriptions it may have.
pub(super) const TOO_MANY_SUBSCRIPTIONS: &str = "too_many_subscriptions";

/// The payload of an `error` reply.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    /// One sentence for people.
    pub message: String,
    /// Stable, for programs.
    pub code: &'static str,
    /// The session in question, when the failure is about a known one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}

impl Failure {
    fn new(code: ErrorCode, message: &str) -> Self {
        Self { message: message.to_owned(), code: code.as_str(), session_id: None }
    }

    /// Events after the client's position may be missing.
    pub(super) fn cursor_expired(session: &SessionId) -> Self {
        Self {
            message: "The cursor is no longer in the event log; continuing with the oldest event there is".to_owned(),
            code: CURSOR_EXPIRED,
            session_id: Some(session.clone()),
        }
    }

    /// The socket is at its limit.
    pub(super) fn too_many_subscriptions(session: &SessionId, limit: usize) -> Self {
        Self {
            message: format!("A connection may subscribe to at most {limit} sessions"),
            code: TOO_MANY_SUBSCRIPTIONS,
            session_id: Some(session.clone()),
        }
    }
}

/// A subscription that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subscribe {
    pub session: SessionId,
    /// Where to resume; absent means with what comes next.
    pub after: Option<EventId>,
}

/// Reads the argument of `subscribe`.
pub(super) fn subscribe(argument: &Value) -> Result<Subscribe, Failure> {
    let session = session(argument)?.ok_or_else(|| Failure::new(ErrorCode::MissingField, "Session ID is required"))?;
    let after = match argument.get("after") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => match text.parse() {
            Ok(id) => Some(id),
            Err(invalid) => return Err(Failure::new(ErrorCode::InvalidField, &format!("{invalid}"))),
        },
        Some(_) => return Err(Failure::new(ErrorCode::InvalidField, "Invalid cursor: after must be a string")),
    };
    Ok(Subscribe { session, after })
}

/// Reads the argument of `unsubscribe`. Nothing asked for is nothing to do, as in the original.
pub(super) fn unsubscribe(argument: &Value) -> Result<Option<SessionId>, Failure> {
    session(argument)
}

fn session(argument: &Value) -> Result<Option<SessionId>, Failure> {
    let id = match argument {
        Value::Object(fields) => fields.get("sessionId").unwrap_or(&Value::Null),
        other => other,
    };
    let text = match id {
        Value::Null | Value::Bool(false) => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::Number(number) if number.as_f64() == Some(0.0) => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let invalid = |_| Failure::new(ErrorCode::InvalidSessionId, ErrorCode::InvalidSessionId.message());
    SessionId::parse(&text).map(Some).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(text: &str) -> SessionId {
        SessionId::parse(text).unwrap()
    }

    #[test]
    fn a_session_is_named_by_text_number_or_object() {
        for argument in [json!("7"), json!(7), json!({"sessionId": "7"}), json!({"sessionId": 7, "after": null})] {
            assert_eq!(subscribe(&argument), Ok(Subscribe { session: id("7"), after: None }), "{argument}");
            assert_eq!(unsubscribe(&argument), Ok(Some(id("7"))));
        }
        let resumed = subscribe(&json!({"sessionId": "a", "after": "12-3"})).unwrap();
        assert_eq!(resumed.after, Some("12-3".parse().unwrap()));
    }

    #[test]
    fn nothing_is_a_missing_id() {
        for argument in [json!(null), json!(""), json!(0), json!(false), json!({}), json!({"sessionId": ""})] {
            let failure = subscribe(&argument).unwrap_err();
            assert_eq!((failure.message.as_str(), failure.code), ("Session ID is required", "missing_field"));
            assert_eq!(unsubscribe(&argument), Ok(None));
        }
    }

    #[test]
    fn garbage_is_refused() {
        for argument in [json!("a b"), json!(true), json!(["a"]), json!(1.5), json!({"sessionId": {}}), json!("a:b")] {
            assert_eq!(subscribe(&argument).unwrap_err().code, "invalid_session_id", "{argument}");
        }
        for after in [json!(""), json!(7), json!("now"), json!({})] {
            let failure = subscribe(&json!({"sessionId": "a", "after": after})).unwrap_err();
            assert_eq!(failure.code, "invalid_field");
        }
    }
}

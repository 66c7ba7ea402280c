//! What is posted: the original's five fields, and more beside them.

use contract::id::SessionId;
use contract::webhook::Posted;
use serde::Serialize;
use serde_json::{Map, Value};

/// The events whose data are their message itself.
const MESSAGES: [&str; 2] = ["message", "message.sent"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    event: &'a str,
    session_id: &'a SessionId,
    metadata: &'a Map<String, Value>,
    data: Value,
    timestamp: &'a str,
    /// The delivery.
    id: &'a str,
    /// The entry of the event log.
    #[serde(skip_serializing_if = "str::is_empty")]
    cursor: &'a str,
}

/// The body of a delivery. `data` is what a socket gets beside session and time; of messages, the message.
pub(crate) fn body(id: &str, cursor: &str, posted: &Posted, metadata: &Map<String, Value>) -> Vec<u8> {
    let fields = &posted.payload.fields;
    let message = MESSAGES.contains(&posted.event.as_str()).then(|| fields.get("message")).flatten();
    let body = Body {
        event: &posted.event,
        session_id: &posted.payload.session_id,
        metadata,
        data: message.cloned().unwrap_or_else(|| Value::Object(fields.clone())),
        timestamp: &posted.payload.timestamp,
        id,
        cursor,
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(posted: &Value) -> Value {
        let posted: Posted = serde_json::from_value(posted.clone()).unwrap();
        let metadata = json!({"shop": 1});
        serde_json::from_slice(&body("d", "1-0", &posted, metadata.as_object().unwrap())).unwrap()
    }

    #[test]
    fn a_message_is_the_data() {
        let payload = json!({"sessionId": "s", "timestamp": "t", "message": {"id": "A"}});
        let expected = json!({
            "event": "message", "sessionId": "s", "metadata": {"shop": 1}, "data": {"id": "A"}, "timestamp": "t",
            "id": "d", "cursor": "1-0",
        });
        assert_eq!(of(&json!({"event": "message", "payload": payload})), expected);
    }

    #[test]
    fn other_events_have_their_fields() {
        let payload = json!({"sessionId": "s", "timestamp": "t", "status": "connected", "name": "n"});
        let posted = json!({"event": "connection.update", "payload": payload});
        assert_eq!(of(&posted)["data"], json!({"status": "connected", "name": "n"}));
    }
}

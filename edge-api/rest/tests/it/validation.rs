//! What is refused, with which status, code and sentence, in which order.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::api::Api;
use crate::host::{self, Manner};

const SEND: &str = "/api/whatsapp/chats/send-text";
const HISTORY: &str = "/api/whatsapp/chats/messages";
const NOT_CONNECTED: &str = "Session not connected. Please scan QR code first.";
const BAD_ID: &str = "Invalid session ID. Use only letters, numbers, underscore, and dash.";
const BAD_RECIPIENT: &str = "Invalid recipient: not a phone number or WhatsApp ID";

#[tokio::test]
async fn bodies() {
    let api = Api::start(&[]).await;
    for path in [SEND, HISTORY] {
        let malformed =
            |reply: crate::api::Reply| reply.assert_failure(400, "malformed_body", "Request body is not valid JSON");
        for text in ["{bad", "1", "\"x\"", "null", "true", "{\"a\":1}x", "{\"a\":\"\u{1}\"}", &"[".repeat(5000)] {
            malformed(api.call_raw("POST", path, "application/json", text).await);
        }
        malformed(api.call_raw("POST", path, "application/json", b"{\"a\":\"\xff\"}").await);
        let marked = api.call_raw("POST", path, "application/json", b"\xef\xbb\xbf{}").await;
        marked.assert_failure(400, "missing_field", "Missing required field: sessionId");
        let form = api.call_raw("POST", path, "application/x-www-form-urlencoded", "a=%zz").await;
        form.assert_failure(400, "malformed_body", "Request body is not a valid form");
        let required =
            |reply: crate::api::Reply| reply.assert_failure(400, "body_required", "Request body is required");
        required(api.call("POST", path).await);
        required(api.call_raw("POST", path, "text/plain", "{\"sessionId\":\"a\"}").await);
        let untyped = Request::builder().method("POST").uri(path).header("content-type", "application/json");
        required(api.send(untyped.body(Body::empty()).unwrap()).await);
    }
}

#[tokio::test]
async fn large_bodies() {
    let api = Api::start(&[]).await;
    let fits = format!("{{\"a\":\"{}\"}}", "x".repeat(100 * 1024 - 8));
    assert_eq!(fits.len(), 100 * 1024);
    let missing = "Missing required field: sessionId";
    api.call_raw("POST", SEND, "application/json", fits.clone()).await.assert_failure(400, "missing_field", missing);
    let large = format!("{fits} ");
    let too_large = |reply: crate::api::Reply| reply.assert_failure(413, "body_too_large", "Request body is too large");
    too_large(api.call_raw("POST", SEND, "application/json", large).await);
    // Without an announced length the bytes are counted; the endless body is not read to its end.
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096])));
    let request = Request::builder().method("POST").uri(SEND).header("content-type", "application/json");
    too_large(api.send(request.body(Body::from_stream(endless)).unwrap()).await);
}

/// Where nothing before this component waits for a body, it must not be waited for without end.
#[tokio::test]
async fn bodies_that_stall() {
    let api = Api::start(&[("api_key", "secret")]).await;
    let stalled = |key: &str, length: &str| {
        let body = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) }).chain(stream::pending());
        let request = Request::builder().method("POST").uri(SEND).header("content-type", "application/json");
        let request = request.header("x-api-key", key).header("content-length", length);
        api.send(request.body(Body::from_stream(body)).unwrap())
    };
    let begun = Instant::now();
    stalled("guess", "5000").await.assert_failure(403, "invalid_api_key", "Invalid API key");
    let large = stalled("secret", "99999999999").await;
    large.assert_failure(413, "body_too_large", "Request body is too large");
    assert!(begun.elapsed() < Duration::from_secs(5), "what can be known at once is answered at once");
    let late = stalled("secret", "5000").await;
    late.assert_failure(408, "request_timeout", "The request did not arrive in time");
}

#[tokio::test]
async fn the_checks_of_chat_routes_in_their_order() {
    let api = Api::start(&[]).await;
    api.given_session("waiting", &[("status", "qr_ready"), ("qr", "data:image/png;base64,iVBORw0KGgo=")]).await;
    let _host = host::start(&api, "up", Manner::Sends).await;
    let send_fields = "Missing required fields: chatId, message";
    let history_fields = "Missing required field: chatId";
    for (path, fields) in [(SEND, send_fields), (HISTORY, history_fields)] {
        for (body, status, code, message) in [
            (json!([]), 400, "missing_field", "Missing required field: sessionId"),
            (json!({}), 400, "missing_field", "Missing required field: sessionId"),
            (json!({"sessionId": ""}), 400, "missing_field", "Missing required field: sessionId"),
            (json!({"sessionId": null, "chatId": "x"}), 400, "missing_field", "Missing required field: sessionId"),
            (json!({"sessionId": 0}), 400, "missing_field", "Missing required field: sessionId"),
            (json!({"sessionId": ["up"]}), 400, "invalid_field", "sessionId must be a string"),
            (json!({"sessionId": "nobody"}), 404, "session_not_found", "Session not found"),
            (json!({"sessionId": "../up"}), 404, "session_not_found", "Session not found"),
            (json!({"sessionId": 12}), 404, "session_not_found", "Session not found"),
            (json!({"session": "nobody"}), 404, "session_not_found", "Session not found"),
            (
                json!({"sessionId": "nobody", "chatId": "6281200001111", "message": "x"}),
                404,
                "session_not_found",
                "Session not found",
            ),
            (json!({"sessionId": "waiting"}), 400, "session_not_connected", NOT_CONNECTED),
            (
                json!({"sessionId": "waiting", "chatId": "6281200001111", "message": "x"}),
                400,
                "session_not_connected",
                NOT_CONNECTED,
            ),
            (json!({"sessionId": "up"}), 400, "missing_field", fields),
            (json!({"sessionId": "up", "chatId": "", "message": "x"}), 400, "missing_field", fields),
            (json!({"sessionId": "up", "chatId": 0, "message": "x"}), 400, "missing_field", fields),
            (
                json!({"sessionId": "up", "chatId": {"a": 1}, "message": "x"}),
                400,
                "invalid_field",
                "chatId must be a string",
            ),
            (json!({"sessionId": "up", "chatId": "abc", "message": "x"}), 400, "invalid_recipient", BAD_RECIPIENT),
        ] {
            let reply = api.call_json("POST", path, &body).await;
            reply.assert_failure(status, code, message);
        }
    }
}

#[tokio::test]
async fn fields_of_a_text() {
    let api = Api::start(&[]).await;
    let _host = host::start(&api, "up", Manner::Sends).await;
    let long = "x".repeat(65_537);
    for (field, value, code, message) in [
        ("message", json!(""), "missing_field", "Missing required fields: chatId, message"),
        ("message", json!(false), "missing_field", "Missing required fields: chatId, message"),
        ("message", json!(true), "invalid_field", "message must be a string"),
        ("message", json!({"a": 1}), "invalid_field", "message must be a string"),
        ("message", json!(long), "invalid_field", "message may have at most 65536 characters"),
        ("typingTime", json!("soon"), "invalid_field", "typingTime must be a number"),
        ("typingTime", json!(true), "invalid_field", "typingTime must be a number"),
        ("typingTime", json!([1]), "invalid_field", "typingTime must be a number"),
        ("replyTo", json!("a b"), "invalid_field", "replyTo must be a message id"),
        ("replyTo", json!({"id": "x"}), "invalid_field", "replyTo must be a string"),
        ("replyTo", json!("x".repeat(129)), "invalid_field", "replyTo must be a message id"),
    ] {
        let mut body = json!({"sessionId": "up", "chatId": "6281200001111", "message": "hi"});
        body[field] = value;
        api.call_json("POST", SEND, &body).await.assert_failure(400, code, message);
    }
    for key in ["", " ", "a b", "\u{e4}", &"k".repeat(256)] {
        let request = Request::builder().method("POST").uri(SEND).header("content-type", "application/json");
        let body = json!({"sessionId": "up", "chatId": "6281200001111", "message": "hi"}).to_string();
        let reply = api.send(request.header("idempotency-key", key.as_bytes()).body(Body::from(body)).unwrap()).await;
        let message = "Invalid Idempotency-Key: 1 to 255 visible ASCII characters";
        reply.assert_failure(400, "invalid_idempotency_key", message);
    }
}

#[tokio::test]
async fn garbage_recipients_reach_nobody() {
    let api = Api::start(&[]).await;
    let mut host = host::start(&api, "up", Manner::Sends).await;
    let mut garbage: Vec<String> = [
        "status@broadcast",
        "abc",
        "@",
        "@s.whatsapp.net",
        "12@s.whatsapp.net",
        "x@g.us",
        "1@2@lid",
        "6281200001111@example.org",
        "🙂",
    ]
    .map(str::to_owned)
    .to_vec();
    // Every ASCII character that is no digit, no separator of phone numbers, in the middle of one; and every bad length.
    garbage.extend(
        (0x21..0x7f_u8).map(char::from).filter(|c| !"0123456789-.()/".contains(*c)).map(|c| format!("62812{c}0000")),
    );
    garbage.extend((1..7).chain(16..40).map(|length| "6".repeat(length)));
    for chat in garbage {
        let reply = api.call_json("POST", SEND, &json!({"sessionId": "up", "chatId": chat, "message": "x"})).await;
        reply.assert_failure(400, "invalid_recipient", BAD_RECIPIENT);
    }
    assert!(host.seen.try_recv().is_err(), "a garbage recipient reached the host");
}

#[tokio::test]
async fn session_ids_of_paths() {
    let api = Api::start(&[]).await;
    host::heartbeat(&api).await;
    for bad in ["bad%20id", "..%2Fetc", "%2e%2e%2fx", "a%2fb", "..", "%ff", "%zz", "a%7Bb%7D"] {
        let at = |rest: &str| format!("/api/whatsapp/sessions/{bad}{rest}");
        api.call("POST", &at("/connect")).await.assert_failure(400, "invalid_session_id", BAD_ID);
        api.call("GET", &at("/status")).await.assert_failure(404, "session_not_found", "Session not found");
        api.call("PATCH", &at("/config")).await.assert_failure(404, "session_not_found", "Session not found");
        api.call("DELETE", &at("")).await.assert_failure(404, "session_not_found", "Session not found");
        let message = "Session not found. Please create session first.";
        api.call("GET", &at("/qr")).await.assert_failure(404, "session_not_found", message);
        assert_eq!(api.call("GET", &at("/qr/image")).await.body, b"QR Code not available");
    }
    let long = format!("/api/whatsapp/sessions/{}/connect", "x".repeat(65));
    let message = "Invalid session ID. Use at most 64 characters.";
    api.call("POST", &long).await.assert_failure(400, "invalid_session_id", message);
}

#[tokio::test]
async fn configuration_of_a_session() {
    let api = Api::start(&[]).await;
    host::heartbeat(&api).await;
    api.given_session("s", &[("status", "disconnected")]).await;
    for (body, code, message) in [
        (json!({"metadata": "x"}), "invalid_field", "metadata must be an object"),
        (json!({"webhooks": {"a": 1}}), "invalid_field", "webhooks must be an array"),
        (
            json!({"webhooks": [{"url": "ftp://x.example"}]}),
            "invalid_field",
            "webhooks[].url must be an http or https URL",
        ),
        (json!({"webhooks": [null]}), "invalid_field", "webhooks[].url must be an http or https URL"),
    ] {
        api.call_json("PATCH", "/api/whatsapp/sessions/s/config", &body).await.assert_failure(400, code, message);
        api.call_json("POST", "/api/whatsapp/sessions/s/connect", &body).await.assert_failure(400, code, message);
    }
    for (network, code, message) in [
        (json!("moon"), "invalid_field", "network must be \"live\" or \"sandbox\""),
        (json!(1), "invalid_field", "network must be \"live\" or \"sandbox\""),
        (json!("sandbox"), "sandbox_not_configured", "No sandbox is configured on this server"),
    ] {
        let reply = api.call_json("POST", "/api/whatsapp/sessions/new/connect", &json!({"network": network})).await;
        reply.assert_failure(400, code, message);
    }
    assert_eq!(api.call("GET", "/api/whatsapp/sessions").await.json()["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn pages_of_history() {
    let api = Api::start(&[]).await;
    let _host = host::start(&api, "up", Manner::Sends).await;
    let limit = "limit must be a whole number from 1 to 500";
    for (field, value, message) in [
        ("limit", json!(0), limit),
        ("limit", json!(-1), limit),
        ("limit", json!(1.5), limit),
        ("limit", json!(501), limit),
        ("limit", json!("many"), "limit must be a number"),
        ("limit", json!([1]), "limit must be a number"),
        ("cursor", json!("~x~3EB0"), "Unknown cursor"),
        ("cursor", json!("a b"), "Unknown cursor"),
        ("cursor", json!("3EB0NEVER"), "Unknown cursor"),
        ("cursor", json!([]), "cursor must be a string"),
    ] {
        let mut body = json!({"sessionId": "up", "chatId": "6281200001111"});
        body[field] = value;
        api.call_json("POST", HISTORY, &body).await.assert_failure(400, "invalid_field", message);
    }
}

#[tokio::test]
async fn the_originals_statuses_on_request() {
    let api = Api::start(&[("legacy_status", "true")]).await;
    let _host = host::start(&api, "up", Manner::Refuses(contract::error::ErrorCode::SendRefused)).await;
    let internal = |reply: crate::api::Reply, code| reply.assert_failure(500, code, "Internal Server Error");
    internal(api.call_raw("POST", SEND, "application/json", "{bad").await, "malformed_body");
    internal(api.call_raw("POST", SEND, "application/json", "x".repeat(100 * 1024 + 1)).await, "body_too_large");
    api.call("POST", "/api/whatsapp/sessions/bad%20id/connect").await.assert_failure(200, "invalid_session_id", BAD_ID);
    api.call("DELETE", "/api/whatsapp/sessions/nobody").await.assert_failure(
        200,
        "session_not_found",
        "Session not found",
    );
    let reply = api.call("POST", "/api/whatsapp/sessions/up/connect").await;
    reply.assert_failure(200, "session_already_connected", "Session already connected");
    assert_eq!(reply.json()["data"]["isConnected"], Value::Bool(true));
    let body = json!({"sessionId": "up", "chatId": "6281200001111", "message": "x"});
    api.call_json("POST", SEND, &body).await.assert_failure(200, "send_refused", "WhatsApp refused the message");
    // What the original answers truly stays as it is.
    api.call("POST", SEND).await.assert_failure(400, "body_required", "Request body is required");
    api.call("GET", "/api/whatsapp/sessions/nobody/status").await.assert_failure(
        404,
        "session_not_found",
        "Session not found",
    );
    let reply = api.call("GET", "/api/whatsapp/sessions/up/nope").await;
    assert_eq!(reply.header("content-length").unwrap(), reply.body.len().to_string());
}

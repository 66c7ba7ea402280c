//! Bad input over the real port: each gets its status, its code and its sentence, and nothing is sent.

use contract::routes;
use e2e::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};

/// What a client is answered: status, code, message.
type Refusal = (u16, &'static str, &'static str);

/// A case: what it shows, route, body, answer.
type Case = (&'static str, &'static str, Value, Refusal);

const SEND: &str = routes::SEND_TEXT;
const READ: &str = routes::MESSAGES;
const CONNECT_NEW: &str = "/api/whatsapp/sessions/new/connect";

const NO_SESSION: Refusal = (404, "session_not_found", "Session not found");
const NO_FIELDS: Refusal = (400, "missing_field", "Missing required fields: chatId, message");
const NOBODY: Refusal = (400, "invalid_recipient", "Invalid recipient: not a phone number or WhatsApp ID");
const NOT_REGISTERED: Refusal = (400, "recipient_not_on_whatsapp", "Number is not registered on WhatsApp");
const NOT_LINKED: Refusal = (400, "session_not_connected", "Session not connected. Please scan QR code first.");

const fn wrong(message: &'static str) -> Refusal {
    (400, "invalid_field", message)
}

/// Bodies for `send-text`, each a good one with one thing wrong.
fn sends(to: &str) -> Vec<Case> {
    let but = |field: &str, value: Value| {
        let mut body = json!({ "sessionId": "shop", "chatId": to, "message": "must not arrive" });
        body[field] = value;
        body
    };
    let missing = (400, "missing_field", "Missing required field: sessionId");
    let long = json!("x".repeat(65_537));
    vec![
        ("no session", SEND, but("sessionId", json!(null)), missing),
        ("session of a wrong type", SEND, but("sessionId", json!({})), wrong("sessionId must be a string")),
        ("unknown session", SEND, but("sessionId", json!("none")), NO_SESSION),
        ("session with a path", SEND, but("sessionId", json!("../shop")), NO_SESSION),
        ("session not linked", SEND, but("sessionId", json!("waiting")), NOT_LINKED),
        ("no chat", SEND, but("chatId", json!(0)), NO_FIELDS),
        ("no text", SEND, but("message", json!("")), NO_FIELDS),
        ("text of a wrong type", SEND, but("message", json!(["x"])), wrong("message must be a string")),
        ("text too long", SEND, but("message", long), wrong("message may have at most 65536 characters")),
        ("chat of a wrong type", SEND, but("chatId", json!({"a": 1})), wrong("chatId must be a string")),
        ("garbage recipient", SEND, but("chatId", json!("abc")), NOBODY),
        ("address without user", SEND, but("chatId", json!("@s.whatsapp.net")), NOBODY),
        ("address elsewhere", SEND, but("chatId", json!("x@example.com")), NOBODY),
        ("number nobody has", SEND, but("chatId", json!("15550009999")), NOT_REGISTERED),
        ("typing of a wrong type", SEND, but("typingTime", json!("soon")), wrong("typingTime must be a number")),
        ("a quote that is none", SEND, but("replyTo", json!("a b")), wrong("replyTo must be a message id")),
    ]
}

/// Bodies for other routes.
fn others(to: &str) -> Vec<Case> {
    let read = |field: &str, value: Value| json!({ "sessionId": "shop", "chatId": to, field: value });
    let limit = wrong("limit must be a whole number from 1 to 500");
    let network = wrong("network must be \"live\" or \"sandbox\"");
    vec![
        ("limit out of range", READ, read("limit", json!(501)), limit),
        ("limit of a wrong type", READ, read("limit", json!([])), wrong("limit must be a number")),
        ("cursor of nowhere", READ, read("cursor", json!("3EB0000000000000")), wrong("Unknown cursor")),
        ("metadata of a wrong type", CONNECT_NEW, json!({"metadata": 1}), wrong("metadata must be an object")),
        ("network that is none", CONNECT_NEW, json!({"network": "radio"}), network),
        ("no such route", "/api/whatsapp/chats/nothing", json!({}), (404, "route_not_found", "Route not found")),
    ]
}

/// What every phone shows, by name and message id: the demo has a past.
async fn everything_shown(stack: &Stack) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut shown = Vec::new();
    for phone in stack.phones.all().await? {
        let messages = stack.phones.messages(&phone.number).await?;
        shown.push((phone.name, messages.into_iter().map(|message| message.id).collect()));
    }
    Ok(shown)
}

#[tokio::test]
async fn bad_bodies_are_refused_and_nothing_is_sent() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    stack.api.connect("waiting").await?;
    let alice = stack.phones.create("Alice").await?.number;
    let before = everything_shown(&stack).await?;
    for (case, route, body, (status, code, message)) in sends(&alice).into_iter().chain(others(&alice)) {
        let answer = stack.api.post(route, &body).await?;
        assert_eq!((answer.status, answer.code()), (status, code), "{case}: {answer:?}");
        assert_eq!((&answer.body["message"], &answer.body["success"]), (&json!(message), &json!(false)), "{case}");
    }
    assert!(stack.api.texts("shop", &alice).await?.is_empty());
    assert_eq!(everything_shown(&stack).await?, before);
    assert_eq!(stack.api.sessions().await?.len(), 2);
    stack.stop().await
}

#[tokio::test]
async fn bad_requests_are_refused() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let json = "application/json";
    let broken = |text: &str| text.as_bytes().to_vec();
    // Its size is more than a body may have; what is in it does not matter any more.
    let large = format!(r#"{{"sessionId":"shop","chatId":"6281200001111","message":"{}"}}"#, "x".repeat(100 * 1024));
    let cases = [
        ("malformed JSON", json, broken(r#"{"sessionId": "shop""#), 400, "malformed_body"),
        ("a text", json, broken(r#""shop""#), 400, "malformed_body"),
        ("no UTF-8", json, vec![b'{', b'"', 0xff, b'"', b'}'], 400, "malformed_body"),
        ("another type", "text/plain", broken("{}"), 400, "body_required"),
        ("too large", json, large.into_bytes(), 413, "body_too_large"),
    ];
    for (case, kind, body, status, code) in cases {
        let request = stack.api.request(Method::POST, SEND).header("content-type", kind).body(body);
        let answer = stack.api.ask(request).await?;
        assert_eq!((answer.status, answer.code()), (status, code), "{case}: {answer:?}");
    }
    let nothing = stack.api.ask(stack.api.request(Method::POST, SEND)).await?;
    assert_eq!((nothing.status, nothing.code()), (400, "body_required"));
    let key = "k".repeat(256);
    let text = json!({ "sessionId": "shop", "chatId": "6281200001111", "message": "x" });
    assert_eq!(stack.api.send(&text, Some(&key)).await?.code(), "session_not_found", "that comes first");

    // Session ids are names, never paths.
    for id in ["..%2Fshop", "%2e%2e%2Fshop", "a%20b", "a%00b", "%7Bshop%7D", "caf%C3%A9", &"x".repeat(65)] {
        let connect = stack.api.ask(stack.api.request(Method::POST, &e2e::api::of(routes::CONNECT, id))).await?;
        assert_eq!((connect.status, connect.code()), (400, "invalid_session_id"), "{id}: {connect:?}");
        let status = stack.api.get(&e2e::api::of(routes::STATUS, id)).await?;
        assert_eq!((status.status, status.code()), (404, "session_not_found"), "{id}");
        assert_eq!(stack.api.delete(id).await?.code(), "session_not_found", "{id}");
        assert_eq!(stack.api.qr_image(id).await?.0, 404, "{id}");
    }
    let wrong_method = stack.api.get(SEND).await?;
    assert_eq!((wrong_method.status, wrong_method.code()), (404, "route_not_found"));
    assert!(stack.api.sessions().await?.is_empty());
    stack.stop().await
}

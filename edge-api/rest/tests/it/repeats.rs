//! `Idempotency-Key` on the routes of sessions: many requests at once, and sessions that end in between.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use edge_core::ids;
use futures::StreamExt;
use futures::future::join_all;
use redis::AsyncCommands;
use serde_json::{Value, json};

use crate::api::{Api, Reply};
use crate::host::{self, Manner};

const WEBHOOKS: &str = "/api/whatsapp/sessions/s/webhooks";
const CONNECT: &str = "/api/whatsapp/sessions/s/connect";
const CONFIG: &str = "/api/whatsapp/sessions/s/config";
const SESSION: &str = "/api/whatsapp/sessions/s";
const SEND: &str = "/api/whatsapp/chats/send-text";
const REUSED: &str = "Idempotency-Key was already used with a different request";

async fn ask_raw(api: &Api, method: &str, path: &str, key: &str, body: String) -> Reply {
    let request = Request::builder().method(method).uri(path).header("idempotency-key", key);
    let request = request.header("content-type", "application/json").header("content-length", body.len());
    api.send(request.body(Body::from(body)).unwrap()).await
}

async fn ask(api: &Api, method: &str, path: &str, key: &str, body: &Value) -> Reply {
    ask_raw(api, method, path, key, body.to_string()).await
}

fn hook(number: usize) -> Value {
    json!({ "url": format!("https://a.example/{number}") })
}

async fn hooks(api: &Api) -> usize {
    let shown = api.call("GET", "/api/whatsapp/sessions/s/status").await.assert_success("Status retrieved");
    shown["webhooks"].as_array().unwrap().len()
}

fn answer_key(key: &str) -> String {
    SessionKeys::new(&SessionId::parse("s").unwrap()).answered(&ids::fingerprint(key.as_bytes()))
}

#[tokio::test]
async fn of_many_different_requests_one_is_done() {
    let api = Api::start(&[]).await;
    api.given_session("s", &[]).await;
    let bodies: Vec<Value> = (0..8).map(hook).collect();
    let replies = join_all(bodies.iter().map(|body| ask(&api, "POST", WEBHOOKS, "k", body))).await;
    let (done, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((done.len(), hooks(&api).await), (1, 1));
    for reply in refused {
        reply.assert_failure(409, "idempotency_key_reused", REUSED);
    }
}

#[tokio::test]
async fn many_of_the_same_request_have_one_answer() {
    let api = Api::start(&[]).await;
    host::heartbeat(&api).await;
    let mut wakes = api.server.client().get_async_pubsub().await.unwrap();
    wakes.subscribe(keys::WAKE).await.unwrap();
    let host = async {
        wakes.on_message().next().await.unwrap();
        let record = [("status", "qr_ready"), ("qr", "data:image/png;base64,iVBORw0KGgo=")];
        let _: () = api.redis.clone().hset_multiple("chatery:{s}:session", &record).await.unwrap();
    };
    let body = json!({});
    let (replies, ()) = tokio::join!(join_all((0..4).map(|_| ask(&api, "POST", CONNECT, "k", &body))), host);
    for reply in &replies {
        reply.assert_success("Session created");
        assert_eq!(reply.body, replies[0].body);
    }
    let wishes: String = api.redis.clone().hget("chatery:{s}:session", "wish").await.unwrap();
    assert_eq!(wishes, "1");
}

#[tokio::test]
async fn who_died_with_the_key_holds_up_nobody_for_long() {
    let api = Api::start(&[]).await;
    api.given_session("s", &[]).await;
    ask(&api, "POST", WEBHOOKS, "k", &hook(1)).await.assert_success("Webhook added");
    // As a request leaves it that died at its work.
    let mut redis = api.redis.clone();
    let _: () = redis.hdel(answer_key("k"), &["status", "of"]).await.unwrap();
    let _: () = redis.hset(answer_key("k"), "by", "another").await.unwrap();
    let _: () = redis.pexpire(answer_key("k"), 400).await.unwrap();
    ask(&api, "POST", WEBHOOKS, "k", &hook(2)).await.assert_failure(409, "idempotency_key_reused", REUSED);
    let begun = Instant::now();
    ask(&api, "POST", WEBHOOKS, "k", &hook(1)).await.assert_success("Webhook added");
    assert!(begun.elapsed() >= Duration::from_millis(200), "it did not wait for the one before it");
    let kept: u64 = redis.ttl(answer_key("k")).await.unwrap();
    assert!(kept > 86_000, "{kept}");
}

#[tokio::test]
async fn what_failed_gives_its_key_back() {
    let api = Api::start(&[]).await;
    ask(&api, "POST", WEBHOOKS, "k", &hook(1)).await.assert_failure(404, "session_not_found", "Session not found");
    // The session is recorded, but no host heard of it.
    assert_eq!(ask(&api, "POST", CONNECT, "k", &json!({})).await.json()["code"], "no_host");
    let held: bool = api.redis.clone().exists(answer_key("k")).await.unwrap();
    assert!(!held);
    ask(&api, "POST", WEBHOOKS, "k", &hook(1)).await.assert_success("Webhook added");
}

#[tokio::test]
async fn answers_end_with_their_session_but_for_that_of_its_end() {
    let api = Api::start(&[]).await;
    host::heartbeat(&api).await;
    let mut wakes = api.server.client().get_async_pubsub().await.unwrap();
    wakes.subscribe(keys::WAKE).await.unwrap();
    let host = async {
        let mut heard = wakes.on_message();
        loop {
            heard.next().await.unwrap();
            let mut redis = api.redis.clone();
            let desired: String = redis.hget("chatery:{s}:session", "desired").await.unwrap();
            if desired == "deleted" {
                let _: () = redis.del("chatery:{s}:session").await.unwrap();
            } else {
                let _: () = redis.hset("chatery:{s}:session", "status", "qr_ready").await.unwrap();
            }
        }
    };
    let client = async {
        let (empty, metadata) = (json!({}), json!({"metadata": {"a": 1}}));
        ask(&api, "POST", CONNECT, "c", &empty).await.assert_success("Session created");
        ask(&api, "PATCH", CONFIG, "m", &metadata).await.assert_success("Session config updated");
        let deleted = ask(&api, "DELETE", SESSION, "d", &empty).await;
        deleted.assert_success("Session deleted successfully");
        ask(&api, "DELETE", SESSION, "d", &empty).await.assert_success("Session deleted successfully");
        let gone = ask(&api, "PATCH", CONFIG, "m", &metadata).await;
        gone.assert_failure(404, "session_not_found", "Session not found");
        ask(&api, "POST", CONNECT, "c", &empty).await.assert_success("Session created");
        let alive = api.call("GET", "/api/whatsapp/sessions/s/status").await.assert_success("Status retrieved");
        assert_eq!(alive["metadata"], json!({}));
        ask(&api, "PATCH", CONFIG, "m", &metadata).await.assert_success("Session config updated");
        // One that is about to be deleted does not stand for its answers either.
        let _: () = api.redis.clone().hset("chatery:{s}:session", "desired", "deleted").await.unwrap();
        let reply = ask(&api, "POST", CONNECT, "c", &empty).await;
        reply.assert_failure(504, "timeout", "The session is being deleted; connect again in a moment.");
    };
    tokio::select! {
        () = host => {}
        () = client => {}
    }
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_any_kind() {
    let api = Api::start(&[]).await;
    let _host = host::start(&api, "s", Manner::Sends).await;
    let text = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    ask(&api, "POST", SEND, "sent", &text).await.assert_success("Message sent successfully");
    ask(&api, "PATCH", CONFIG, "sent", &json!({})).await.assert_failure(409, "idempotency_key_reused", REUSED);
    ask(&api, "PATCH", CONFIG, "set", &json!({})).await.assert_success("Session config updated");
    ask(&api, "POST", SEND, "set", &text).await.assert_failure(409, "idempotency_key_reused", REUSED);
    ask(&api, "PATCH", CONFIG, "set", &json!({})).await.assert_success("Session config updated");
    // What a session of this name was asked before it was deleted is forgotten.
    let _: () = api.redis.clone().hset("chatery:{s}:session", "created", "1700000000001").await.unwrap();
    ask(&api, "POST", SEND, "set", &text).await.assert_success("Message sent successfully");
}

#[tokio::test]
async fn the_spelling_of_a_request_does_not_matter() {
    let api = Api::start(&[]).await;
    api.given_session("s", &[]).await;
    let one = r#"{"metadata":{"a":1,"b":{"c":[1,2],"d":null}},"webhooks":[]}"#;
    let same = r#" {"webhooks":[], "metadata": {"b":{"d":null,"c":[1,2]},"a":1}} "#;
    let other = r#"{"metadata":{"a":1,"b":{"c":[2,1],"d":null}},"webhooks":[]}"#;
    let first = ask_raw(&api, "PATCH", CONFIG, "k", one.to_owned()).await;
    let message = first.assert_success("Session config updated");
    let again = ask_raw(&api, "PATCH", CONFIG, "k", same.to_owned()).await;
    assert_eq!(again.assert_success("Session config updated"), message);
    let refused = ask_raw(&api, "PATCH", CONFIG, "k", other.to_owned()).await;
    refused.assert_failure(409, "idempotency_key_reused", REUSED);
    let spelled = ask_raw(&api, "PATCH", "/API/whatsapp/Sessions/s/Config/", "k", one.to_owned()).await;
    assert_eq!(spelled.body, first.body);
}

#[tokio::test]
async fn two_keys_are_none() {
    let api = Api::start(&[]).await;
    let _host = host::start(&api, "s", Manner::Sends).await;
    let text = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    for (method, path, body) in [("POST", SEND, &text), ("PATCH", CONFIG, &json!({}))] {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.header("idempotency-key", "a").header("idempotency-key", "b");
        let reply = api.send(request.body(Body::from(body.to_string())).unwrap()).await;
        reply.assert_failure(400, "invalid_idempotency_key", "There may be only one Idempotency-Key");
    }
}

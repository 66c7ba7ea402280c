//! Creating, reading, configuring and deleting sessions.

use std::time::{Duration, Instant};

use contract::keys;
use futures::StreamExt;
use redis::AsyncCommands;
use serde_json::{Value, json};

use crate::api::Api;
use crate::host;

async fn field(api: &Api, session: &str, name: &str) -> Option<String> {
    api.redis.clone().hget(format!("chatery:{{{session}}}:session"), name).await.unwrap()
}

async fn set(api: &Api, session: &str, fields: &[(&str, &str)]) {
    let _: () = api.redis.clone().hset_multiple(format!("chatery:{{{session}}}:session"), fields).await.unwrap();
}

/// Webhooks without what the server adds: an id, and how they stand.
fn plain(webhooks: &Value) -> Value {
    let of_client = |hook: &Value| json!({ "url": hook["url"], "events": hook["events"] });
    webhooks.as_array().unwrap().iter().map(of_client).collect()
}

#[tokio::test]
async fn a_new_session_answers_with_its_qr_code() {
    let api = Api::start(&[("sandbox_enabled", "true"), ("default_network", "sandbox")]).await;
    host::heartbeat(&api).await;
    let mut wakes = api.server.client().get_async_pubsub().await.unwrap();
    wakes.subscribe(keys::WAKE).await.unwrap();
    let host = async {
        let wake = wakes.on_message().next().await.unwrap();
        assert_eq!(wake.get_payload::<String>().unwrap(), "shop");
        assert_eq!(field(&api, "shop", "desired").await.as_deref(), Some("connected"));
        assert_eq!(field(&api, "shop", "wish").await.as_deref(), Some("1"));
        host::lease(&api, "shop", 600_000).await;
        set(&api, "shop", &[("status", "connecting")]).await;
        set(&api, "shop", &[("status", "qr_ready"), ("qr", "data:image/png;base64,iVBORw0KGgo=")]).await;
    };
    let body = json!({"metadata": {"a": 1}, "webhooks": [{"url": "https://a.example/h", "events": ["message"]}]});
    let (reply, ()) = tokio::join!(api.call_json("POST", "/api/whatsapp/sessions/shop/connect", &body), host);
    let data = reply.assert_success("Session created");
    assert_eq!(
        (&data["status"], &data["isConnected"], &data["network"]),
        (&json!("qr_ready"), &json!(false), &json!("sandbox"))
    );
    assert_eq!((&data["metadata"], plain(&data["webhooks"])), (&body["metadata"], body["webhooks"].clone()));
    assert_eq!((&data["phoneNumber"], &data["storeStats"]), (&Value::Null, &Value::Null));
    let picture = data["qrCode"].as_str().unwrap();
    assert!(picture.starts_with("data:image/png;base64,"));

    let data = api.call("GET", "/api/whatsapp/sessions/shop/qr").await.assert_success("QR Code ready");
    assert_eq!(data, json!({"sessionId": "shop", "qrCode": picture, "status": "qr_ready"}));
    let image = api.call("GET", "/api/whatsapp/sessions/shop/qr/image").await;
    assert_eq!((image.status.as_u16(), image.header("content-type")), (200, Some("image/png")));
    assert!(image.body.starts_with(b"\x89PNG"));
    let list = api.call("GET", "/api/whatsapp/sessions").await.assert_success("Sessions retrieved");
    assert_eq!(list[0]["sessionId"], "shop");
    assert_eq!(list[0].get("qrCode"), None);
}

#[tokio::test]
async fn a_body_is_not_needed_and_a_final_reason_is_told_at_once() {
    let api = Api::start(&[]).await;
    host::heartbeat(&api).await;
    api.given_session("s", &[("status", "disconnected"), ("reason", "logged_out")]).await;
    set(&api, "s", &[("network", "live")]).await;
    let begun = Instant::now();
    let host = async {
        while field(&api, "s", "wish").await.is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        set(&api, "s", &[("reason", "client_outdated")]).await;
    };
    let (reply, ()) = tokio::join!(api.call("POST", "/api/whatsapp/sessions/s/connect"), host);
    let data = reply.assert_success("Reconnecting existing session");
    assert_eq!(data["reason"], "client_outdated");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_silent_host_is_waited_for_and_the_old_reason_is_not_taken_for_its_answer() {
    let api = Api::start(&[]).await;
    host::heartbeat(&api).await;
    set(&api, "s", &[("network", "live"), ("status", "disconnected"), ("reason", "qr_expired")]).await;
    let begun = Instant::now();
    let empty = api.call_raw("POST", "/api/whatsapp/sessions/s/connect", "application/x-www-form-urlencoded", "").await;
    assert_eq!(empty.assert_success("Reconnecting existing session")["qrCode"], Value::Null);
    assert!(begun.elapsed() >= Duration::from_secs(3));
}

#[tokio::test]
async fn without_a_host_the_wish_is_recorded() {
    let api = Api::start(&[]).await;
    let reply = api.call("POST", "/api/whatsapp/sessions/s/connect").await;
    reply.assert_failure(
        503,
        "no_host",
        "No session host is alive. The session is recorded and connects as soon as one is.",
    );
    assert_eq!(reply.json()["data"]["sessionId"], "s");
    assert_eq!(field(&api, "s", "desired").await.as_deref(), Some("connected"));
    assert_eq!(field(&api, "s", "network").await.as_deref(), Some("live"));
    let reply = api.call("DELETE", "/api/whatsapp/sessions/s").await;
    reply.assert_failure(503, "no_host", "No session host is alive. The session is deleted as soon as one is.");
    assert_eq!(field(&api, "s", "desired").await.as_deref(), Some("deleted"));
}

#[tokio::test]
async fn a_connected_session_only_takes_the_configuration() {
    let api = Api::start(&[("sandbox_enabled", "true")]).await;
    host::heartbeat(&api).await;
    api.given_session(
        "s",
        &[("status", "connected"), ("phone", "6281200009999"), ("metadata", r#"{"a":1,"l":[],"o":{}}"#)],
    )
    .await;
    host::lease(&api, "s", 60_000).await;
    let mut redis = api.redis.clone();
    for (chat, score) in [("6281200001111@s.whatsapp.net", 1), ("120363000000000001@g.us", 2)] {
        let _: () = redis.zadd("chatery:{s}:chats", chat, score).await.unwrap();
        let _: () =
            redis.zadd_multiple(format!("chatery:{{s}}:chat:{chat}:index"), &[(1, "A"), (2, "B")]).await.unwrap();
    }
    let path = "/api/whatsapp/sessions/s/connect";
    let reply = api.call_json("POST", path, &json!({"metadata": {"b": 2}})).await;
    reply.assert_failure(409, "session_already_connected", "Session already connected");
    let data = &reply.json()["data"];
    assert_eq!(data["metadata"], json!({"a": 1, "b": 2, "l": [], "o": {}}));
    assert_eq!(data["storeStats"], json!({"chats": 2, "contacts": 0, "messages": 4, "groups": 1, "mediaFiles": 0}));
    assert_eq!(field(&api, "s", "wish").await, None);
    let qr = api.call("GET", "/api/whatsapp/sessions/s/qr").await.assert_success("Already connected to WhatsApp");
    assert_eq!(qr, json!({"sessionId": "s", "status": "connected", "qrCode": null}));
    assert_eq!(api.call("GET", "/api/whatsapp/sessions/s/qr/image").await.status, 404);

    let other = api.call_json("POST", path, &json!({"network": "live"})).await;
    other.assert_failure(409, "network_mismatch", "The session was created on another network");

    // A lease that ran out means that nobody holds the connection the record speaks of.
    host::lease(&api, "s", -1).await;
    api.call("POST", path).await.assert_success("Reconnecting existing session");
    assert_eq!(field(&api, "s", "wish").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn configuration_is_merged_and_concurrent_merges_lose_nothing() {
    let api = Api::start(&[]).await;
    api.given_session("s", &[]).await;
    let path = "/api/whatsapp/sessions/s/config";
    let put = |key: &'static str| {
        let (api, body) = (&api, json!({"metadata": {key: key}}));
        async move { api.call_json("PATCH", path, &body).await.assert_success("Session config updated") }
    };
    tokio::join!(put("a"), put("b"), put("c"), put("d"));
    let form = "metadata[e]=5&webhooks[0][url]=http%3A%2F%2Fa.example%2Fh&webhooks[0][events][]=qr";
    let data = api.call_raw("PATCH", path, "application/x-www-form-urlencoded", form).await;
    let data = data.assert_success("Session config updated");
    assert_eq!(data["metadata"], json!({"a": "a", "b": "b", "c": "c", "d": "d", "e": "5"}));
    assert_eq!(plain(&data["webhooks"]), json!([{"url": "http://a.example/h", "events": ["qr"]}]));
    let many = (0..30).map(|n| {
        let body = json!({"metadata": {format!("key{n}"): n}});
        let api = &api;
        async move { api.call_json("PATCH", path, &body).await.assert_success("Session config updated") }
    });
    futures::future::join_all(many).await;
    let merged = api.call("PATCH", path).await.assert_success("Session config updated");
    assert!((0..30).all(|n| merged["metadata"][format!("key{n}")] == n), "{merged}");
    let emptied = (0..30).map(|n| (format!("key{n}"), json!(null))).collect::<serde_json::Map<_, _>>();
    let data = api.call_json("PATCH", path, &json!({ "metadata": emptied })).await;
    let data = data.assert_success("Session config updated");
    let unchanged = api.call("PATCH", path).await.assert_success("Session config updated");
    assert_eq!(unchanged, data);
    let emptied = api.call_json("PATCH", path, &json!({"metadata": [], "webhooks": []})).await;
    assert_eq!(emptied.assert_success("Session config updated")["webhooks"], json!([]));
    let large = api.call_json("PATCH", path, &json!({"metadata": {"x": "x".repeat(65 * 1024)}})).await;
    large.assert_failure(400, "invalid_field", "metadata of a session may have at most 64 kB");
}

#[tokio::test]
async fn deleting_waits_until_the_host_erased_it() {
    let api = Api::start(&[]).await;
    host::heartbeat(&api).await;
    api.given_session("s", &[("status", "connected")]).await;
    let mut wakes = api.server.client().get_async_pubsub().await.unwrap();
    wakes.subscribe(keys::WAKE).await.unwrap();
    let host = async {
        wakes.on_message().next().await.unwrap();
        assert_eq!(field(&api, "s", "desired").await.as_deref(), Some("deleted"));
        let connect = api.call("POST", "/api/whatsapp/sessions/s/connect").await;
        connect.assert_failure(504, "timeout", "The session is being deleted; connect again in a moment.");
        let _: () = api.redis.clone().del("chatery:{s}:session").await.unwrap();
    };
    let (reply, ()) = tokio::join!(api.call("DELETE", "/api/whatsapp/sessions/s"), host);
    assert_eq!(reply.json(), json!({"success": true, "message": "Session deleted successfully"}));
    api.call("DELETE", "/api/whatsapp/sessions/s").await.assert_failure(404, "session_not_found", "Session not found");
}

/// Only its host could write that it is down, and the host is what died.
#[tokio::test]
async fn a_session_whose_host_is_gone_is_shown_as_down() {
    let api = Api::start(&[]).await;
    api.given_session("s", &[("status", "connected")]).await;
    for (milliseconds, status, reason) in
        [(600_000, "connected", Value::Null), (-1, "disconnected", json!("handed_over"))]
    {
        host::lease(&api, "s", milliseconds).await;
        let one = api.call("GET", "/api/whatsapp/sessions/s/status").await.assert_success("Status retrieved");
        let all = api.call("GET", "/api/whatsapp/sessions").await.assert_success("Sessions retrieved");
        for shown in [&one, &all[0]] {
            assert_eq!((&shown["status"], &shown["reason"]), (&json!(status), &reason), "{shown}");
        }
    }
}

#[tokio::test]
async fn no_qr_code_yet() {
    let api = Api::start(&[]).await;
    api.given_session("s", &[("status", "connecting")]).await;
    host::lease(&api, "s", 600_000).await;
    let reply = api.call("GET", "/api/whatsapp/sessions/s/qr").await;
    reply.assert_failure(404, "qr_not_available", "QR Code not available yet. Please wait...");
    assert_eq!(reply.json()["data"], json!({"status": "connecting"}));
    let image = api.call("GET", "/api/whatsapp/sessions/s/qr/image").await;
    assert_eq!((image.status.as_u16(), image.header("content-type")), (404, Some("text/html; charset=utf-8")));
    assert_eq!(image.body, b"QR Code not available");
}

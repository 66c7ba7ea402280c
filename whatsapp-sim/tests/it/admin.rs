//! What the admin HTTP API refuses, and in which words.

use serde_json::{Value, json};

use crate::phone::{Network, answer};

fn refused((status, body): (u16, Value), expected: u16, code: &str) {
    assert_eq!((status, &body["success"], &body["code"]), (expected, &json!(false), &json!(code)), "{body}");
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
}

#[tokio::test]
async fn unknown_phones_addresses_and_methods_are_named() {
    let network = Network::start().await;
    let nobody = "/admin/phones/6281299999999";
    refused(network.get(&format!("{nobody}/messages")).await, 404, "unknown_phone");
    let greeting = json!({ "to": "6281200000001", "text": "hello" });
    refused(network.post(&format!("{nobody}/send"), greeting).await, 404, "unknown_phone");
    refused(network.get("/admin/nothing").await, 404, "not_found");
    refused(network.get("/admin/mock-phone/scan-qr").await, 405, "method_not_allowed");
}

#[tokio::test]
async fn phones_need_a_name_and_a_free_number() {
    let network = Network::start().await;
    let wanted = json!({ "name": "Sari", "number": "6281200000123" });
    let (status, body) = network.post("/admin/phones", wanted.clone()).await;
    assert_eq!((status, &body["data"]["number"]), (201, &json!("6281200000123")), "{body}");
    refused(network.post("/admin/phones", wanted).await, 409, "number_taken");
    refused(network.post("/admin/phones", json!({ "name": " " })).await, 400, "bad_name");
    refused(network.post("/admin/phones", json!({ "name": "Sari", "number": "x" })).await, 400, "bad_address");
    refused(network.post("/admin/phones", json!({ "nam": "Sari" })).await, 422, "invalid_body");
}

#[tokio::test]
async fn writing_to_nobody_is_refused() {
    let network = Network::start().await;
    let phone = network.phone("Sari").await;
    let path = format!("/admin/phones/{phone}/send");
    refused(network.post(&path, json!({ "to": "6281299999999", "text": "hello" })).await, 404, "unknown_phone");
    refused(network.post(&path, json!({ "to": "nobody", "text": "hello" })).await, 400, "bad_address");
}

#[tokio::test]
async fn pictures_without_a_code_and_codes_that_nobody_shows_are_refused() {
    let network = Network::start().await;
    let phone = network.phone("Sari").await;
    let path = format!("/admin/phones/{phone}/scan");
    refused(network.post(&path, json!({ "qr": "data:image/png;base64,AAAA" })).await, 400, "bad_qr");
    refused(network.post(&path, json!({ "qr": "https://example.com/" })).await, 400, "bad_qr");
    let key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let stale = format!("2@gone,{key},{key},{key},1");
    refused(network.post(&path, json!({ "qr": stale })).await, 410, "qr_expired");
    let raw = network.http.post(network.url("/admin/mock-phone/scan-qr")).body(stale);
    refused(answer(raw).await, 410, "qr_expired");
}

#[tokio::test]
async fn bodies_are_bounded_and_must_be_json() {
    let network = Network::start().await;
    let http = &network.http;
    let post = || http.post(network.url("/admin/phones"));
    let json = |body: String| post().header("content-type", "application/json").body(body);
    refused(answer(json("{".to_owned())).await, 400, "invalid_json");
    refused(answer(json(format!("\"{}\"", "x".repeat(2 << 20)))).await, 413, "too_large");
    refused(answer(post().body("name=Sari")).await, 415, "unsupported_media_type");
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let network = Network::start().await;
    let http = &network.http;
    let phones = || http.get(network.url("/admin/phones"));
    refused(answer(phones().header("host", "evil.example")).await, 403, "foreign_host");
    refused(answer(phones().header("origin", "http://evil.example")).await, 403, "foreign_origin");
    refused(answer(phones().header("origin", "null")).await, 403, "foreign_origin");
    let own = format!("http://{}", network.sim.addr());
    let (status, body) = answer(phones().header("origin", own)).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    assert_eq!(network.get("/healthz").await.0, 200);
}

#[tokio::test]
async fn the_server_key_is_the_one_that_clients_are_seeded_with() {
    let network = Network::start().await;
    let (_, body) = network.get("/admin/server-key").await;
    assert_eq!(body["data"]["publicKey"], hex::encode(network.sim.server_public_key()));
    let (status, body) = network.get("/admin/stats").await;
    assert_eq!((status, body["data"].is_object()), (200, true), "{body}");
}

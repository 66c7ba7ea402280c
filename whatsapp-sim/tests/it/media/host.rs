//! The media host by its HTTP, as clients of any make meet it: proofs, uploads that break off, ranges, and trouble.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use whatsapp_rust::download::MediaType;
use whatsapp_rust::error::ErrorChainExt as _;
use whatsapp_rust::upload::UploadOptions;
use whatsapp_rust::wacore::upload::encrypt_media_with_key;
use whatsapp_sim::{Sim, SimConfig};

use super::{content, described, described_by_phone, sends_image};
use crate::client::{DEADLINE, SEED, TestClient, all_understood, jid, network, phone, seeded_store};
use crate::phone::{Network, answer};

/// The hash of bytes, by the way of a store that knows only hashes.
fn name(ciphertext: &[u8]) -> [u8; 32] {
    use whatsapp_rust::wacore::libsignal::crypto::CryptographicHash;
    let mut hash = CryptographicHash::new("SHA-256").unwrap();
    hash.update(ciphertext);
    hash.finalize_sha256_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_broke_off_goes_on_where_the_host_has_it() {
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    let ada = TestClient::linked(&sim, &ada).await;
    let auth = ada.client.refresh_media_conn(false).await.unwrap().auth;
    let (key, content) = ([5; 32], content(6 * 1024 * 1024));
    let sealed = encrypt_media_with_key(&content, MediaType::Document, Some(&key)).unwrap();
    let (ciphertext, token) = (sealed.data_to_upload, URL_SAFE_NO_PAD.encode(sealed.file_enc_sha256));

    // Half of it, then the connection breaks.
    let half = ciphertext.len() / 2;
    let mut broken = TcpStream::connect(sim.addr()).await.unwrap();
    let (path, length) = (format!("/mms/document/{token}?auth={auth}&token={token}"), ciphertext.len());
    let head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\n\r\n", sim.addr());
    broken.write_all(head.as_bytes()).await.unwrap();
    broken.write_all(&ciphertext[..half]).await.unwrap();
    broken.shutdown().await.unwrap();
    let mut end = Vec::new();
    tokio::time::timeout(DEADLINE, broken.read_to_end(&mut end)).await.unwrap().unwrap();

    let http = reqwest::Client::builder().timeout(DEADLINE).build().unwrap();
    let probe = || answer(http.post(format!("http://{}{path}&resume=1", sim.addr())));
    assert_eq!(probe().await, (200, json!({ "resume": half.to_string() })));
    // The client asks the same, and sends the rest alone.
    let uploaded = ada
        .client
        .upload(content.clone(), MediaType::Document, UploadOptions::new().with_media_key(key))
        .await
        .unwrap();
    let (status, complete) = probe().await;
    assert_eq!(
        (status, &complete["resume"], &complete["direct_path"]),
        (200, &json!("complete"), &json!(uploaded.direct_path))
    );
    assert_eq!(ada.client.download(&described(&uploaded, MediaType::Document)).await.unwrap(), content);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_asks_for_the_proof_and_for_true_names() {
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    let client = TestClient::linked(&sim, &ada).await;
    let conn = client.client.refresh_media_conn(false).await.unwrap();
    assert_eq!(conn.hosts[0].hostname, sim.addr().to_string());
    let http = reqwest::Client::builder().timeout(DEADLINE).build().unwrap();
    let host = format!("http://{}", sim.addr());
    let post = async |path: String, body: &'static [u8]| {
        http.post(format!("{host}{path}")).body(body).send().await.unwrap().status().as_u16()
    };
    let (auth, token) = (conn.auth, URL_SAFE.encode(name(b"bytes")));
    assert_eq!(post(format!("/mms/image/{token}"), b"bytes").await, 401);
    assert_eq!(post(format!("/mms/image/{token}?auth=guessed"), b"bytes").await, 401);
    assert_eq!(post(format!("/mms/image/{token}?auth={auth}"), b"other bytes").await, 400);
    assert_eq!(post(format!("/mms/image/..%2Fescape?auth={auth}"), b"bytes").await, 400);
    assert_eq!(post(format!("/mms/image/{token}?auth={auth}&file_offset=3"), b"es").await, 409);
    assert_eq!(post(format!("/mms/image/{token}?auth={auth}&resume=1"), b"").await, 404);
    assert_eq!(post(format!("/newsletter/newsletter-image/{token}?auth={auth}"), b"bytes").await, 200);

    let path = sim.store_media(b"bytes".to_vec()).await.unwrap();
    let get = async |path: String, range: &'static str| {
        let mut request = http.get(format!("{host}{path}"));
        if !range.is_empty() {
            request = request.header("range", range);
        }
        let response = request.send().await.unwrap();
        let length = response.headers()["content-length"].to_str().unwrap().to_owned();
        (response.status().as_u16(), length, response.text().await.unwrap())
    };
    let whole = (200, "5".to_owned(), "bytes".to_owned());
    assert_eq!(get(path.clone(), "").await, whole);
    assert_eq!(get(format!("{path}&hash=x&mms-type=image"), "").await, whole, "as other clients ask");
    assert_eq!(get(path.clone(), "bytes=1-3").await, (206, "3".to_owned(), "yte".to_owned()));
    assert_eq!(get(path.clone(), "bytes=9-").await.0, 416);
    assert_eq!(get(format!("{path}?auth=guessed"), "").await.0, 401);
    assert_eq!(get("/v/unknown".to_owned(), "").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_never_end_are_kept_only_so_many_and_only_so_large() {
    const TRIES: u8 = 40;
    const KEPT: usize = 32;
    let directory = tempfile::tempdir().unwrap();
    let config = SimConfig { key_seed: SEED, data_dir: Some(directory.path().to_owned()), ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let ada = phone(&sim, "Ada").await;
    let client = TestClient::linked(&sim, &ada).await;
    let auth = client.client.refresh_media_conn(false).await.unwrap().auth;
    let http = reqwest::Client::builder().timeout(DEADLINE).build().unwrap();
    let path = |nth: u8| format!("/mms/document/{}?auth={auth}", URL_SAFE_NO_PAD.encode([nth; 32]));
    let probe = async |nth: u8| {
        let asked = http.post(format!("http://{}{}&resume=1", sim.addr(), path(nth)));
        asked.send().await.unwrap().status().as_u16()
    };
    let upload = async |nth: u8, announced: u64, sent: &[u8]| {
        let mut socket = TcpStream::connect(sim.addr()).await.unwrap();
        let head =
            format!("POST {} HTTP/1.1\r\nhost: {}\r\ncontent-length: {announced}\r\n\r\n", path(nth), sim.addr());
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(sent).await.unwrap();
        socket
    };
    for nth in 0..TRIES {
        drop(upload(nth, 2000, &[nth; 1000]).await);
        let noticed = async { while probe(nth).await != 200 {} };
        tokio::time::timeout(DEADLINE, noticed).await.unwrap();
    }
    assert_eq!((probe(0).await, probe(TRIES - 1).await), (404, 200), "the oldest went");
    let files = std::fs::read_dir(directory.path().join("media")).unwrap();
    let unfinished = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "tmp"));
    assert_eq!(unfinished.count(), KEPT);
    // What is announced as too large is refused at once.
    let mut socket = upload(0, 128 * 1024 * 1024 + 1, b"").await;
    let mut status = [0; 12];
    tokio::time::timeout(DEADLINE, socket.read_exact(&mut status)).await.unwrap().unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
    let empty = URL_SAFE_NO_PAD.encode(name(b""));
    let nothing = http.post(format!("http://{}/mms/document/{empty}?auth={auth}", sim.addr()));
    assert_eq!(answer(nothing).await.0, 200, "nothing is a file as well");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_at_the_host_is_what_clients_report() {
    let network = Network::start().await;
    let sim = &network.sim;
    let ada = phone(sim, "Ada").await;
    let ada = TestClient::linked(sim, &ada).await;
    let client = &ada.client;
    let makes = async |trouble: serde_json::Value| {
        let (status, body) = network.post("/admin/faults/media", trouble).await;
        assert_eq!(status, 200, "{body}");
        body["data"]["expired"].as_u64().unwrap()
    };
    let upload = async || client.upload(content(50), MediaType::Audio, UploadOptions::new()).await;
    let media = described(&upload().await.unwrap(), MediaType::Audio);

    // A client renews its proof by itself.
    makes(json!({ "expireAuth": true })).await;
    assert_eq!(client.download(&media).await.unwrap(), content(50));
    makes(json!({ "expireAuth": true })).await;
    upload().await.unwrap();

    // It tries twice, and says in the end what the host said.
    makes(json!({ "refuseDownloads": { "status": 410, "times": 2 } })).await;
    assert_eq!(client.download(&media).await.unwrap_err().http_status(), Some(410));
    assert_eq!(client.download(&media).await.unwrap(), content(50));
    makes(json!({ "refuseUploads": { "status": 507 } })).await;
    assert_eq!(upload().await.unwrap_err().http_status(), Some(507));
    upload().await.unwrap();

    let large = sim.phone_uploads(content(20_000), MediaType::Video).await.unwrap();
    makes(json!({ "bytesPerSecond": 100_000 })).await;
    let began = Instant::now();
    let media = described_by_phone(&large, MediaType::Video);
    assert_eq!(client.download(&media).await.unwrap(), content(20_000));
    assert!(began.elapsed() >= Duration::from_millis(200), "20 kB at 100 kB/s");
    makes(json!({ "bytesPerSecond": 0 })).await;

    assert_eq!(makes(json!({ "expire": large.direct_path })).await, 1);
    assert_eq!(client.download(&media).await.unwrap_err().http_status(), Some(404));
    assert!(makes(json!({ "expire": "all" })).await > 0);
    let (status, body) = network.post("/admin/faults/media", json!({ "expire": large.direct_path })).await;
    assert_eq!((status, &body["code"]), (404, &json!("unknown_media")));
    let (status, body) = network.post("/admin/faults/media", json!({ "refuseUploads": { "status": 200 } })).await;
    assert_eq!((status, &body["code"]), (422, &json!("invalid_body")));
    all_understood(sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_opens_and_deletes_the_file_of_a_message() {
    let network = Network::start().await;
    let sim = &network.sim;
    let (ada, bob) = (phone(sim, "Ada").await, phone(sim, "Bob").await);
    let mut client = TestClient::linked(sim, &ada).await;
    let (id, _) = sends_image(&client, &bob, b"<script>".to_vec()).await;
    super::arrived(sim, &bob, &id).await;
    let url = network.url(&format!("/admin/phones/{bob}/messages/{id}/media"));
    let file = network.http.get(&url).send().await.unwrap();
    let header = |name| file.headers()[name].to_str().unwrap();
    assert_eq!((file.status().as_u16(), header("content-type")), (200, "image/jpeg"));
    assert_eq!((header("content-security-policy"), header("content-disposition")), ("sandbox", "attachment"));
    assert_eq!(file.bytes().await.unwrap(), "<script>");
    assert_eq!(answer(network.http.delete(&url)).await.0, 200);
    let (status, body) = answer(network.http.get(&url)).await;
    assert_eq!((status, &body["code"]), (404, &json!("unknown_media")));
    let text = client.send(&jid(&bob), "no file").await;
    assert_eq!(client.ack(&text).await, None);
    sim.wait_for_message(&bob, |message| message.id == text, DEADLINE).await.unwrap();
    for (id, code) in [(text.as_str(), "unknown_media"), ("3EB0NOBODY", "unknown_message")] {
        let (status, body) = network.get(&format!("/admin/phones/{bob}/messages/{id}/media")).await;
        assert_eq!((status, &body["code"]), (404, &json!(code)));
    }
    all_understood(sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_finds_media_where_it_found_the_network() {
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    let host = format!("localhost:{}", sim.addr().port());
    let store = seeded_store(sim.server_public_key()).await;
    let client = TestClient::start(format!("ws://{host}/ws/chat"), store).await.links(&sim, &ada).await;
    let told = client.client.refresh_media_conn(false).await.unwrap();
    assert_eq!(told.hosts[0].hostname, host);
    let uploaded = client.client.upload(content(9), MediaType::Image, UploadOptions::new()).await.unwrap();
    assert_eq!(uploaded.url, format!("https://{host}{}", uploaded.direct_path));
    assert_eq!(client.client.download(&described(&uploaded, MediaType::Image)).await.unwrap(), content(9));
    all_understood(&sim).await;
}

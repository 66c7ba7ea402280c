//! The stanza log: what passed the connections of real clients, read as it passes.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use serde_json::{Value, json};
use whatsapp_sim::{Direction, LogEntry, Sim};

use crate::client::{DEADLINE, TestClient, all_understood, jid, phone};
use crate::phone::{Network, answer};

async fn switch(network: &Network, enabled: bool) {
    let request = network.http.put(network.url("/admin/log")).json(&json!({ "enabled": enabled }));
    let (status, body) = answer(request).await;
    assert_eq!(status, 200, "{body}");
}

/// The first stanza after a place that is like this one, and its place.
async fn find(sim: &Sim, mut after: u64, like: impl Fn(&LogEntry) -> bool) -> LogEntry {
    let found = async {
        loop {
            let page = sim.stanza_log(after, None, 1, DEADLINE).await.unwrap();
            after = page.next;
            if let Some(entry) = page.entries.into_iter().find(&like) {
                return entry;
            }
        }
    };
    tokio::time::timeout(DEADLINE, found).await.expect("the stanza passes")
}

#[tokio::test]
async fn linking_and_writing_are_written_down_without_secrets() {
    let network = Network::start().await;
    switch(&network, true).await;
    let (sari, budi) = (phone(&network.sim, "Sari").await, phone(&network.sim, "Budi").await);
    let mut client = TestClient::fresh(&network.sim).await;
    let code = client.code().await;
    network.sim.scan(&sari, &code).await.unwrap();
    client.connected().await;
    let text = "the secret word";
    let id = client.send(&jid(&budi), text).await;
    client.ack(&id).await;
    let sim = &network.sim;
    let offer = find(sim, 0, |entry| entry.xml.contains("<pair-device>")).await;
    assert_eq!((offer.direction, offer.number.as_deref(), offer.tag.as_str()), (Direction::Out, None, "iq"));
    let written = find(sim, offer.seq, |entry| entry.tag == "message" && entry.direction == Direction::In).await;
    assert_eq!((written.id.as_deref(), written.number.as_deref()), (Some(id.as_str()), Some(sari.as_str())));
    assert_eq!((written.kind.as_deref(), written.device), (Some("text"), Some(1)));
    assert!(written.xml.contains("<enc ") && written.xml.contains(" bytes --></enc>"), "{}", written.xml);
    let ack = find(sim, written.seq, |entry| entry.tag == "ack" && entry.id.as_deref() == Some(&id)).await;
    assert_eq!((ack.direction, ack.about.as_deref()), (Direction::Out, Some("message")));
    let (_, body) = network.get("/admin/log?limit=1000").await;
    let whole = body.to_string();
    let secrets = code.split([',', '@']).filter(|part| part.len() > 20);
    for secret in secrets.chain([text]) {
        assert!(!whole.contains(secret), "{secret}");
    }
    assert!(body["data"]["entries"].as_array().unwrap().len() > 10);
    client.stop().await;
    all_understood(sim).await;
}

#[tokio::test]
async fn a_reader_waits_for_what_comes_next_and_can_look_at_one_phone() {
    let network = Network::start().await;
    let sim = &network.sim;
    let (sari, budi) = (phone(sim, "Sari").await, phone(sim, "Budi").await);
    let mut client = TestClient::linked(sim, &sari).await;
    let other = TestClient::linked(sim, &budi).await;
    let (_, body) = network.get("/admin/log").await;
    assert_eq!(body["data"], json!({ "enabled": false, "entries": [], "next": 0, "missed": 0 }));
    let (page, ()) = tokio::join!(sim.stanza_log(0, None, 1, DEADLINE), async { sim.set_stanza_log(true) });
    assert!(page.unwrap().enabled, "the switch ends the wait");
    let path = format!("/admin/log?after=0&number={budi}");
    let (heard, sent) = tokio::join!(network.get(&path), network.sim.phone_send(&sari, &budi, "hello"));
    let text = sent.unwrap();
    let entries: Vec<Value> = heard.1["data"]["entries"].as_array().unwrap().clone();
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry["number"] == json!(budi)), "{entries:?}");
    client.text("hello").await;
    find(sim, 0, |entry| entry.id.as_deref() == Some(&text) && entry.number.as_deref() == Some(&sari)).await;
    for (query, status, code) in [
        ("limit=0", 400, "invalid_query"),
        ("limit=1001", 400, "invalid_query"),
        ("limit=99999999999999999999", 400, "invalid_query"),
        ("after=-1", 400, "invalid_query"),
        ("from=1", 400, "invalid_query"),
        ("number=nobody", 400, "bad_address"),
        ("number=6281299999999", 404, "unknown_phone"),
    ] {
        let (found, body) = network.get(&format!("/admin/log?{query}")).await;
        assert_eq!((found, &body["code"]), (status, &json!(code)), "{query}: {body}");
    }
    client.stop().await;
    other.stop().await;
    all_understood(sim).await;
}

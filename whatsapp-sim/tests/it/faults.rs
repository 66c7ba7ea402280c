//! Trouble on request: what a fault does to a client, and that nothing else is touched.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::events::{ConnectFailureReason, Event};
use whatsapp_sim::{FaultKind, FaultSpec, LoginRefusal, Sim, SimError, Way};

use crate::client::{DEADLINE, TestClient, all_understood, jid, network, phone};
use crate::phone::Network;

/// Ada with a client, and Bob with a phone alone.
async fn ada_and_bob() -> (Sim, String, String, TestClient) {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    settled(&sim, &ada).await;
    (sim, ada, bob, client)
}

/// The client writes to Bob, so that later messages need no answer of the server before they can go.
async fn introduced(client: &mut TestClient, bob: &str) {
    let id = client.send(&jid(bob), "hello").await;
    assert_eq!(client.ack(&id).await, None);
}

/// The client has acknowledged everything, so the next message is the first that a fault meets.
async fn settled(sim: &Sim, number: &str) {
    let idle =
        sim.wait_for_phone(number, |phone| phone.devices.iter().all(|device| device.queued == 0), DEADLINE).await;
    assert!(idle.unwrap().is_some());
}

/// The phone gets the message.
async fn gets(sim: &Sim, number: &str, id: &str) {
    let got = sim.wait_for_message(number, |message| message.id == id, DEADLINE).await.unwrap();
    assert!(got.is_some(), "the message reaches the phone");
}

async fn add(sim: &Sim, spec: FaultSpec) -> u64 {
    sim.add_fault(spec).await.unwrap()
}

fn an_ack(event: &Event) -> bool {
    matches!(event, Event::ServerAck(_))
}

/// The next texts, one by one.
async fn texts(client: &mut TestClient, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        let more = client
            .expect("a text", |event| {
                let texts = event.messages().filter_map(|inbound| inbound.message.text_content());
                let texts: Vec<String> = texts.map(str::to_owned).collect();
                (!texts.is_empty()).then_some(texts)
            })
            .await;
        texts.extend(more);
    }
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_socket_stays_open_and_everything_passes_afterwards() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    introduced(&mut client, &bob).await;
    settled(&sim, &ada).await;
    let connections = sim.connections_accepted();
    let fault = add(&sim, FaultSpec::new(FaultKind::Stall(Way::Both)).only(&ada)).await;
    let id = client.send(&jid(&bob), "into the silence").await;
    sim.phone_send(&bob, &ada, "unheard").await.unwrap();
    assert_eq!(sim.phone(&ada).await.unwrap().devices[0].queued, 1);
    assert!(!client.has_come(|event| an_ack(event) || event.messages().next().is_some()));

    sim.remove_fault(fault).await.unwrap();
    let mut heard = (false, false);
    while heard != (true, true) {
        let (acked, text) = client
            .expect("the ack and the text", |event| {
                let acked = matches!(event, Event::ServerAck(ack) if ack.id == id && ack.error.is_none());
                let text = event.messages().any(|inbound| inbound.message.text_content() == Some("unheard"));
                (acked || text).then_some((acked, text))
            })
            .await;
        heard = (heard.0 || acked, heard.1 || text);
    }
    gets(&sim, &bob, &id).await;
    assert_eq!(sim.connections_accepted(), connections, "the socket was open all the time");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_may_stall_one_way() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    introduced(&mut client, &bob).await;
    let to_client = add(&sim, FaultSpec::new(FaultKind::Stall(Way::ToClient)).only(&ada)).await;
    let id = client.send(&jid(&bob), "taken").await;
    gets(&sim, &bob, &id).await;
    assert!(!client.has_come(an_ack));
    sim.remove_fault(to_client).await.unwrap();
    assert_eq!(client.ack(&id).await, None);

    let from_client = add(&sim, FaultSpec::new(FaultKind::Stall(Way::FromClient)).only(&ada)).await;
    let id = client.send(&jid(&bob), "not read").await;
    sim.phone_send(&bob, &ada, "heard").await.unwrap();
    client.text("heard").await;
    assert!(!sim.phone_messages(&bob).await.unwrap().iter().any(|message| message.id == id));
    sim.remove_fault(from_client).await.unwrap();
    assert_eq!(client.ack(&id).await, None);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_meets_logins_too() {
    let (sim, ada, bob, client) = ada_and_bob().await;
    let store = client.stop().await;
    let fault = add(&sim, FaultSpec::new(FaultKind::Stall(Way::Both)).only(&ada)).await;
    let accepted = sim.connections_accepted();
    let mut client = TestClient::start(sim.ws_url(), store).await;
    assert!(sim.wait_for_connections(accepted + 1, DEADLINE).await);
    sim.phone_send(&bob, &ada, "later").await.unwrap();
    assert!(!client.has_come(|event| matches!(event, Event::Connected(_))));
    sim.remove_fault(fault).await.unwrap();
    client.text("later").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_and_acks_are_late_by_what_was_asked() {
    const DELAY: Duration = Duration::from_secs(1);
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    introduced(&mut client, &bob).await;
    add(&sim, FaultSpec::new(FaultKind::DelayDeliveries(DELAY)).only(&ada).times(2)).await;
    let sent = Instant::now();
    for text in ["one", "two"] {
        sim.phone_send(&bob, &ada, text).await.unwrap();
    }
    // Other traffic goes on.
    let id = client.send(&jid(&bob), "at once").await;
    assert_eq!(client.ack(&id).await, None);
    assert!(sent.elapsed() < DELAY, "the ack does not wait for deliveries");
    assert_eq!(texts(&mut client, 2).await, ["one", "two"]);
    assert!(sent.elapsed() >= DELAY, "{:?}", sent.elapsed());
    assert_eq!(sim.faults().await, []);

    add(&sim, FaultSpec::new(FaultKind::DelayAcks(DELAY)).times(1)).await;
    let sent = Instant::now();
    let id = client.send(&jid(&bob), "acknowledged late").await;
    gets(&sim, &bob, &id).await;
    assert_eq!(client.ack(&id).await, None);
    assert!(sent.elapsed() >= DELAY, "{:?}", sent.elapsed());
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_may_come_twice() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    let _raw = client.client.acquire_raw_node_forwarding();
    add(&sim, FaultSpec::new(FaultKind::DuplicateDeliveries).only(&ada).times(1)).await;
    let id = sim.phone_send(&bob, &ada, "twice").await.unwrap();
    let once = sim.phone_send(&bob, &ada, "once").await.unwrap();
    let mut came = Vec::new();
    while came.last() != Some(&once) {
        let next = client
            .expect("a message on the wire", |event| match event {
                Event::RawNode(node) if node.get().tag == "message" => {
                    node.get().attrs().optional_string("id").map(|id| id.to_string())
                }
                _ => None,
            })
            .await;
        came.push(next);
    }
    assert_eq!(came, [id.clone(), id, once]);
    settled(&sim, &ada).await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_change_places() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    let fault = add(&sim, FaultSpec::new(FaultKind::ReorderDeliveries).only(&ada)).await;
    for text in ["one", "two", "three", "four", "five"] {
        sim.phone_send(&bob, &ada, text).await.unwrap();
    }
    assert_eq!(texts(&mut client, 4).await, ["two", "one", "four", "three"]);
    sim.remove_fault(fault).await.unwrap();
    client.text("five").await;
    settled(&sim, &ada).await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_are_refused_as_often_and_for_whom_it_was_asked() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    add(&sim, FaultSpec::new(FaultKind::RefuseSends(503)).only(&bob)).await;
    add(&sim, FaultSpec::new(FaultKind::RefuseSends(429)).only(&ada).times(2)).await;
    for expected in [Some("429"), Some("429"), None] {
        let id = client.send(&jid(&bob), "again").await;
        assert_eq!(client.ack(&id).await.as_deref(), expected);
    }
    let every = add(&sim, FaultSpec::new(FaultKind::RefuseSends(463))).await;
    for _ in 0..3 {
        let id = client.send(&jid(&bob), "again").await;
        assert_eq!(client.ack(&id).await.as_deref(), Some("463"));
    }
    assert_eq!(sim.faults().await.iter().find(|fault| fault.id == every).map(|fault| fault.hits), Some(3));
    sim.remove_faults().await.unwrap();
    let id = client.send(&jid(&bob), "again").await;
    assert_eq!(client.ack(&id).await, None);
    assert_eq!(sim.phone_messages(&bob).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_devices_connection_is_cut_and_the_others_stay() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    let mut other = TestClient::linked(&sim, &bob).await;
    let accepted = sim.connections_accepted();
    let cut = FaultSpec { device: Some(1), ..FaultSpec::new(FaultKind::DropConnections).only(&ada) };
    add(&sim, cut.clone()).await;
    client.connected().await;
    assert_eq!(sim.connections_accepted(), accepted + 1);
    assert!(!other.has_come(|event| matches!(event, Event::Disconnected(_) | Event::Connected(_))));
    // The connection that is there and the one that follows it.
    add(&sim, cut.times(2)).await;
    client.connected().await;
    assert_eq!(sim.connections_accepted(), accepted + 3);
    assert_eq!(sim.faults().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_cut_by_a_message_that_may_have_arrived() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    for delivered in [true, false] {
        add(&sim, FaultSpec::new(FaultKind::DropOnSend { delivered }).only(&ada).times(1)).await;
        let id = client.send(&jid(&bob), "perhaps").await;
        client.connected().await;
        assert_eq!(sim.phone_messages(&bob).await.unwrap().iter().any(|message| message.id == id), delivered);
    }
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_refused_once_and_succeeds_then() {
    let (sim, ada, _, mut client) = ada_and_bob().await;
    add(&sim, FaultSpec::new(FaultKind::RefuseLogins(LoginRefusal::Unavailable)).only(&ada).times(1)).await;
    sim.drop_connections().await.unwrap();
    client
        .expect("the refusal", |event| match event {
            Event::ConnectFailure(failure) => {
                assert_eq!(failure.reason, ConnectFailureReason::ServiceUnavailable);
                Some(())
            }
            _ => None,
        })
        .await;
    client.connected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_account_links_nobody_and_an_outdated_client_gets_no_code() {
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    add(&sim, FaultSpec::new(FaultKind::RefuseLinks(LoginRefusal::Locked)).only(&ada).times(1)).await;
    let mut client = TestClient::fresh(&sim).await;
    let code = client.code().await;
    assert!(matches!(sim.scan(&ada, &code).await, Err(SimError::LinkRefused)));
    client.logged_out().await;
    assert!(sim.phone(&ada).await.unwrap().devices.is_empty());

    add(&sim, FaultSpec::new(FaultKind::RefuseLinks(LoginRefusal::Outdated)).times(1)).await;
    let mut client = TestClient::fresh(&sim).await;
    let outdated = |event: &Event| match event {
        Event::ClientOutdated(_) => Some(true),
        Event::PairingQrCode(_) => Some(false),
        _ => None,
    };
    assert!(client.expect("the refusal", outdated).await);
    TestClient::linked(&sim, &ada).await.stop().await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_may_come_from_a_lid_that_nobody_knows() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    sim.phone_send(&bob, &ada, "as himself").await.unwrap();
    let known = client.text("as himself").await.source;
    for (with_number, text) in [(false, "as a stranger"), (true, "with another LID")] {
        add(&sim, FaultSpec::new(FaultKind::StrangeSender { with_number }).only(&ada).times(1)).await;
        sim.phone_send(&bob, &ada, text).await.unwrap();
        let strange = client.text(text).await.source;
        assert!(strange.sender.is_lid() && strange.sender.user != known.sender.user, "{strange:?}");
        assert_eq!(strange.sender_alt.is_some(), with_number, "{strange:?}");
    }
    sim.phone_send(&bob, &ada, "as himself again").await.unwrap();
    assert_eq!(client.text("as himself again").await.source.sender, known.sender);
    settled(&sim, &ada).await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_with_a_duration_ends_by_itself() {
    let (sim, ada, bob, mut client) = ada_and_bob().await;
    let short = FaultSpec::new(FaultKind::HoldAcks).only(&ada).lasting(Duration::from_millis(200));
    add(&sim, short).await;
    let id = client.send(&jid(&bob), "held for a while").await;
    gets(&sim, &bob, &id).await;
    assert_eq!(client.ack(&id).await, None);
    assert_eq!(sim.faults().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_added_listed_and_removed_over_http() {
    let network = Network::start().await;
    let ada = network.phone("Ada").await;
    let fault = json!({ "kind": "refuseSends", "code": 503, "number": ada, "count": 2 });
    let (status, body) = network.post("/admin/faults", fault).await;
    assert_eq!((status, &body["data"]["id"]), (201, &json!(1)), "{body}");
    network.post("/admin/faults", json!({ "kind": "stall", "direction": "fromClient" })).await;
    let (_, body) = network.get("/admin/faults").await;
    let first = json!({ "id": 1, "kind": "refuseSends", "code": 503, "number": ada, "count": 2, "left": 2, "hits": 0 });
    assert_eq!(body["data"][0], first);
    assert_eq!(body["data"][1]["direction"], "fromClient");
    assert_eq!(network.delete("/admin/faults/1").await.0, 200);
    let (status, body) = network.delete("/admin/faults/1").await;
    assert_eq!((status, &body["code"]), (404, &json!("unknown_fault")));
    assert_eq!(network.delete("/admin/faults").await.0, 200);
    assert_eq!(network.get("/admin/faults").await.1["data"], json!([]));

    for (wrong, status, code) in [
        (json!({ "kind": "delayAcks" }), 400, "bad_fault"),
        (json!({ "kind": "holdAcks", "count": 0 }), 400, "bad_fault"),
        (json!({ "kind": "holdAcks", "device": 1 }), 400, "bad_fault"),
        (json!({ "kind": "holdAcks", "number": "6281299999999" }), 404, "unknown_phone"),
        (json!({ "kind": "earthquake" }), 422, "invalid_body"),
        (json!({ "kind": "holdAcks", "more": 1 }), 422, "invalid_body"),
        (json!({ "dropConections": true }), 422, "invalid_body"),
    ] {
        let (got, body) = network.post("/admin/faults", wrong.clone()).await;
        assert_eq!((got, &body["code"]), (status, &json!(code)), "{wrong}: {body}");
    }
}

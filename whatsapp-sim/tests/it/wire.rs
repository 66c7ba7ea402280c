//! The wire and whoever means it no good: frames that are none, stanzas of a size that nobody needs, handshakes by halves and
//! said again, messages that would multiply. The connection ends or the stanza is refused; everybody else goes on.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use wacore::pair::DeviceState;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::consts::WA_CONN_HEADER;
use wacore_binary::{Jid, Node};
use waproto::whatsapp::ClientPayload;
use whatsapp_rust::Server;
use whatsapp_rust::request::{InfoQuery, IqError};
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore_binary::NodeContent;
use whatsapp_sim::{LogEntry, Sim};

use crate::client::{DEADLINE, TestClient, all_understood, jid, network, phone};
use crate::handshake::{Wire, generate};

/// A companion that waits to be linked, by a handshake of our own.
async fn registered(sim: &Sim) -> Wire {
    let state = DeviceState { identity_key: generate(), noise_key: generate(), adv_secret_key: [3; 32] };
    let mut wire = Wire::registered(sim, &state, "Stranger").await;
    assert!(wire.receive().await.get_optional_child("pair-device").is_some());
    wire
}

/// Somebody with a client that must not notice anything.
async fn bystander(sim: &Sim) -> (String, TestClient) {
    let number = phone(sim, "Ada").await;
    let client = TestClient::linked(sim, &number).await;
    (number, client)
}

/// The client is still there and served.
async fn goes_on(sim: &Sim, number: &str, client: &mut TestClient) {
    let bob = phone(sim, "Friend").await;
    sim.phone_send(&bob, number, "all is well").await.unwrap();
    client.text("all is well").await;
    assert!(!client.has_come(|event| matches!(event, Event::Disconnected(_))));
    all_understood(sim).await;
}

fn nested(depth: usize) -> Node {
    (0..depth).fold(NodeBuilder::new("iq").build(), |inner, _| NodeBuilder::new("iq").children([inner]).build())
}

/// So many children, in lists as long as the binary form has them.
fn children(count: usize) -> Node {
    let leaf = || NodeBuilder::new("iq").build();
    let lists = (0..count / 10_000).map(|_| NodeBuilder::new("list").children((0..10_000).map(|_| leaf())).build());
    NodeBuilder::new("iq").attr("id", "1").attr("type", "get").attr("xmlns", "w:p").children(lists).build()
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_none_end_their_connection_alone() {
    let sim = network().await;
    let (ada, mut client) = bystander(&sim).await;
    for junk in [vec![], vec![0; 3], vec![7; 100_000]] {
        let mut wire = registered(&sim).await;
        wire.send_raw(&junk).await;
        wire.is_cut().await;
    }
    // What is sealed properly and still no stanza, and what nobody could read without end.
    for stanza in [nested(200), children(1_000_000)] {
        let mut wire = registered(&sim).await;
        wire.send(&stanza).await;
        wire.is_cut().await;
    }
    // What is only large is answered.
    let mut wire = registered(&sim).await;
    wire.send(&children(100_000)).await;
    assert_eq!(wire.receive().await.attrs.get("type").unwrap().to_string(), "result");
    goes_on(&sim, &ada, &mut client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_finishes_a_handshake_keeps_nothing_busy() {
    let sim = network().await;
    let (ada, mut client) = bystander(&sim).await;
    let connections = sim.stats().await.connections_total;
    let mut halves = Vec::new();
    for nth in 0..50 {
        let wire = Wire::open(&sim).await;
        let mut bytes = WA_CONN_HEADER.to_vec();
        bytes.extend_from_slice(&[0, 4, 0]);
        bytes.resize(bytes.len() + nth, 1);
        wire.send_bytes(bytes).await;
        halves.push(wire);
    }
    goes_on(&sim, &ada, &mut client).await;
    // A frame of megabytes is no handshake: it is not even waited for.
    let mut endless = Wire::open(&sim).await;
    let mut bytes = WA_CONN_HEADER.to_vec();
    bytes.extend_from_slice(&[0xff, 0xff, 0xff]);
    bytes.resize(70_000, 1);
    endless.send_bytes(bytes).await;
    endless.is_cut().await;
    assert_eq!(sim.stats().await.connections_total, connections, "nobody of them has come in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_was_recorded_throws_nobody_out() {
    let sim = network().await;
    let (ada, client) = bystander(&sim).await;
    let device = client.client.persistence_manager().get_device_snapshot();
    let payload = ClientPayload { username: Some(ada.parse().unwrap()), device: Some(1), ..ClientPayload::default() };
    client.stop().await;
    let (mut first, hello) = Wire::logged_in(&sim, device.noise_key.clone(), &payload).await;
    assert_eq!(first.receive().await.tag, "success");

    let mut again = Wire::open(&sim).await;
    again.send_raw(&hello).await;
    again.is_cut().await;
    // The first one is still there and served, without a word of a replacement.
    let ping = NodeBuilder::new("iq").attr("id", "1").attr("type", "get").attr("xmlns", "w:p").build();
    first.send(&ping).await;
    assert_eq!(first.receive().await.attrs.get("id").unwrap().to_string(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_is_refused_counted_and_fails_the_test_that_met_it() {
    let sim = network().await;
    let (ada, mut client) = bystander(&sim).await;
    goes_on(&sim, &ada, &mut client).await;
    let server = || Jid::new("", Server::Pn);
    let children = Some(NodeContent::Nodes(vec![NodeBuilder::new("nothing").build()]));
    for request in [InfoQuery::get("w:nothing", server(), None), InfoQuery::set("w:g2", server(), children)] {
        match client.client.send_iq(request).await {
            Err(IqError::ServerError { code, .. }) => assert_eq!(code, 501),
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
    assert_eq!(sim.stats().await.unknown_requests, 2);
    let judged = tokio::spawn(async move { all_understood(&sim).await }).await;
    assert!(judged.unwrap_err().is_panic());
}

/// How often a message was passed on to a device of an account.
async fn copies(sim: &Sim, number: &str, id: &str) -> usize {
    let page = sim.stanza_log(0, Some(number), usize::MAX, DEADLINE).await.unwrap();
    let of_it = |entry: &&LogEntry| entry.tag == "message" && entry.id.as_deref() == Some(id);
    page.entries.iter().filter(of_it).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_not_multiplied_and_ends_somewhere() {
    let sim = network().await;
    let (ada, mut client) = bystander(&sim).await;
    let bob = phone(&sim, "Bob").await;
    let mut reader = TestClient::linked(&sim, &bob).await;
    sim.set_stanza_log(true);
    let lid = sim.phone(&bob).await.unwrap().lid;
    let device: Jid = format!("{lid}:1@lid").parse().unwrap();
    let message = |id: &str, length: usize, times: usize| {
        let enc = NodeBuilder::new("enc").attr("v", "2").attr("type", "msg").bytes(vec![5; length]).build();
        let to = NodeBuilder::new("to").attr("jid", device.clone()).children([enc]).build();
        let named = NodeBuilder::new("participants").children(vec![to; times]).build();
        let message = NodeBuilder::new("message").attr("id", id).attr("to", jid(&bob)).attr("type", "text");
        message.children([named]).build()
    };
    client.client.send_node(message("TIMES", 10, 1000)).await.unwrap();
    assert_eq!(client.ack("TIMES").await, None);
    client.client.send_node(message("LARGE", 600 * 1024, 1)).await.unwrap();
    assert_eq!(client.ack("LARGE").await.as_deref(), Some("413"));
    let long = "A".repeat(5000);
    client.client.send_node(message(&long, 10, 1)).await.unwrap();
    assert_eq!(client.ack(&long).await.as_deref(), Some("400"));
    // Texts as long as they may be arrive.
    let text = "x".repeat(65_536);
    let whole = client.send(&jid(&bob), &text).await;
    assert_eq!(client.ack(&whole).await, None);
    reader.text(&text).await;
    let queued = sim.wait_for_phone(&bob, |phone| phone.devices[0].queued <= 1, DEADLINE).await.unwrap();
    assert!(queued.is_some());
    let mut counts = Vec::new();
    for id in ["TIMES", "LARGE", &long] {
        counts.push(copies(&sim, &bob, id).await);
    }
    assert_eq!(counts, [1, 0, 0]);
    goes_on(&sim, &ada, &mut client).await;
}

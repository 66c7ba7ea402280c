//! Many at once: accounts that need no linking, and bursts of messages.

use std::collections::BTreeSet;

use serde_json::json;
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_sim::{BurstSpec, BurstState, SeededDevice, SimError};

use crate::client::seeded_store::store_of;
use crate::client::{DEADLINE, TestClient, all_understood, jid, network, phone};
use crate::phone::Network;

#[tokio::test(flavor = "multi_thread")]
async fn seeded_accounts_log_in_without_linking_and_write_to_each_other() {
    const COUNT: usize = 10;
    let sim = network().await;
    let seeded = sim.seed_linked(COUNT).await.unwrap();
    let mut clients = Vec::new();
    for device in &seeded {
        clients.push(TestClient::start(sim.ws_url(), store_of(device, sim.server_public_key()).await).await);
    }
    for client in &mut clients {
        client.connected().await;
    }
    // In a ring, both ways: everyone begins one session and answers another.
    for nth in 0..COUNT {
        let next = (nth + 1) % COUNT;
        let id = clients[nth].send(&jid(&seeded[next].number), &format!("from {nth}")).await;
        assert_eq!(clients[nth].ack(&id).await, None);
        let info = clients[next].text(&format!("from {nth}")).await;
        assert_eq!(info.push_name, seeded[nth].name);
        clients[next].send(&info.source.chat, &format!("to {nth}")).await;
        clients[nth].text(&format!("to {nth}")).await;
    }
    // The phones of the accounts are no different from others.
    sim.phone_send(&seeded[0].number, &seeded[1].number, "from a phone").await.unwrap();
    assert!(clients[0].text("from a phone").await.source.is_from_me);
    clients[1].text("from a phone").await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seeded_accounts_come_as_a_file() {
    let network = Network::start().await;
    let (status, mut body) = network.post("/admin/phones/seeded", json!({ "count": 3, "preKeys": 5 })).await;
    assert_eq!(status, 201, "{body}");
    let seeded: Vec<SeededDevice> = serde_json::from_value(body["data"].take()).unwrap();
    assert_eq!(seeded.iter().map(|device| device.pre_keys.len()).collect::<Vec<_>>(), [5, 5, 5]);
    let store = store_of(&seeded[2], network.sim.server_public_key()).await;
    let mut client = TestClient::start(network.sim.ws_url(), store).await;
    client.connected().await;
    assert!(network.sim.phone(&seeded[2].number).await.unwrap().devices[0].online);
    for wrong in [json!({ "count": 0 }), json!({ "count": 5001 }), json!({ "count": 1, "preKeys": 813 })] {
        let (status, body) = network.post("/admin/phones/seeded", wrong).await;
        assert_eq!((status, &body["code"]), (400, &json!("bad_count")), "{body}");
    }
    all_understood(&network.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_comes_from_all_its_contacts_and_in_order() {
    const COUNT: u32 = 60;
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    let mut client = TestClient::linked(&sim, &ada).await;
    let burst = sim.burst(BurstSpec { to: ada.clone(), senders: 3, per_second: 500, count: COUNT }).await.unwrap();
    let mut came = Vec::new();
    let mut names = BTreeSet::new();
    while came.len() < COUNT as usize {
        let texts = client
            .expect("a message of the burst", |event| {
                let texts: Vec<_> = event
                    .messages()
                    .filter_map(|inbound| {
                        Some((inbound.message.text_content()?.to_owned(), inbound.info.push_name.clone()))
                    })
                    .collect();
                (!texts.is_empty()).then_some(texts)
            })
            .await;
        for (text, name) in texts {
            came.push(text);
            names.insert(name);
        }
    }
    // The client works on chats side by side, so the order holds within each.
    for sender in 0..3 {
        let expected: Vec<String> =
            (1..=COUNT).filter(|nth| (nth - 1) % 3 == sender).map(|nth| format!("Burst {nth} of {COUNT}")).collect();
        let of_sender: Vec<&String> = came.iter().filter(|text| expected.contains(text)).collect();
        assert_eq!(of_sender, expected.iter().collect::<Vec<_>>());
    }
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["Burst 1", "Burst 2", "Burst 3"]);
    let over = sim.wait_for_burst(burst.id, DEADLINE).await.unwrap().unwrap();
    assert_eq!((over.state, over.sent, over.failed), (BurstState::Done, u64::from(COUNT), 0));
    all_understood(&sim).await;
}

#[tokio::test]
async fn a_burst_is_bounded_and_can_be_ended() {
    let network = Network::start().await;
    let sim = &network.sim;
    let ada = network.phone("Ada").await;
    let burst = json!({ "to": ada, "senders": 2, "perSecond": 1, "count": 1_000_000 });
    let (status, body) = network.post("/admin/burst", burst.clone()).await;
    assert_eq!((status, &body["data"]["state"]), (201, &json!("running")), "{body}");
    let id = body["data"]["id"].as_u64().unwrap();
    let (status, body) = network.delete(&format!("/admin/burst/{id}")).await;
    assert_eq!(status, 200, "{body}");
    let over = sim.wait_for_burst(id, DEADLINE).await.unwrap().unwrap();
    assert_eq!(over.state, BurstState::Cancelled);
    assert!(over.sent < 1_000_000);
    assert_eq!(network.get("/admin/burst").await.1["data"][0]["state"], "cancelled");

    for _ in 0..8 {
        assert_eq!(network.post("/admin/burst", burst.clone()).await.0, 201);
    }
    let (status, body) = network.post("/admin/burst", burst).await;
    assert_eq!((status, &body["code"]), (409, &json!("too_many_bursts")), "{body}");
    let spec = |senders, per_second, count| BurstSpec { to: ada.clone(), senders, per_second, count };
    for wrong in [spec(0, 1, 1), spec(1001, 1, 1), spec(1, 0, 1), spec(1, 10_001, 1), spec(1, 1, 0)] {
        assert!(matches!(sim.burst(wrong).await, Err(SimError::BadCount)));
    }
    let nobody = BurstSpec { to: "6281299999999".to_owned(), ..spec(1, 1, 1) };
    assert!(matches!(sim.burst(nobody).await, Err(SimError::Unregistered)));
    assert!(matches!(sim.burst_info(99), Err(SimError::NoSuchBurst)));
}

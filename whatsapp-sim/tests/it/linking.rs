//! Linking and unlinking companions, and the logins that follow.

use std::sync::Arc;

use whatsapp_rust::wacore::store::InMemoryBackend;
use whatsapp_rust::wacore::store::traits::DeviceStore as _;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_sim::SimError;

use crate::client::{DEADLINE, TestClient, all_understood, network, phone};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_scanned_and_the_client_connects_again_and_again() {
    let sim = network().await;
    let mut client = TestClient::fresh(&sim).await;
    let code = client.code().await;
    let linked = sim.scan_by_push_name(&code).await.unwrap();
    client.connected().await;
    let info = sim.phone(&linked.number).await.unwrap();
    assert_eq!(info.name, "Sandbox phone");
    assert_eq!((info.devices.len(), info.devices[0].id), (1, linked.device));
    assert_eq!(client.client.pn().map(|pn| pn.user.to_string()), Some(linked.number.clone()));
    assert_eq!(client.client.lid().map(|lid| lid.user.to_string()), Some(info.lid));
    // The key share, the history and everything else is acknowledged in the end.
    let settled = sim.wait_for_phone(&linked.number, |phone| phone.devices[0].queued == 0, DEADLINE).await.unwrap();
    assert!(settled.is_some(), "{:?}", sim.phone(&linked.number).await);

    sim.drop_connections().await.unwrap();
    client.connected().await;
    let store = client.stop().await;
    let mut client = TestClient::start(sim.ws_url(), store).await;
    client.connected().await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_checked() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut client = TestClient::fresh(&sim).await;
    let code = client.code().await;
    let (reference, keys) = code.split_once(',').unwrap();
    assert!(matches!(sim.scan(&number, "hello").await, Err(SimError::BadCode)));
    assert!(matches!(sim.scan(&number, &format!("{reference}x,{keys}")).await, Err(SimError::CodeExpired)));
    let other_key = format!("{reference},{}", keys.replacen(&keys[..8], "AAAAAAAA", 1));
    assert!(matches!(sim.scan(&number, &other_key).await, Err(SimError::BadCode)));
    assert!(matches!(sim.scan("+62 812 9999 9999", &code).await, Err(SimError::Unregistered)));
    // A wrong secret shows only at the companion: it cannot verify the account's word.
    let (head, _) = code.rsplit_once(',').unwrap();
    let (head, _) = head.rsplit_once(',').unwrap();
    let wrong_secret = format!("{head},AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,1");
    assert!(matches!(sim.scan(&number, &wrong_secret).await, Err(SimError::CompanionRefused)));
    assert!(sim.phone(&number).await.unwrap().devices.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_unlinks_a_companion_and_the_other_stays() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut first = TestClient::linked(&sim, &number).await;
    let second = TestClient::linked(&sim, &number).await;
    sim.remove_companion(&number, 1).await.unwrap();
    first.logged_out().await;
    assert!(matches!(sim.remove_companion(&number, 1).await, Err(SimError::NoSuchDevice)));
    let devices = sim.phone(&number).await.unwrap().devices;
    assert_eq!(devices.iter().map(|device| (device.id, device.online)).collect::<Vec<_>>(), [(2, true)]);
    // A new companion never gets the number of an earlier one.
    let third = TestClient::linked(&sim, &number).await;
    assert_eq!(sim.phone(&number).await.unwrap().devices.last().map(|device| device.id), Some(3));
    second.stop().await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_companion_logs_itself_out() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut client = TestClient::linked(&sim, &number).await;
    client.client.logout().await;
    client.logged_out().await;
    let gone = sim.wait_for_phone(&number, |phone| phone.devices.is_empty(), DEADLINE).await.unwrap();
    assert!(gone.is_some());
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_the_network_does_not_know_is_logged_out() {
    let first = network().await;
    let number = phone(&first, "Owner").await;
    let store = TestClient::linked(&first, &number).await.stop().await;
    first.shutdown().await;
    // The same server key, but nobody it knew.
    let second = network().await;
    phone(&second, "Owner").await;
    let mut client = TestClient::start(second.ws_url(), store).await;
    client.logged_out().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_login_of_the_same_device_replaces_the_first() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut first = TestClient::linked(&sim, &number).await;
    let copy = InMemoryBackend::new();
    copy.create().await.unwrap();
    copy.save(&first.client.persistence_manager().get_device_snapshot()).await.unwrap();
    let mut second = TestClient::start(sim.ws_url(), Arc::new(copy)).await;
    first.expect("the replacement", |event| matches!(event, Event::StreamReplaced(_)).then_some(())).await;
    second.connected().await;
    assert!(sim.phone(&number).await.unwrap().devices[0].online);
}

//! Calls: ringing, missed, refused, answered elsewhere, from phones and from clients.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use whatsapp_rust::Jid;
use whatsapp_rust::wacore::stanza::call::{OfferDeviceKey, OfferParams, build_offer};
use whatsapp_rust::wacore::types::call::{CallAction, IncomingCall};
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore_binary::Node;
use whatsapp_sim::{CallOptions, CallState, PhoneCall, Sim, SimError};

use crate::client::{DEADLINE, TestClient, all_understood, jid, network, phone};

async fn lid(sim: &Sim, number: &str) -> Jid {
    Jid::lid(sim.phone(number).await.unwrap().lid)
}

async fn until(sim: &Sim, number: &str, like: impl FnMut(&PhoneCall) -> bool) -> PhoneCall {
    sim.wait_for_call(number, like, DEADLINE).await.unwrap().expect("the call comes so far")
}

fn call(event: &Event) -> Option<IncomingCall> {
    match event {
        Event::IncomingCall(call) => Some(call.clone()),
        _ => None,
    }
}

fn ended(event: &Event) -> Option<(String, Option<String>)> {
    match call(event)?.action {
        CallAction::Terminate { call_id, reason, .. } => Some((call_id, reason)),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_rings_a_client_which_refuses() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    let mut other = TestClient::linked(&sim, &ada).await;
    let group = "120363000000000001@g.us".to_owned();
    let id = sim.call(&bob, &ada, &CallOptions { video: true, group: Some(group.clone()) }).await.unwrap();
    let offer = client.expect("the call", call).await;
    assert_eq!((offer.from.clone(), offer.notify.as_deref()), (lid(&sim, &bob).await, Some("Bob")));
    let CallAction::Offer { call_id, call_creator, caller_pn, is_video, audio, group_jid, .. } = &offer.action else {
        panic!("{offer:?}")
    };
    assert_eq!((call_id, call_creator), (&id, &lid(&sim, &bob).await));
    assert_eq!((caller_pn.as_ref(), *is_video), (Some(&jid(&bob)), true));
    assert_eq!(audio.iter().map(|codec| codec.rate).collect::<Vec<_>>(), [8000, 16_000]);
    assert_eq!(group_jid.as_ref().map(ToString::to_string), Some(group));
    until(&sim, &bob, |call| call.rang).await;

    client.client.voip().reject(&offer).await.unwrap();
    let log = until(&sim, &bob, |call| call.state == CallState::Rejected).await;
    assert_eq!((log.id.as_str(), log.video), (id.as_str(), true));
    other.expect("the call", |event| matches!(call(event)?.action, CallAction::Offer { .. }).then_some(())).await;
    assert_eq!(other.expect("its end", ended).await, (id, Some("rejected_elsewhere".to_owned())));
    let settled = sim.wait_for_phone(&ada, |phone| phone.devices.iter().all(|device| device.queued == 0), DEADLINE);
    assert!(settled.await.unwrap().is_some(), "the client acknowledges what belongs to a call");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_takes_is_missed() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    for timeout in [false, true] {
        let id = sim.call(&bob, &ada, &CallOptions::default()).await.unwrap();
        client.expect("the call", call).await;
        sim.end_call(&bob, &id, timeout).await.unwrap();
        let reason = timeout.then(|| "timeout".to_owned());
        assert_eq!(client.expect("its end", ended).await, (id.clone(), reason));
        assert_eq!(until(&sim, &ada, |call| call.id == id).await.state, CallState::Missed);
        assert!(matches!(sim.end_call(&bob, &id, false).await, Err(SimError::NoSuchCall)));
    }
    // A client that is away learns of it when it comes back.
    let settled = sim.wait_for_phone(&ada, |phone| phone.devices[0].queued == 0, DEADLINE).await.unwrap();
    assert!(settled.is_some(), "the client acknowledges what belongs to a call");
    let store = client.stop().await;
    let id = sim.call(&bob, &ada, &CallOptions::default()).await.unwrap();
    sim.end_call(&bob, &id, true).await.unwrap();
    let mut client = TestClient::start(sim.ws_url(), store).await;
    let missed = |event: &Event| match event {
        Event::MissedCall(missed) => Some((missed.from.clone(), missed.call_id.clone())),
        _ => None,
    };
    assert_eq!(client.expect("the missed call", missed).await, (lid(&sim, &bob).await, id));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_and_unknown_callers_do_not_ring() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    sim.phone_block(&ada, &bob, true).await.unwrap();
    let unheard = sim.call(&bob, &ada, &CallOptions::default()).await.unwrap();
    sim.phone_block(&ada, &bob, false).await.unwrap();
    sim.phone_privacy(&ada, "calladd", "known").await.unwrap();
    sim.phone_contact(&ada, &cid, true).await.unwrap();
    sim.call(&bob, &ada, &CallOptions::default()).await.unwrap();
    let heard = sim.call(&cid, &ada, &CallOptions::default()).await.unwrap();
    assert_eq!(client.expect("the only call", call).await.action.call_id(), heard);
    assert_eq!(until(&sim, &bob, |call| call.id == unheard).await.state, CallState::Ringing);
    assert!(matches!(sim.call(&bob, &bob, &CallOptions::default()).await, Err(SimError::WrongChat)));
    let no_group = CallOptions { video: false, group: Some(cid) };
    assert!(matches!(sim.call(&bob, &ada, &no_group).await, Err(SimError::WrongChat)));
    all_understood(&sim).await;
}

/// The library without its media parts has no call of its own; its builder makes the stanza.
fn offer(id: &str, to: &Jid, creator: &Jid, keys: &[OfferDeviceKey]) -> Node {
    build_offer(&OfferParams {
        call_id: id,
        to,
        id: Some("CALL1"),
        call_creator: creator,
        privacy_token: None,
        audio_rates: &["16000"],
        video: false,
        capability: None,
        device_keys: keys,
        multi_device: true,
        device_identity: None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_calls_a_client_and_its_phone() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut ada_client = TestClient::linked(&sim, &ada).await;
    let mut bob_client = TestClient::linked(&sim, &bob).await;
    let (own, bob_lid) = (ada_client.client.lid().unwrap(), lid(&sim, &bob).await);
    let key = |device_jid: Jid| OfferDeviceKey { device_jid, enc_type: "msg".into(), ciphertext: vec![1, 2, 3] };
    let keys = [key(bob_lid.clone()), key(bob_client.client.lid().unwrap())];

    ada_client.client.send_node(offer("FIRST", &bob_lid, &own, &keys)).await.unwrap();
    let rings = bob_client.expect("the call", call).await;
    assert_eq!((rings.from.clone(), rings.action.call_id()), (own.clone(), "FIRST"));
    until(&sim, &ada, |call| call.rang).await;
    bob_client.client.voip().reject(&rings).await.unwrap();
    let answer = ada_client.expect("the refusal", call).await;
    assert!(matches!(answer.action, CallAction::Reject { ref call_id, .. } if call_id == "FIRST"), "{answer:?}");
    assert_eq!(answer.from, bob_client.client.lid().unwrap());
    assert_eq!(until(&sim, &bob, |call| call.id == "FIRST").await.state, CallState::Rejected);

    // Bob takes the second one on the phone, and hangs up there.
    ada_client.client.send_node(offer("SECOND", &bob_lid, &own, &keys)).await.unwrap();
    until(&sim, &bob, |call| call.id == "SECOND").await;
    sim.answer_call(&bob, "SECOND").await.unwrap();
    let answer = ada_client.expect("the answer", call).await;
    assert!(matches!(answer.action, CallAction::Accept { .. }), "{answer:?}");
    sim.end_call(&bob, "SECOND", false).await.unwrap();
    assert_eq!(ada_client.expect("the end", ended).await, ("SECOND".to_owned(), None));
    assert_eq!(until(&sim, &bob, |call| call.id == "SECOND").await.state, CallState::Ended);

    // The third one Ada gives up herself.
    ada_client.client.send_node(offer("THIRD", &bob_lid, &own, &keys)).await.unwrap();
    let rings =
        bob_client.expect("the third call", |event| call(event).filter(|call| call.action.call_id() == "THIRD")).await;
    let to = bob_client.client.lid().unwrap();
    ada_client.client.voip().terminate("THIRD", &to, rings.action.call_creator()).await.unwrap();
    assert_eq!(bob_client.expect("its end", ended).await.0, "THIRD");
    assert_eq!(until(&sim, &bob, |call| call.id == "THIRD").await.state, CallState::Missed);
    assert!(matches!(sim.reject_call(&bob, "THIRD").await, Err(SimError::NoSuchCall)));
    all_understood(&sim).await;
}

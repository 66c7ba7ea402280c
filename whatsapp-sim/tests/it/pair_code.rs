//! Linking by a code that the person types.

use serde_json::json;
use wacore::libsignal::protocol::KeyPair;
use wacore::pair::DeviceState;
use wacore::pair_code::PairCodeUtils;
use whatsapp_rust::pair_code::{PairCodeOptions, PairError};
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_sim::{Sim, SimError};

use crate::client::{TestClient, all_understood, network, phone};
use crate::handshake::{Wire, bytes, generate};
use crate::phone::Network;

async fn code(client: &TestClient, number: &str) -> Result<String, PairError> {
    let options = PairCodeOptions { phone_number: number.to_owned(), ..Default::default() };
    client.client.pair_with_code(options).await
}

/// A client that is ready to be linked.
async fn waiting(sim: &Sim) -> TestClient {
    let mut client = TestClient::fresh(sim).await;
    client.code().await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_code_links_the_companion() {
    let sim = network().await;
    let (number, other) = (phone(&sim, "Owner").await, phone(&sim, "Friend").await);
    let mut client = waiting(&sim).await;
    let code = code(&client, &number).await.unwrap();
    assert!(matches!(sim.enter_pair_code(&other, &code).await, Err(SimError::PairCodeExpired)), "it is not its code");
    // As people type: in small letters, with the dash that apps show.
    let typed = format!("{}-{}", code[..4].to_lowercase(), &code[4..]);
    let linked = sim.enter_pair_code(&number, &typed).await.unwrap();
    assert_eq!((linked.number.as_str(), linked.device), (number.as_str(), 1));
    client.connected().await;
    sim.phone_send(&other, &number, "welcome").await.unwrap();
    client.text("welcome").await;
    assert!(matches!(sim.enter_pair_code(&number, &code).await, Err(SimError::PairCodeExpired)), "used up");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_costs_an_attempt_and_the_right_one_still_links() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut client = waiting(&sim).await;
    let code = code(&client, &number).await.unwrap();
    let wrong = if code.starts_with('A') { "BBBBBBBB" } else { "AAAAAAAA" };
    assert!(matches!(sim.enter_pair_code(&number, "short").await, Err(SimError::WrongPairCode)));
    assert!(matches!(sim.enter_pair_code(&number, wrong).await, Err(SimError::WrongPairCode)));
    assert!(sim.phone(&number).await.unwrap().devices.is_empty());
    let admin = Network::of(&sim);
    let path = format!("/admin/phones/{number}/pair-code");
    assert_eq!(admin.post(&path, json!({ "code": wrong })).await.1["code"], "wrong_pair_code");
    assert_eq!(
        admin.post(&path, json!({ "code": code })).await,
        (200, json!({ "success": true, "data": { "number": number, "device": 1 } }))
    );
    client.connected().await;
    assert_eq!(admin.post(&path, json!({ "code": code })).await.1["code"], "pair_code_expired");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_code_is_dead_and_the_client_asks_for_another() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut client = waiting(&sim).await;
    let first = code(&client, &number).await.unwrap();
    for manual in [false, true] {
        assert_eq!(sim.refresh_pair_codes(&number, manual).await.unwrap(), 1);
        let forced = client
            .expect("the order to refresh", |event| match event {
                Event::PairingCodeRefresh(refresh) => Some(refresh.force_manual),
                _ => None,
            })
            .await;
        assert_eq!(forced, manual);
        assert!(matches!(sim.enter_pair_code(&number, &first).await, Err(SimError::PairCodeExpired)));
        let fresh = code(&client, &number).await.unwrap();
        if manual {
            sim.enter_pair_code(&number, &fresh).await.unwrap();
        }
    }
    client.connected().await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_nobodys_number_is_refused() {
    let sim = network().await;
    let client = waiting(&sim).await;
    let refused = code(&client, "6281299999999").await.unwrap_err();
    assert!(refused.rejection().is_some(), "{refused:?}");
    all_understood(&sim).await;
}

/// The library's own primitives play a companion that has never met the server, since an unmodified client refuses the
/// simulator's certificate then.
#[tokio::test(flavor = "multi_thread")]
async fn a_registration_by_xx_is_linked_by_code() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut state = DeviceState { identity_key: generate(), noise_key: generate(), adv_secret_key: [3; 32] };
    let mut wire = Wire::registered(&sim, &state, "Owner").await;
    wire.receive().await;
    let ephemeral = generate();
    let raw = |pair: &KeyPair| <[u8; 32]>::try_from(pair.public_key.public_key_bytes()).unwrap();
    let wrapped = PairCodeUtils::encrypt_ephemeral_pub(&raw(&ephemeral), "ABCDEFGH");
    let noise = raw(&state.noise_key);
    let hello = PairCodeUtils::build_companion_hello_iq(&number, &noise, &wrapped, "1", "Chrome", true, "1".into());
    wire.send(&hello).await;
    let answer = wire.receive().await;
    let reference = PairCodeUtils::parse_companion_hello_response(&answer.as_node_ref()).unwrap();
    let typing = tokio::spawn({
        let (sim, number) = (sim.clone(), number.clone());
        async move { sim.enter_pair_code(&number, "ABCD-EFGH").await }
    });
    let notification = wire.receive().await;
    let part =
        |tag: &'static str| bytes(notification.get_optional_child_by_tag(&["link_code_companion_reg", tag]).unwrap());
    let theirs = part("link_code_pairing_wrapped_primary_ephemeral_pub");
    let primary = PairCodeUtils::decrypt_primary_ephemeral_pub(theirs, "ABCDEFGH").unwrap();
    let identity = <[u8; 32]>::try_from(part("primary_identity_pub")).unwrap();
    let (bundle, secret) =
        PairCodeUtils::prepare_key_bundle(&ephemeral, &primary, &identity, &state.identity_key).unwrap();
    state.adv_secret_key = secret;
    let own = raw(&state.identity_key);
    wire.send(&PairCodeUtils::build_companion_finish_iq(&number, bundle, &own, &reference, "2".into())).await;
    assert_eq!(wire.receive().await.attrs.get("id").unwrap().to_string(), "2");
    wire.accept_pairing(&state).await;
    let linked = typing.await.unwrap().unwrap();
    assert_eq!((linked.number, linked.device), (number, 1));
}

//! How clients are turned away, and what they make of it.

use std::time::Duration;

use whatsapp_rust::wacore::types::events::{ConnectFailureReason, Event, TempBanReason};
use whatsapp_sim::{LoginRefusal, StreamEnd};

use crate::client::{TestClient, all_understood, network, phone};

/// What a client says to a refused login.
fn verdict(event: &Event) -> Option<String> {
    match event {
        Event::LoggedOut(out) => Some(format!("logged out: {:?}", out.reason)),
        Event::ClientOutdated(_) => Some("outdated".to_owned()),
        Event::TemporaryBan(ban) => {
            assert_eq!(ban.code, TempBanReason::BlockedByUsers);
            assert_eq!(ban.expire.to_std().ok(), Some(Duration::from_hours(1)));
            Some("banned".to_owned())
        }
        Event::ConnectFailure(failure) => Some(format!("failure: {:?}", failure.reason)),
        Event::Connected(_) => Some("connected".to_owned()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_a_login_is_what_the_client_reports() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut store = TestClient::linked(&sim, &number).await.stop().await;
    let banned = LoginRefusal::TemporarilyBanned { code: 102, seconds: 3600 };
    let cases = [
        (LoginRefusal::LoggedOut, format!("logged out: {:?}", ConnectFailureReason::LoggedOut)),
        (banned, "banned".to_owned()),
        (LoginRefusal::Locked, format!("logged out: {:?}", ConnectFailureReason::AccountLocked)),
        (LoginRefusal::Outdated, "outdated".to_owned()),
        (LoginRefusal::LoggedOutElsewhere, format!("logged out: {:?}", ConnectFailureReason::UnknownLogout)),
        (LoginRefusal::BadUserAgent, format!("failure: {:?}", ConnectFailureReason::BadUserAgent)),
        (LoginRefusal::Other { reason: 418 }, format!("failure: {:?}", ConnectFailureReason::ClientUnknown)),
    ];
    for (refusal, expected) in cases {
        sim.refuse_logins(&number, Some(refusal)).await.unwrap();
        let mut client = TestClient::start(sim.ws_url(), store).await;
        assert_eq!(client.expect("the verdict", verdict).await, expected);
        store = client.stop().await;
    }
    sim.refuse_logins(&number, None).await.unwrap();
    let mut client = TestClient::start(sim.ws_url(), store).await;
    client.connected().await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_of_the_server_a_client_tries_again() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut client = TestClient::linked(&sim, &number).await;
    for refusal in [LoginRefusal::Internal, LoginRefusal::Unavailable] {
        sim.refuse_logins(&number, Some(refusal)).await.unwrap();
        sim.drop_connections().await.unwrap();
        let seen = client.expect("the failure", verdict).await;
        assert!(seen.starts_with("failure: "), "{seen}");
        sim.refuse_logins(&number, None).await.unwrap();
        client.connected().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_streams_are_told_apart() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    let mut client = TestClient::linked(&sim, &number).await;
    for end in [StreamEnd::Recycled, StreamEnd::Code { code: 515 }, StreamEnd::Code { code: 503 }] {
        assert_eq!(sim.end_streams(&number, Some(1), end).await.unwrap(), 1, "{end:?}");
        client.connected().await;
    }
    for end in [StreamEnd::Code { code: 409 }, StreamEnd::Replaced] {
        sim.end_streams(&number, None, end).await.unwrap();
        client.expect("the replacement", |event| matches!(event, Event::StreamReplaced(_)).then_some(())).await;
        client = TestClient::start(sim.ws_url(), client.stop().await).await;
        client.connected().await;
    }
    for end in [StreamEnd::Code { code: 401 }, StreamEnd::Code { code: 516 }, StreamEnd::DeviceRemoved] {
        sim.end_streams(&number, None, end).await.unwrap();
        client.logged_out().await;
        client = TestClient::start(sim.ws_url(), client.stop().await).await;
        client.connected().await;
    }
    assert_eq!(sim.end_streams(&number, Some(7), StreamEnd::Recycled).await.unwrap(), 0);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_companion_is_asked_for_a_passkey_before_it_is_linked() {
    let sim = network().await;
    let number = phone(&sim, "Owner").await;
    sim.demand_passkeys(true).await.unwrap();
    let mut client = TestClient::fresh(&sim).await;
    let mut code = None;
    let options = client
        .expect("the demand", |event| match event {
            Event::PairingQrCode(shown) => {
                code = Some(shown.code.clone());
                None
            }
            Event::PairPasskeyRequest(request) => Some(request.request_options_json.clone()),
            _ => None,
        })
        .await;
    assert!(options.contains("web.whatsapp.com"));
    let code = match code {
        Some(code) => code,
        None => client.code().await,
    };
    sim.scan(&number, &code).await.unwrap();
    client.connected().await;
    all_understood(&sim).await;
}

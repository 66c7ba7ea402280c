use wacore::adv::decode_key_index_list;
use wacore::libsignal::protocol::KeyPair;
use wacore::pair::{DeviceState, PairUtils};
use waproto::buffa::Message as _;

use super::*;
use crate::phone::content::{summary, text};

const ALICE: &str = "100000000000001";
const BOB: &str = "100000000000002";

fn phone() -> PhoneSignal {
    PhoneSignal::generate(&mut keys::rng())
}

fn bundle(phone: &mut PhoneSignal, one_time: bool) -> PublicBundle {
    PublicBundle {
        registration_id: phone.registration_id(),
        identity: phone.identity_public(),
        signed_pre_key: phone.signed_pre_key(),
        one_time: one_time.then(|| phone.take_one_time_pre_key()),
    }
}

fn restarted(phone: &PhoneSignal) -> PhoneSignal {
    let stored = serde_json::to_string(&phone.to_state()).unwrap();
    PhoneSignal::from_state(serde_json::from_str(&stored).unwrap()).unwrap()
}

/// Sends one text and returns the kind it travelled as.
async fn say(
    from: (&mut PhoneSignal, &str),
    to: (&mut PhoneSignal, &str),
    bundle: Option<&PublicBundle>,
    words: &str,
) -> EncKind {
    let (kind, bytes) = from.0.encrypt(to.1, 0, bundle, &text(words)).await.unwrap();
    let message = to.0.decrypt(from.1, 0, kind, &bytes).await.unwrap();
    assert_eq!(summary(&message).text.as_deref(), Some(words));
    kind
}

#[tokio::test]
async fn two_phones_talk_both_ways_across_restarts() {
    for one_time in [true, false] {
        let (mut alice, mut bob) = (phone(), phone());
        let first = bundle(&mut bob, one_time);
        assert!(!alice.has_session(BOB, 0));
        assert_eq!(say((&mut alice, ALICE), (&mut bob, BOB), Some(&first), "one").await, EncKind::Pkmsg);
        assert!(alice.has_session(BOB, 0) && !alice.has_session(BOB, 1));

        let (mut alice, mut bob) = (restarted(&alice), restarted(&bob));
        assert_eq!(say((&mut alice, ALICE), (&mut bob, BOB), None, "two").await, EncKind::Pkmsg, "not answered yet");
        assert_eq!(say((&mut bob, BOB), (&mut alice, ALICE), None, "three").await, EncKind::Msg);
        assert_eq!(say((&mut alice, ALICE), (&mut bob, BOB), None, "four").await, EncKind::Msg);

        let (mut alice, mut bob) = (restarted(&alice), restarted(&bob));
        assert_eq!(say((&mut bob, BOB), (&mut alice, ALICE), None, "five").await, EncKind::Msg);
    }
}

#[tokio::test]
async fn restarts_leave_no_gaps() {
    let (mut alice, mut bob) = (phone(), phone());
    let first = bundle(&mut bob, true);
    say((&mut alice, ALICE), (&mut bob, BOB), Some(&first), "one").await;
    say((&mut bob, BOB), (&mut alice, ALICE), None, "two").await;
    let size = |phone: &PhoneSignal| serde_json::to_string(&phone.to_state()).unwrap().len();
    let before = size(&bob);
    for _ in 0..50 {
        alice = restarted(&alice);
        say((&mut alice, ALICE), (&mut bob, BOB), None, "again").await;
    }
    // A skipped counter would leave a message key behind.
    assert!(size(&bob) < before + 500, "{before} bytes have become {}", size(&bob));
}

#[tokio::test]
async fn a_session_can_begin_anew() {
    let (mut alice, mut bob) = (phone(), phone());
    let first = bundle(&mut bob, true);
    say((&mut alice, ALICE), (&mut bob, BOB), Some(&first), "one").await;
    say((&mut bob, BOB), (&mut alice, ALICE), None, "two").await;
    alice.forget_session(BOB, 0);
    let second = bundle(&mut bob, true);
    assert_eq!(say((&mut alice, ALICE), (&mut bob, BOB), Some(&second), "three").await, EncKind::Pkmsg);
    say((&mut bob, BOB), (&mut alice, ALICE), None, "four").await;
}

#[tokio::test]
async fn a_repeated_message_is_told_apart_from_a_broken_one() {
    let (mut alice, mut bob) = (phone(), phone());
    let first = bundle(&mut bob, true);
    let (kind, bytes) = alice.encrypt(BOB, 0, Some(&first), &text("once")).await.unwrap();
    bob.decrypt(ALICE, 0, kind, &bytes).await.unwrap();
    assert!(matches!(bob.decrypt(ALICE, 0, kind, &bytes).await, Err(PhoneError::Duplicate)));

    // In a session that was answered, the last bytes of a message are its MAC.
    say((&mut bob, BOB), (&mut alice, ALICE), None, "heard").await;
    let (kind, mut bytes) = alice.encrypt(BOB, 0, None, &text("twice")).await.unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert!(matches!(bob.decrypt(ALICE, 0, kind, &bytes).await, Err(PhoneError::Decrypt(_))));
    bytes[last] ^= 1;
    bob.decrypt(ALICE, 0, kind, &bytes).await.expect("the broken copy left the session usable");
}

#[tokio::test]
async fn a_one_time_key_serves_one_session() {
    let (mut alice, mut bob, mut carol) = (phone(), phone(), phone());
    let shared = bundle(&mut bob, true);
    say((&mut alice, ALICE), (&mut bob, BOB), Some(&shared), "mine").await;
    let (kind, bytes) = carol.encrypt(BOB, 0, Some(&shared), &text("mine too")).await.unwrap();
    let refused = bob.decrypt("100000000000003", 0, kind, &bytes).await;
    assert!(matches!(refused, Err(PhoneError::Decrypt(_))));
}

#[tokio::test]
async fn hostile_input_is_refused() {
    let mut bob = phone();
    for kind in [EncKind::Pkmsg, EncKind::Msg] {
        assert!(matches!(bob.decrypt(ALICE, 0, kind, b"").await, Err(PhoneError::Envelope(_))));
        assert!(matches!(bob.decrypt(ALICE, 0, kind, &[0x33; 200]).await, Err(PhoneError::Envelope(_))));
        assert!(matches!(bob.decrypt(ALICE, 0, kind, &vec![0x33; 2 << 20]).await, Err(PhoneError::TooLarge(_))));
    }
    assert!(matches!(bob.encrypt(ALICE, 0, None, &text("hi")).await, Err(PhoneError::NoSession)));
    let mut forged = bundle(&mut phone(), true);
    forged.signed_pre_key.signature[0] ^= 1;
    assert!(matches!(bob.encrypt(ALICE, 0, Some(&forged), &text("hi")).await, Err(PhoneError::Bundle(_))));
    assert!(!bob.has_session(ALICE, 0), "a refused bundle leaves no session behind");
}

#[test]
fn a_damaged_state_is_refused() {
    let stored = serde_json::to_value(phone().to_state()).unwrap();
    for (field, value) in [("identity", "AAAA"), ("signed_pre_key_signature", "AAAA"), ("identity", "not base64!")] {
        let mut damaged = stored.clone();
        damaged[field] = value.into();
        let state: PhoneState = serde_json::from_value(damaged).unwrap();
        assert!(matches!(PhoneSignal::from_state(state), Err(PhoneError::State(_))));
    }
}

#[test]
fn a_state_does_not_show_its_keys() {
    let state = phone().to_state();
    let json = serde_json::to_value(&state).unwrap();
    assert!(!format!("{state:?}").contains(json["identity"].as_str().unwrap()));
}

#[test]
fn futures_can_move_between_threads() {
    fn send<T: Send>(_: &T) {}
    let (mut alice, mut bob) = (phone(), phone());
    send(&alice.encrypt(BOB, 0, None, &text("hi")));
    send(&bob.decrypt(ALICE, 0, EncKind::Msg, b""));
}

/// A companion as the client library sees itself while pairing.
fn companion() -> DeviceState {
    let mut rng = keys::rng();
    DeviceState {
        identity_key: KeyPair::generate(&mut rng),
        noise_key: KeyPair::generate(&mut rng),
        adv_secret_key: [42; 32],
    }
}

#[test]
fn the_client_library_accepts_the_phones_signature_and_the_phone_the_answer() {
    let (phone, device) = (phone(), companion());
    let identity = raw_public(&device.identity_key.public_key);
    let signed = phone.sign_companion(identity, &device.adv_secret_key, 77, 3, 1_700_000_000).unwrap();

    let (answer, key_index) = PairUtils::do_pair_crypto(&device, &signed).expect("the client accepts");
    assert_eq!(key_index, 3);
    phone.verify_companion(&answer, identity).expect("the phone accepts");
}

#[test]
fn tampered_pairings_are_refused_on_both_sides() {
    let (owner, device) = (phone(), companion());
    let identity = raw_public(&device.identity_key.public_key);
    let signed = owner.sign_companion(identity, &device.adv_secret_key, 77, 3, 1_700_000_000).unwrap();

    let other_secret = owner.sign_companion(identity, &[0; 32], 77, 3, 1_700_000_000).unwrap();
    assert_eq!(PairUtils::do_pair_crypto(&device, &other_secret).unwrap_err().text, "hmac-mismatch");
    let other_device = owner.sign_companion([9; 32], &device.adv_secret_key, 77, 3, 1_700_000_000).unwrap();
    assert_eq!(PairUtils::do_pair_crypto(&device, &other_device).unwrap_err().text, "signature-mismatch");

    let (answer, _) = PairUtils::do_pair_crypto(&device, &signed).unwrap();
    let refused =
        |answer: &[u8], identity| matches!(owner.verify_companion(answer, identity), Err(PhoneError::DeviceIdentity));
    assert!(refused(&answer, [9; 32]), "another companion's identity");
    assert!(refused(b"nonsense", identity));
    let mut unsigned = waproto::codec::adv_signed_device_identity_decode(&answer).unwrap();
    unsigned.device_signature = None;
    assert!(refused(&unsigned.encode_to_vec(), identity), "no device signature");
    assert!(
        matches!(phone().verify_companion(&answer, identity), Err(PhoneError::DeviceIdentity)),
        "another account's companion"
    );
}

#[test]
fn the_client_library_reads_the_key_index_list() {
    let list = phone().key_index_list(77, 1_700_000_000, 4, &[2, 4]);
    let read = decode_key_index_list(&list).unwrap();
    assert_eq!((read.raw_id, read.timestamp, read.current_index), (77, 1_700_000_000, 4));
    assert_eq!(read.valid_indexes, [2, 4]);
}

//! The certificate check and the handshakes by which no seeded client comes: XX, and the fallback after an IK hello to
//! another server's key. A client of our own plays the initiator here, with the library's primitives, because an
//! unmodified one refuses the simulator's certificate, which is tested as well.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::sync::Arc;

use rand::rngs::StdRng;
use wacore::libsignal::protocol::KeyPair;
use wacore::pair::{DeviceState, PairUtils};
use wacore_binary::consts::{NOISE_PATTERN_IK, NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK, WA_CONN_HEADER};
use wacore_binary::marshal::marshal;
use wacore_binary::{Node, OwnedNodeRef, util};
use wacore_noise::framing::{FrameDecoder, encode_frame};
use wacore_noise::{HandshakeUtils, IkHandshakeState, IkServerHelloOutcome, NoiseCipher, NoiseHandshake};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::client_payload::DevicePairingRegistrationData;
use waproto::whatsapp::handshake_message::ServerHello;
use waproto::whatsapp::{ClientPayload, HandshakeMessage};
use whatsapp_rust::async_channel::Receiver;
use whatsapp_rust::bytes::BytesMut;
use whatsapp_rust::transport::{TokioWebSocketTransportFactory, Transport, TransportEvent, TransportFactory as _};
use whatsapp_rust::wacore::store::InMemoryBackend;
use whatsapp_rust::wacore::store::traits::DeviceStore as _;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_sim::{Sim, SimError};

use crate::client::{DEADLINE, TestClient, network};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_know_the_server_refuses_its_certificate() {
    let sim = network().await;
    let store = InMemoryBackend::new();
    store.create().await.unwrap();
    let mut client = TestClient::start(sim.ws_url(), Arc::new(store)).await;
    // It tries, refuses, and tries again.
    assert!(sim.wait_for_connections(2, DEADLINE).await);
    assert!(!client.has_come(|event| matches!(event, Event::PairingQrCode(_))));
    assert_eq!(sim.stats().await.connections_total, 0, "no handshake was completed");
    client.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_by_xx_is_linked_to_the_phone_of_its_name() {
    let sim = network().await;
    let first = register(&sim, "Ada").await;
    let second = register(&sim, "Ada").await;
    let other = register(&sim, "Bob").await;
    assert_eq!((first.number.as_str(), first.device), (second.number.as_str(), 1));
    assert_eq!((second.device, other.device), (2, 1));
    assert_ne!(first.number, other.number);
    assert_eq!(sim.phone(&first.number).await.unwrap().name, "Ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ik_hello_to_another_key_falls_back() {
    let sim = network().await;
    let keys = generate();
    let payload = registration(&keys, "Ada");
    let mut wire = Wire::open(&sim).await;
    let ephemeral = generate();
    let stranger = generate();
    let hello = ik_hello(&ephemeral, &keys, stranger.public_key.public_key_bytes(), &payload);
    wire.send_raw(&hello).await;
    let mut noise = NoiseHandshake::new(NOISE_PATTERN_XXFALLBACK, &WA_CONN_HEADER).unwrap();
    noise.authenticate(ephemeral.public_key.public_key_bytes());
    wire.finish_xx(noise, &ephemeral, &keys, &payload).await;
    assert!(wire.receive().await.get_optional_child("pair-device").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_that_is_none_is_cut_off() {
    let sim = network().await;
    for junk in [b"GET / HTTP/1.1".as_slice(), b"WA\x06\x03\x00\x00\x04junk"] {
        let (transport, events) =
            TokioWebSocketTransportFactory::new().with_url(sim.ws_url()).create_transport().await.unwrap();
        transport.send(junk.to_vec().into()).await.unwrap();
        let closed = async {
            while let Ok(event) = events.recv().await {
                assert!(!matches!(event, TransportEvent::DataReceived(_)));
                if matches!(event, TransportEvent::Disconnected(_)) {
                    break;
                }
            }
        };
        tokio::time::timeout(DEADLINE, closed).await.unwrap();
    }
    assert!(matches!(sim.scan_by_push_name("junk").await, Err(SimError::BadCode)));
}

/// Links a registration by XX, as far as the restart order.
async fn register(sim: &Sim, name: &str) -> whatsapp_sim::Linked {
    let state = DeviceState { identity_key: generate(), noise_key: generate(), adv_secret_key: [3; 32] };
    let mut wire = Wire::registered(sim, &state, name).await;
    let offer = wire.receive().await;
    let reference = offer.get_optional_child_by_tag(&["pair-device", "ref"]).unwrap().content_as_string().unwrap();
    wire.send(&PairUtils::build_ack_node(&offer).unwrap()).await;
    let code = PairUtils::make_qr_data(&state, &reference, wacore::companion_reg::CompanionWebClientType::Chrome);
    let scanning = tokio::spawn({
        let sim = sim.clone();
        async move { sim.scan_by_push_name(&code).await }
    });
    wire.accept_pairing(&state).await;
    scanning.await.unwrap().unwrap()
}

pub(crate) fn generate() -> KeyPair {
    KeyPair::generate(&mut rand::make_rng::<StdRng>())
}

pub(crate) fn bytes(node: &Node) -> &[u8] {
    match node.content.as_ref() {
        Some(wacore_binary::NodeContent::Bytes(bytes)) => bytes,
        _ => panic!("<{}> holds no bytes", node.tag),
    }
}

fn registration(identity: &KeyPair, name: &str) -> Vec<u8> {
    ClientPayload {
        push_name: Some(name.to_owned()),
        device_pairing_data: MessageField::some(DevicePairingRegistrationData {
            e_regid: Some(vec![0, 0, 0, 9]),
            e_ident: Some(identity.public_key.public_key_bytes().to_vec()),
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec()
}

fn ik_hello(ephemeral: &KeyPair, keys: &KeyPair, server: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut noise = NoiseHandshake::new(NOISE_PATTERN_IK, &WA_CONN_HEADER).unwrap();
    noise.authenticate(server);
    noise.authenticate(ephemeral.public_key.public_key_bytes());
    noise.mix_shared_secret(ephemeral.private_key.serialize(), server).unwrap();
    let sealed_static = noise.encrypt(keys.public_key.public_key_bytes()).unwrap();
    noise.mix_shared_secret(keys.private_key.serialize(), server).unwrap();
    let sealed_payload = noise.encrypt(payload).unwrap();
    HandshakeUtils::build_ik_client_hello(ephemeral.public_key.public_key_bytes(), sealed_static, sealed_payload)
        .encode_to_vec()
}

/// The initiator's end of a connection.
pub(crate) struct Wire {
    transport: Arc<dyn Transport>,
    events: Receiver<TransportEvent>,
    decoder: FrameDecoder,
    head_sent: bool,
    ciphers: Option<(NoiseCipher, NoiseCipher)>,
    counters: (u32, u32),
}

impl Wire {
    pub(crate) async fn open(sim: &Sim) -> Self {
        let (transport, events) =
            TokioWebSocketTransportFactory::new().with_url(sim.ws_url()).create_transport().await.unwrap();
        Self { transport, events, decoder: FrameDecoder::new(), head_sent: false, ciphers: None, counters: (0, 0) }
    }

    /// A registration by XX, up to the server's offer.
    pub(crate) async fn registered(sim: &Sim, state: &DeviceState, name: &str) -> Self {
        let payload = registration(&state.identity_key, name);
        let mut wire = Self::open(sim).await;
        let ephemeral = generate();
        let hello = HandshakeUtils::build_client_hello(ephemeral.public_key.public_key_bytes()).encode_to_vec();
        wire.send_raw(&hello).await;
        let mut noise = NoiseHandshake::new(NOISE_PATTERN_XX, &WA_CONN_HEADER).unwrap();
        noise.authenticate(ephemeral.public_key.public_key_bytes());
        wire.finish_xx(noise, &ephemeral, &state.noise_key, &payload).await;
        wire
    }

    /// A login by IK; also the hello, which is all of it.
    pub(crate) async fn logged_in(sim: &Sim, keys: KeyPair, payload: &ClientPayload) -> (Self, Vec<u8>) {
        let server = sim.server_public_key();
        let mut noise = IkHandshakeState::new(keys, server, payload.encode_to_vec(), &WA_CONN_HEADER).unwrap();
        let hello = noise.build_client_hello().unwrap();
        let mut wire = Self::open(sim).await;
        wire.send_raw(&hello).await;
        let IkServerHelloOutcome::Continue(done) = noise.read_server_hello(&wire.receive_raw().await).unwrap() else {
            panic!("the server has another key")
        };
        wire.ciphers = Some((done.write_cipher, done.read_cipher));
        (wire, hello)
    }

    /// The answer to `pair-success`, and the restart order that follows it.
    pub(crate) async fn accept_pairing(&mut self, state: &DeviceState) {
        let success = self.receive().await;
        let identity = success.get_optional_child_by_tag(&["pair-success", "device-identity"]).unwrap();
        let (signed, index) = PairUtils::do_pair_crypto(state, bytes(identity)).unwrap();
        let id = success.attrs.get("id").unwrap().to_string();
        self.send(&PairUtils::build_pair_success_response(&id, signed, index)).await;
        let restart = self.receive().await;
        assert_eq!(
            (restart.tag.as_ref(), restart.attrs.get("code").unwrap().to_string().as_str()),
            ("stream:error", "515")
        );
    }

    /// One frame, whatever is in it.
    pub(crate) async fn send_raw(&mut self, payload: &[u8]) {
        let head = (!self.head_sent).then_some(WA_CONN_HEADER.as_slice());
        self.head_sent = true;
        self.transport.send(encode_frame(payload, head).unwrap().into()).await.unwrap();
    }

    async fn receive_raw(&mut self) -> BytesMut {
        let received = async {
            loop {
                if let Some(frame) = self.decoder.decode_frame() {
                    return frame;
                }
                if let TransportEvent::DataReceived(data) = self.events.recv().await.expect("the server goes on") {
                    self.decoder.feed(&data);
                }
            }
        };
        tokio::time::timeout(DEADLINE, received).await.expect("the server answers")
    }

    /// Reads the server's hello and answers with the finish; nobody's signature is asked for.
    async fn finish_xx(&mut self, mut noise: NoiseHandshake, ephemeral: &KeyPair, keys: &KeyPair, payload: &[u8]) {
        let answer = HandshakeMessage::decode_from_slice(&self.receive_raw().await).unwrap();
        let ServerHello { ephemeral: theirs, r#static, payload: chain, .. } =
            answer.server_hello.into_option().unwrap();
        let theirs = theirs.unwrap();
        noise.authenticate(&theirs);
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &theirs).unwrap();
        let server = noise.decrypt(&r#static.unwrap()).unwrap();
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &server).unwrap();
        noise.decrypt(&chain.unwrap()).unwrap();
        let sealed_static = noise.encrypt(keys.public_key.public_key_bytes()).unwrap();
        noise.mix_shared_secret(keys.private_key.serialize(), &theirs).unwrap();
        let sealed_payload = noise.encrypt(payload).unwrap();
        let finish = HandshakeUtils::build_client_finish(sealed_static, sealed_payload);
        self.send_raw(&finish.encode_to_vec()).await;
        self.ciphers = Some(noise.finish().unwrap());
    }

    pub(crate) async fn send(&mut self, stanza: &Node) {
        let (write, _) = self.ciphers.as_ref().unwrap();
        let frame = write.encrypt_with_counter(self.counters.0, &marshal(stanza).unwrap()).unwrap();
        self.counters.0 += 1;
        self.send_raw(&frame).await;
    }

    /// Bytes as they are, outside of any frame.
    pub(crate) async fn send_bytes(&self, bytes: Vec<u8>) {
        // A socket that was cut already takes nothing.
        let _sent = self.transport.send(bytes.into()).await;
    }

    /// Waits until the server has cut the connection, without a word.
    pub(crate) async fn is_cut(&mut self) {
        let cut = async {
            while let Ok(event) = self.events.recv().await {
                match event {
                    TransportEvent::DataReceived(data) => panic!("an answer of {} bytes", data.len()),
                    TransportEvent::Disconnected(_) => break,
                    TransportEvent::Connected => {}
                }
            }
        };
        tokio::time::timeout(DEADLINE, cut).await.expect("the server cuts the connection");
    }

    pub(crate) async fn receive(&mut self) -> Node {
        let mut frame = self.receive_raw().await;
        let (_, read) = self.ciphers.as_ref().unwrap();
        read.decrypt_in_place_with_counter(self.counters.1, &mut frame).unwrap();
        self.counters.1 += 1;
        OwnedNodeRef::new(util::unpack_bytes(frame).unwrap()).unwrap().to_owned_node()
    }
}

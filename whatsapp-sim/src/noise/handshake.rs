//! The handshake from the server's side: XX, IK, and `XXfallback` when an IK hello does not decrypt (a closed socket
//! would make the client send IK for ever). Who the client is, is not asked here.

use rand::rngs::StdRng;
use thiserror::Error;
use wacore::libsignal::protocol::KeyPair;
use wacore_binary::consts::{NOISE_PATTERN_IK, NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK, WA_CONN_HEADER};
use wacore_noise::{HandshakeError, NoiseHandshake};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::handshake_message::{ClientHello, ServerHello};
use waproto::whatsapp::{ClientPayload, HandshakeMessage};

use super::{Opener, Replays, Sealer};

/// Why a handshake or a frame was refused; each ends the connection.
#[derive(Debug, Error)]
pub(crate) enum NoiseError {
    /// Not the handshake message that is due now.
    #[error("not a handshake message, or not the one that is due")]
    Message,
    /// A hello that was said before.
    #[error("the hello was said before")]
    Replayed,
    /// The cryptography of the handshake failed.
    #[error("the handshake failed: {0}")]
    Handshake(#[from] HandshakeError),
    /// The decrypted payload is no client payload.
    #[error("the client payload is malformed")]
    Payload,
    /// A frame does not decrypt, or the counter is used up.
    #[error("a frame does not decrypt")]
    Frame,
    /// A stanza is longer than any that a client has to send.
    #[error("a stanza is too long")]
    TooLong,
    /// A frame holds no stanza, or a stanza fits no frame.
    #[error("a frame holds no stanza")]
    Stanza,
}

/// The server's half of a handshake that has not begun.
pub(crate) struct Responder<'a> {
    pub(crate) key: &'a KeyPair,
    pub(crate) certificate_chain: &'a [u8],
    pub(crate) replays: &'a Replays,
}

/// What follows the client's hello: either all is known (IK) or its finish has to come (XX, `XXfallback`).
pub(crate) enum Hello {
    /// Send the answer; the handshake is complete.
    Complete { answer: Vec<u8>, opened: Box<Opened> },
    /// Send the answer, then give the next message to [`Pending::finish`].
    AwaitFinish { answer: Vec<u8>, pending: Box<Pending> },
}

/// A handshake that waits for the client's finish.
pub(crate) struct Pending {
    noise: NoiseHandshake,
    ephemeral: KeyPair,
}

/// A completed handshake.
pub(crate) struct Opened {
    /// The client's static key: the companion's identity on the transport.
    pub(crate) client_key: [u8; 32],
    pub(crate) payload: ClientPayload,
    pub(crate) sealer: Sealer,
    pub(crate) opener: Opener,
}

impl Responder<'_> {
    /// Answers the first message of a client.
    pub(crate) fn hello(&self, message: &[u8]) -> Result<Hello, NoiseError> {
        let message = HandshakeMessage::decode_from_slice(message).map_err(|_| NoiseError::Message)?;
        let hello = message.client_hello.into_option().ok_or(NoiseError::Message)?;
        let ephemeral = KeyPair::generate(&mut rand::make_rng::<StdRng>());
        let theirs: [u8; 32] =
            hello.ephemeral.as_deref().and_then(|key| key.try_into().ok()).ok_or(NoiseError::Message)?;
        if hello.r#static.is_none() {
            return self.answer_xx(NOISE_PATTERN_XX, theirs, ephemeral);
        }
        match self.read_ik(&hello, theirs) {
            Ok(_) if !self.replays.is_new(theirs) => Err(NoiseError::Replayed),
            Ok((noise, client_key, payload)) => self.answer_ik(noise, theirs, client_key, &payload, &ephemeral),
            Err(_) => self.answer_xx(NOISE_PATTERN_XXFALLBACK, theirs, ephemeral),
        }
    }

    fn answer_xx(&self, pattern: &str, theirs: [u8; 32], ephemeral: KeyPair) -> Result<Hello, NoiseError> {
        let mut noise = NoiseHandshake::new(pattern, &WA_CONN_HEADER)?;
        noise.authenticate(&theirs);
        noise.authenticate(ephemeral.public_key.public_key_bytes());
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &theirs)?;
        let sealed_static = noise.encrypt(self.key.public_key.public_key_bytes())?;
        noise.mix_shared_secret(self.key.private_key.serialize(), &theirs)?;
        let sealed_chain = noise.encrypt(self.certificate_chain)?;
        let answer = server_hello(&ephemeral, Some(sealed_static), sealed_chain);
        Ok(Hello::AwaitFinish { answer, pending: Box::new(Pending { noise, ephemeral }) })
    }

    fn read_ik(
        &self,
        hello: &ClientHello,
        theirs: [u8; 32],
    ) -> Result<(NoiseHandshake, [u8; 32], Vec<u8>), NoiseError> {
        let mut noise = NoiseHandshake::new(NOISE_PATTERN_IK, &WA_CONN_HEADER)?;
        noise.authenticate(self.key.public_key.public_key_bytes());
        noise.authenticate(&theirs);
        noise.mix_shared_secret(self.key.private_key.serialize(), &theirs)?;
        let client_key = noise.decrypt(hello.r#static.as_deref().unwrap_or_default())?;
        let client_key: [u8; 32] = client_key.try_into().map_err(|_| NoiseError::Message)?;
        noise.mix_shared_secret(self.key.private_key.serialize(), &client_key)?;
        let payload = noise.decrypt(hello.payload.as_deref().unwrap_or_default())?;
        Ok((noise, client_key, payload))
    }

    fn answer_ik(
        &self,
        mut noise: NoiseHandshake,
        theirs: [u8; 32],
        client_key: [u8; 32],
        payload: &[u8],
        ephemeral: &KeyPair,
    ) -> Result<Hello, NoiseError> {
        noise.authenticate(ephemeral.public_key.public_key_bytes());
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &theirs)?;
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &client_key)?;
        let sealed_chain = noise.encrypt(self.certificate_chain)?;
        let answer = server_hello(ephemeral, None, sealed_chain);
        Ok(Hello::Complete { answer, opened: Box::new(open(noise, client_key, payload)?) })
    }
}

impl Pending {
    /// Completes the handshake with the client's finish.
    pub(crate) fn finish(mut self, message: &[u8]) -> Result<Opened, NoiseError> {
        let message = HandshakeMessage::decode_from_slice(message).map_err(|_| NoiseError::Message)?;
        let finish = message.client_finish.into_option().ok_or(NoiseError::Message)?;
        let client_key = self.noise.decrypt(finish.r#static.as_deref().unwrap_or_default())?;
        let client_key: [u8; 32] = client_key.try_into().map_err(|_| NoiseError::Message)?;
        self.noise.mix_shared_secret(self.ephemeral.private_key.serialize(), &client_key)?;
        let payload = self.noise.decrypt(finish.payload.as_deref().unwrap_or_default())?;
        open(self.noise, client_key, &payload)
    }
}

/// Splits the finished handshake; its ciphers are named as the initiator sees them, so the server swaps them.
fn open(noise: NoiseHandshake, client_key: [u8; 32], payload: &[u8]) -> Result<Opened, NoiseError> {
    let payload = ClientPayload::decode_from_slice(payload).map_err(|_| NoiseError::Payload)?;
    let (client_write, client_read) = noise.finish()?;
    Ok(Opened { client_key, payload, sealer: Sealer::new(client_read), opener: Opener::new(client_write) })
}

fn server_hello(ephemeral: &KeyPair, sealed_static: Option<Vec<u8>>, sealed_chain: Vec<u8>) -> Vec<u8> {
    HandshakeMessage {
        server_hello: MessageField::some(ServerHello {
            ephemeral: Some(ephemeral.public_key.public_key_bytes().to_vec()),
            r#static: sealed_static,
            payload: Some(sealed_chain),
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec()
}

//! Encrypting to devices and decrypting from them.
//!
//! Padding and protobuf happen here; unwrapping what an own companion sent on behalf of the account does not.

use wacore::libsignal::protocol::{
    CiphertextMessage, CiphertextMessageType, DeviceId, IdentityKey, PreKeyBundle, PreKeySignalMessage,
    PreKeyStore as _, ProtocolAddress, PublicKey, SignalMessage, SignalProtocolError, UsePQRatchet, message_decrypt,
    message_encrypt, process_prekey_bundle,
};
use wacore::messages::{MessageUtils, decode_plaintext};
use waproto::whatsapp as wa;

use super::keys::{self, PublicBundle};
use super::sender_keys::SenderKeys;
use super::stores::Sessions;
use super::{PhoneError, PhoneSignal};

/// The padding scheme of `<enc v="2">`.
pub(super) const PADDING_VERSION: u8 = 2;

/// Larger ciphertexts are refused before any work: texts end at 64 KiB, media travels outside of messages.
pub(super) const MAX_CIPHERTEXT: usize = 1024 * 1024;

/// The two kinds of one-to-one ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncKind {
    /// Begins a session: carries the sender's identity and the prekeys it used.
    Pkmsg,
    /// Continues a session.
    Msg,
}

impl EncKind {
    /// The `type` attribute of `<enc>`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pkmsg => "pkmsg",
            Self::Msg => "msg",
        }
    }

    /// Reads the `type` attribute of `<enc>`; group ciphertexts and unknown kinds are `None`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "pkmsg" => Some(Self::Pkmsg),
            "msg" => Some(Self::Msg),
            _ => None,
        }
    }
}

pub(super) fn address(user: &str, device: u16) -> ProtocolAddress {
    ProtocolAddress::new(user, DeviceId::new(device.into()))
}

impl PhoneSignal {
    /// Decrypts one message. A consumed one-time prekey is forgotten together with it.
    pub async fn decrypt(
        &mut self,
        from_user: &str,
        from_device: u16,
        kind: EncKind,
        bytes: &[u8],
    ) -> Result<wa::Message, PhoneError> {
        if bytes.len() > MAX_CIPHERTEXT {
            return Err(PhoneError::TooLarge(bytes.len()));
        }
        let envelope = match kind {
            EncKind::Pkmsg => PreKeySignalMessage::try_from(bytes).map(CiphertextMessage::PreKeySignalMessage),
            EncKind::Msg => SignalMessage::try_from(bytes).map(CiphertextMessage::SignalMessage),
        }
        .map_err(PhoneError::Envelope)?;
        let opened = message_decrypt(
            &envelope,
            &address(from_user, from_device),
            &mut self.sessions,
            &mut self.identities,
            &mut self.one_time,
            &self.signed_pre_key,
            &mut keys::rng(),
            UsePQRatchet::No,
        )
        .await
        .map_err(|error| match error {
            SignalProtocolError::DuplicatedMessage(..) => PhoneError::Duplicate,
            other => PhoneError::Decrypt(other),
        })?;
        if let Some(id) = opened.consumed_prekey_id {
            self.one_time.remove_pre_key(id).await.map_err(PhoneError::Decrypt)?;
        }
        decode_plaintext(&opened.plaintext, PADDING_VERSION).map_err(|_| PhoneError::Plaintext)
    }

    /// Forgets the session with a device: the next message to it begins a new one.
    pub fn forget_session(&mut self, user: &str, device: u16) {
        self.sessions.0.remove(address(user, device).as_str());
    }

    /// Forgets every session and every chain of a group, its own and those of others.
    pub fn forget_sessions(&mut self) {
        self.sessions = Sessions::default();
        self.sender_keys = SenderKeys::default();
    }

    /// Encrypts one message. The bundle is used only when there is no session yet.
    pub async fn encrypt(
        &mut self,
        user: &str,
        device: u16,
        bundle: Option<&PublicBundle>,
        message: &wa::Message,
    ) -> Result<(EncKind, Vec<u8>), PhoneError> {
        let address = address(user, device);
        if !self.sessions.contains(&address) {
            let bundle = prekey_bundle(bundle.ok_or(PhoneError::NoSession)?, device).map_err(PhoneError::Bundle)?;
            process_prekey_bundle(
                &address,
                &mut self.sessions,
                &mut self.identities,
                &bundle,
                &mut keys::rng(),
                UsePQRatchet::No,
            )
            .await
            .map_err(PhoneError::Bundle)?;
        }
        let plaintext = MessageUtils::encode_and_pad(message);
        let sealed = message_encrypt(&plaintext, &address, &mut self.sessions, &mut self.identities)
            .await
            .map_err(PhoneError::Encrypt)?;
        let kind = match sealed.message_type() {
            CiphertextMessageType::PreKey => EncKind::Pkmsg,
            _ => EncKind::Msg,
        };
        Ok((kind, sealed.serialize().to_vec()))
    }
}

fn prekey_bundle(bundle: &PublicBundle, device: u16) -> Result<PreKeyBundle, SignalProtocolError> {
    let one_time = match &bundle.one_time {
        Some((id, key)) => Some(((*id).into(), PublicKey::from_djb_public_key_bytes(key)?)),
        None => None,
    };
    PreKeyBundle::new(
        bundle.registration_id,
        DeviceId::new(device.into()),
        one_time,
        bundle.signed_pre_key.id.into(),
        PublicKey::from_djb_public_key_bytes(&bundle.signed_pre_key.public)?,
        bundle.signed_pre_key.signature.to_vec(),
        IdentityKey::new(PublicKey::from_djb_public_key_bytes(&bundle.identity)?),
    )
}

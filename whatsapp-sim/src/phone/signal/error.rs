//! What can go wrong on the phone, one variant per failed operation.

use wacore::libsignal::protocol::SignalProtocolError;

/// Why the phone could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The ciphertext is not a Signal message of the announced kind.
    #[error("the ciphertext is not a Signal message of its announced kind")]
    Envelope(#[source] SignalProtocolError),
    /// This very message was decrypted before.
    #[error("the message was already decrypted")]
    Duplicate,
    /// No key fits the message.
    #[error("the message cannot be decrypted")]
    Decrypt(#[source] SignalProtocolError),
    /// The ciphertext is larger than any message may be.
    #[error("the ciphertext of {0} bytes is too large")]
    TooLarge(usize),
    /// The plaintext is not a padded WhatsApp message.
    #[error("the decrypted bytes are not a message")]
    Plaintext,
    /// There is neither a session nor a bundle to begin one.
    #[error("there is no session with the device and no bundle to begin one")]
    NoSession,
    /// The bundle's keys or its signature are wrong.
    #[error("the bundle cannot begin a session")]
    Bundle(#[source] SignalProtocolError),
    /// The message could not be encrypted.
    #[error("the message cannot be encrypted")]
    Encrypt(#[source] SignalProtocolError),
    /// Signing a companion's identity failed.
    #[error("the companion's identity cannot be signed")]
    Sign,
    /// The device identity is malformed or one of its signatures is wrong.
    #[error("the device identity does not verify")]
    DeviceIdentity,
    /// The companion's key bundle does not open: the typed code was wrong.
    #[error("the companion's key bundle does not open")]
    KeyBundle,
    /// A stored state does not decode; the text names the field.
    #[error("the stored phone state is damaged at {0}")]
    State(&'static str),
}

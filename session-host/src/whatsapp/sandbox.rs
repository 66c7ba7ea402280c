//! The simulated network, as a session needs it: where it is, and the seed that lets an unmodified client link there.
//!
//! A store that already holds a server certificate makes the client open with Noise IK, which does not ask the root. So an
//! empty sandbox store is seeded with a reserved number and the simulator's key, and the simulator answers that login with
//! a QR code. No check of the library is switched off, and a live session never sees such a store.

use std::time::Duration;

use wacore::store::Device;
use wacore::store::device::{CachedNoiseCert, CachedServerCertChain};
use wacore::store::error::StoreError;
use wacore::store::traits::Backend;
use wacore_binary::Jid;

use crate::clock;

/// The number of a session that is not linked yet. The simulator knows it; no person has it.
pub const RESERVED_NUMBER: u64 = 999_000_000_000_000;

/// How long the seeded certificate is valid on either side of now. Linking replaces nothing of it, so it must outlast the
/// sandbox session.
const CERTIFICATE_WINDOW: Duration = Duration::from_hours(10 * 365 * 24);

/// Where the simulator is, and its static key.
#[derive(Clone, Debug)]
pub struct Sandbox {
    url: String,
    authority: String,
    public_key: [u8; 32],
}

/// The simulator's address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSandbox {
    /// It is not of the form `ws://host[:port]/path`.
    #[error("the sandbox URL must look like ws://host:port/ws/chat")]
    Url,
    /// It is not 64 hexadecimal digits.
    #[error("the sandbox key must be 64 hexadecimal digits")]
    Key,
}

impl Sandbox {
    /// A simulator at a `ws://` URL with a public key in hexadecimal digits.
    pub fn new(url: &str, public_key: &str) -> Result<Self, InvalidSandbox> {
        let parsed = reqwest::Url::parse(url).map_err(|_| InvalidSandbox::Url)?;
        let host = parsed.host_str().filter(|_| matches!(parsed.scheme(), "ws" | "wss")).ok_or(InvalidSandbox::Url)?;
        let authority = parsed.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut key = [0; 32];
        hex::decode_to_slice(public_key, &mut key).map_err(|_| InvalidSandbox::Key)?;
        Ok(Self { url: url.to_owned(), authority, public_key: key })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Makes an empty store ready to link in the sandbox. A store that holds a device is left alone.
    pub(super) async fn seed(&self, store: &dyn Backend) -> Result<(), StoreError> {
        if store.exists().await? && store.load().await?.is_some() {
            return Ok(());
        }
        store.create().await?;
        let now = clock::unix_now();
        let window = i64::try_from(CERTIFICATE_WINDOW.as_secs()).unwrap_or(i64::MAX);
        let certificate = |key| CachedNoiseCert { key, not_before: now - window, not_after: now + window };
        let mut device = Device::new();
        device.pn = Some(Jid::pn(RESERVED_NUMBER.to_string()));
        device.server_cert_chain =
            Some(CachedServerCertChain { intermediate: certificate([0; 32]), leaf: certificate(self.public_key) });
        store.save(&device).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_websocket_addresses_and_whole_keys() {
        let key = "ab".repeat(32);
        assert_eq!(Sandbox::new("ws://127.0.0.1:3002/ws/chat", &key).unwrap().authority(), "127.0.0.1:3002");
        for url in ["http://127.0.0.1/", "127.0.0.1", "ws://", ""] {
            assert_eq!(Sandbox::new(url, &key).unwrap_err(), InvalidSandbox::Url, "{url}");
        }
        assert_eq!(Sandbox::new("ws://a/", "ab").unwrap_err(), InvalidSandbox::Key);
    }
}

//! The store of a client whose account was seeded: it was never linked, and logs in like any other.

#![expect(clippy::unwrap_used, reason = "seeded keys are well-formed")]

use std::sync::Arc;

use whatsapp_rust::wacore::libsignal::protocol::{KeyPair, PreKeyRecord, PrivateKey};
use whatsapp_rust::wacore::store::device::{CachedNoiseCert, CachedServerCertChain, account_serde};
use whatsapp_rust::wacore::store::traits::{DeviceStore as _, SignalStore as _};
use whatsapp_rust::wacore::store::{Device, InMemoryBackend};
use whatsapp_sim::{SeededDevice, SeededKeyPair};

fn pair(of: &SeededKeyPair) -> KeyPair {
    KeyPair::try_from(PrivateKey::deserialize(&of.private).unwrap()).unwrap()
}

/// A store that holds what a linked client's would.
pub(crate) async fn store_of(seeded: &SeededDevice, server_key: [u8; 32]) -> Arc<InMemoryBackend> {
    let certificate = |key| CachedNoiseCert { key, not_before: 0, not_after: 4_000_000_000 };
    let mut device = Device::new();
    device.pn = Some(seeded.jid.parse().unwrap());
    device.lid = Some(seeded.lid.parse().unwrap());
    device.push_name.clone_from(&seeded.name);
    device.registration_id = seeded.registration_id;
    device.noise_key = pair(&seeded.noise_key);
    device.identity_key = pair(&seeded.identity_key);
    device.signed_pre_key = pair(&seeded.signed_pre_key);
    device.signed_pre_key_id = seeded.signed_pre_key_id;
    device.signed_pre_key_signature = seeded.signed_pre_key_signature;
    device.adv_secret_key = seeded.adv_secret;
    device.account = Some(Arc::new(account_serde::from_bytes(&seeded.account).unwrap()));
    device.lid_migrated = true;
    device.server_has_prekeys = true;
    device.next_pre_key_id = u32::try_from(seeded.pre_keys.len()).unwrap() + 1;
    device.first_unupload_pre_key_id = device.next_pre_key_id;
    device.server_cert_chain =
        Some(CachedServerCertChain { intermediate: certificate([9; 32]), leaf: certificate(server_key) });
    let store = InMemoryBackend::new();
    store.create().await.unwrap();
    store.save(&device).await.unwrap();
    for key in &seeded.pre_keys {
        let record = PreKeyRecord::new(key.id.into(), &pair(&key.pair)).serialize().unwrap();
        store.store_prekey(key.id, &record, true).await.unwrap();
    }
    Arc::new(store)
}

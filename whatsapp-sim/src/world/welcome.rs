//! What a phone gives to a companion at its first login: the app-state key, as soon as it can encrypt to it, and the
//! past ([`super::past`]), once the companion has uploaded its keys. Without the key the client would wait ten seconds for it.

use super::records::Key;
use super::{DeviceRef, World};
use crate::phone::content::{self, AppStateKey};

/// How many keys that a phone does not have it names in one answer.
const MAX_UNKNOWN_KEYS: usize = 32;

impl World {
    /// Gives a companion what it has not got yet and can take now.
    pub(super) async fn welcome(&mut self, who: DeviceRef) {
        let Some(device) = self.device(who).filter(|device| device.live && device.registration.is_some()) else {
            return;
        };
        let (welcomed, uploaded) = (device.welcomed, device.uploaded);
        if !welcomed.key {
            self.share_key(who, &[]).await;
        }
        if uploaded && !welcomed.history {
            self.share_past(who).await;
        }
    }

    /// Sends the app-state key of the account to one of its companions. Of others that it asked for, it learns that the phone
    /// does not have them.
    pub(super) async fn share_key(&mut self, who: DeviceRef, wanted: &[Vec<u8>]) {
        let Some(account) = self.accounts.get(&who.number) else { return };
        let key = &account.app_state_key;
        let indexes: Vec<u32> =
            std::iter::once(0).chain(account.devices.values().map(|device| device.key_index)).collect();
        let own = AppStateKey {
            id: &key.id.0,
            data: key.data.0,
            raw_id: account.raw_id,
            current_index: account.last_key_index,
            device_indexes: &indexes,
            timestamp_ms: i64::try_from(key.timestamp * 1000).unwrap_or(i64::MAX),
        };
        let unknown = wanted.iter().filter(|id| **id != *own.id).take(MAX_UNKNOWN_KEYS).map(Vec::as_slice);
        let share = content::app_state_key_share(&own, unknown);
        match self.phone_to_peer(who, &share).await {
            Ok(()) => self.mark_welcomed(who, |welcomed| welcomed.key = true),
            Err(error) => tracing::warn!(%error, "a phone cannot share its app-state key"),
        }
    }

    pub(super) fn mark_welcomed(&mut self, who: DeviceRef, mark: impl FnOnce(&mut super::account::Welcomed)) {
        if let Some(device) = self.device_mut(who) {
            mark(&mut device.welcomed);
        }
        self.touch(Key::Device(who.number, who.device));
    }
}

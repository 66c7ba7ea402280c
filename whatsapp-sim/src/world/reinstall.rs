//! A phone that was reset: the account goes on with other keys. Its companions are logged out, what only the old keys
//! could read is gone, and everyone who knows the account is told to begin a new session.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};
use wacore_binary::builder::NodeBuilder;

use super::account::AppStateKey;
use super::records::Key;
use super::{DeviceRef, World};
use crate::blob::{Blob, Key32};
use crate::phone::PhoneSignal;
use crate::sim::SimError;
use crate::{address, clock};

impl World {
    /// The phone of `number` is installed anew.
    pub(crate) fn reinstall(&mut self, number: u64) -> Result<(), SimError> {
        let account = self.accounts.get(&number).ok_or(SimError::Unregistered)?;
        let lid = account.lid;
        let companions: Vec<u16> = account.devices.keys().copied().collect();
        for device in companions {
            self.unlink(DeviceRef { number, device }, true);
        }
        let mut rng = rand::make_rng::<StdRng>();
        let mut key_id = vec![0; 6];
        rng.fill_bytes(&mut key_id);
        let account = self.accounts.get_mut(&number).ok_or(SimError::Unregistered)?;
        account.phone = PhoneSignal::generate(&mut rng);
        // Another raw id: clients forget what they knew of the account's devices.
        account.raw_id = account.raw_id % u32::from(u16::MAX) + 1;
        account.app_state_key = AppStateKey { id: Blob(key_id), data: Key32(rng.random()), timestamp: clock::now() };
        let collections = std::mem::take(&mut account.collections);
        for name in collections.into_keys() {
            self.touch(Key::Collection(number, name));
        }
        self.touch(Key::Account(number));
        self.touch(Key::Signal(number));
        let user = lid.to_string();
        let mut met = Vec::new();
        for (other, account) in &mut self.accounts {
            if *other != number && account.phone.has_session(&user, 0) {
                account.phone.forget_session(&user, 0);
                met.push(*other);
            }
        }
        for other in met {
            self.touch(Key::Signal(other));
        }
        let changed = NodeBuilder::new("identity").build();
        let notification = Self::notification("encrypt", address::lid(lid, 0), [changed]);
        self.notify_acquaintances(number, &notification);
        Ok(())
    }
}

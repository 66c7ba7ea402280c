//! What a person does on the phone about others and about what others see: the name, presence, blocking, privacy.

use super::{Sim, SimError};
use crate::world::{DeviceRef, World};

/// The device number of a phone.
const PHONE: u16 = 0;

impl Sim {
    /// The person takes another name; contacts hear of it and see it on the next message.
    pub async fn rename_phone(&self, number: &str, name: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| world.rename(phone, name)).await
    }

    /// The phone is reset: it has other keys from now on, its companions are logged out, and contacts are told.
    pub async fn reinstall_phone(&self, number: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| world.reinstall(phone.number)).await
    }

    /// Somebody takes up the phone, or puts it away.
    pub async fn phone_presence(&self, number: &str, available: bool) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| {
            world.set_available(phone, available);
            Ok(())
        })
        .await
    }

    /// The person blocks somebody, or unblocks them.
    pub async fn phone_block(&self, number: &str, other: &str, block: bool) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| {
            let other = world.find(other)?;
            if other != phone.number && world.block(phone, other, block) { Ok(()) } else { Err(SimError::BadSetting) }
        })
        .await
    }

    /// The person changes a privacy setting, such as `last` to `none`.
    pub async fn phone_privacy(&self, number: &str, category: &str, value: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| {
            world.set_privacy(phone, category, value, None).map(drop).map_err(|_| SimError::BadSetting)?;
            world.privacy_changed(phone, category, value);
            Ok(())
        })
        .await
    }

    /// The person enters somebody into the address book, or removes them.
    pub async fn phone_contact(&self, number: &str, other: &str, known: bool) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| {
            let other = world.find(other)?;
            if known {
                world.add_contact(phone.number, other);
            } else {
                world.remove_contact(phone.number, other);
            }
            Ok(())
        })
        .await
    }

    /// The privacy settings of an account, by category.
    pub async fn privacy(&self, number: &str) -> Result<Vec<(String, String)>, SimError> {
        let state = self.inner.state.lock().await;
        let number = state.world.find(number)?;
        Ok(state.world.privacy_settings(number))
    }

    /// Whom an account has blocked, as numbers.
    pub async fn blocked(&self, number: &str) -> Result<Vec<String>, SimError> {
        let state = self.inner.state.lock().await;
        let number = state.world.find(number)?;
        let blocked = state.world.accounts.get(&number).map(|account| account.blocked.clone()).unwrap_or_default();
        Ok(blocked.iter().map(u64::to_string).collect())
    }

    /// Whether `adder` may put the account into a group, by its privacy settings.
    pub async fn may_add_to_group(&self, number: &str, adder: &str) -> Result<bool, SimError> {
        let state = self.inner.state.lock().await;
        Ok(state.world.may_add_to_group(state.world.find(number)?, state.world.find(adder)?))
    }

    /// One act of a phone, as one step.
    pub(super) async fn as_phone<T>(
        &self,
        number: &str,
        act: impl FnOnce(&mut World, DeviceRef) -> Result<T, SimError>,
    ) -> Result<T, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let done = world.find(number).and_then(|number| act(world, DeviceRef { number, device: PHONE }));
        step.done().await?;
        done
    }
}

//! Many linked accounts at once, for load.

use super::{Sim, SimError};
use crate::phone::PhoneError;
use crate::world::people::MAX_ACCOUNTS;
use crate::world::seeded::{CompanionKeys, SeededDevice};

/// How many one-time prekeys a companion has unless it is told: enough for a day of new correspondents.
pub(crate) const DEFAULT_PRE_KEYS: u16 = 20;
/// As many one-time prekeys as a client uploads at once.
const MAX_PRE_KEYS: u16 = 812;
/// How many companions are made by one call, so that its answer fits into memory.
const MAX_SEEDED: usize = 5000;

impl Sim {
    /// New accounts, each with a linked companion that has uploaded its keys: a client whose store holds what is returned logs
    /// in without being linked.
    pub async fn seed_linked(&self, count: usize) -> Result<Vec<SeededDevice>, SimError> {
        self.seed_linked_with(count, DEFAULT_PRE_KEYS).await
    }

    /// The same with so many one-time prekeys each, at most 812.
    pub async fn seed_linked_with(&self, count: usize, pre_keys: u16) -> Result<Vec<SeededDevice>, SimError> {
        if !(1..=MAX_SEEDED).contains(&count) || pre_keys > MAX_PRE_KEYS {
            return Err(SimError::BadCount);
        }
        let there = self.inner.state.lock().await.world.accounts.len();
        if there + count > MAX_ACCOUNTS {
            return Err(SimError::TooManyAccounts);
        }
        let mut seeded = Vec::with_capacity(count);
        for nth in 1..=count {
            let made = tokio::task::spawn_blocking(move || CompanionKeys::generate(pre_keys)).await;
            let keys = made.map_err(|_| SimError::Stopped)?.map_err(|_| PhoneError::Sign)?;
            let mut step = self.step().await?;
            let device = step.world().seed_linked(&format!("Seeded {nth}"), &keys);
            step.done().await?;
            seeded.push(device?);
        }
        Ok(seeded)
    }
}

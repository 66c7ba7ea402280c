//! Waiting for facts: look, and look again after each step, until a deadline. Nobody sleeps and hopes.

use std::time::Duration;

use super::view::{self, PhoneInfo};
use super::{PhoneMessage, Sim, SimError};
use crate::world::World;

impl Sim {
    /// Waits until a phone has a message like this one; `None` when the time is over.
    pub async fn wait_for_message(
        &self,
        number: &str,
        mut like: impl FnMut(&PhoneMessage) -> bool,
        within: Duration,
    ) -> Result<Option<PhoneMessage>, SimError> {
        self.wait(within, |world| Ok(view::messages(world, number)?.into_iter().find(&mut like))).await
    }

    /// Waits until a phone and its companions look like this; `None` when the time is over.
    pub async fn wait_for_phone(
        &self,
        number: &str,
        mut like: impl FnMut(&PhoneInfo) -> bool,
        within: Duration,
    ) -> Result<Option<PhoneInfo>, SimError> {
        self.wait(within, |world| Ok(Some(view::phone(world, number)?).filter(&mut like))).await
    }

    /// Waits until this many sockets were ever opened; false when the time is over.
    pub async fn wait_for_connections(&self, count: u64, within: Duration) -> bool {
        let opened = self.wait(within, |_| Ok((self.connections_accepted() >= count).then_some(()))).await;
        matches!(opened, Ok(Some(())))
    }

    /// Waits until the counter of steps is another than `after`, and returns it; the same one when the time is over.
    pub async fn wait_for_change(&self, after: Option<u64>, within: Duration) -> Result<u64, SimError> {
        let mut steps = self.inner.steps.subscribe();
        let changed = async { steps.wait_for(|counter| Some(*counter) != after).await.map(|counter| *counter) };
        let waited = tokio::select! {
            waited = tokio::time::timeout(within, changed) => waited,
            () = self.inner.stopping.cancelled() => return Err(SimError::Stopped),
        };
        waited.unwrap_or_else(|_| Ok(*self.inner.steps.borrow())).map_err(|_| SimError::Stopped)
    }

    pub(super) async fn wait<T>(
        &self,
        within: Duration,
        mut look: impl FnMut(&World) -> Result<Option<T>, SimError>,
    ) -> Result<Option<T>, SimError> {
        let mut steps = self.inner.steps.subscribe();
        let looking = async {
            loop {
                steps.borrow_and_update();
                let found = look(&self.inner.state.lock().await.world);
                match found {
                    Ok(None) => {}
                    found => return found,
                }
                if steps.changed().await.is_err() {
                    return Err(SimError::Stopped);
                }
            }
        };
        tokio::time::timeout(within, looking).await.unwrap_or(Ok(None))
    }
}

//! Turning clients away: refused logins, ended streams, demands for a passkey. None of it is stored.

use super::{Sim, SimError};
use crate::world::refusal::{LoginRefusal, StreamEnd};

impl Sim {
    /// Refuses every login of an account like this until it is lifted with `None`. Live connections stay.
    pub async fn refuse_logins(&self, number: &str, refusal: Option<LoginRefusal>) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let found = world.find(number).map(|number| world.refuse_logins(number, refusal));
        step.done().await?;
        found
    }

    /// Ends the streams of one device, or of all devices of an account, with these words; how many there were.
    pub async fn end_streams(&self, number: &str, device: Option<u16>, end: StreamEnd) -> Result<usize, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let ended = world.find(number).map(|number| world.end_streams(number, device, end));
        step.done().await?;
        ended
    }

    /// Whether whoever comes to be linked is asked for a passkey first. Nobody has one, so its code stays of use.
    pub async fn demand_passkeys(&self, demand: bool) -> Result<(), SimError> {
        let mut step = self.step().await?;
        step.world().passkeys_demanded = demand;
        step.done().await
    }
}

//! Linking by a code that is typed into the phone.

use super::{Linked, SCAN_TIMEOUT, Sim, SimError};
use crate::phone::TypedCode;
use crate::world::pair_code::normalized;

impl Sim {
    /// The person types the code that a companion shows for this number; returns when the companion is linked. With or
    /// without the dash, in any case.
    pub async fn enter_pair_code(&self, number: &str, code: &str) -> Result<Linked, SimError> {
        let code = normalized(code).ok_or(SimError::WrongPairCode)?;
        let (number, awaited) = {
            let mut step = self.step().await?;
            let world = step.world();
            let awaited = world.find(number).and_then(|number| Ok((number, world.awaited_code(number)?)));
            step.done().await?;
            awaited?
        };
        let wrapped = awaited.wrapped.clone();
        // Stretching takes a tenth of a second, twice: not under the network's lock.
        let typed = tokio::task::spawn_blocking(move || TypedCode::new(&code, &wrapped)).await;
        let typed = typed.ok().flatten().ok_or(SimError::WrongPairCode)?;
        let mut step = self.step().await?;
        let told = step.world().code_typed(number, &awaited, typed);
        step.done().await?;
        tokio::time::timeout(SCAN_TIMEOUT, told?)
            .await
            .map_err(|_| SimError::CompanionSilent)?
            .map_err(|_| SimError::CompanionSilent)?
    }

    /// Withdraws the codes that companions show for this number, as the phone does when they are no good any more: each
    /// companion is told to ask for a new one, at the user's wish only if `manual`. How many there were.
    pub async fn refresh_pair_codes(&self, number: &str, manual: bool) -> Result<usize, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let withdrawn = world.find(number).map(|number| world.refresh_codes(number, manual));
        step.done().await?;
        withdrawn
    }
}

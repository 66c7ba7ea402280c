//! One step of the network: under one lock it decides, lets phones work, writes down what changed, and only then sends.
//! A step that cannot be written is abandoned with all connections, and none follows it.

use tokio::sync::MutexGuard;

use super::{Sim, SimError};
use crate::journal::{Change, Journal, JournalError};
use crate::world::World;
use crate::world::records::{Key, RecordError};

/// The world and its journal.
pub(super) struct State {
    pub(super) world: World,
    pub(super) journal: Option<Journal>,
    /// Set at the end, and when a step could not be written: memory is ahead of the journal from then on.
    pub(super) stopped: bool,
}

/// A step that has begun.
pub(super) struct Step<'a> {
    sim: &'a Sim,
    state: MutexGuard<'a, State>,
}

impl Sim {
    pub(super) async fn step(&self) -> Result<Step<'_>, SimError> {
        let state = self.inner.state.lock().await;
        if state.stopped { Err(SimError::Stopped) } else { Ok(Step { sim: self, state }) }
    }
}

impl Step<'_> {
    pub(super) fn world(&mut self) -> &mut World {
        &mut self.state.world
    }

    /// Completes the step.
    pub(super) async fn done(mut self) -> Result<(), SimError> {
        self.state.world.phone_work().await;
        if let Err(error) = write(&mut self.state) {
            self.state.stopped = true;
            self.state.world.abandon();
            return Err(error.into());
        }
        self.state.world.settle();
        for path in self.state.world.take_unshown() {
            self.sim.inner.media.remove_picture(&path);
        }
        self.sim.load_files(self.state.world.take_to_load());
        self.sim.ask_later(self.state.world.take_questions());
        self.sim.inner.steps.send_modify(|steps| *steps += 1);
        Ok(())
    }
}

fn write(state: &mut State) -> Result<(), JournalError> {
    let dirty = state.world.take_dirty();
    let Some(journal) = state.journal.as_mut().filter(|_| !dirty.is_empty()) else { return Ok(()) };
    let world = &state.world;
    let record = |key: Key| -> Result<Change, RecordError> { world.record(&key).map(|value| (key, value)) };
    let changes = dirty.into_iter().map(record).collect::<Result<Vec<Change>, _>>().map_err(JournalError::Record)?;
    journal.append(changes)?;
    if journal.wants_rewrite() {
        let records =
            world.keys().into_iter().map(record).collect::<Result<Vec<Change>, _>>().map_err(JournalError::Record)?;
        journal.rewrite(records.into_iter())?;
    }
    Ok(())
}

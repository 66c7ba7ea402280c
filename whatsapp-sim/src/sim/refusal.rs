//! Ending the streams of connected clients.

use super::{Sim, SimError};
use crate::world::refusal::StreamEnd;

impl Sim {
    /// Ends the streams of one device, or of all devices of an account, with these words; how many there were.
    pub async fn end_streams(&self, number: &str, device: Option<u16>, end: StreamEnd) -> Result<usize, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let ended = world.find(number).map(|number| world.end_streams(number, device, end));
        step.done().await?;
        ended
    }
}

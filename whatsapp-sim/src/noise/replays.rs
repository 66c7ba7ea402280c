//! Hellos that were said before. An IK hello is a complete login by itself: whoever recorded one could otherwise say it again
//! and throw the device out that it belongs to. Owns how long that is remembered; it refuses nothing that is new.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many hellos are remembered, for as long as the process lives: the logins of a whole load test, in a megabyte.
const MAX_REMEMBERED: usize = 16_384;

/// The ephemeral keys of hellos.
#[derive(Default)]
pub(crate) struct Replays(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    known: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Replays {
    /// Notes a hello; false when it has been said before.
    pub(super) fn is_new(&self, ephemeral: [u8; 32]) -> bool {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !remembered.known.insert(ephemeral) {
            return false;
        }
        remembered.order.push_back(ephemeral);
        if remembered.order.len() > MAX_REMEMBERED
            && let Some(oldest) = remembered.order.pop_front()
        {
            remembered.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_known_and_no_more_than_there_is_room_for() {
        let replays = Replays::default();
        let key = |nth: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&nth.to_be_bytes());
            key
        };
        assert!((0..=MAX_REMEMBERED).all(|nth| replays.is_new(key(nth))));
        assert!(!replays.is_new(key(1)) && !replays.is_new(key(MAX_REMEMBERED)));
        assert!(replays.is_new(key(0)), "the oldest is forgotten");
        assert_eq!(replays.0.lock().unwrap().known.len(), MAX_REMEMBERED);
    }
}

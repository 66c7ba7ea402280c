//! The pauses of a wait for something that another part writes into Redis: short at first, never long, and bounded in all.

use std::time::Duration;

/// First pause between looks; each is half as long again, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(25);

/// Longest pause between looks.
const LONGEST: Duration = Duration::from_millis(100);

/// The pauses of one wait.
pub(crate) struct Pauses {
    left: Duration,
    next: Duration,
}

impl Pauses {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { left: patience, next: FIRST }
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next.min(self.left);
        self.left -= pause;
        self.next = (self.next * 3 / 2).min(LONGEST);
        (!pause.is_zero()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let patience = Duration::from_secs(3);
        let pauses: Vec<Duration> = Pauses::new(patience).collect();
        assert_eq!(pauses.iter().sum::<Duration>(), patience);
        assert_eq!(pauses.first(), Some(&FIRST));
        assert!(pauses.iter().all(|pause| *pause <= LONGEST));
    }
}

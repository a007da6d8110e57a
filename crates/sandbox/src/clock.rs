//! What time it is for deployments: the machine's time, plus what has been skipped.

use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};

/// The clock of one sandbox. It only goes forward.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Milliseconds.
    skipped: AtomicI64,
}

impl Clock {
    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        let skipped = SignedDuration::from_millis(self.skipped.load(Ordering::SeqCst));
        Timestamp::now().checked_add(skipped).unwrap_or(Timestamp::MAX)
    }

    /// Skips so many seconds.
    pub(crate) fn skip(&self, seconds: u32) {
        self.skipped.fetch_add(i64::from(seconds) * 1000, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_in_the_past_at_once() {
        let clock = Clock::default();
        let before = clock.now();
        clock.skip(3600);
        assert!(clock.now().duration_since(before) >= SignedDuration::from_hours(1));
    }
}

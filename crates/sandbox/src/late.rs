//! Reads that come late, as those of an eventually consistent service do: what was at the last ticks is kept for as long as
//! somebody has to read it.

use crate::{AwsError, Cloud, ecs, elb, tasks};
use std::{
    collections::{BTreeMap, VecDeque},
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How a state was at the last ticks. Its lock is taken after that of the state, never before it.
#[derive(Debug)]
pub(crate) struct Late<T>(Mutex<Past<T>>);

#[derive(Debug)]
struct Past<T> {
    /// How many ticks late each operation reads.
    lags: BTreeMap<String, usize>,
    /// Newest first.
    snapshots: VecDeque<Arc<T>>,
}

/// What a reading operation sees: a state as it is, or as it was.
pub(crate) enum View<'a, T> {
    Now(MutexGuard<'a, T>),
    Past(Arc<T>),
}

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self(Mutex::new(Past { lags: BTreeMap::new(), snapshots: VecDeque::new() }))
    }
}

impl<T> Deref for View<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Now(state) => state,
            Self::Past(state) => state,
        }
    }
}

impl<T: Clone> Late<T> {
    /// From now on `operation` reads so many ticks late.
    pub(crate) fn lag(&self, operation: &str, ticks: usize, now: &T) {
        let mut past = self.past();
        past.lags.insert(operation.to_owned(), ticks);
        past.snapshots.push_front(Arc::new(now.clone()));
    }

    /// A tick: keeps how it is, as long as anybody reads it late.
    pub(crate) fn remember(&self, now: &T) {
        let mut past = self.past();
        let longest = past.lags.values().copied().max().unwrap_or(0);
        if longest > 0 {
            past.snapshots.push_front(Arc::new(now.clone()));
        }
        past.snapshots.truncate(longest);
    }

    /// Whether anybody reads late.
    pub(crate) fn is_used(&self) -> bool {
        self.past().lags.values().any(|lag| *lag > 0)
    }

    /// How it was for `operation`; none when that sees it as it is.
    pub(crate) fn as_it_was(&self, operation: &str) -> Option<Arc<T>> {
        let past = self.past();
        let place = past.lags.get(operation)?.checked_sub(1)?;
        past.snapshots.get(place).or(past.snapshots.back()).map(Arc::clone)
    }

    fn past(&self) -> MutexGuard<'_, Past<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has an operation read late.
pub(crate) fn lag(cloud: &Cloud, operation: &str, ticks: usize) -> Result<(), AwsError> {
    if cloud.ecs.lag(operation, ticks) || cloud.tasks.lag(operation, ticks) || cloud.elb.lag(operation, ticks) {
        return Ok(());
    }
    let known = [ecs::READ_LATE.as_slice(), &tasks::READ_LATE, &elb::READ_LATE].concat().join(", ");
    let message = format!("{operation} cannot be read late; these can: {known}");
    Err(AwsError::client("InvalidParameterException", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_reader_sees_what_was_so_many_ticks_ago() {
        let late = Late::default();
        late.remember(&0);
        assert_eq!(late.as_it_was("Describe"), None);
        late.lag("Describe", 3, &1);
        let seen: Vec<i32> = (2..7)
            .map(|now| {
                late.remember(&now);
                *late.as_it_was("Describe").unwrap()
            })
            .collect();
        // Nothing older than the wish is known at first.
        assert_eq!(seen, [1, 1, 2, 3, 4]);
        assert_eq!(late.as_it_was("List"), None);
        late.lag("Describe", 0, &7);
        assert_eq!(late.as_it_was("Describe"), None);
    }
}

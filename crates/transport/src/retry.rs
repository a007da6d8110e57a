//! Repeating an exchange that may be repeated.

use std::{future::Future, time::Duration};

/// What one attempt came to.
#[derive(Debug)]
pub enum Attempt<T, E> {
    /// It worked.
    Done(T),
    /// It failed and will fail again.
    Fatal(E),
    /// It failed, and the failure says that a later attempt may work; `after` is the peer's own wish (`Retry-After`).
    Again {
        /// The failure, reported when the attempts run out.
        error: E,
        /// How long the peer asks to wait, where it says so.
        after: Option<Duration>,
    },
}

/// How often and with what pauses to repeat: `first`, then doubling, never above `longest`.
#[derive(Debug, Clone, Copy)]
pub struct Pauses {
    /// Attempts in all, at least 1.
    pub attempts: u32,
    /// The pause after the first failure.
    pub first: Duration,
    /// The longest pause, also against a peer that asks for more.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { attempts: 5, first: Duration::from_millis(200), longest: Duration::from_secs(10) }
    }
}

impl Pauses {
    /// The pause after failure number `failures` (1-based).
    #[must_use]
    pub fn after(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        asked.unwrap_or(doubled).max(self.first).min(self.longest)
    }
}

/// Runs `attempt` until it is done, fatal, or the attempts run out.
///
/// # Errors
/// The last attempt's error.
pub async fn retry<T, E, F>(pauses: Pauses, mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Attempt<T, E>>,
{
    let mut failures = 0;
    loop {
        match attempt().await {
            Attempt::Done(value) => return Ok(value),
            Attempt::Fatal(error) => return Err(error),
            Attempt::Again { error, after } => {
                failures += 1;
                if failures >= pauses.attempts {
                    return Err(error);
                }
                tokio::time::sleep(pauses.after(failures, after)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_obey_the_peer_within_it() {
        let pauses = Pauses { attempts: 9, first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        let millis = |failures, asked| pauses.after(failures, asked).as_millis();
        assert_eq!([1, 2, 3, 4, 5, 40].map(|n| millis(n, None)), [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(millis(1, Some(Duration::from_millis(700))), 700);
        assert_eq!(millis(1, Some(Duration::from_secs(3600))), 1000);
        assert_eq!(millis(3, Some(Duration::ZERO)), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_failure_that_may_pass_is_repeated_and_not_for_ever() {
        let mut calls = 0;
        let fatal: Result<(), &str> = retry(Pauses::default(), || {
            calls += 1;
            async { Attempt::Fatal("no") }
        })
        .await;
        assert_eq!((fatal, calls), (Err("no"), 1));

        let mut calls = 0;
        let exhausted: Result<(), &str> = retry(Pauses::default(), || {
            calls += 1;
            async { Attempt::Again { error: "busy", after: None } }
        })
        .await;
        assert_eq!((exhausted, calls), (Err("busy"), 5));
    }
}

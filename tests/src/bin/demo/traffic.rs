//! Users of production: a steady stream of requests, spread evenly over all boundaries, counted by the second.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// Requests per second; enough for a guardrail to judge a few seconds, little enough for a busy laptop.
const RATE: u32 = 100;

/// What users got in one second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Second {
    pub(crate) answered: u32,
    pub(crate) failed: u32,
}

/// The stream; it ends when this is dropped.
pub(crate) struct Traffic {
    seconds: Arc<Mutex<Vec<Second>>>,
    task: JoinHandle<()>,
}

impl Traffic {
    /// Starts users who ask the service at `url`; seconds are counted from `start`.
    pub(crate) fn start(http: reqwest::Client, url: String, start: Instant) -> Self {
        let seconds: Arc<Mutex<Vec<Second>>> = Arc::default();
        let counted = Arc::clone(&seconds);
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_secs(1) / RATE);
            for number in 0_u64.. {
                pace.tick().await;
                let request = http.get(format!("{url}/v1/recommendations/b-{:03}", number % 40 + 1));
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let good = request.send().await.is_ok_and(|answer| answer.status().is_success());
                    count(&counted, start.elapsed(), good);
                });
            }
        });
        Self { seconds, task }
    }

    /// The seconds so far.
    pub(crate) fn seconds(&self) -> Vec<Second> {
        self.seconds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn count(seconds: &Mutex<Vec<Second>>, at: Duration, good: bool) {
    let mut seconds = seconds.lock().unwrap_or_else(PoisonError::into_inner);
    let index = at.as_secs() as usize;
    if seconds.len() <= index {
        seconds.resize(index + 1, Second::default());
    }
    if good {
        seconds[index].answered += 1;
    } else {
        seconds[index].failed += 1;
    }
}

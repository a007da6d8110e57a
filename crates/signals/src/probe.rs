//! Probes of an endpoint while the watch runs. No answer is an answer: it is the service that is asked, not its metrics.

use crate::{Probe, Sample, Span, Track};
use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{task::JoinHandle, time::Instant};

/// One probe, running until dropped.
pub(crate) struct Prober {
    probe: Probe,
    /// When each was sent, and whether it was answered as it should.
    seen: Arc<Mutex<Vec<(Timestamp, bool)>>>,
    task: JoinHandle<()>,
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Prober {
    /// Begins; `clock` is a moment of the wall clock and of the monotonic one that are the same.
    pub(crate) fn begin(probe: &Probe, request: reqwest::RequestBuilder, clock: (Timestamp, Instant)) -> Self {
        let seen: Arc<Mutex<Vec<(Timestamp, bool)>>> = Arc::default();
        let (kept, status, every) = (Arc::clone(&seen), probe.status, Duration::from_secs(probe.every.max(1).into()));
        let task = tokio::spawn(async move {
            // The next is due by the schedule, not by when the last was answered.
            let mut ticks = tokio::time::interval(every);
            loop {
                ticks.tick().await;
                let elapsed = SignedDuration::try_from(clock.1.elapsed()).unwrap_or_default();
                let moment = clock.0.saturating_add(elapsed).unwrap_or(Timestamp::MAX);
                let Some(request) = request.try_clone() else { return };
                let good = request.send().await.is_ok_and(|answer| answer.status().as_u16() == status);
                if let Ok(mut kept) = kept.lock() {
                    kept.push((moment, good));
                }
            }
        });
        Self { probe: probe.clone(), seen, task }
    }

    pub(crate) fn is(&self, probe: &Probe) -> bool {
        self.probe == *probe
    }

    /// How many probes were sent in each interval, or failed of them; an interval without any has no number.
    pub(crate) fn counted(&self, failed: bool, span: &Span) -> Track {
        let mut track = Track::empty(span);
        let Ok(seen) = self.seen.lock() else { return track };
        for (moment, good) in seen.iter() {
            let Some(sample) = span.index_of(*moment).and_then(|index| track.samples.get_mut(index)) else { continue };
            let before = if let Sample::Value(count) = *sample { count } else { 0.0 };
            *sample = Sample::Value(before + if failed && *good { 0.0 } else { 1.0 });
        }
        track
    }
}

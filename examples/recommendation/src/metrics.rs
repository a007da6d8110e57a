//! Counters and one histogram in Prometheus text format 0.0.4.

use crate::recommend::Recommendation;
use std::{collections::BTreeMap, fmt::Write as _, sync::Mutex, time::Duration};

const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Everything counted since the start.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(&'static str, u16), u64>,
    within: [u64; BUCKETS.len()],
    durations: u64,
    seconds: f64,
    actions: BTreeMap<&'static str, u64>,
    nonpositive: u64,
    over_max: u64,
}

impl Metrics {
    /// Counts one answered request.
    pub fn request(&self, handler: &'static str, code: u16, took: Duration) {
        let mut counts = self.lock();
        *counts.requests.entry((handler, code)).or_default() += 1;
        if handler != "recommendations" {
            return;
        }
        counts.durations += 1;
        counts.seconds += took.as_secs_f64();
        for (within, edge) in counts.within.iter_mut().zip(BUCKETS) {
            *within += u64::from(took.as_secs_f64() <= edge);
        }
    }

    /// Counts one recommendation given; the business guardrails look at these.
    pub fn recommendation(&self, given: &Recommendation, max_days_remaining: f64) {
        let mut counts = self.lock();
        *counts.actions.entry(given.recommended_action).or_default() += 1;
        counts.nonpositive += u64::from(given.days_remaining <= 0.0);
        counts.over_max += u64::from(given.days_remaining > max_days_remaining);
    }

    /// The exposition for one scrape.
    pub fn render(&self, logic_version: &str) -> String {
        let counts = self.lock();
        let mut text = String::new();
        let mut line = |parts: std::fmt::Arguments<'_>| {
            let _ = writeln!(text, "{parts}");
        };
        line(format_args!("# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter"));
        for ((handler, code), n) in &counts.requests {
            line(format_args!("http_requests_total{{handler=\"{handler}\",code=\"{code}\"}} {n}"));
        }
        line(format_args!("# HELP http_request_duration_seconds Time to answer a recommendation."));
        line(format_args!("# TYPE http_request_duration_seconds histogram"));
        for (edge, n) in BUCKETS.iter().zip(counts.within) {
            line(format_args!("http_request_duration_seconds_bucket{{le=\"{edge}\"}} {n}"));
        }
        line(format_args!("http_request_duration_seconds_bucket{{le=\"+Inf\"}} {}", counts.durations));
        line(format_args!("http_request_duration_seconds_sum {}", counts.seconds));
        line(format_args!("http_request_duration_seconds_count {}", counts.durations));
        line(format_args!("# HELP recommendations_total Recommendations given.\n# TYPE recommendations_total counter"));
        for action in ["stay", "prepare_move", "move_now"] {
            let n = counts.actions.get(action).unwrap_or(&0);
            line(format_args!("recommendations_total{{action=\"{action}\"}} {n}"));
        }
        line(format_args!("# HELP recommendations_days_remaining_nonpositive_total Given with days_remaining <= 0."));
        line(format_args!("# TYPE recommendations_days_remaining_nonpositive_total counter"));
        line(format_args!("recommendations_days_remaining_nonpositive_total {}", counts.nonpositive));
        line(format_args!(
            "# HELP recommendations_days_remaining_over_max_total Given with days_remaining > the maximum."
        ));
        line(format_args!("# TYPE recommendations_days_remaining_over_max_total counter"));
        line(format_args!("recommendations_days_remaining_over_max_total {}", counts.over_max));
        line(format_args!("# HELP recommendation_info The logic that runs.\n# TYPE recommendation_info gauge"));
        line(format_args!("recommendation_info{{logic_version=\"{logic_version}\"}} 1"));
        text
    }

    /// A panic while counting cannot leave the counts inconsistent in a way that matters.
    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

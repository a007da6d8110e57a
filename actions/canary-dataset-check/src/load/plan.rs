//! What `load:` in `canary.yml` asks for.

use crate::{
    cases::Request,
    config::{Allowed, path_of},
    length::Length,
};
use document::{Decimal, Fields};

/// The longest load check, and the highest rate.
const LONGEST: Length = Length::from_millis(6 * 3_600_000);
const HIGHEST_RATE: u64 = 100_000;

/// A load check.
#[derive(Debug, Clone)]
pub struct Load {
    /// Requests that are due each second.
    pub rate: u64,
    /// How long what is measured lasts.
    pub duration: Length,
    /// How long requests are sent before that, unmeasured.
    pub warmup: Length,
    /// How many requests may be under way.
    pub max_in_flight: usize,
    /// How late the generator may send one of a hundred requests before its figures say nothing.
    pub max_lag: Length,
    /// What is asked; `None` for the cases, each as often.
    pub request: Option<Request>,
    /// What latencies may be, by quantile.
    pub bounds: Vec<Bound>,
    /// How many requests may go without a right answer in time.
    pub errors: Allowed,
    /// Answers per second that there must be.
    pub min_rate: Option<u64>,
}

/// What one quantile of the latencies may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// `p95`.
    pub name: &'static str,
    /// The share of requests: 0.95.
    pub share: f64,
    /// The latency.
    pub max: Option<Length>,
    /// How much more than the baseline's, as a share: 0.2 for 20 %.
    pub max_increase: Option<f64>,
}

const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];

impl Load {
    /// Reads the section.
    pub(crate) fn read(fields: &Fields<'_>) -> Option<Self> {
        let fields = fields.clone().only(&[
            "rate",
            "duration",
            "warmup",
            "max_in_flight",
            "max_lag",
            "get",
            "p50",
            "p90",
            "p95",
            "p99",
            "errors",
            "min_rate",
        ]);
        fields.demand("rate", "500/s");
        fields.demand("duration", "30s");
        let bounds = QUANTILES.iter().filter_map(|(name, share)| bound(&fields, name, *share)).collect();
        let request = if fields.has("get") { Some(Request::get(&path_of(&fields, "get")?)) } else { None };
        let length = |key: &str, otherwise| fields.parsed(key).unwrap_or(Length::from_millis(otherwise));
        let (warmup, max_lag) = (length("warmup", 0), length("max_lag", 5));
        let in_flight = fields.whole("max_in_flight", 1..=20_000).and_then(|number| usize::try_from(number).ok());
        let (errors, min_rate) = (fields.parsed("errors").unwrap_or_default(), rate(&fields, "min_rate"));
        let (rate, duration) = (rate(&fields, "rate")?, fields.parsed("duration")?);
        if duration > LONGEST || duration < Length::from_millis(100) {
            fields.refuse("duration", format!("`{duration}` is not between 100ms and {LONGEST}"));
        }
        if min_rate.is_some_and(|least| least > rate) {
            fields.refuse("min_rate", "is more than the rate at which requests are due");
        }
        let max_in_flight = in_flight.unwrap_or(2000);
        Some(Self { rate, duration, warmup, max_in_flight, max_lag, request, bounds, errors, min_rate })
    }

    /// Whether anything is compared with the baseline.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.bounds.iter().any(|bound| bound.max_increase.is_some())
    }
}

/// `500/s`, or the number alone.
fn rate(fields: &Fields<'_>, key: &str) -> Option<u64> {
    let text = fields.text(key)?;
    let number = text.strip_suffix("/s").unwrap_or(&text).trim().parse().ok();
    let rate = number.filter(|rate| (1..=HIGHEST_RATE).contains(rate));
    if rate.is_none() {
        fields.refuse(key, format!("`{text}` is not a rate from 1/s to {HIGHEST_RATE}/s"));
    }
    rate
}

fn bound(fields: &Fields<'_>, name: &'static str, share: f64) -> Option<Bound> {
    fields.get(name)?;
    let inner = fields.child(name)?.only(&["max", "max_increase"]);
    let increase = inner.text("max_increase").and_then(|text| {
        let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<Decimal>().ok());
        let share = percent.filter(|percent| !percent.is_negative()).map(|percent| percent.nearest() / 100.0);
        if share.is_none() {
            inner.refuse("max_increase", format!("`{text}` is no percentage such as 20%"));
        }
        share
    });
    let max = inner.parsed("max");
    if !inner.has("max") && !inner.has("max_increase") {
        inner.refuse_all("bounds nothing; give `max`, `max_increase` or both");
    }
    Some(Bound { name, share, max, max_increase: increase })
}

//! The four kinds of guardrails: which queries each of them asks.

use super::{
    Absent, Baseline, Bound, Breach, Length, Limit, Measure, Numerator, Rule, Share, SourceSettings,
    rules::{Asked, Read},
    sources::{keys, metric, query},
};
use document::Fields;
use signals::{Metric, Probe, Query, Selector};
use stats::binomial::fewest_clean;

const SHARE_KEYS: [&str; 6] = ["source", "numerator", "denominator", "absent_numerator", "burst", "unit"];
const ROWS_KEYS: [&str; 4] = ["source", "rows", "bad", "burst"];
const LATENCY_KEYS: [&str; 11] = [
    "source",
    "percentile",
    "slower_than",
    "metric",
    "namespace",
    "dimensions",
    "metric_unit",
    "histogram",
    "selector",
    "burst",
    "unit",
];
const PROBE_KEYS: [&str; 5] = ["source", "path", "status", "every", "timeout"];

impl Asked<'_> {
    pub(crate) fn share(&self) -> Read {
        if self.source.is_document() {
            return self.rows();
        }
        let inner = self.inner.clone().only(&SHARE_KEYS);
        let absent_numerator = match inner.text("absent_numerator").as_deref() {
            None | Some("no_data") => Absent::NoData,
            Some("zero") => Absent::Zero,
            Some(other) => {
                inner.refuse("absent_numerator", format!("`{other}` is neither zero nor no_data"));
                return None;
            }
        };
        let (numerator, denominator) = (self.part(&inner, "numerator"), self.part(&inner, "denominator"));
        let (limit, bad) = self.share_limit()?;
        let counting = |query| if bad { Numerator::Bad(query) } else { Numerator::Good(query) };
        let beside = match self.baseline {
            Some(Baseline::Concurrent { .. }) => {
                let arm = self.section.child("baseline")?;
                let (numerator, denominator) = (self.part(&arm, "numerator"), self.part(&arm, "denominator"));
                Some(Box::new((counting(numerator?), denominator?)))
            }
            _ => None,
        };
        let rule = self.share_rule(limit, &inner)?;
        let (numerator, denominator) = (counting(numerator?), denominator?);
        Some((Measure::Share { numerator, denominator, absent_numerator, beside }, rule))
    }

    fn part(&self, section: &Fields<'_>, key: &str) -> Option<Query> {
        section.demand(key, "{ metric: RequestCount }")?;
        query(&section.child(key)?.only(keys(self.source)), self.source, "Sum")
    }

    /// A share of the rows of a document.
    fn rows(&self) -> Read {
        let inner = self.inner.clone().only(&ROWS_KEYS);
        let select = |key: &str, example: &str| {
            inner.demand(key, example)?;
            Some(Query::Rows { select: inner.parsed::<Selector>(key)? })
        };
        let (rows, bad) = (select("rows", "$[*]"), select("bad", "$[?@.days_remaining <= 0]"));
        if self.section.has("min") || matches!(self.baseline, Some(Baseline::Concurrent { .. })) {
            self.section
                .refuse_all("bad rows have a `max`, or a `max_increase` over recorded ones or another source's");
            return None;
        }
        let (limit, _) = self.share_limit()?;
        let rule = self.share_rule(limit, &inner)?;
        let (numerator, denominator) = (Numerator::Bad(bad?), rows?);
        Some((Measure::Share { numerator, denominator, absent_numerator: Absent::NoData, beside: None }, rule))
    }

    pub(crate) fn latency(&self) -> Read {
        let inner = self.inner.clone().only(&LATENCY_KEYS);
        if !self.is_prometheus() && !matches!(self.source, SourceSettings::CloudWatch { .. }) {
            self.section.refuse_all("this source has no latencies; ask for a `gauge`, or a `share` of slow ones");
            return None;
        }
        let by_share = match (inner.has("percentile"), inner.has("slower_than")) {
            (true, false) => false,
            (false, true) => true,
            _ => {
                inner.refuse_all(
                    "write either `percentile: 95` (with `max: 300ms`) or `slower_than: 300ms` (with `max: 5%`)",
                );
                return None;
            }
        };
        if self.section.has("min") {
            self.section.refuse("min", "a latency has a `max` or a `max_increase`");
            return None;
        }
        if by_share {
            let edge = inner.parsed::<Length>("slower_than")?;
            let rule = self.share_rule(self.share_limit()?.0, &inner)?;
            return Some((self.slower_than(&inner, edge)?, rule));
        }
        let percentile = self.percentile(&inner)?;
        if self.is_prometheus() {
            if self.section.has("max_increase") {
                self.section
                    .refuse("max_increase", "with a histogram, compare the share `slower_than` a bucket's edge");
                return None;
            }
            let Bound::Max(_) = self.bound(|key| self.section.parsed::<Length>(key).map(|_| 0.0))? else { return None };
            let edge = self.section.parsed::<Length>("max")?;
            // `p95 <= T` is `share(latency > T) <= 5 %`: no interpolation between buckets.
            let rule = self.share_rule(Limit::At(percentile.complement()), &inner)?;
            return Some((self.slower_than(&inner, edge)?, rule));
        }
        self.percentile_of_cloudwatch(&inner, percentile)
    }

    fn percentile_of_cloudwatch(&self, inner: &Fields<'_>, percentile: Share) -> Read {
        let scale = metric_unit(inner)?;
        let bound = self.bound(|key| Some(self.section.parsed::<Length>(key)?.0.as_secs_f64() * scale))?;
        let statistic = format!("p{}", percentile.to_string().trim_end_matches(" %"));
        let value = metric(inner, self.source, &statistic)?;
        let samples = Metric { statistic: "SampleCount".into(), ..value.clone() };
        let default = fewest_clean(percentile.complement().as_f64());
        let samples = Some(Query::CloudWatch(samples));
        let measure = Measure::Value { value: Query::CloudWatch(value), over: None, samples };
        Some((measure, self.value_rule(bound, default)?))
    }

    pub(crate) fn gauge(&self) -> Read {
        let mut known = vec!["source", "over"];
        known.extend(keys(self.source));
        let inner = self.inner.clone().only(&known);
        let value = query(&inner, self.source, "Average")?;
        let over = match inner.has("over") {
            true => Some(query(&inner.child("over")?.only(keys(self.source)), self.source, "Average")?),
            false => None,
        };
        let number = |key: &str| {
            let text = self.section.text(key)?;
            // `80%` of what it is divided by is 0.8 of it.
            let number = match text.trim().strip_suffix('%') {
                Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
                None => text.trim().parse::<f64>(),
            };
            let number = number.ok().filter(|number| number.is_finite());
            if number.is_none() {
                self.section.refuse(key, format!("`{text}` is not a number"));
            }
            number
        };
        let bound = self.bound(number)?;
        let half = self.window.map_or(1, |window| window.intervals.div_ceil(2) as u64);
        Some((Measure::Value { value, over, samples: None }, self.value_rule(bound, Some(half))?))
    }

    /// Probes of the service itself: the part of them that fails in each interval.
    pub(crate) fn probe(&self) -> Read {
        let inner = self.inner.clone().only(&PROBE_KEYS);
        if !matches!(self.source, SourceSettings::Http { .. }) {
            inner.refuse("source", "a probe asks a source of `type: http`");
            return None;
        }
        inner.demand("path", "/ready")?;
        let seconds = |key: &str, default: u32| match inner.has(key) {
            true => {
                let seconds = inner.parsed::<Length>(key)?.whole_seconds().filter(|&seconds| seconds > 0);
                if seconds.is_none() {
                    inner.refuse(key, "a whole number of seconds, at least 1");
                }
                seconds
            }
            false => Some(default),
        };
        let status = if inner.has("status") { inner.whole("status", 100..=599)? } else { 200 };
        let (every, timeout) = (seconds("every", 5)?, seconds("timeout", 2)?);
        let status = u16::try_from(status).ok()?;
        let probe = Probe { path: inner.text("path")?, status, every, timeout };
        let Bound::Max(limit) = self.bound(|key| Some(self.section.parsed::<Share>(key)?.as_f64()))? else {
            self.section.refuse_all("failed probes have a `max` share");
            return None;
        };
        let window = self.window?;
        let half = (window.intervals as u64 * u64::from(window.interval) / u64::from(every) / 2).max(1);
        let asked = |failed: bool| Query::Probe { probe: probe.clone(), failed };
        let measure = Measure::Value { value: asked(true), over: Some(asked(false)), samples: Some(asked(false)) };
        Some((measure, self.value_rule(Bound::Max(limit), Some(half))?))
    }

    /// An alarm that watches already: it fails while it is in `ALARM`, by one interval unless `breach` says more.
    pub(crate) fn alarm(&self) -> Read {
        let inner = self.inner.clone().only(&["source", "name"]);
        if !matches!(self.source, SourceSettings::CloudWatch { .. }) {
            inner.refuse("source", "an alarm is asked of a source of `type: cloudwatch`");
            return None;
        }
        if ["max", "min", "max_increase"].into_iter().any(|key| self.section.has(key)) {
            self.section.refuse_all("an alarm has its own limit");
            return None;
        }
        inner.demand("name", "api-5xx")?;
        let value = Query::Alarm { name: inner.text("name")? };
        let rule = match self.value_rule(Bound::Max(0.0), Some(1))? {
            Rule::Value { bound, min_samples, .. } if !self.section.has("breach") => {
                Rule::Value { bound, min_samples, breach: Breach { datapoints: 1, of: 1 } }
            }
            rule => rule,
        };
        Some((Measure::Value { value, over: None, samples: None }, rule))
    }

    /// The share of requests slower than `edge`.
    fn slower_than(&self, inner: &Fields<'_>, edge: Length) -> Option<Measure> {
        let seconds = edge.0.as_secs_f64();
        let (numerator, denominator) = if self.is_prometheus() {
            inner.demand("histogram", "http_request_duration_seconds")?;
            let histogram = inner.text("histogram")?;
            let selector = inner.text("selector").unwrap_or_default();
            let selector = selector.trim().trim_end_matches(',');
            let comma = if selector.is_empty() { "" } else { "," };
            // Client libraries write a whole number of seconds as 1 or as 1.0.
            let le = if seconds.fract() == 0.0 {
                format!("le=~\"{seconds}|{seconds}[.]0\"")
            } else {
                format!("le=\"{seconds}\"")
            };
            let within = Query::Counter { selector: format!("{histogram}_bucket{{{selector}{comma}{le}}}") };
            (Numerator::Good(within), Query::Counter { selector: format!("{histogram}_count{{{selector}}}") })
        } else {
            // PR(:T) is the percentage of values of at most T (CloudWatch, "Statistics definitions", percentile rank).
            let edge = seconds * metric_unit(inner)?;
            let rank = metric(inner, self.source, &format!("PR(:{edge})"))?;
            let all = Metric { statistic: "SampleCount".into(), ..rank.clone() };
            (Numerator::GoodPercent(Query::CloudWatch(rank)), Query::CloudWatch(all))
        };
        Some(Measure::Share { numerator, denominator, absent_numerator: Absent::NoData, beside: None })
    }

    fn percentile(&self, inner: &Fields<'_>) -> Option<Share> {
        let text = inner.text("percentile")?;
        let share = format!("{}%", text.trim().trim_start_matches('p')).parse::<Share>().ok();
        let share = share.filter(|share| (0.5..1.0).contains(&share.as_f64()));
        if share.is_none() {
            inner.refuse("percentile", format!("`{text}` is not a percentile from 50 to below 100"));
        }
        share
    }
}

/// What a second is in the unit of a CloudWatch latency: load balancers publish seconds, Lambda and API Gateway
/// milliseconds.
fn metric_unit(inner: &Fields<'_>) -> Option<f64> {
    match inner.text("metric_unit").as_deref() {
        None | Some("seconds") => Some(1.0),
        Some("milliseconds") => Some(1000.0),
        Some(other) => {
            inner.refuse("metric_unit", format!("`{other}` is neither seconds nor milliseconds"));
            None
        }
    }
}

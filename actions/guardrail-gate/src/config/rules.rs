//! One guardrail of the file: what it asks and what the answer must be.

use super::{
    Absent, Bound, Breach, Duty, Guardrail, Length, Measure, Numerator, Rule, Share, SourceSettings, Window,
    sources::{METRIC_KEYS, PROMETHEUS_KEYS, metric, query},
};
use crate::{
    binomial::fewest_clean,
    signals::{Metric, Query},
};
use document::Fields;
use std::collections::BTreeMap;

const KEYS: [&str; 9] = ["name", "share", "latency", "gauge", "max", "min", "breach", "min_samples", "required"];
const SHARE_KEYS: [&str; 5] = ["source", "numerator", "denominator", "absent_numerator", "burst"];
const LATENCY_KEYS: [&str; 9] =
    ["source", "percentile", "slower_than", "metric", "namespace", "dimensions", "histogram", "selector", "burst"];

/// What a guardrail may refer to.
pub(crate) struct Context<'a> {
    pub(crate) sources: &'a BTreeMap<String, SourceSettings>,
    pub(crate) window: Option<Window>,
}

/// One guardrail, where it is well formed.
pub(crate) fn read(section: &Fields<'_>, context: &Context<'_>) -> Option<Guardrail> {
    let section = section.clone().only(&KEYS);
    let name = section.demand("name", "server-errors").and_then(|_| section.text("name"));
    let duty = match section.yes_no("required") {
        Some(false) => Duty::Observe,
        _ => Duty::Required,
    };
    let kinds: Vec<&str> = ["share", "latency", "gauge"].into_iter().filter(|kind| section.has(kind)).collect();
    let [kind] = kinds[..] else {
        section.refuse_all("a guardrail has exactly one of `share`, `latency` and `gauge`");
        return None;
    };
    let inner = section.child(kind)?;
    let (source_name, source) = source(&inner, context)?;
    let asked = Asked { section: &section, inner, source, window: context.window };
    let (measure, rule) = match kind {
        "share" => asked.share()?,
        "latency" => asked.latency()?,
        _ => asked.gauge()?,
    };
    Some(Guardrail { name: name?, source: source_name, measure, rule, duty })
}

fn source<'a>(inner: &Fields<'_>, context: &Context<'a>) -> Option<(String, &'a SourceSettings)> {
    inner.demand("source", "alb")?;
    let name = inner.text("source")?;
    let Some(source) = context.sources.get(&name) else {
        let known: Vec<&str> = context.sources.keys().map(String::as_str).collect();
        inner.refuse("source", format!("no source is called `{name}`; known are {}", known.join(", ")));
        return None;
    };
    Some((name, source))
}

/// A guardrail half read.
struct Asked<'a> {
    /// The guardrail.
    section: &'a Fields<'a>,
    /// Its `share`, `latency` or `gauge`.
    inner: Fields<'a>,
    source: &'a SourceSettings,
    window: Option<Window>,
}

impl Asked<'_> {
    fn share(&self) -> Option<(Measure, Rule)> {
        let inner = self.inner.clone().only(&SHARE_KEYS);
        let part = |key: &str| {
            inner.demand(key, "{ metric: RequestCount }")?;
            let keys: &[&str] = if self.is_prometheus() { &PROMETHEUS_KEYS } else { &METRIC_KEYS };
            query(&inner.child(key)?.only(keys), self.source, "Sum")
        };
        let absent_numerator = match inner.text("absent_numerator").as_deref() {
            None | Some("no_data") => Absent::NoData,
            Some("zero") => Absent::Zero,
            Some(other) => {
                inner.refuse("absent_numerator", format!("`{other}` is neither zero nor no_data"));
                return None;
            }
        };
        let (numerator, denominator) = (part("numerator"), part("denominator"));
        let (limit, bad) = match (self.section.has("max"), self.section.has("min")) {
            (true, false) => (self.section.parsed::<Share>("max"), true),
            (false, true) => (self.section.parsed::<Share>("min").map(Share::complement), false),
            _ => return self.one_limit(),
        };
        let numerator = if bad { Numerator::Bad(numerator?) } else { Numerator::Good(numerator?) };
        let rule = self.share_rule(limit?, &inner)?;
        Some((Measure::Share { numerator, denominator: denominator?, absent_numerator }, rule))
    }

    fn latency(&self) -> Option<(Measure, Rule)> {
        let inner = self.inner.clone().only(&LATENCY_KEYS);
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
        if self.section.has("min") || !self.section.has("max") {
            return self.one_limit();
        }
        if by_share {
            let edge = inner.parsed::<Length>("slower_than")?;
            let rule = self.share_rule(self.section.parsed::<Share>("max")?, &inner)?;
            return Some((self.slower_than(&inner, edge)?, rule));
        }
        let percentile = self.percentile(&inner)?;
        let edge = self.section.parsed::<Length>("max")?;
        if self.is_prometheus() {
            // `p95 <= T` is `share(latency > T) <= 5 %`: no interpolation between buckets.
            return Some((self.slower_than(&inner, edge)?, self.share_rule(percentile.complement(), &inner)?));
        }
        let statistic = format!("p{}", percentile.to_string().trim_end_matches(" %"));
        let value = metric(&inner, self.source, &statistic)?;
        let samples = Metric { statistic: "SampleCount".into(), ..value.clone() };
        let default = fewest_clean(percentile.complement().as_f64());
        let measure = Measure::Value { value: Query::CloudWatch(value), samples: Some(Query::CloudWatch(samples)) };
        Some((measure, self.value_rule(Bound::Max(edge.0.as_secs_f64()), default)?))
    }

    fn gauge(&self) -> Option<(Measure, Rule)> {
        let mut keys = vec!["source"];
        keys.extend(if self.is_prometheus() { vec!["query"] } else { METRIC_KEYS.to_vec() });
        let inner = self.inner.clone().only(&keys);
        let value = query(&inner, self.source, "Average")?;
        let number = |key: &str| {
            let text = self.section.text(key)?;
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            if number.is_none() {
                self.section.refuse(key, format!("`{text}` is not a number"));
            }
            number
        };
        let bound = match (self.section.has("max"), self.section.has("min")) {
            (true, false) => Bound::Max(number("max")?),
            (false, true) => Bound::Min(number("min")?),
            _ => return self.one_limit(),
        };
        let half = self.window.map_or(1, |window| window.intervals.div_ceil(2) as u64);
        Some((Measure::Value { value, samples: None }, self.value_rule(bound, Some(half))?))
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
            let rank = metric(inner, self.source, &format!("PR(:{seconds})"))?;
            let all = Metric { statistic: "SampleCount".into(), ..rank.clone() };
            (Numerator::GoodPercent(Query::CloudWatch(rank)), Query::CloudWatch(all))
        };
        Some(Measure::Share { numerator, denominator, absent_numerator: Absent::NoData })
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

    fn share_rule(&self, limit: Share, inner: &Fields<'_>) -> Option<Rule> {
        if limit.as_f64() >= 1.0 {
            self.section.refuse_all("a limit of everything can never be exceeded");
            return None;
        }
        if self.section.has("breach") {
            self.section.refuse("breach", "a share is decided on all its requests; `breach` belongs to values");
        }
        let min_samples = self.min_samples(fewest_clean(limit.as_f64()))?;
        let burst = if inner.has("burst") { inner.whole("burst", 0..=u64::MAX)? } else { 1 };
        if burst == 0 || burst > min_samples {
            inner.refuse("burst", format!("a burst is 1 to {min_samples} requests (`min_samples`)"));
            return None;
        }
        Some(Rule::Share { limit, min_samples, burst })
    }

    fn value_rule(&self, bound: Bound, default_samples: Option<u64>) -> Option<Rule> {
        let intervals = self.window?.intervals;
        let breach = match self.section.has("breach") {
            true => self.section.parsed::<Breach>("breach")?,
            false => Breach { datapoints: intervals.min(3), of: intervals.min(5) },
        };
        if breach.datapoints > intervals {
            self.section.refuse("breach", format!("{breach} can never happen in a watch of {intervals} intervals"));
            return None;
        }
        Some(Rule::Value { bound, breach, min_samples: self.min_samples(default_samples)? })
    }

    fn min_samples(&self, default: Option<u64>) -> Option<u64> {
        let given = if self.section.has("min_samples") {
            Some(self.section.whole("min_samples", 0..=u64::MAX)?)
        } else {
            default
        };
        match given {
            Some(0) => self.section.refuse("min_samples", "no samples are no evidence; the least is 1"),
            None => self.section.refuse_all("`min_samples` is missing; with this limit there is no default for it"),
            Some(_) => {}
        }
        given.filter(|&samples| samples > 0)
    }

    fn one_limit<T>(&self) -> Option<T> {
        self.section.refuse_all("exactly one limit is needed: `max`, or `min` where less is worse");
        None
    }

    fn is_prometheus(&self) -> bool {
        matches!(self.source, SourceSettings::Prometheus { .. })
    }
}

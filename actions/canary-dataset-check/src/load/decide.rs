//! What a load check proves. Pure.

use super::{Bound, Load, Measured};
use std::time::Duration;

/// The chance of being wrong on either side of a bound.
const ALPHA: f64 = 0.05;

/// What was proven, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Proven to be wrong.
    pub wrong: Vec<String>,
    /// Neither proven to be wrong nor to be right.
    pub unknown: Vec<String>,
    /// Proven to be right.
    pub right: Vec<String>,
}

/// Judges what was measured. A generator that could not keep its own times proves nothing about latencies.
#[must_use]
pub fn decide(load: &Load, measured: &Measured, baseline: Option<&Measured>) -> Findings {
    let mut findings = Findings::default();
    if measured.sent < measured.due || measured.sent == 0 {
        findings.unknown.push(format!("load: only {} of {} requests were sent", measured.sent, measured.due));
        return findings;
    }
    // A wrong answer is wrong however late the question was.
    if load.errors.exceeded_by(measured.wrong, measured.sent) {
        findings.wrong.push(errors(load, measured, measured.wrong, "were answered wrongly"));
    }
    if let Some(why) = saturated(load, measured) {
        findings.unknown.push(format!("load: {why}, so the figures say nothing about the service"));
        return findings;
    }
    if findings.wrong.is_empty() && load.errors.exceeded_by(measured.errors(), measured.sent) {
        findings.wrong.push(errors(load, measured, measured.errors(), "got no right answer in time"));
    }
    if let Some(least) = load.min_rate {
        let text = format!("load: {:.1} answers/s; at least {least}/s are asked for", measured.rate());
        let enough = measured.rate() >= stats::real(least);
        if enough { findings.right.push(text) } else { findings.wrong.push(text) }
    }
    for bound in &load.bounds {
        absolute(bound, measured, &mut findings);
        relative(bound, (load, measured), baseline, &mut findings);
    }
    findings
}

fn errors(load: &Load, measured: &Measured, count: u64, what: &str) -> String {
    let example = measured.example.as_ref().map(|example| format!(" ({example})")).unwrap_or_default();
    format!("load: {count} of {} requests {what}; allowed: {}{example}", measured.sent, load.errors)
}

/// Why the generator, and not the service, made the figures.
fn saturated(load: &Load, measured: &Measured) -> Option<String> {
    let lag = measured.lags.quantile(0.99).unwrap_or_default();
    if measured.exhausted > 0 {
        return Some(format!(
            "{} times all {} requests that may be under way were (max_in_flight)",
            measured.exhausted, load.max_in_flight
        ));
    }
    let late = lag > load.max_lag.duration();
    late.then(|| format!("one of a hundred requests was sent {} or more late (max_lag {})", millis(lag), load.max_lag))
}

fn absolute(bound: &Bound, measured: &Measured, findings: &mut Findings) {
    let Some(max) = bound.max else { return };
    let (low, high) = measured.latencies.bounds(bound.share, ALPHA);
    let text = format!("load: {} is {}; at most {max} is allowed", bound.name, between(low, high));
    match (low, high) {
        (_, Some(high)) if high <= max.duration() => findings.right.push(text),
        (Some(low), _) if low > max.duration() => findings.wrong.push(text),
        _ => findings.unknown.push(format!("{text}: more requests would tell")),
    }
}

fn relative(bound: &Bound, (load, measured): (&Load, &Measured), baseline: Option<&Measured>, findings: &mut Findings) {
    let Some(increase) = bound.max_increase else { return };
    let name = bound.name;
    // What a baseline did not answer took as long as was waited for it: beside that, everything is quick.
    let sound = |baseline: &&Measured| {
        baseline.sent == baseline.due
            && saturated(load, baseline).is_none()
            && !load.errors.exceeded_by(baseline.errors(), baseline.sent)
    };
    let Some(baseline) = baseline.filter(sound) else {
        findings.unknown.push(format!("load: {name} has no baseline to be compared with"));
        return;
    };
    let (low, high) = measured.latencies.bounds(bound.share, ALPHA);
    let (base_low, base_high) = baseline.latencies.bounds(bound.share, ALPHA);
    let (now, then) = (between(low, high), between(base_low, base_high));
    let text =
        format!("load: {name} is {now}, the baseline's {then}; at most {:.1} % more is allowed", increase * 100.0);
    let allowed = |base: Duration| base.mul_f64(1.0 + increase);
    match (low, high, base_low, base_high) {
        (_, Some(high), Some(base), _) if high <= allowed(base) => findings.right.push(text),
        (Some(low), _, _, Some(base)) if low > allowed(base) => findings.wrong.push(text),
        _ => findings.unknown.push(format!("{text}: more requests would tell")),
    }
}

fn between(low: Option<Duration>, high: Option<Duration>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => {
            format!("between {} and {} (95 % confidence on each side)", millis(low), millis(high))
        }
        (Some(low), None) => format!("at least {} (95 % confidence)", millis(low)),
        (None, Some(high)) => format!("at most {} (95 % confidence)", millis(high)),
        (None, None) => "unknown from so few requests".to_owned(),
    }
}

fn millis(latency: Duration) -> String {
    format!("{:.1} ms", latency.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Allowed, length::Length};
    use proptest::prelude::*;

    fn load(max: &str, increase: Option<f64>) -> Load {
        Load {
            rate: 100,
            duration: "10s".parse().unwrap(),
            warmup: Length::from_millis(0),
            max_in_flight: 50,
            max_lag: "5ms".parse().unwrap(),
            request: None,
            bounds: vec![Bound { name: "p95", share: 0.95, max: max.parse().ok(), max_increase: increase }],
            errors: Allowed::default(),
            min_rate: Some(95),
        }
    }

    /// A thousand requests, of which `slow` took 200 ms and the others 10.
    fn measured(slow: u64) -> Measured {
        let mut measured = Measured { due: 1000, sent: 1000, right: 1000, in_time: 1000, ..Measured::default() };
        measured.lasted = Duration::from_secs(10);
        for n in 0..1000 {
            measured.latencies.record(Duration::from_millis(if n < slow { 200 } else { 10 }));
            measured.lags.record(Duration::from_micros(50));
        }
        measured
    }

    fn counts(load: &Load, measured: &Measured, baseline: Option<&Measured>) -> (usize, usize, usize) {
        let findings = decide(load, measured, baseline);
        (findings.wrong.len(), findings.unknown.len(), findings.right.len())
    }

    #[test]
    fn the_rules() {
        let limit = load("100ms", None);
        assert_eq!(counts(&limit, &measured(0), None), (0, 0, 2));
        assert_eq!(counts(&limit, &measured(30), None), (0, 0, 2), "3 % slow");
        assert_eq!(counts(&limit, &measured(48), None), (0, 1, 1), "4.8 % slow: not enough to tell");
        assert_eq!(counts(&limit, &measured(80), None), (1, 0, 1), "8 % slow");
        let few = Measured { due: 40, sent: 40, in_time: 4000, ..measured(0) };
        let mut latencies = crate::histogram::Histogram::default();
        (0..40).for_each(|_| latencies.record(Duration::from_millis(1)));
        assert_eq!(counts(&limit, &Measured { latencies, ..few }, None), (0, 1, 1), "40 clean ones bound no p95");
    }

    #[test]
    fn the_generators_own_trouble_proves_nothing_about_the_service() {
        let limit = load("100ms", None);
        for measured in [
            Measured { exhausted: 1, ..measured(500) },
            Measured { lags: measured(20).latencies, ..measured(500) },
            Measured { sent: 999, ..measured(0) },
            Measured::default(),
        ] {
            assert_eq!(counts(&limit, &measured, None), (0, 1, 0), "{measured:?}");
        }
        let wrong = Measured { exhausted: 1, wrong: 1, right: 999, ..measured(0) };
        assert_eq!(counts(&limit, &wrong, None), (1, 1, 0), "a wrong answer is wrong all the same");
    }

    #[test]
    fn errors_and_rates_have_limits() {
        let limit = load("100ms", None);
        assert_eq!(counts(&limit, &Measured { late: 1, right: 999, ..measured(0) }, None).0, 1);
        assert_eq!(counts(&limit, &Measured { unanswered: 1, right: 999, ..measured(0) }, None).0, 1);
        let lenient = Load { errors: "0.1%".parse().unwrap(), ..limit.clone() };
        assert_eq!(counts(&lenient, &Measured { late: 1, right: 999, ..measured(0) }, None).0, 0);
        assert_eq!(counts(&limit, &Measured { in_time: 949, ..measured(0) }, None).0, 1);
    }

    #[test]
    fn a_baseline_is_compared_by_what_both_prove() {
        let limit = load("", Some(0.2));
        assert_eq!(counts(&limit, &measured(0), Some(&measured(0))), (0, 0, 2));
        assert_eq!(counts(&limit, &measured(80), Some(&measured(0))), (1, 0, 1));
        assert_eq!(counts(&limit, &measured(0), None), (0, 1, 1), "without one nothing is known");
        assert_eq!(counts(&limit, &measured(48), Some(&measured(0))), (0, 1, 1));
        let sick = Measured { exhausted: 3, ..measured(0) };
        assert_eq!(counts(&limit, &measured(0), Some(&sick)), (0, 1, 1));
        for dead in
            [Measured { right: 0, unanswered: 1000, ..measured(900) }, Measured { late: 1, right: 999, ..measured(0) }]
        {
            assert_eq!(counts(&limit, &measured(0), Some(&dead)), (0, 1, 1), "beside the dead all are quick");
        }
    }

    proptest! {
        /// Slower is never better, and a pass is never given for a share of slow ones above the limit.
        #[test]
        fn more_slow_requests_never_make_a_better_verdict(slow in 0_u64..1000) {
            let limit = load("100ms", None);
            let rank = |slow| { let (wrong, unknown, _) = counts(&limit, &measured(slow), None); wrong * 2 + unknown };
            prop_assert!(rank(slow) <= rank((slow + 1).min(1000)));
            if slow > 50 { prop_assert!(rank(slow) > 0); }
        }
    }
}

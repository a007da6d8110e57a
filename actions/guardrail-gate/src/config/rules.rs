//! One guardrail of the file: which kind it is, and what the answer must be.

use super::{
    Baseline, Bound, Breach, Duty, Guardrail, Hard, Increase, Limit, Measure, Piece, Rule, Share, SourceSettings,
    Window, baseline,
};
use document::Fields;
use stats::binomial::fewest_clean;
use std::collections::BTreeMap;

const KEYS: [&str; 15] = [
    "name",
    "share",
    "latency",
    "gauge",
    "probe",
    "alarm",
    "max",
    "min",
    "max_increase",
    "min_increase",
    "baseline",
    "hard",
    "breach",
    "min_samples",
    "required",
];

/// Requests below which nothing passes a limit that is relative, and so not known when the file is read.
const RELATIVE_SAMPLES: u64 = 100;

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
    let kinds = ["share", "latency", "gauge", "probe", "alarm"];
    let kinds: Vec<&str> = kinds.into_iter().filter(|kind| section.has(kind)).collect();
    let [kind] = kinds[..] else {
        section.refuse_all("a guardrail has exactly one of `share`, `latency`, `gauge`, `probe` and `alarm`");
        return None;
    };
    let inner = section.child(kind)?;
    let (source_name, source) = source(&inner, context)?;
    let baseline = if section.has("baseline") { Some(baseline::read(&section)?) } else { None };
    let asked = Asked { section: &section, inner, source, window: context.window, baseline: baseline.as_ref() };
    let (measure, rule) = match kind {
        "share" => asked.share()?,
        "latency" => asked.latency()?,
        "gauge" => asked.gauge()?,
        "alarm" => asked.alarm()?,
        _ => asked.probe()?,
    };
    let guardrail = Guardrail { name: name?, source: source_name, measure, rule, duty, baseline };
    fits(&section, &guardrail, context).then_some(guardrail)
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

/// Whether limit and baseline belong to each other, and the source can tell about the baseline.
fn fits(section: &Fields<'_>, guardrail: &Guardrail, context: &Context<'_>) -> bool {
    let relative = matches!(
        guardrail.rule,
        Rule::Share { limit: Limit::Increase { .. }, .. } | Rule::Value { bound: Bound::Increase(_), .. }
    );
    let counts = matches!(guardrail.rule, Rule::Share { .. });
    let past = guardrail.has_past(context.sources);
    let text = match &guardrail.baseline {
        None if relative => "`max_increase` is relative to a `baseline`; for example { kind: previous_window }",
        None => return true,
        Some(_) if !relative => "a baseline is compared with by `max_increase`, not by a limit of its own",
        Some(Baseline::PreviousWindow | Baseline::SameTime { .. }) if !past => {
            "this source has no past; write down a baseline (`kind: recorded`) or ask another source (`kind: source`)"
        }
        Some(Baseline::PreviousWindow) if context.window.is_some_and(|window| window.history == 0) => {
            "there is no window before the release: `window.history` is 0"
        }
        Some(Baseline::Recorded { .. } | Baseline::Concurrent { .. }) if !counts => {
            "a value is compared with its own past: `kind: previous_window` or `same_time`"
        }
        Some(Baseline::Source { source }) if !counts || !context.sources.contains_key(source) => {
            "no such source to compare with, or one of values; only shares are compared with another source"
        }
        Some(_) => return true,
    };
    section.refuse(if guardrail.baseline.is_some() { "baseline" } else { "max_increase" }, text);
    false
}

/// A guardrail half read.
pub(crate) struct Asked<'a> {
    /// The guardrail.
    pub(crate) section: &'a Fields<'a>,
    /// Its `share`, `latency`, `gauge` or `probe`.
    pub(crate) inner: Fields<'a>,
    pub(crate) source: &'a SourceSettings,
    pub(crate) window: Option<Window>,
    pub(crate) baseline: Option<&'a Baseline>,
}

impl Asked<'_> {
    /// The limit of a share, and whether its numerator counts bad ones.
    pub(crate) fn share_limit(&self) -> Option<(Limit, bool)> {
        match self.limit_key()? {
            "max" => Some((Limit::At(self.section.parsed::<Share>("max")?), true)),
            "min" => Some((Limit::At(self.section.parsed::<Share>("min")?.complement()), false)),
            _ => Some((self.increase()?, true)),
        }
    }

    pub(crate) fn increase(&self) -> Option<Limit> {
        let by = self.section.parsed::<Increase>("max_increase")?;
        let points = match self.section.has("min_increase") {
            true => self.section.parsed::<Share>("min_increase")?,
            false => Share::NOTHING,
        };
        Some(Limit::Increase { by, points })
    }

    /// The bound of a value, in the unit the source gives; `number` reads the limit.
    pub(crate) fn bound(&self, number: impl Fn(&str) -> Option<f64>) -> Option<Bound> {
        match self.limit_key()? {
            "max" => number("max").map(Bound::Max),
            "min" => number("min").map(Bound::Min),
            _ => self.section.parsed::<Increase>("max_increase").map(Bound::Increase),
        }
    }

    fn limit_key(&self) -> Option<&'static str> {
        let keys = ["max", "min", "max_increase"];
        let keys: Vec<&str> = keys.into_iter().filter(|key| self.section.has(key)).collect();
        if let [key] = keys[..] {
            return Some(key);
        }
        self.section.refuse_all(
            "exactly one limit is needed: `max`, `min` where less is worse, or `max_increase` over a `baseline`",
        );
        None
    }

    pub(crate) fn share_rule(&self, limit: Limit, inner: &Fields<'_>) -> Option<Rule> {
        let known = match limit {
            Limit::At(limit) => Some(limit.as_f64()),
            Limit::Increase { .. } => None,
        };
        if known.is_some_and(|limit| limit >= 1.0) {
            self.section.refuse_all("a limit of everything can never be exceeded");
            return None;
        }
        if self.section.has("breach") {
            self.section.refuse("breach", "a share is decided on all its requests; `breach` belongs to values");
        }
        let default = known.map_or(Some(RELATIVE_SAMPLES), fewest_clean);
        let min_samples = self.min_samples(default)?;
        let unit = self.unit(inner, min_samples)?;
        let hard = if self.section.has("hard") { Some(self.hard()?) } else { None };
        Some(Rule::Share { limit, min_samples, unit, hard })
    }

    fn unit(&self, inner: &Fields<'_>, min_samples: u64) -> Option<Piece> {
        let burst = if inner.has("burst") { Some(inner.whole("burst", 0..=u64::MAX)?) } else { None };
        if burst.is_some_and(|burst| burst == 0 || burst > min_samples) {
            inner.refuse("burst", format!("a burst is 1 to {min_samples} requests (`min_samples`)"));
            return None;
        }
        let whole = self.source.is_document();
        match (inner.text("unit").as_deref(), burst) {
            (None | Some("request"), Some(burst)) => Some(Piece::Request { burst }),
            (Some("request"), None) => Some(Piece::Request { burst: 1 }),
            (None, None) if whole => Some(Piece::Request { burst: 1 }),
            (None | Some("auto"), None) => Some(Piece::Auto),
            (Some("interval"), None) => Some(Piece::Interval),
            (Some("auto" | "interval"), Some(_)) => {
                inner.refuse("burst", "a burst is counted in requests: `unit: request`, or no `unit`");
                None
            }
            (Some(other), _) => {
                inner.refuse("unit", format!("`{other}` is none of auto, interval, request"));
                None
            }
        }
    }

    fn hard(&self) -> Option<Hard> {
        let section = self.section.child("hard")?.only(&["max", "for"]);
        section.demand("max", "20%")?;
        let max = section.parsed::<Share>("max")?;
        let intervals = if section.has("for") { section.whole("for", 1..=1440)? } else { 1 };
        let intervals = usize::try_from(intervals).ok()?;
        if self.window.is_some_and(|window| intervals > window.intervals) {
            section.refuse("for", format!("{intervals} intervals are more than are watched"));
            return None;
        }
        Some(Hard { max, intervals })
    }

    pub(crate) fn value_rule(&self, bound: Bound, default_samples: Option<u64>) -> Option<Rule> {
        if self.section.has("hard") {
            self.section.refuse("hard", "values have `breach`; `hard` belongs to shares");
        }
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

    pub(crate) fn is_prometheus(&self) -> bool {
        matches!(self.source, SourceSettings::Prometheus { .. })
    }
}

/// What [`Asked`] makes of each kind.
pub(crate) type Read = Option<(Measure, Rule)>;

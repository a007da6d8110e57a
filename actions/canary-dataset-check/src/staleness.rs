//! How old the data behind answers are: fresh, stale, or too old to be used. Pure.

use crate::{
    assertion::{Mismatch, Scene, Selector, time},
    config::Allowed,
    length::Length,
    load::Findings,
};

/// How far ahead of ours another clock may be.
const SKEW_SECONDS: f64 = 300.0;

/// What `staleness:` in `canary.yml` asks for.
#[derive(Debug, Clone)]
pub struct Staleness {
    /// Where an answer says how old its data are.
    pub path: Selector,
    /// Up to this age they are fresh.
    pub fresh: Length,
    /// Up to this age they are stale; beyond it they must not be used.
    pub blocked: Length,
    /// Answers that may be stale.
    pub max_stale: Allowed,
    /// Answers that may be too old.
    pub max_blocked: Allowed,
}

/// How many answers are how old.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ages {
    /// Fresh.
    pub fresh: u64,
    /// Stale, and still of use.
    pub stale: u64,
    /// Too old, from the future, or without a time.
    pub blocked: u64,
    /// The first that was not fresh.
    pub example: Option<String>,
}

impl Ages {
    /// Takes in another's counts.
    pub fn merge(&mut self, other: &Self) {
        self.fresh += other.fresh;
        self.stale += other.stale;
        self.blocked += other.blocked;
        self.example = self.example.take().or_else(|| other.example.clone());
    }
}

impl Staleness {
    /// Takes in one answer.
    pub fn classify(&self, scene: &Scene<'_>, ages: &mut Ages) {
        let seen = self.path.one(scene.body);
        let age = seen.and_then(time).map(|time| scene.moment.0.duration_since(time).as_secs_f64());
        // A time from the future would be fresh for ever.
        let (count, fresh) = match age {
            Some(age) if age < -SKEW_SECONDS || age > self.blocked.seconds() => (&mut ages.blocked, false),
            Some(age) if age > self.fresh.seconds() => (&mut ages.stale, false),
            Some(_) => (&mut ages.fresh, true),
            None => (&mut ages.blocked, false),
        };
        *count += 1;
        if !fresh && ages.example.is_none() {
            let seen = seen.map_or_else(|| "missing".to_owned(), ToString::to_string);
            let place = self.path.place().unwrap_or_else(|| self.path.text().to_owned());
            let mut shown = Mismatch::new(place, "fresh", seen);
            scene.blacken(std::slice::from_mut(&mut shown));
            ages.example = Some(format!("{} is {}", self.path, shown.seen));
        }
    }

    /// Judges all of them.
    #[must_use]
    pub fn decide(&self, ages: &Ages) -> Findings {
        let mut findings = Findings::default();
        let all = ages.fresh + ages.stale + ages.blocked;
        let example = ages.example.as_ref().map(|example| format!(" ({example})")).unwrap_or_default();
        if all == 0 {
            findings.unknown.push(format!("staleness: no answer says how old {} is", self.path));
        }
        for (word, count, allowed) in
            [("stale", ages.stale, self.max_stale), ("blocked", ages.blocked, self.max_blocked)]
        {
            if allowed.exceeded_by(count, all) {
                findings
                    .wrong
                    .push(format!("staleness: {count} of {all} answers are {word}; allowed: {allowed}{example}"));
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::{Everywhere, Moment};
    use document::Json;

    #[test]
    fn an_age_is_fresh_stale_or_blocked_and_no_age_is_blocked() {
        let staleness = Staleness {
            path: "$.t".parse().unwrap(),
            fresh: "24h".parse().unwrap(),
            blocked: "48h".parse().unwrap(),
            max_stale: "50%".parse().unwrap(),
            max_blocked: Allowed::default(),
        };
        let moment = Moment("2026-09-21T06:00:00Z".parse().unwrap());
        let classify = |text: &str| {
            let mut ages = Ages::default();
            let body = Json::parse(text.as_bytes()).unwrap();
            staleness.classify(&Scene::new(&body, moment, &Everywhere::default()), &mut ages);
            (ages.fresh, ages.stale, ages.blocked)
        };
        let mut hidden = Ages::default();
        let body = Json::parse(br#"{"t": "2020-01-01T00:00:00Z"}"#).unwrap();
        let everywhere = Everywhere { redacted: vec!["$.t".parse().unwrap()], ..Everywhere::default() };
        staleness.classify(&Scene::new(&body, moment, &everywhere), &mut hidden);
        assert_eq!(hidden.example.as_deref(), Some("$.t is [redacted]"));
        for (text, class) in [
            (r#"{"t": "2026-09-20T06:00:00Z"}"#, (1, 0, 0)),
            (r#"{"t": "2026-09-20T05:59:59Z"}"#, (0, 1, 0)),
            (r#"{"t": "2026-09-19T06:00:00Z"}"#, (0, 1, 0)),
            (r#"{"t": "2026-09-19T05:59:59Z"}"#, (0, 0, 1)),
            (r#"{"t": "2026-09-21T06:05:01Z"}"#, (0, 0, 1)),
            (r#"{"t": null}"#, (0, 0, 1)),
            ("{}", (0, 0, 1)),
        ] {
            assert_eq!(classify(text), class, "{text}");
        }
        let decide = |fresh, stale, blocked| {
            let findings = staleness.decide(&Ages { fresh, stale, blocked, example: None });
            (findings.wrong.len(), findings.unknown.len())
        };
        assert_eq!(
            [decide(1, 1, 0), decide(1, 2, 0), decide(9, 0, 1), decide(0, 0, 0)],
            [(0, 0), (1, 0), (1, 0), (0, 1)]
        );
    }
}

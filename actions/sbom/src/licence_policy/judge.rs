//! A bill of materials before the policy.

use super::{
    Development, Entry, Exception, Policy, Unknown,
    entry::{Fit, MODE},
};
use crate::{
    bill::{Bill, Part, Routes},
    graph::Licence,
};
use jiff::civil::Date;
use serde::Serialize;
use spdx::{Expression, LicenseReq};
use std::{collections::BTreeSet, fmt};

/// What the policy says of a document.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Judgement {
    /// How many components were judged.
    pub judged: usize,
    /// What it refuses, by component.
    pub violations: Vec<Violation>,
    /// What it only tells.
    pub warnings: Vec<Violation>,
    /// Exceptions that were needed.
    pub used: Vec<String>,
    /// Exceptions that no component needs.
    pub unused: Vec<String>,
}

/// One component that is not acceptable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Violation {
    /// Name and version.
    pub component: String,
    /// Its purl, where it has one.
    pub purl: Option<String>,
    /// Its licence in words; empty when none is stated.
    pub licence: String,
    /// Why not.
    pub reason: Reason,
    /// The shortest way to it.
    pub why: Vec<String>,
}

/// Why a component is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// These licences are denied, or not among the allowed ones.
    NotAcceptable {
        /// Them.
        licences: BTreeSet<String>,
    },
    /// No licence is stated.
    NotStated,
    /// What is stated is no SPDX expression.
    NotUnderstood,
    /// The exception for it has run out.
    Expired {
        /// Which.
        exception: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAcceptable { licences } => {
                let names: Vec<&str> = licences.iter().map(String::as_str).collect();
                write!(f, "{} is not acceptable", names.join(" and "))
            }
            Self::NotStated => f.write_str("no licence is stated"),
            Self::NotUnderstood => f.write_str("its licence is no SPDX expression"),
            Self::Expired { exception } => write!(f, "its exception has expired: {exception}"),
        }
    }
}

/// Judges every component that somebody else makes. `today` is the day in UTC.
#[must_use]
pub fn judge(policy: &Policy, bill: &Bill, today: Date) -> Judgement {
    let routes = Routes::of(bill);
    let mut judgement = Judgement::default();
    let mut needed = vec![false; policy.exceptions.len()];
    for (reference, part) in bill.listed().filter(|(_, part)| part.is_foreign()) {
        if part.excluded && policy.development == Development::Skip {
            continue;
        }
        judgement.judged += 1;
        let licence = words(part);
        let Some(mut reason) = policy.objection(part) else { continue };
        let warn = policy.unknown == Unknown::Warn && !matches!(reason, Reason::NotAcceptable { .. });
        let covering = |index: &usize| policy.exceptions[*index].covers(part, &licence);
        let covering: Vec<usize> = (0..policy.exceptions.len()).filter(covering).collect();
        covering.iter().for_each(|index| needed[*index] = true);
        if covering.iter().any(|index| !policy.exceptions[*index].is_over(today)) {
            continue;
        }
        if let Some(index) = covering.first() {
            reason = Reason::Expired { exception: shown(&policy.exceptions[*index]) };
        }
        let violation = Violation {
            component: part.label(),
            purl: part.purl.as_ref().map(ToString::to_string),
            licence,
            reason,
            why: routes.way(reference),
        };
        if warn { judgement.warnings.push(violation) } else { judgement.violations.push(violation) }
    }
    for (exception, needed) in policy.exceptions.iter().zip(needed) {
        if needed { judgement.used.push(shown(exception)) } else { judgement.unused.push(shown(exception)) }
    }
    judgement
}

fn shown(exception: &Exception) -> String {
    let line = exception.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    format!("`{}` until {}: {}{line}", exception.component, exception.until, exception.reason)
}

/// A component's licence as one text; several licences are all of them.
fn words(part: &Part) -> String {
    let texts: Vec<String> = part
        .licences
        .iter()
        .map(|licence| match licence {
            Licence::Expression(text) if part.licences.len() > 1 => format!("({text})"),
            licence => licence.text().to_owned(),
        })
        .collect();
    texts.join(" AND ")
}

impl Policy {
    /// What speaks against a component, before exceptions.
    fn objection(&self, part: &Part) -> Option<Reason> {
        let expression = words(part);
        let mut refused = BTreeSet::new();
        let mut strange = part.licences.is_empty();
        for licence in &part.licences {
            let text = licence.text();
            match Expression::parse_mode(text, MODE) {
                Ok(parsed) if text.len() <= 1000 => self.refused(&parsed, &mut refused),
                _ => strange = true,
            }
        }
        if !refused.is_empty() {
            let whole = |entries: &[Entry]| entries.iter().any(|entry| entry.is_whole(&expression));
            let accepted = whole(&self.allow) && !whole(&self.deny);
            return (!accepted).then_some(Reason::NotAcceptable { licences: refused });
        }
        if self.deny.iter().any(|entry| entry.is_whole(&expression)) {
            return Some(Reason::NotAcceptable { licences: BTreeSet::from([expression]) });
        }
        match (strange, self.unknown) {
            (false, _) | (true, Unknown::Allow) => None,
            (true, _) if part.licences.is_empty() => Some(Reason::NotStated),
            (true, _) => Some(Reason::NotUnderstood),
        }
    }

    /// The licences that make an expression unacceptable, where it is.
    fn refused(&self, expression: &Expression, refused: &mut BTreeSet<String>) {
        if !expression.evaluate(|wanted| self.accepts(wanted)) {
            let bad = expression.requirements().filter(|found| !self.accepts(&found.req));
            refused.extend(bad.map(|found| found.req.to_string()));
        }
    }

    fn accepts(&self, wanted: &LicenseReq) -> bool {
        let denied = self.deny.iter().map(|entry| entry.prohibits(wanted)).max().unwrap_or(Fit::None);
        let allowed = self.allow.iter().map(|entry| entry.permits(wanted)).max().unwrap_or(Fit::None);
        match (denied, allowed) {
            (Fit::None, Fit::None) => self.allow.is_empty(),
            (denied, allowed) => allowed > denied,
        }
    }
}

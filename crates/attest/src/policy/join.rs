//! Which statements belong together: a search for values that all places of every join hold.

use super::{
    Policy, approvals,
    evaluate::Bench,
    model::{Join, Place, Set, Which},
    verdict::{Answer, Asked},
};
use crate::{Reason, Rejection, reason::shorten};
use std::collections::{BTreeMap, BTreeSet};

/// How many values are tried in all: a policy's joins have a handful.
const MOST_TRIES: usize = 10_000;

/// The statements that decide, as places of candidates.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    /// For each requirement.
    pub(super) requirements: Vec<Vec<usize>>,
    pub(super) approvals: Vec<usize>,
}

impl Chosen {
    fn of(&self, set: Set) -> &[usize] {
        match set {
            Set::Requirement(place) => &self.requirements[place],
            Set::Approvals => &self.approvals,
        }
    }

    fn replace(&mut self, set: Set, kept: Vec<usize>) {
        match set {
            Set::Requirement(place) => self.requirements[place] = kept,
            Set::Approvals => self.approvals = kept,
        }
    }
}

impl Place {
    /// What a statement says there, as texts.
    pub(super) fn texts(&self, bench: &Bench<'_, '_>, candidate: usize) -> Vec<String> {
        match self {
            Self::Context(path) => path.texts(bench.question.context),
            Self::Statement { field, capture, .. } => {
                let texts = field.texts(bench.candidates[candidate].statement.predicate());
                let Some(regex) = capture else { return texts };
                let captured = texts.iter().filter_map(|text| Some(regex.captures(text)?.get(1)?.as_str().to_owned()));
                captured.collect()
            }
        }
    }
}

/// What one place of a join holds.
enum Held {
    /// What each statement of a set says.
    Statements(Set, BTreeMap<usize, Vec<String>>),
    /// What the caller says.
    Context(Vec<String>),
}

/// Narrows the chosen statements to those that belong together.
///
/// # Errors
/// The place of the join that could not be met, and why.
pub(super) fn narrow(
    bench: &Bench<'_, '_>,
    found: &[Result<Vec<usize>, Rejection>],
    chosen: &Chosen,
) -> Result<Chosen, (usize, Rejection)> {
    let mut held = Vec::new();
    for (place, join) in bench.policy.joins.iter().enumerate() {
        held.push(holdings(bench, join, found, chosen).map_err(|rejection| (place, rejection))?);
    }
    let mut search = Search { bench, held, tries: MOST_TRIES };
    search.from(0, chosen.clone())
}

/// The answers of the joins, of which at most one could not be met.
pub(super) fn answers(policy: &Policy, unjoined: Option<(usize, Rejection)>) -> Vec<Answer> {
    let answer = |(place, join): (usize, &Join)| {
        let refusal = unjoined.as_ref().and_then(|(failed, rejection)| match place.cmp(failed) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(rejection.clone()),
            std::cmp::Ordering::Greater => {
                let detail = format!("not looked at, because {} is not met", policy.joins[*failed].name);
                Some(Rejection::new(Reason::JoinMismatch, detail))
            }
        });
        Answer { asked: Asked::Join, name: join.name.clone(), refusal, pieces: Vec::new() }
    };
    policy.joins.iter().enumerate().map(answer).collect()
}

/// What the places of a join hold; a set that may be empty and is, takes no part.
fn holdings(
    bench: &Bench<'_, '_>,
    join: &Join,
    found: &[Result<Vec<usize>, Rejection>],
    chosen: &Chosen,
) -> Result<Vec<Held>, Rejection> {
    let mut held = Vec::new();
    for place in &join.equal {
        match place {
            Place::Context(path) => {
                let texts = place.texts(bench, 0);
                if texts.is_empty() {
                    return Err(Rejection::new(Reason::ValueMissing, format!("the caller does not say {path}")));
                }
                held.push(Held::Context(texts));
            }
            Place::Statement { of, .. } => {
                let statements = chosen.of(*of);
                let met = match of {
                    Set::Requirement(requirement) => found[*requirement].is_ok(),
                    Set::Approvals => !statements.is_empty(),
                };
                if !met {
                    let detail = format!("{} is not met", bench.policy.name_of(*of));
                    return Err(Rejection::new(Reason::NoEvidence, detail));
                }
                if !statements.is_empty() {
                    let texts = statements.iter().map(|it| (*it, place.texts(bench, *it)));
                    held.push(Held::Statements(*of, texts.collect()));
                }
            }
        }
    }
    Ok(held)
}

struct Search<'b, 'p, 'q> {
    bench: &'b Bench<'p, 'q>,
    /// What the places of each join hold.
    held: Vec<Vec<Held>>,
    tries: usize,
}

impl Search<'_, '_, '_> {
    /// Meets the joins from `at` on, whatever the ones before have left.
    fn from(&mut self, at: usize, chosen: Chosen) -> Result<Chosen, (usize, Rejection)> {
        let Some(held) = self.held.get(at) else { return Ok(chosen) };
        if held.is_empty() {
            return self.from(at + 1, chosen);
        }
        let values: BTreeSet<String> = held.iter().flat_map(|it| it.values(&chosen)).collect();
        let mut deepest: Option<(usize, Rejection)> = None;
        for value in values {
            let Some(left) = self.tries.checked_sub(1) else {
                let detail = format!("more than {MOST_TRIES} combinations");
                return Err((at, Rejection::new(Reason::TooComplex, detail)));
            };
            self.tries = left;
            let Some(narrowed) = self.keep(at, &value, &chosen) else { continue };
            match self.from(at + 1, narrowed) {
                Ok(chosen) => return Ok(chosen),
                // When the tries have run out, the next value says so.
                Err(failure) => deepest = deepest.filter(|known| known.0 >= failure.0).or(Some(failure)),
            }
        }
        Err(deepest.unwrap_or_else(|| (at, self.mismatch(at, &chosen))))
    }

    /// The statements that hold `value` at every place of a join, if that leaves enough of them.
    fn keep(&self, at: usize, value: &str, chosen: &Chosen) -> Option<Chosen> {
        let mut narrowed = chosen.clone();
        for held in &self.held[at] {
            match held {
                Held::Context(texts) if texts.iter().any(|text| text == value) => {}
                Held::Context(_) => return None,
                Held::Statements(set, texts) => {
                    let before = narrowed.of(*set);
                    let holds =
                        |it: &&usize| texts.get(*it).is_some_and(|texts| texts.iter().any(|text| text == value));
                    let kept: Vec<usize> = before.iter().filter(holds).copied().collect();
                    if !self.are_enough(*set, &kept, before.len()) {
                        return None;
                    }
                    narrowed.replace(*set, kept);
                }
            }
        }
        Some(narrowed)
    }

    fn are_enough(&self, set: Set, kept: &[usize], before: usize) -> bool {
        match set {
            Set::Approvals => {
                let min = self.bench.policy.approvals.as_ref().map_or(0, |approvals| approvals.min);
                approvals::people(self.bench, kept) >= min
            }
            Set::Requirement(place) => {
                let requirement = &self.bench.policy.requirements[place];
                match requirement.which {
                    Which::All | Which::Latest => kept.len() == before,
                    Which::Any => !kept.is_empty() && kept.len() >= requirement.min,
                }
            }
        }
    }

    /// What each place holds, so that a person sees which one is different.
    fn mismatch(&self, at: usize, chosen: &Chosen) -> Rejection {
        let shown = self.held[at].iter().map(|held| {
            let values: BTreeSet<String> = held.values(chosen).collect();
            let mut texts: Vec<String> = values.iter().take(3).map(|value| shorten(value)).collect();
            if values.len() > 3 {
                texts.push(format!("{} more", values.len() - 3));
            }
            let texts = if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") };
            match held {
                Held::Context(_) => format!("the caller says {texts}"),
                Held::Statements(set, _) => format!("{} says {texts}", self.bench.policy.name_of(*set)),
            }
        });
        Rejection::new(Reason::JoinMismatch, shown.collect::<Vec<_>>().join("; "))
    }
}

impl Held {
    /// The values that the chosen statements hold here.
    fn values(&self, chosen: &Chosen) -> impl Iterator<Item = String> {
        let texts: Vec<String> = match self {
            Self::Context(texts) => texts.clone(),
            Self::Statements(set, texts) => {
                let statements = chosen.of(*set).iter();
                statements.filter_map(|it| texts.get(it)).flatten().cloned().collect()
            }
        };
        texts.into_iter()
    }
}

impl Policy {
    /// What a set is called in the policy.
    fn name_of(&self, set: Set) -> &str {
        match set {
            Set::Requirement(place) => &self.requirements[place].name,
            Set::Approvals => approvals::NAME,
        }
    }
}

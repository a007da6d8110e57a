//! Minimum elements: what a bill of materials has of what a regulator asks for, and which components lack it. Pure.
//!
//! Sources: CISA and others, "2026 Minimum Elements for an SBOM" (2026-07-29); NTIA, "The Minimum Elements for an SBOM"
//! (2021-07-12); BSI TR-03183-2 version 2.1.0 (2025-08-20), section 5.2. What is unknown and said to be unknown is told
//! apart from what is withheld and from what is simply missing.

mod component;
mod document;
mod elements;
mod table;

pub use table::table;

use crate::bill::{Bill, Part};
use elements::{Asked, Element};
use serde::Serialize;

/// Failing components named per element.
const NAMED: usize = 20;

/// The property in which a component names the elements that its source does not record, separated by spaces.
pub const UNKNOWN: &str = "lockkeeper:unknown";
/// The property in which a component names the elements that its author keeps back.
pub const WITHHELD: &str = "lockkeeper:withheld";

/// A list of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// CISA and partners, 2026.
    Cisa2026,
    /// NTIA, 2021.
    Ntia2021,
    /// BSI TR-03183-2, version 2.1.0.
    BsiTr03183,
}

impl Profile {
    /// As the input has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cisa2026 => "cisa-2026",
            Self::Ntia2021 => "ntia-2021",
            Self::BsiTr03183 => "bsi-tr-03183-2",
        }
    }
}

/// Whether somebody vouches for the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// It is, or will be, the predicate of a signed statement.
    ByStatement,
    /// Nothing is known of a signature but what the document itself holds.
    NotKnown,
}

/// What one element comes to in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is there.
    Stated,
    /// It is said to be unknown.
    Unknown,
    /// It is said to be kept back.
    Withheld,
    /// It is not there, and nothing says why.
    Missing,
    /// The format has no place for it.
    NotApplicable,
}

/// How a document stands to a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The profile.
    pub profile: &'static str,
    /// The mean over the elements, rounded down, in percent.
    pub percent: usize,
    /// How many components were looked at.
    pub components: usize,
    /// Each element.
    pub elements: Vec<ElementScore>,
}

/// How a document stands to one element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElementScore {
    /// What the regulator calls it.
    pub element: &'static str,
    /// In percent of what was looked at, rounded down; `None` where the format has no place for it.
    pub percent: Option<usize>,
    /// How often it is there.
    pub stated: usize,
    /// How often it is said to be unknown.
    pub unknown: usize,
    /// How often it is said to be kept back.
    pub withheld: usize,
    /// How often it is not there.
    pub missing: usize,
    /// Components that lack it, the first [`NAMED`]; for the document itself what is lacking.
    pub failing: Vec<String>,
}

/// Judges a document.
#[must_use]
pub fn score(profile: Profile, bill: &Bill, signed: Signed) -> Score {
    let parts: Vec<(&String, &Part)> = bill.listed().filter(|(_, part)| part.kind != "file").collect();
    let elements: Vec<ElementScore> =
        elements::of(profile).iter().map(|element| element_score(element, bill, (&parts, signed))).collect();
    let counted: Vec<usize> = elements.iter().filter_map(|element| element.percent).collect();
    let percent = counted.iter().sum::<usize>().checked_div(counted.len()).unwrap_or(0);
    Score { profile: profile.word(), percent, components: parts.len(), elements }
}

fn element_score(element: &Element, bill: &Bill, (parts, signed): (&[(&String, &Part)], Signed)) -> ElementScore {
    let mut result = ElementScore {
        element: element.name,
        percent: None,
        stated: 0,
        unknown: 0,
        withheld: 0,
        missing: 0,
        failing: Vec::new(),
    };
    let mut met = 0;
    let mut count = |state: State, name: &dyn Fn() -> String| {
        let (counter, fulfilled) = match state {
            State::Stated => (&mut result.stated, true),
            State::Unknown => (&mut result.unknown, element.unknown_will_do),
            State::Withheld => (&mut result.withheld, false),
            State::Missing => (&mut result.missing, false),
            State::NotApplicable => return,
        };
        *counter += 1;
        met += usize::from(fulfilled);
        if !fulfilled && result.failing.len() < NAMED {
            result.failing.push(name());
        }
    };
    match element.asked {
        Asked::Document(field) => count(document::state(field, bill, signed), &|| "the document".to_owned()),
        Asked::Component(field) => {
            for (reference, part) in parts {
                count(component::state(field, bill, (reference, part)), &|| part.label());
            }
        }
    }
    let seen = result.stated + result.unknown + result.withheld + result.missing;
    let nothing = matches!(element.asked, Asked::Component(_)).then_some(0);
    result.percent = (met * 100).checked_div(seen).or(nothing);
    result
}

#[cfg(test)]
mod tests;

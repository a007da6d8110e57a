//! One way in which a release breaks its contract, or in which that cannot be found out.

use serde::Serialize;
use std::fmt;

/// A finding: which field, what kind of problem, and the problem in words that follow the field's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The field, or what else is concerned, such as `provenance`.
    pub field: String,
    /// What kind of problem it is.
    pub code: Code,
    /// What is wrong, a fragment after the field's name.
    pub text: String,
    /// Where it was found, where there is more than one place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<&'static str>,
}

/// The kinds of problem; stable words for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// There is no value.
    Missing,
    /// The value is of another type than the contract says.
    Type,
    /// A timestamp or date is older than the contract allows.
    Stale,
    /// A timestamp or date lies after the present.
    Future,
    /// The value is not the one it must equal.
    Mismatch,
    /// A version and what it speaks for did not change together.
    Drift,
    /// A signature does not hold, or is by another key.
    Signature,
    /// Whether the contract holds could not be found out.
    Unavailable,
}

impl Finding {
    /// A finding about `field`.
    #[must_use]
    pub fn new(field: &str, code: Code, text: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code, text: text.into(), place: None }
    }

    /// The finding, found in `place`.
    #[must_use]
    pub fn within(mut self, place: &'static str) -> Self {
        self.place = Some(place);
        self
    }
}

impl Code {
    /// The code's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Type => "type",
            Self::Stale => "stale",
            Self::Future => "future",
            Self::Mismatch => "mismatch",
            Self::Drift => "drift",
            Self::Signature => "signature",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Whether findings mean no, or only that nobody knows: one clear no is a no.
#[must_use]
pub fn is_refusal(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.code != Code::Unavailable)
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.text)?;
        self.place.map_or(Ok(()), |place| write!(f, " (in {place})"))
    }
}

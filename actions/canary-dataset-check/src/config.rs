//! `canary.yml` as a value: what is asked of the service, how, and how much may be wrong.
//!
//! A [`Canary`] exists only after every line of the file has been understood; all that is wrong is told at once.

mod read;

pub use read::read;
pub(crate) use read::{headers_of, path_of, status_of};

use crate::{
    assertion::{Assertion, Everywhere, Selector},
    cases::Template,
    compare::Comparison,
    contract::Extra,
    length::Length,
    load::Load,
    staleness::Staleness,
};
use reqwest::header::{HeaderName, HeaderValue};
use std::path::PathBuf;

/// Everything the file says, resolved.
#[derive(Debug, Clone)]
pub struct Canary {
    /// How requests are made.
    pub target: Target,
    /// What the service must answer before anything else is asked, in order.
    pub probes: Vec<Probe>,
    /// How the running version is read, and what it must be.
    pub running_version: Option<RunningVersion>,
    /// The dataset.
    pub cases: Cases,
    /// What holds of paths whatever the case: how near numbers must be, what is ignored, what is never shown.
    pub everywhere: Everywhere,
    /// What every answer with a 2xx status must keep: the metadata contract and the assertions of the file.
    pub every_answer: Vec<Assertion>,
    /// How much may be wrong.
    pub limits: Limits,
    /// The load check.
    pub load: Option<Load>,
    /// The API's contract.
    pub contract: Option<Promise>,
    /// What is compared with the baseline, case by case.
    pub compare: Option<Comparison>,
    /// How old the data behind answers may be.
    pub staleness: Option<Staleness>,
    /// Parameters given to the run that the file never uses.
    pub unused_parameters: Vec<String>,
}

impl Canary {
    /// Whether anything is compared with a baseline.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.compare.is_some() || self.load.as_ref().is_some_and(Load::is_relative)
    }
}

/// Who is asked.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The service at the run's `base-url`.
    Service,
    /// Nobody any more: a batch job has written its answers to this file, relative to the folder of `canary.yml`, each with
    /// the id of its case at the path.
    Batch(PathBuf, Selector),
    /// This program with these arguments, in the workspace.
    Program(Vec<String>),
}

/// How requests are made.
#[derive(Debug, Clone)]
pub struct Target {
    /// Who is asked.
    pub origin: Origin,
    /// How long one request may take, to the last byte of its answer.
    pub timeout: Length,
    /// How many requests are under way at once, 1 to 512.
    pub concurrency: usize,
    /// Sent with every request; a case's own header of the same name takes its place.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// The API's contract: what answers may be, whatever the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// The OpenAPI document, relative to the folder of `canary.yml`.
    pub openapi: PathBuf,
    /// What of members that it does not describe.
    pub extra: Extra,
    /// Where the service serves its own, which must break nothing of it.
    pub served: Option<String>,
}

/// One question about the service's state.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What it is called in reports.
    pub name: String,
    /// The path asked, starting with `/`.
    pub path: String,
    /// The status it must answer with.
    pub status: u16,
    /// What the body must keep besides; none for a body that is not looked at.
    pub assertions: Vec<Assertion>,
    /// How often and how long it is asked.
    pub patience: Patience,
}

/// Which version runs.
#[derive(Debug, Clone)]
pub struct RunningVersion {
    /// The path asked, starting with `/`.
    pub path: String,
    /// Where in the answer the version stands, and which it must be.
    pub assertion: Assertion,
    /// The version that must run.
    pub expected: String,
    /// How often and how long it is asked.
    pub patience: Patience,
}

/// How often and how long something is asked until it is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Right answers in a row that are needed, at least 1.
    pub successes: u32,
    /// The pause between two.
    pub every: Length,
    /// The time after which it counts as wrong.
    pub within: Length,
}

/// The dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cases {
    /// The JSONL or CSV file, relative to the folder of `canary.yml`.
    pub from: PathBuf,
    /// Fewer cases than this are a mistake, at least 1.
    pub min: u64,
    /// How often each case is asked; a case that is right only sometimes is flaky.
    pub repeats: u32,
    /// What choices among them start from.
    pub seed: u64,
    /// How many are asked, chosen by the seed; `None` for all.
    pub sample: Option<u64>,
    /// What makes cases of records.
    pub template: Option<Template>,
}

/// How much may be wrong; nothing, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Failing cases.
    pub failures: Allowed,
    /// Flaky cases.
    pub flaky: Allowed,
}

/// A number of cases, or a share of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// So many.
    Count(u64),
    /// So many of a million: `0.5%` is 5000.
    PerMillion(u64),
}

impl Default for Allowed {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl Allowed {
    /// Whether `bad` of `all` are more than allowed. Exact integer arithmetic.
    #[must_use]
    pub fn exceeded_by(self, bad: u64, all: u64) -> bool {
        match self {
            Self::Count(count) => bad > count,
            Self::PerMillion(share) => u128::from(bad) * 1_000_000 > u128::from(share) * u128::from(all),
        }
    }
}

/// `3`, or a percentage with up to four decimals: `0.5%`.
impl std::str::FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a number of cases nor a percentage below 100; write 0, 3 or 0.5%");
        let Some(percent) = text.strip_suffix('%') else {
            return text.parse().map(Self::Count).map_err(|_| wrong());
        };
        let (whole, fraction) = percent.trim_end().split_once('.').unwrap_or((percent.trim_end(), ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 4 {
            return Err(wrong());
        }
        let share: u64 = format!("{whole}{fraction:0<4}").parse().map_err(|_| wrong())?;
        if share < 1_000_000 { Ok(Self::PerMillion(share)) } else { Err(wrong()) }
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::PerMillion(share) => {
                let text = format!("{}.{:04}", share / 10_000, share % 10_000);
                write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_compared_without_rounding() {
        let one_percent: Allowed = "1%".parse().unwrap();
        assert!(!one_percent.exceeded_by(1, 100) && one_percent.exceeded_by(2, 100) && one_percent.exceeded_by(1, 99));
        assert!(!"5%".parse::<Allowed>().unwrap().exceeded_by(250, 5000));
        assert!("0".parse::<Allowed>().unwrap().exceeded_by(1, 1_000_000));
        assert!(!Allowed::PerMillion(999_999).exceeded_by(u64::MAX / 2, u64::MAX));
        for (text, shown) in [("3", "3"), ("0.5%", "0.5%"), ("1 %", "1%"), ("12.3456%", "12.3456%"), ("0%", "0%")] {
            assert_eq!(text.parse::<Allowed>().unwrap().to_string(), shown);
        }
        for bad in ["", "-1", "1.5", "100%", "%", ".5%", "1e1%", "0.00001%", "all"] {
            assert!(bad.parse::<Allowed>().is_err(), "{bad}");
        }
    }
}

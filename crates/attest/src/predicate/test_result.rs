//! test-result v0.1: in-toto/attestation `spec/predicates/test-result.md`.

use super::{Predicate, ResourceDescriptor, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a test run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// Every test passed.
    Passed,
    /// It passed with remarks.
    Warned,
    /// It did not pass.
    Failed,
}

/// The outcome of a test run about the subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// How it ended.
    pub result: Outcome,
    /// With which files and data it was run.
    pub configuration: Vec<ResourceDescriptor>,
    /// Where to read more.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Tests that passed, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_tests: Vec<String>,
    /// Tests with remarks, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned_tests: Vec<String>,
    /// Tests that did not pass, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_tests: Vec<String>,
    /// When the run began; our extension, the specification has no time.
    #[serde(default, deserialize_with = "shape::present_moment", skip_serializing_if = "Option::is_none")]
    pub started_on: Option<Timestamp>,
    /// When the run ended; our extension.
    #[serde(default, deserialize_with = "shape::present_moment", skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<Timestamp>,
}

impl Predicate for TestResult {
    const TYPE: &'static str = super::TEST_RESULT;

    fn check(&self) -> Result<(), String> {
        self.configuration.iter().try_for_each(|descriptor| descriptor.check("configuration"))
    }

    fn made_on(&self) -> Option<Timestamp> {
        self.finished_on
    }
}

//! The predicates the suite writes and reads, as typed values.
//!
//! The vetted ones come from in-toto/attestation, slsa.dev, CycloneDX and SPDX. Nothing vetted exists for releases,
//! deployments, guardrail verdicts, approvals, promotions and revocations (in-toto/attestation#407), so those are our own;
//! their JSON Schemas are in `docs/predicates/`. A reader ignores members it does not know; a writer leaves out what it
//! does not know.

pub mod approval;
pub mod deployment;
mod descriptor;
pub mod guardrail;
pub mod promotion;
pub mod release_manifest;
pub mod revocation;
pub mod sbom;
mod shape;
pub mod slsa;
pub mod test_result;
pub mod vsa;

pub use descriptor::{DigestSet, Digested, ResourceDescriptor, Run};
pub(crate) use shape::parse_moment;

use crate::{Reason, Rejection, Statement};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// How an artifact was built: <https://slsa.dev/spec/v1.0/provenance>.
pub const SLSA_PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// A CycloneDX bill of materials, the whole document as the predicate.
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";

/// An SPDX bill of materials, the whole document as the predicate; some writers put the version behind it.
pub const SPDX: &str = "https://spdx.dev/Document";

/// The outcome of a test run, such as a canary dataset: in-toto/attestation `spec/predicates/test-result.md`.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// A policy's verdict over other statements: <https://slsa.dev/spec/v1.0/verification_summary>.
pub const VSA: &str = "https://slsa.dev/verification_summary/v1";

/// What a release consists of besides its bytes: logic and config versions, input hashes, source times, run.
pub const RELEASE_MANIFEST: &str = "https://lockkeeper.dev/attestation/release-manifest/v0.1";

/// That a digest was put into an environment, how, and how it ended.
pub const DEPLOYMENT: &str = "https://lockkeeper.dev/attestation/deployment/v0.1";

/// What the metrics of a running digest said over a window, against which limits.
pub const GUARDRAIL_VERDICT: &str = "https://lockkeeper.dev/attestation/guardrail-verdict/v0.1";

/// That a person said yes or no to a digest for an environment.
pub const APPROVAL: &str = "https://lockkeeper.dev/attestation/approval/v0.1";

/// That a digest was copied to a place, with which evidence, under which policy.
pub const PROMOTION: &str = "https://lockkeeper.dev/attestation/promotion/v0.1";

/// That a digest, or a statement about it, must not be used any more.
pub const REVOCATION: &str = "https://lockkeeper.dev/attestation/revocation/v0.1";

/// The short names a policy may write instead of a URI.
pub const ALIASES: [(&str, &str); 11] = [
    ("slsa-provenance", SLSA_PROVENANCE),
    ("cyclonedx", CYCLONEDX),
    ("spdx", SPDX),
    ("test-result", TEST_RESULT),
    ("vsa", VSA),
    ("release-manifest", RELEASE_MANIFEST),
    ("deployment", DEPLOYMENT),
    ("guardrail-verdict", GUARDRAIL_VERDICT),
    ("approval", APPROVAL),
    ("promotion", PROMOTION),
    ("revocation", REVOCATION),
];

/// A claim of a known type.
pub trait Predicate: Serialize + DeserializeOwned {
    /// The predicate type under which it is written.
    const TYPE: &'static str;

    /// Whether `uri` is this type, under any name it goes by.
    #[must_use]
    fn is_named(uri: &str) -> bool {
        uri == Self::TYPE
    }

    /// What the type's specification demands besides members and their types.
    ///
    /// # Errors
    /// What is wrong, a lowercase fragment.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// When the claim was made, as far as it says.
    #[must_use]
    fn made_on(&self) -> Option<Timestamp> {
        None
    }

    /// Until when the claim holds, where it says so.
    #[must_use]
    fn expires_on(&self) -> Option<Timestamp> {
        None
    }
}

/// When a claim was made and until when it holds, as far as it says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// When it was made.
    pub made: Option<Timestamp>,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
}

/// The dates of a statement of a type we know; nothing is said of other types.
///
/// # Errors
/// [`Reason::PredicateInvalid`] when the predicate does not follow the specification of its type.
pub fn dates(statement: &Statement) -> Result<Option<Dates>, Rejection> {
    fn of<P: Predicate>(value: &Value) -> Option<Result<Dates, Rejection>> {
        Some(from_value::<P>(value).map(|claim| Dates { made: claim.made_on(), expires: claim.expires_on() }))
    }
    let value = statement.predicate();
    let read = match statement.predicate_type() {
        uri if slsa::Provenance::is_named(uri) => of::<slsa::Provenance>(value),
        uri if sbom::CycloneDx::is_named(uri) => of::<sbom::CycloneDx>(value),
        uri if sbom::Spdx::is_named(uri) => of::<sbom::Spdx>(value),
        uri if test_result::TestResult::is_named(uri) => of::<test_result::TestResult>(value),
        uri if vsa::Vsa::is_named(uri) => of::<vsa::Vsa>(value),
        uri if release_manifest::ReleaseManifest::is_named(uri) => of::<release_manifest::ReleaseManifest>(value),
        uri if deployment::Deployment::is_named(uri) => of::<deployment::Deployment>(value),
        uri if guardrail::GuardrailVerdict::is_named(uri) => of::<guardrail::GuardrailVerdict>(value),
        uri if approval::Approval::is_named(uri) => of::<approval::Approval>(value),
        uri if promotion::Promotion::is_named(uri) => of::<promotion::Promotion>(value),
        uri if revocation::Revocation::is_named(uri) => of::<revocation::Revocation>(value),
        _ => None,
    };
    read.transpose()
}

/// Whether a statement of type `found` is of the type `wanted`; bills of materials may have a version behind theirs.
pub(crate) fn is_kind(wanted: &str, found: &str) -> bool {
    match wanted {
        CYCLONEDX => sbom::CycloneDx::is_named(found),
        SPDX => sbom::Spdx::is_named(found),
        _ => wanted == found,
    }
}

/// The claim as JSON, held to its own specification first.
///
/// # Errors
/// [`Reason::PredicateInvalid`] when a reader would refuse it.
pub fn to_value<P: Predicate>(predicate: &P) -> Result<Value, Rejection> {
    predicate.check().map_err(invalid::<P>)?;
    serde_json::to_value(predicate).map_err(|error| invalid::<P>(error.to_string()))
}

/// The claim that JSON holds.
pub(crate) fn from_value<P: Predicate>(value: &Value) -> Result<P, Rejection> {
    let claim = P::deserialize(value).map_err(|error| invalid::<P>(error.to_string()))?;
    claim.check().map_err(invalid::<P>)?;
    // The library takes a list of values for an object, too; no other reader does.
    let understood = serde_json::to_value(&claim).map_err(|error| invalid::<P>(error.to_string()))?;
    if has_shape(value, &understood) { Ok(claim) } else { Err(invalid::<P>("a list stands for an object".to_owned())) }
}

/// Whether everything that was understood is an object, a list or a single value where it came from.
fn has_shape(value: &Value, understood: &Value) -> bool {
    match (value, understood) {
        (Value::Object(value), Value::Object(understood)) => {
            understood.iter().all(|(name, part)| value.get(name).is_some_and(|value| has_shape(value, part)))
        }
        (Value::Array(value), Value::Array(understood)) => {
            value.len() == understood.len() && value.iter().zip(understood).all(|(value, part)| has_shape(value, part))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        _ => true,
    }
}

fn invalid<P: Predicate>(what: String) -> Rejection {
    let detail = format!("predicate does not follow {}: {}", P::TYPE, crate::reason::shorten(&what));
    Rejection::new(Reason::PredicateInvalid, detail)
}

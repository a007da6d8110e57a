//! The predicate types the suite writes and reads.
//!
//! The vetted ones come from in-toto/attestation and slsa.dev. Nothing vetted exists for releases, deployments and
//! guardrail verdicts (in-toto/attestation#407), so those are our own; their JSON Schemas are in `docs/predicates/`.

/// How an artifact was built: <https://slsa.dev/spec/v1.0/provenance>.
pub const SLSA_PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// A CycloneDX bill of materials, the whole document as the predicate.
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";

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

//! The list of the suite's actions; the one place that names them all.

use github::Entry;

/// Every action, in the order a release meets them.
#[must_use]
pub fn actions() -> [Entry; 6] {
    [
        Entry::of::<sbom::Sbom>(),
        Entry::of::<provenance_stamp::ProvenanceStamp>(),
        Entry::of::<image_promote::ImagePromote>(),
        Entry::of::<ecs_deploy::EcsDeploy>(),
        Entry::of::<canary_dataset_check::CanaryDatasetCheck>(),
        Entry::of::<guardrail_gate::GuardrailGate>(),
    ]
}

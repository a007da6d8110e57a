//! What the runner tells every step about its job, for a job of a made-up repository.

use std::collections::BTreeMap;

/// The `GITHUB_*` variables of a run of `acme/grazing`, without those that name a commit or a file.
#[must_use]
pub fn context(run_id: &str) -> BTreeMap<String, String> {
    let fixed = [
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/grazing"),
        ("GITHUB_REPOSITORY_ID", "1"),
        ("GITHUB_REPOSITORY_OWNER_ID", "2"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REF_NAME", "main"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_RUN_ID", run_id),
        ("GITHUB_RUN_ATTEMPT", "1"),
        ("GITHUB_ACTOR", "ada"),
        ("GITHUB_JOB", "release"),
        ("GITHUB_ACTION", "step"),
        ("GITHUB_WORKFLOW_REF", "acme/grazing/.github/workflows/release.yml@refs/heads/main"),
        ("RUNNER_ENVIRONMENT", "self-hosted"),
    ];
    fixed.into_iter().map(owned).collect()
}

/// A variable as a map keeps it.
pub(crate) fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

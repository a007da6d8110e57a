//! The claims of this workflow run beside what the release says of itself.

use crate::finding::{Code, Finding};
pub use attest::predicate::slsa::{Claims, Origin};
use serde_json::Value;

/// Where the claims contradict the manifest they would be signed beside: evidence that contradicts itself is not left.
#[must_use]
pub fn contradictions(claims: &Claims, commit: Option<&str>, run_id: Option<&str>) -> Vec<Finding> {
    let compare = |what: &str, claimed: &str, here: Option<&str>| {
        let here = here.filter(|here| *here != claimed)?;
        let text = format!("would be of {what} {claimed}, but this release is of {here}");
        Some(Finding::new("provenance", Code::Mismatch, text))
    };
    [compare("commit", &claims.sha, commit), compare("workflow run", &claims.run_id, run_id)]
        .into_iter()
        .flatten()
        .collect()
}

/// The commit a provenance says was built.
#[must_use]
pub fn built_commit(predicate: &Value) -> Option<&str> {
    predicate.pointer("/buildDefinition/resolvedDependencies/0/digest/gitCommit").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            repository: "o/r".into(),
            full_ref: "refs/heads/main".into(),
            sha: "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c".into(),
            event_name: "push".into(),
            workflow_ref: "o/r/.github/workflows/ci.yml@refs/heads/main".into(),
            job_workflow_ref: "org/actions/.github/workflows/release.yml@refs/tags/v1".into(),
            repository_id: "1".into(),
            repository_owner_id: "2".into(),
            runner_environment: "github-hosted".into(),
            run_id: "77".into(),
            run_attempt: "1".into(),
        }
    }

    #[test]
    fn claims_of_another_commit_or_run_are_told_apart() {
        let claims = claims();
        assert_eq!(contradictions(&claims, Some(&claims.sha), Some("77")), []);
        assert_eq!(contradictions(&claims, None, None), []);
        let found = contradictions(&claims, Some("0"), Some("78"));
        assert_eq!(found.len(), 2);
        assert!(found[0].text.contains("commit 5f2b7c9") && found[1].text.contains("run 77"), "{found:?}");
    }
}

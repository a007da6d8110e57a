//! SLSA provenance v1 for a GitHub Actions build, field by field as GitHub's own attestations have it.
//!
//! Build type: <https://actions.github.io/buildtypes/workflow/v1>. The values come from the job's identity token, or,
//! where the job has none, from the runner's context, and `internalParameters` says which.

use crate::finding::{Code, Finding};
use serde::Deserialize;
use serde_json::{Value, json};

/// The build type of a workflow run.
pub const BUILD_TYPE: &str = "https://actions.github.io/buildtypes/workflow/v1";
/// Our extension of `internalParameters`: where the values come from.
const SOURCE_OF_VALUES: &str = "https://lockkeeper.dev/provenance/values-from";

/// Where the values of a provenance come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The job's identity token, issued by GitHub for this very job.
    IdToken,
    /// The runner's environment variables, which any earlier step of the job could have overwritten.
    RunnerContext,
}

/// The claims of GitHub's identity token that make a provenance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// `owner/name`.
    pub repository: String,
    /// `refs/heads/main`.
    #[serde(rename = "ref")]
    pub full_ref: String,
    /// The commit the run is for.
    pub sha: String,
    /// `push`.
    pub event_name: String,
    /// The workflow the run started from, with its ref.
    pub workflow_ref: String,
    /// The workflow that defines this job: the reusable one where there is one.
    pub job_workflow_ref: String,
    /// Numeric.
    pub repository_id: String,
    /// Numeric.
    pub repository_owner_id: String,
    /// `github-hosted` or `self-hosted`.
    pub runner_environment: String,
    /// Numeric.
    pub run_id: String,
    /// From 1.
    pub run_attempt: String,
}

/// Why no provenance can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    /// The workflow file cannot be told from the claims.
    #[error("workflow `{workflow_ref}` does not lie in repository `{repository}`")]
    Workflow {
        /// The claim.
        workflow_ref: String,
        /// The other claim.
        repository: String,
    },
    /// Not a commit.
    #[error("`{0}` is not a full commit name")]
    Commit(String),
}

/// The predicate.
///
/// `server` is the GitHub server, `https://github.com`, without a slash at the end.
///
/// # Errors
/// [`ProvenanceError`] when the claims contradict each other.
pub fn predicate(claims: &Claims, server: &str, origin: Origin) -> Result<Value, ProvenanceError> {
    let contradiction = || ProvenanceError::Workflow {
        workflow_ref: claims.workflow_ref.clone(),
        repository: claims.repository.clone(),
    };
    let path = workflow_path(&claims.workflow_ref, &claims.repository).ok_or_else(contradiction)?;
    let hexadecimal = claims.sha.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !hexadecimal || !matches!(claims.sha.len(), 40 | 64) {
        return Err(ProvenanceError::Commit(claims.sha.chars().take(80).collect()));
    }
    let repository = format!("{server}/{}", claims.repository);
    let origin = match origin {
        Origin::IdToken => "id-token",
        Origin::RunnerContext => "runner-context",
    };
    Ok(json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "workflow": {"ref": claims.full_ref, "repository": repository, "path": path},
            },
            "internalParameters": {
                "github": {
                    "event_name": claims.event_name,
                    "repository_id": claims.repository_id,
                    "repository_owner_id": claims.repository_owner_id,
                    "runner_environment": claims.runner_environment,
                },
                SOURCE_OF_VALUES: origin,
            },
            "resolvedDependencies": [
                {"uri": format!("git+{repository}@{}", claims.full_ref), "digest": {"gitCommit": claims.sha}},
            ],
        },
        "runDetails": {
            "builder": {"id": format!("{server}/{}", claims.job_workflow_ref)},
            "metadata": {
                "invocationId": format!("{repository}/actions/runs/{}/attempts/{}", claims.run_id, claims.run_attempt),
            },
        },
    }))
}

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

/// The workflow file's path: a path may itself hold an `@`, so the ref is found by its own beginning.
fn workflow_path<'a>(workflow_ref: &'a str, repository: &str) -> Option<&'a str> {
    let rest = workflow_ref.strip_prefix(repository)?.strip_prefix('/')?;
    let (path, _) = rest.rsplit_once("@refs/").or_else(|| rest.rsplit_once('@'))?;
    (!path.is_empty()).then_some(path)
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

    /// The document `buildSLSAProvenancePredicate` of actions/toolkit makes of these claims (packages/attest), and our mark.
    #[test]
    fn the_predicate_is_the_one_githubs_toolkit_builds_with_our_mark() {
        let predicate = predicate(&claims(), "https://github.com", Origin::IdToken).unwrap();
        let wanted = json!({
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {"workflow": {
                    "ref": "refs/heads/main", "repository": "https://github.com/o/r", "path": ".github/workflows/ci.yml"
                }},
                "internalParameters": {
                    "github": {"event_name": "push", "repository_id": "1", "repository_owner_id": "2", "runner_environment": "github-hosted"},
                    "https://lockkeeper.dev/provenance/values-from": "id-token"
                },
                "resolvedDependencies": [{
                    "uri": "git+https://github.com/o/r@refs/heads/main",
                    "digest": {"gitCommit": "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c"}
                }]
            },
            "runDetails": {
                "builder": {"id": "https://github.com/org/actions/.github/workflows/release.yml@refs/tags/v1"},
                "metadata": {"invocationId": "https://github.com/o/r/actions/runs/77/attempts/1"}
            }
        });
        assert_eq!(predicate, wanted);
        assert_eq!(built_commit(&predicate), Some(claims().sha.as_str()));
    }

    #[test]
    fn a_path_with_an_at_sign_stays_whole() {
        for (workflow_ref, path) in [
            ("o/r/.github/workflows/a@b.yml@refs/heads/x", Some(".github/workflows/a@b.yml")),
            ("o/r/.github/workflows/a.yml@refs/heads/feat@2", Some(".github/workflows/a.yml")),
            ("o/r/.github/workflows/a.yml@5f2b7c9", Some(".github/workflows/a.yml")),
            ("other/r/.github/workflows/a.yml@refs/heads/x", None),
            ("o/r/.github/workflows/a.yml", None),
        ] {
            assert_eq!(workflow_path(workflow_ref, "o/r"), path, "{workflow_ref}");
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

    #[test]
    fn contradictory_claims_make_no_provenance() {
        let elsewhere = Claims { workflow_ref: "x/y/.github/workflows/ci.yml@refs/heads/main".into(), ..claims() };
        assert!(matches!(
            predicate(&elsewhere, "https://github.com", Origin::IdToken),
            Err(ProvenanceError::Workflow { .. })
        ));
        for sha in ["5f2b7c9".to_owned(), "g".repeat(40), "AB".repeat(20)] {
            let claims = Claims { sha, ..claims() };
            assert!(matches!(
                predicate(&claims, "https://github.com", Origin::IdToken),
                Err(ProvenanceError::Commit(_))
            ));
        }
    }
}

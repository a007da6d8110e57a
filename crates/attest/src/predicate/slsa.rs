//! SLSA provenance v1, and the one a GitHub Actions run has, field by field as GitHub's own attestations have it.
//!
//! Specification: <https://slsa.dev/spec/v1.0/provenance>. Build type: <https://actions.github.io/buildtypes/workflow/v1>.
//! The values come from the job's identity token, or, where the job has none, from the runner's context, and
//! `internalParameters` says which.

use super::{Predicate, ResourceDescriptor, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The build type of a workflow run.
pub const BUILD_TYPE: &str = "https://actions.github.io/buildtypes/workflow/v1";

/// Our extension of `internalParameters`: where the values come from.
const SOURCE_OF_VALUES: &str = "https://lockkeeper.dev/provenance/values-from";

/// How the subject was built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// What the build was told to do.
    pub build_definition: BuildDefinition,
    /// Who did it, when.
    pub run_details: RunDetails,
}

/// What the build was told to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// The URI that says how to understand the parameters.
    #[serde(deserialize_with = "shape::text")]
    pub build_type: String,
    /// What whoever started the build could choose.
    pub external_parameters: Map<String, Value>,
    /// What the platform chose.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub internal_parameters: Map<String, Value>,
    /// What went into the build, such as the commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved_dependencies: Vec<ResourceDescriptor>,
}

/// Who built, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDetails {
    /// Who is to be trusted for all this.
    pub builder: Builder,
    /// Which run it was.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BuildMetadata>,
    /// What else the build made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub byproducts: Vec<ResourceDescriptor>,
}

/// Who is to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    /// A URI.
    #[serde(deserialize_with = "shape::text")]
    pub id: String,
    /// The versions of its parts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub version: BTreeMap<String, String>,
}

/// Which run it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildMetadata {
    /// The run's own name.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub invocation_id: Option<String>,
    /// When it began.
    #[serde(default, deserialize_with = "shape::present_moment", skip_serializing_if = "Option::is_none")]
    pub started_on: Option<Timestamp>,
    /// When it ended.
    #[serde(default, deserialize_with = "shape::present_moment", skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<Timestamp>,
}

impl Predicate for Provenance {
    const TYPE: &'static str = super::SLSA_PROVENANCE;

    fn check(&self) -> Result<(), String> {
        let dependencies = &self.build_definition.resolved_dependencies;
        dependencies.iter().try_for_each(|it| it.check("resolvedDependencies"))?;
        self.run_details.byproducts.iter().try_for_each(|it| it.check("byproducts"))
    }

    fn made_on(&self) -> Option<Timestamp> {
        let metadata = self.run_details.metadata.as_ref()?;
        metadata.finished_on.or(metadata.started_on)
    }
}

impl Provenance {
    /// The commit that was built.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        Some(self.build_definition.resolved_dependencies.first()?.digest.get("gitCommit")?)
    }
}

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

/// The provenance of what this workflow run built.
///
/// `server` is the GitHub server, `https://github.com`, without a slash at the end.
///
/// # Errors
/// [`ProvenanceError`] when the claims contradict each other.
pub fn github_workflow(claims: &Claims, server: &str, origin: Origin) -> Result<Provenance, ProvenanceError> {
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
    let github = json!({
        "event_name": claims.event_name,
        "repository_id": claims.repository_id,
        "repository_owner_id": claims.repository_owner_id,
        "runner_environment": claims.runner_environment,
    });
    let workflow = json!({"ref": claims.full_ref, "repository": repository, "path": path});
    let invocation = format!("{repository}/actions/runs/{}/attempts/{}", claims.run_id, claims.run_attempt);
    let commit = ResourceDescriptor {
        uri: Some(format!("git+{repository}@{}", claims.full_ref)),
        digest: BTreeMap::from([("gitCommit".to_owned(), claims.sha.clone())]),
        ..ResourceDescriptor::default()
    };
    Ok(Provenance {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.to_owned(),
            external_parameters: Map::from_iter([("workflow".to_owned(), workflow)]),
            internal_parameters: Map::from_iter([
                ("github".to_owned(), github),
                (SOURCE_OF_VALUES.to_owned(), origin.into()),
            ]),
            resolved_dependencies: vec![commit],
        },
        run_details: RunDetails {
            builder: Builder { id: format!("{server}/{}", claims.job_workflow_ref), version: BTreeMap::new() },
            metadata: Some(BuildMetadata { invocation_id: Some(invocation), ..BuildMetadata::default() }),
            byproducts: Vec::new(),
        },
    })
}

/// The workflow file's path: a path may itself hold an `@`, so the ref is found by its own beginning.
fn workflow_path<'a>(workflow_ref: &'a str, repository: &str) -> Option<&'a str> {
    let rest = workflow_ref.strip_prefix(repository)?.strip_prefix('/')?;
    let (path, _) = rest.rsplit_once("@refs/").or_else(|| rest.rsplit_once('@'))?;
    (!path.is_empty()).then_some(path)
}

#[cfg(test)]
#[path = "slsa_tests.rs"]
mod tests;

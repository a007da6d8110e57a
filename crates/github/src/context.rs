//! What the runner says about the run (`GitHubContext.cs`), as far as evidence and links need it.

use std::collections::BTreeMap;

/// The run this process is a step of. On a plain command line everything is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Context {
    /// `https://github.com`, or the server of a GitHub Enterprise.
    pub server_url: Option<String>,
    /// `https://api.github.com`, or the API of a GitHub Enterprise.
    pub api_url: Option<String>,
    /// `owner/name` of the repository the workflow runs in.
    pub repository: Option<String>,
    /// The repository's numeric id.
    pub repository_id: Option<String>,
    /// The owner's numeric id.
    pub repository_owner_id: Option<String>,
    /// The commit that triggered the run.
    pub sha: Option<String>,
    /// The full ref, `refs/heads/main`.
    pub full_ref: Option<String>,
    /// The short ref, `main`.
    pub ref_name: Option<String>,
    /// The event's name, `push`.
    pub event_name: Option<String>,
    /// Who triggered the run.
    pub actor: Option<String>,
    /// The workflow file with its ref, `owner/name/.github/workflows/release.yml@refs/heads/main`.
    pub workflow_ref: Option<String>,
    /// The job's key in the workflow.
    pub job: Option<String>,
    /// The run's id.
    pub run_id: Option<String>,
    /// Which attempt of the run this is, from 1.
    pub run_attempt: Option<String>,
    /// `github-hosted` or `self-hosted`.
    pub runner_environment: Option<String>,
}

impl Context {
    pub(crate) fn from_env(env: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| env.get(name).filter(|value| !value.is_empty()).cloned();
        Self {
            server_url: get("GITHUB_SERVER_URL"),
            api_url: get("GITHUB_API_URL"),
            repository: get("GITHUB_REPOSITORY"),
            repository_id: get("GITHUB_REPOSITORY_ID"),
            repository_owner_id: get("GITHUB_REPOSITORY_OWNER_ID"),
            sha: get("GITHUB_SHA"),
            full_ref: get("GITHUB_REF"),
            ref_name: get("GITHUB_REF_NAME"),
            event_name: get("GITHUB_EVENT_NAME"),
            actor: get("GITHUB_ACTOR"),
            workflow_ref: get("GITHUB_WORKFLOW_REF"),
            job: get("GITHUB_JOB"),
            run_id: get("GITHUB_RUN_ID"),
            run_attempt: get("GITHUB_RUN_ATTEMPT"),
            runner_environment: get("RUNNER_ENVIRONMENT"),
        }
    }

    /// The page of this attempt of the run.
    #[must_use]
    pub fn run_url(&self) -> Option<String> {
        let (server, repository, run) = (self.server_url.as_ref()?, self.repository.as_ref()?, self.run_id.as_ref()?);
        let attempt = self.run_attempt.as_deref().unwrap_or("1");
        Some(format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}"))
    }
}

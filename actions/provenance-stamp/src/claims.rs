//! Who runs this build, asked of GitHub: the claims of the job's identity token, else the runner's environment.

use crate::slsa::{Claims, Origin};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use github::{Context, Exit, Failure, Runner};
use secrecy::ExposeSecret as _;

/// Meant for no one, so that the token is of no use elsewhere; GitHub's own attestations ask for the same audience.
const AUDIENCE: &str = "nobody";

/// The claims, and where they come from.
///
/// The token comes straight from the runner over the address the runner gave; its signature is not checked here, since
/// whoever could forge the answer could as well take the signing key out of this very step.
///
/// # Errors
/// When this is not a workflow run, naming what is missing.
pub(crate) async fn claims(runner: &Runner) -> Result<(Claims, Origin), Failure> {
    if runner.env("ACTIONS_ID_TOKEN_REQUEST_URL").is_some() {
        match token_claims(runner).await {
            Ok(claims) => return Ok((claims, Origin::IdToken)),
            Err(why) => {
                runner.warning(format!("no identity token, so the provenance takes the runner's own word: {why}"));
            }
        }
    } else {
        runner.notice(
            "no identity token, so the provenance takes the runner's own word: add `permissions: id-token: write` to the job",
        );
    }
    let claims = from_context(runner.context()).map_err(|missing| {
        Failure::new(Exit::Unknown, "make the SLSA provenance")
            .because(format!("not in a GitHub Actions run: {} not set", missing.join(", ")))
            .state("nothing was written or attached")
            .help("outside GitHub Actions leave `image` out: the manifest alone needs no workflow run")
    })?;
    Ok((claims, Origin::RunnerContext))
}

async fn token_claims(runner: &Runner) -> Result<Claims, String> {
    let token = runner.id_token(AUDIENCE).await.map_err(|failure| failure.headline())?;
    decode(token.expose_secret())
}

/// The claims in a JSON Web Token (RFC 7519): its second part.
fn decode(token: &str) -> Result<Claims, String> {
    let payload = token.split('.').nth(1).ok_or("the runner's answer is not a token")?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|error| format!("the token is not base64: {error}"))?;
    serde_json::from_slice(&payload).map_err(|error| format!("the token's claims are not GitHub's: {error}"))
}

/// The same values from the environment. There the job's own workflow is not told apart from the one the run started
/// from.
///
/// # Errors
/// The variables that are not set.
fn from_context(context: &Context) -> Result<Claims, Vec<&'static str>> {
    let mut missing = Vec::new();
    let mut take = |value: &Option<String>, variable| {
        if value.is_none() {
            missing.push(variable);
        }
        value.clone().unwrap_or_default()
    };
    let workflow_ref = take(&context.workflow_ref, "GITHUB_WORKFLOW_REF");
    let claims = Claims {
        repository: take(&context.repository, "GITHUB_REPOSITORY"),
        full_ref: take(&context.full_ref, "GITHUB_REF"),
        sha: take(&context.sha, "GITHUB_SHA"),
        event_name: take(&context.event_name, "GITHUB_EVENT_NAME"),
        job_workflow_ref: workflow_ref.clone(),
        workflow_ref,
        repository_id: take(&context.repository_id, "GITHUB_REPOSITORY_ID"),
        repository_owner_id: take(&context.repository_owner_id, "GITHUB_REPOSITORY_OWNER_ID"),
        runner_environment: context.runner_environment.clone().unwrap_or_else(|| "self-hosted".to_owned()),
        run_id: take(&context.run_id, "GITHUB_RUN_ID"),
        run_attempt: take(&context.run_attempt, "GITHUB_RUN_ATTEMPT"),
    };
    if missing.is_empty() { Ok(claims) } else { Err(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation, "About security hardening with OpenID Connect", shortened to what is read.
    const PAYLOAD: &str = r#"{"iss":"https://token.actions.githubusercontent.com","sub":"repo:octo-org/octo-repo:environment:prod",
        "ref":"refs/heads/main","sha":"5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c","repository":"octo-org/octo-repo","repository_id":"74",
        "repository_owner_id":"65","run_id":"30","run_attempt":"2","event_name":"workflow_dispatch","runner_environment":"github-hosted",
        "workflow_ref":"octo-org/octo-repo/.github/workflows/oidc.yml@refs/heads/main",
        "job_workflow_ref":"octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main","exp":1632493867}"#;

    #[test]
    fn the_claims_are_read_from_a_token_and_from_nothing_else() {
        let token = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(PAYLOAD));
        let claims = decode(&token).unwrap();
        assert_eq!(claims.full_ref, "refs/heads/main");
        assert_eq!(claims.job_workflow_ref, "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main");
        for wrong in ["", "a.b.c", "e30.e30.sig", "nodots"] {
            assert!(decode(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn outside_a_workflow_run_what_is_missing_is_named() {
        let some = Context { run_id: Some("1".into()), repository: Some("o/r".into()), ..Context::default() };
        let missing = from_context(&some).unwrap_err();
        assert!(missing.contains(&"GITHUB_SHA") && missing.contains(&"GITHUB_WORKFLOW_REF"), "{missing:?}");
        assert!(!missing.contains(&"GITHUB_RUN_ID"), "{missing:?}");
    }
}

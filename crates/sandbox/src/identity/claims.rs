//! What GitHub's OIDC token says about a job, and when: the claims of GitHub's "OpenID Connect reference".

use super::jwt::Claims;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The claims of a job of a made-up repository, changed by what a test or a workflow set; `null` leaves a claim out.
pub(crate) fn claims(issuer: &str, audience: Option<&str>, settings: &Claims, now: Timestamp) -> Claims {
    let mut claims = Claims::new();
    let job = job();
    let text = |name: &str| settings.get(name).or_else(|| job.get(name)).and_then(Value::as_str).map(str::to_owned);
    let repository = text("repository").unwrap_or_default();
    let owner = repository.split('/').next().unwrap_or_default().to_owned();
    let branch = text("ref").unwrap_or_default();

    claims.insert("jti".into(), json!(uuid::Uuid::new_v4().to_string()));
    claims.insert("sub".into(), json!(subject(&repository, &branch, settings)));
    claims.insert("aud".into(), json!(audience.map_or_else(|| format!("https://github.com/{owner}"), str::to_owned)));
    claims.insert("repository_owner".into(), json!(owner));
    claims.extend(job.clone());
    let workflow = format!("{repository}/.github/workflows/release.yml@{branch}");
    claims.insert("workflow_ref".into(), json!(workflow));
    claims.insert("job_workflow_ref".into(), json!(workflow));
    for name in ["workflow_sha", "job_workflow_sha"] {
        claims.insert(name.into(), json!(text("sha")));
    }
    // GitHub's own example has these distances between the three moments.
    let now = now.as_second();
    claims.insert("iss".into(), json!(issuer));
    claims.insert("nbf".into(), json!(now - 600));
    claims.insert("exp".into(), json!(now + 300));
    claims.insert("iat".into(), json!(now));
    claims.extend(settings.clone());
    claims.retain(|_, value| !value.is_null());
    claims
}

/// The subject GitHub composes by default: the environment, else that it is a pull request, else the ref.
fn subject(repository: &str, branch: &str, settings: &Claims) -> String {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    match (text("environment"), text("event_name")) {
        (Some(environment), _) => format!("repo:{repository}:environment:{}", environment.replace(':', "%3A")),
        (None, Some("pull_request")) => format!("repo:{repository}:pull_request"),
        _ => format!("repo:{repository}:ref:{branch}"),
    }
}

fn job() -> Claims {
    let job = json!({
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "ref_protected": "true",
        "sha": "0123456789abcdef0123456789abcdef01234567",
        "repository": "example/recommendation",
        "repository_id": "74",
        "repository_owner_id": "65",
        "repository_visibility": "private",
        "actor": "octocat",
        "actor_id": "12",
        "workflow": "release",
        "run_id": "1",
        "run_number": "1",
        "run_attempt": "1",
        "event_name": "push",
        "head_ref": "",
        "base_ref": "",
        "runner_environment": "github-hosted",
    });
    if let Value::Object(job) = job { job } else { Claims::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(settings: Value) -> Claims {
        claims("http://127.0.0.1:1", Some("sts.amazonaws.com"), settings.as_object().unwrap(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_subject_is_composed_as_github_composes_it() {
        for (settings, subject) in [
            (json!({}), "repo:example/recommendation:ref:refs/heads/main"),
            (json!({"repository": "a/b", "ref": "refs/tags/v1"}), "repo:a/b:ref:refs/tags/v1"),
            (json!({"environment": "production"}), "repo:example/recommendation:environment:production"),
            (json!({"event_name": "pull_request"}), "repo:example/recommendation:pull_request"),
            (json!({"sub": "anything"}), "anything"),
        ] {
            assert_eq!(with(settings)["sub"], subject);
        }
    }

    #[test]
    fn names_derived_from_the_repository_follow_it() {
        let claims = with(json!({"repository": "a/b", "sha": "ff"}));
        assert_eq!(claims["repository_owner"], "a");
        assert_eq!(claims["workflow_ref"], "a/b/.github/workflows/release.yml@refs/heads/main");
        assert_eq!(claims["job_workflow_sha"], "ff");
    }

    #[test]
    fn null_leaves_a_claim_out_and_time_can_be_set() {
        let claims = with(json!({"actor": null, "exp": 1}));
        assert!(!claims.contains_key("actor"));
        assert_eq!((&claims["exp"], &claims["nbf"]), (&json!(1), &json!(-600)));
    }
}

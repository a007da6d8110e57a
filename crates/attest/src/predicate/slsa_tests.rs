use super::*;
use crate::predicate::{from_value, to_value};

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
    let provenance = github_workflow(&claims(), "https://github.com", Origin::IdToken).unwrap();
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
    assert_eq!(to_value(&provenance).unwrap(), wanted);
    assert_eq!(provenance.commit(), Some(claims().sha.as_str()));
    assert_eq!(from_value::<Provenance>(&wanted).unwrap(), provenance);
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
fn contradictory_claims_make_no_provenance() {
    let elsewhere = Claims { workflow_ref: "x/y/.github/workflows/ci.yml@refs/heads/main".into(), ..claims() };
    assert!(matches!(
        github_workflow(&elsewhere, "https://github.com", Origin::IdToken),
        Err(ProvenanceError::Workflow { .. })
    ));
    for sha in ["5f2b7c9".to_owned(), "g".repeat(40), "AB".repeat(20)] {
        let claims = Claims { sha, ..claims() };
        assert!(matches!(
            github_workflow(&claims, "https://github.com", Origin::IdToken),
            Err(ProvenanceError::Commit(_))
        ));
    }
}

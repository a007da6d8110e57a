//! Statements, and what the policy asks of each.

use crate::{
    At::Piece,
    Row,
    support::{self, Release, approval, revocation, sbom},
    text,
};
use attest::{Reason, predicate};
use serde_json::json;
use subject::Digest;

/// Signs any bytes in the place of a statement.
fn payload(release: &mut Release, name: &str, change: impl Fn(String) -> String) {
    let changed = change(text(release.claims[name].statement()));
    release.claim(name).payload = Some(changed.into_bytes());
}

pub(crate) const STATEMENTS: &[Row] = &[
    (
        "a statement of another version",
        |r| payload(r, "canary", |it| it.replace("Statement/v1", "Statement/v2")),
        Piece("canary"),
        Reason::UnknownStatementType,
    ),
    ("a signed list", |r| payload(r, "canary", |_| "[]".into()), Piece("canary"), Reason::UnknownStatementType),
    (
        "a signed half of a statement",
        |r| payload(r, "canary", |it| it[..it.len() / 2].into()),
        Piece("canary"),
        Reason::MalformedJson,
    ),
    (
        "a signed statement with two predicates",
        |r| payload(r, "canary", |it| it.replace(r#""predicate":"#, r#""predicate":{},"predicate":"#)),
        Piece("canary"),
        Reason::DuplicateKey,
    ),
    (
        "a signed statement that is too deep",
        |r| {
            payload(r, "canary", |it| {
                it.replace(r#""counts":"#, &format!(r#""deep":{}{},"counts":"#, "[".repeat(99), "]".repeat(99)))
            })
        },
        Piece("canary"),
        Reason::TooDeep,
    ),
    (
        "a statement about nothing",
        |r| payload(r, "canary", |it| it.replace(r#""subject":["#, r#""subject":[],"x":["#)),
        Piece("canary"),
        Reason::MalformedStatement,
    ),
    (
        "a statement without a type",
        |r| payload(r, "canary", |it| it.replace("predicateType", "predicateKind")),
        Piece("canary"),
        Reason::MalformedStatement,
    ),
    (
        "a predicate that is a list",
        |r| payload(r, "canary", |it| it.replace(r#""predicate":{"#, r#""predicate":[],"x":{"#)),
        Piece("canary"),
        Reason::MalformedStatement,
    ),
    (
        "a subject in capitals",
        |r| payload(r, "canary", |it| it.replace(&support::image().hex(), &support::image().hex().to_uppercase())),
        Piece("canary"),
        Reason::MalformedSubject,
    ),
    (
        "a subject cut short",
        |r| payload(r, "canary", |it| it.replace(&support::image().hex(), &support::image().hex()[..12])),
        Piece("canary"),
        Reason::MalformedSubject,
    ),
    (
        "good evidence of another image",
        |r| r.claim("canary").subject = Digest::of(b"another image"),
        Piece("canary"),
        Reason::WrongSubject,
    ),
    (
        "a result that is no result",
        |r| r.set("canary", "/result", json!("OK")),
        Piece("canary"),
        Reason::PredicateInvalid,
    ),
    (
        "a provenance without a builder",
        |r| r.take("provenance", "/runDetails/builder"),
        Piece("provenance"),
        Reason::PredicateInvalid,
    ),
    (
        "an approval that ends before it begins",
        |r| r.set("alice", "/expiresOn", json!("2026-09-21T11:00:00Z")),
        Piece("alice"),
        Reason::PredicateInvalid,
    ),
    (
        "a deployment with an invented verdict",
        |r| r.set("staged", "/verdict", json!("deployed!")),
        Piece("staged"),
        Reason::PredicateInvalid,
    ),
    (
        "a guardrail verdict without guardrails",
        |r| r.set("guardrail", "/guardrails", json!([])),
        Piece("guardrail"),
        Reason::PredicateInvalid,
    ),
    (
        "an older summary in the place of a bill",
        |r| r.set("sbom", "/bomFormat", json!("SPDX")),
        Piece("sbom"),
        Reason::PredicateInvalid,
    ),
];

pub(crate) const WEIGHTS: &[Row] = &[
    (
        "a canary signed by the build",
        |r| r.claim("canary").signer = "build",
        Piece("canary"),
        Reason::UntrustedIdentity,
    ),
    (
        "a provenance signed by the gate",
        |r| r.claim("provenance").signer = "gate",
        Piece("provenance"),
        Reason::UntrustedIdentity,
    ),
    (
        "a canary whose signature nobody has seen",
        |r| r.replace("    which: latest\n", "    which: latest\n    witnessed: true\n"),
        Piece("canary"),
        Reason::Unwitnessed,
    ),
    ("an approval signed by the gate", |r| r.claim("alice").signer = "gate", Piece("alice"), Reason::UntrustedIdentity),
    (
        "one signature where two are asked for",
        |r| r.replace("signed-by: gate\n    which", "signed-by: [gate, build]\n    signatures: 2\n    which"),
        Piece("canary"),
        Reason::UntrustedIdentity,
    ),
    (
        "a revocation by a stranger",
        |r| {
            r.policy += "revocations: {signed-by: security}\n";
            r.add("revoked", "build", predicate::REVOCATION, revocation(&[]));
            r.claims.remove("sbom");
        },
        Piece("revoked"),
        Reason::UntrustedIdentity,
    ),
    (
        "a signer of tomorrow",
        |r| r.replace("not-before: 2026-01-01", "not-before: 2026-10-01"),
        Piece("canary"),
        Reason::SignerNotYetValid,
    ),
    (
        "a signer of yesterday",
        |r| r.replace("not-after: 2027-01-01", "not-after: 2026-09-01"),
        Piece("canary"),
        Reason::SignerExpired,
    ),
    (
        "the same approval again",
        |r| {
            r.claims.remove("bob");
            r.add("copy", "desk", predicate::APPROVAL, approval("101", "alice", "approved", "2026-09-21T11:30:00Z"));
        },
        Piece("copy"),
        Reason::Duplicate,
    ),
    (
        "a result that was taken back",
        |r| {
            let taken = Digest::of(&r.claims["canary"].statement());
            r.add("revocation", "security", predicate::REVOCATION, revocation(&[taken]));
        },
        Piece("canary"),
        Reason::StatementRevoked,
    ),
    ("a result without a date", |r| r.take("canary", "/finishedOn"), Piece("canary"), Reason::Undated),
    (
        "a date that is none",
        |r| r.set("manifest", "/fields/generated_at_utc", json!("yesterday")),
        Piece("manifest"),
        Reason::Undated,
    ),
    (
        "a date of the future",
        |r| r.set("canary", "/finishedOn", json!("2026-09-21T12:05:01Z")),
        Piece("canary"),
        Reason::NotYetValid,
    ),
    (
        "an approval of the future",
        |r| r.set("alice", "/approvedOn", json!("2026-09-21T13:00:00Z")),
        Piece("alice"),
        Reason::NotYetValid,
    ),
    (
        "an approval that has expired",
        |r| r.set("alice", "/expiresOn", json!("2026-09-21T12:00:00Z")),
        Piece("alice"),
        Reason::Expired,
    ),
    (
        "a result of the day before",
        |r| r.set("canary", "/finishedOn", json!("2026-09-20T11:59:59Z")),
        Piece("canary"),
        Reason::Stale,
    ),
    (
        "a bill of the month before",
        |r| r.add("sbom", "build", predicate::CYCLONEDX, sbom("2026-08-20T10:00:00Z")),
        Piece("sbom"),
        Reason::Stale,
    ),
    (
        "a deployment that has not stood long enough",
        |r| r.set("staged", "/finishedOn", json!("2026-09-21T11:30:01Z")),
        Piece("staged"),
        Reason::TooFresh,
    ),
];

pub(crate) const VALUES: &[Row] = &[
    ("no count of tests", |r| r.take("canary", "/counts"), Piece("canary"), Reason::ValueMissing),
    (
        "no repository",
        |r| r.take("provenance", "/buildDefinition/externalParameters/workflow/repository"),
        Piece("provenance"),
        Reason::ValueMissing,
    ),
    (
        "an event that is not told",
        |r| r.take("provenance", "/buildDefinition/internalParameters/github/event_name"),
        Piece("provenance"),
        Reason::ValueMissing,
    ),
    (
        "a value the caller does not say",
        |r| {
            r.replace("{field: /result, equals: PASSED}", "{field: /result, equals: {context: /result}}");
        },
        Piece("canary"),
        Reason::ValueMissing,
    ),
    ("a failed canary", |r| r.set("canary", "/result", json!("FAILED")), Piece("canary"), Reason::ValueRefused),
    ("too few tests", |r| r.set("canary", "/counts/total", json!(19)), Piece("canary"), Reason::ValueRefused),
    (
        "too few tests by a fraction",
        |r| r.set("canary", "/counts/total", json!(19.999)),
        Piece("canary"),
        Reason::ValueRefused,
    ),
    ("a count in words", |r| r.set("canary", "/counts/total", json!("40")), Piece("canary"), Reason::ValueRefused),
    ("one failed test", |r| r.set("canary", "/counts/failed", json!(1)), Piece("canary"), Reason::ValueRefused),
    (
        "a build of another repository",
        |r| {
            r.set(
                "provenance",
                "/buildDefinition/externalParameters/workflow/repository",
                json!("https://github.com/org/app2"),
            )
        },
        Piece("provenance"),
        Reason::ValueRefused,
    ),
    (
        "a build of another branch",
        |r| r.set("provenance", "/buildDefinition/externalParameters/workflow/ref", json!("refs/heads/maine")),
        Piece("provenance"),
        Reason::ValueRefused,
    ),
    (
        "a builder of another repository",
        |r| {
            r.set(
                "provenance",
                "/runDetails/builder/id",
                json!("https://github.com/evil/app/.github/workflows/release.yml"),
            )
        },
        Piece("provenance"),
        Reason::ValueRefused,
    ),
    (
        "a build of a pull request",
        |r| r.set("provenance", "/buildDefinition/internalParameters/github/event_name", json!("pull_request")),
        Piece("provenance"),
        Reason::ValueRefused,
    ),
    (
        "a version with something behind it",
        |r| r.set("manifest", "/fields/logic_version", json!("1.4.0\n")),
        Piece("manifest"),
        Reason::ValueRefused,
    ),
    (
        "a commit with changes beside it",
        |r| {
            let commit = json!({"gitCommit": support::COMMIT, "gitTree": support::COMMIT, "modified": true});
            r.claim("manifest").predicate["source"] = commit;
        },
        Piece("manifest"),
        Reason::ValueRefused,
    ),
    ("no task that runs it", |r| r.set("staged", "/verifiedTasks", json!(0)), Piece("staged"), Reason::ValueRefused),
    (
        "one required guardrail of two that failed",
        |r| {
            let mut second = r.claims["guardrail"].predicate["guardrails"][0].clone();
            second["verdict"]["word"] = json!("fail");
            r.claim("guardrail").predicate["guardrails"].as_array_mut().unwrap().push(second);
        },
        Piece("guardrail"),
        Reason::ValueRefused,
    ),
];

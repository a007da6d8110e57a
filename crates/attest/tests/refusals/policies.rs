//! What the policy asks of all statements together, and of people.

use crate::{
    At::{Part, Piece},
    Row,
    support::{self, approval, canary, deployment, envelope, key, manifest, provenance, revocation, sbom},
};
use attest::{Reason, predicate};
use serde_json::json;

pub(crate) const PARTS: &[Row] = &[
    (
        "a revoked image",
        |r| r.add("revoked", "security", predicate::REVOCATION, revocation(&[])),
        Part("revocations"),
        Reason::Revoked,
    ),
    (
        "a revocation nobody understands",
        |r| r.add("revoked", "security", predicate::REVOCATION, json!({"reason": 1})),
        Part("revocations"),
        Reason::Revoked,
    ),
    ("no canary", |r| drop(r.claims.remove("canary")), Part("canary"), Reason::NoEvidence),
    (
        "a canary of another place only",
        |r| r.set("canary", "/target", json!("https://production.example.com")),
        Part("canary"),
        Reason::NoEvidence,
    ),
    (
        "a deployment elsewhere only",
        |r| r.set("staged", "/environment/name", json!("app-qa")),
        Part("staged"),
        Reason::NoEvidence,
    ),
    (
        "a stale bill only",
        |r| r.add("sbom", "build", predicate::CYCLONEDX, sbom("2026-08-20T10:00:00Z")),
        Part("sbom"),
        Reason::TooFew,
    ),
    (
        "two provenances",
        |r| r.add("provenance-2", "build", predicate::SLSA_PROVENANCE, provenance("4712")),
        Part("provenance"),
        Reason::TooMany,
    ),
    (
        "a good and a bad guardrail verdict",
        |r| {
            r.add(
                "guardrail-2",
                "gate",
                predicate::GUARDRAIL_VERDICT,
                support::guardrail("fail", "2026-09-21T11:00:00Z"),
            )
        },
        Part("guardrail"),
        Reason::NotAll,
    ),
    (
        "a newer canary that failed",
        |r| r.add("canary-2", "gate", predicate::TEST_RESULT, canary("FAILED", "2026-09-21T11:30:00Z")),
        Part("canary"),
        Reason::LatestRefused,
    ),
    (
        "an undated canary beside a good one",
        |r| {
            r.add("canary-2", "gate", predicate::TEST_RESULT, canary("PASSED", "2026-09-21T11:30:00Z"));
            r.take("canary-2", "/finishedOn");
        },
        Part("canary"),
        Reason::LatestRefused,
    ),
    (
        "a rollback after the deployment",
        |r| r.add("gone", "gate", predicate::DEPLOYMENT, deployment("rolled-back", "2026-09-21T11:10:00Z")),
        Part("staged"),
        Reason::LatestRefused,
    ),
    (
        "a canary of another run",
        |r| r.set("canary", "/url", json!("https://github.com/org/app/actions/runs/4712")),
        Part("one-run"),
        Reason::JoinMismatch,
    ),
    (
        "a run whose number begins alike",
        |r| r.set("manifest", "/run/id", json!("471")),
        Part("one-run"),
        Reason::JoinMismatch,
    ),
    ("a manifest that names no run", |r| r.take("manifest", "/run"), Part("one-run"), Reason::JoinMismatch),
    (
        "a canary of other cases",
        |r| r.set("canary", "/configuration/0/digest/sha256", json!("0".repeat(64))),
        Part("same-cases"),
        Reason::JoinMismatch,
    ),
    (
        "a second manifest of another run",
        |r| r.add("manifest-2", "build", predicate::RELEASE_MANIFEST, manifest("4712")),
        Part("one-run"),
        Reason::JoinMismatch,
    ),
    (
        "a join with what the caller does not say",
        |r| {
            r.replace(
                "      - {of: manifest, field: /run/id}",
                "      - {of: manifest, field: /run/id}\n      - {context: /run}",
            )
        },
        Part("one-run"),
        Reason::ValueMissing,
    ),
    (
        "more combinations than are tried",
        |r| {
            r.replace("    count: {max: 1}\n", "    which: any\n");
            r.replace(
                "      - {of: manifest, field: /run/id}\n",
                "      - {of: provenance, field: /buildDefinition/internalParameters/github/event_name}\n",
            );
            let many: Vec<String> = (0..10_001).map(|number| format!("{number:05}")).collect();
            r.set("provenance", "/buildDefinition/internalParameters/github/event_name", json!(many));
        },
        Part("one-run"),
        Reason::TooComplex,
    ),
    (
        "an older canary beside a newer one that failed",
        |r| r.add("canary-2", "gate", predicate::TEST_RESULT, canary("FAILED", "2026-09-21T11:30:00Z")),
        Piece("canary"),
        Reason::Superseded,
    ),
];

pub(crate) const PEOPLE: &[Row] = &[
    ("one approval of two", |r| drop(r.claims.remove("bob")), Part("approvals"), Reason::TooFewApprovals),
    (
        "an approval for another environment",
        |r| r.set("bob", "/environment", json!("staging")),
        Part("approvals"),
        Reason::TooFewApprovals,
    ),
    (
        "another approver's no",
        |r| r.add("carol", "desk", predicate::APPROVAL, approval("103", "carol", "denied", "2026-09-21T11:35:00Z")),
        Part("approvals"),
        Reason::ApprovalDenied,
    ),
    ("an approver who says no", |r| r.set("bob", "/decision", json!("denied")), Piece("bob"), Reason::ApprovalDenied),
    ("an approver nobody knows", |r| r.set("bob", "/approver/id", json!("777")), Piece("bob"), Reason::ApproverUnknown),
    ("the author's own approval", |r| r.set("bob", "/approver/id", json!("900")), Piece("bob"), Reason::SelfApproval),
    (
        "an approval by an author it names itself",
        |r| r.claim("bob").predicate["authors"] = json!([{"id": "102"}]),
        Piece("bob"),
        Reason::SelfApproval,
    ),
    (
        "one person twice",
        |r| {
            r.set("bob", "/approver/id", json!("101"));
        },
        Piece("alice"),
        Reason::DuplicateApprover,
    ),
    (
        "a provenance that names no author",
        |r| r.take("provenance", "/buildDefinition/internalParameters/github/actor_id"),
        Part("approvals"),
        Reason::AuthorUnknown,
    ),
    (
        "a caller that names no author",
        |r| drop(r.context.as_object_mut().unwrap().remove("committers")),
        Part("approvals"),
        Reason::AuthorUnknown,
    ),
    (
        "an approval in an envelope of any bytes",
        |r| r.twist("bob", |_| envelope(b"{}", &key("desk"))),
        Piece("bob"),
        Reason::UnknownStatementType,
    ),
];

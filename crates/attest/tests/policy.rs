//! What a policy makes of a set of statements: which of them decide, what belongs together, who approved.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use attest::{
    Reason,
    policy::{Fate, Policy},
    predicate::{self, vsa::VerificationResult},
};
use serde_json::json;
use support::{Release, approval, canary, deployment, image, manifest, provenance, revocation, sbom};

#[test]
fn a_release_with_all_its_evidence_is_allowed_and_every_piece_has_its_use() {
    let verdict = Release::good().judge();
    assert!(verdict.allowed(), "{:#?}", verdict.why());
    assert!(verdict.accounts().iter().all(|account| account.fate() == Fate::Used), "{verdict:#?}");
    assert_eq!(verdict.used().len(), 8);
    assert_eq!(verdict.why(), Vec::<String>::new());
}

#[test]
fn no_evidence_is_never_a_yes() {
    let mut release = Release::good();
    release.claims.clear();
    let verdict = release.judge();
    assert!(!verdict.allowed());
    let unmet =
        [[Reason::NoEvidence; 6].as_slice(), &[Reason::AuthorUnknown, Reason::NoEvidence, Reason::JoinMismatch]];
    assert_eq!(verdict.reasons(), unmet.concat(), "every part is unmet: {:#?}", verdict.why());
}

#[test]
fn taking_any_one_piece_away_is_a_no() {
    for name in Release::good().claims.keys() {
        let mut release = Release::good();
        release.claims.remove(name);
        assert!(!release.judge().allowed(), "without {name}");
    }
}

#[test]
fn what_strangers_add_changes_nothing() {
    let mut release = Release::good();
    release.add("foul", "stranger", predicate::TEST_RESULT, canary("FAILED", "2026-09-21T11:59:00Z"));
    release.add("revoked", "stranger", predicate::REVOCATION, revocation(&[]));
    release.add("denied", "stranger", predicate::APPROVAL, approval("103", "carol", "denied", "2026-09-21T11:59:00Z"));
    release.add("noise", "build", "https://example.com/noise", json!({}));
    release.twist("noise", |_| b"noise".to_vec());
    assert!(release.judge().allowed(), "{:#?}", release.judge().why());
}

#[test]
fn the_newest_word_counts_and_the_older_ones_are_superseded() {
    let mut release = Release::good();
    release.add("canary-0", "gate", predicate::TEST_RESULT, canary("FAILED", "2026-09-21T10:00:00Z"));
    let verdict = release.judge();
    assert!(verdict.allowed(), "{:#?}", verdict.why());
    let old = verdict.accounts().iter().find(|account| account.source == "canary-0").unwrap();
    let codes: Vec<_> = old.rejections.iter().map(|(_, rejection)| rejection.reason()).collect();
    assert_eq!((old.fate(), codes), (Fate::Rejected, vec![Reason::ValueRefused, Reason::Superseded]));

    release.set("canary-0", "/finishedOn", json!("2026-09-21T11:00:01Z"));
    let verdict = release.judge();
    assert_eq!(verdict.reasons()[0], Reason::LatestRefused, "{:#?}", verdict.why());

    // Of one moment: both have to be good.
    release.set("canary-0", "/finishedOn", json!("2026-09-21T11:00:00Z"));
    assert_eq!(release.judge().reasons()[0], Reason::LatestRefused);
    release.set("canary-0", "/result", json!("PASSED"));
    release.set("canary-0", "/counts/total", json!(41));
    assert!(release.judge().allowed());
}

#[test]
fn all_asks_of_every_statement_that_still_holds() {
    let mut release = Release::good();
    release.replace("    which: latest\n", "");
    assert!(release.judge().allowed());
    release.add("canary-0", "gate", predicate::TEST_RESULT, canary("FAILED", "2026-09-21T10:00:00Z"));
    assert!(release.judge().reasons().contains(&Reason::NotAll));
    // Yesterday's is of the past; tomorrow's is not.
    release.set("canary-0", "/finishedOn", json!("2026-09-20T11:00:00Z"));
    assert!(release.judge().allowed(), "{:#?}", release.judge().why());
    release.set("canary-0", "/finishedOn", json!("2026-09-22T11:00:00Z"));
    assert!(release.judge().reasons().contains(&Reason::NotAll));
}

#[test]
fn any_takes_the_good_ones_and_counts_them() {
    let mut release = Release::good();
    release.replace("    which: latest\n", "    which: any\n    count: {min: 2, max: 2}\n");
    release.add("canary-0", "gate", predicate::TEST_RESULT, canary("FAILED", "2026-09-21T10:00:00Z"));
    assert!(release.judge().reasons().contains(&Reason::TooFew));
    release.add("canary-1", "gate", predicate::TEST_RESULT, canary("PASSED", "2026-09-21T10:00:00Z"));
    assert!(release.judge().allowed(), "{:#?}", release.judge().why());
    release.add("canary-2", "gate", predicate::TEST_RESULT, canary("PASSED", "2026-09-21T10:10:00Z"));
    assert!(release.judge().reasons().contains(&Reason::TooMany));
}

#[test]
fn a_copy_of_a_claim_counts_once_and_its_signers_are_counted_together() {
    let mut release = Release::good();
    release.replace(
        "    signed-by: gate\n    which: latest",
        "    signed-by: [gate, build]\n    signatures: 2\n    which: latest",
    );
    assert!(!release.judge().allowed(), "one signature where two are asked for");
    release.add("canary-copy", "build", predicate::TEST_RESULT, canary("PASSED", "2026-09-21T11:00:00Z"));
    let verdict = release.judge();
    assert!(verdict.allowed(), "{:#?}", verdict.why());
    let copy = verdict.accounts().iter().find(|account| account.source == "canary-copy").unwrap();
    assert_eq!(copy.rejections[0].1.reason(), Reason::Duplicate);

    // The same key under two names is one signer.
    let mut twice = Release::good();
    twice.replace(
        "  desk: {key",
        "  gate-again: {key: \"SHA256:x3ZCsDi+QZmbiQcQHJpcZgWjVwWlU4z9rryCxl+LTaA\"}\n  desk: {key",
    );
    twice.replace(
        "    signed-by: gate\n    which: latest",
        "    signed-by: [gate, gate-again]\n    signatures: 2\n    which: latest",
    );
    assert!(!twice.judge().allowed(), "one key cannot sign twice");
}

#[test]
fn statements_of_two_runs_are_not_put_together() {
    let mut release = Release::good();
    release.replace("    count: {max: 1}\n", "    which: any\n");
    release.replace("    time: /fields/generated_at_utc\n", "    time: /fields/generated_at_utc\n    which: any\n");
    // A second build: provenance and manifest of run 4712, beside a canary of run 4711.
    release.add("provenance-2", "build", predicate::SLSA_PROVENANCE, provenance("4712"));
    release.add("manifest-2", "build", predicate::RELEASE_MANIFEST, manifest("4712"));
    let verdict = release.judge();
    assert!(verdict.allowed(), "{:#?}", verdict.why());
    for name in ["provenance-2", "manifest-2"] {
        let other = verdict.accounts().iter().find(|account| account.source == name).unwrap();
        assert_eq!((other.fate(), other.rejections[0].1.reason()), (Fate::Rejected, Reason::JoinMismatch));
    }
    // Provenance of one run and manifest of the other are not enough.
    release.claims.remove("manifest");
    release.claims.remove("provenance-2");
    assert!(release.judge().reasons().contains(&Reason::JoinMismatch), "{:#?}", release.judge().why());
}

#[test]
fn joins_are_met_together_and_not_one_by_one() {
    let mut release = Release::good();
    release.replace("    count: {max: 1}\n", "    which: any\n");
    release.replace("    which: latest\n", "    which: any\n");
    release.replace("    time: /fields/generated_at_utc\n", "    time: /fields/generated_at_utc\n    which: any\n");
    // Run 1 has the right manifest but other cases; run 4711 fits both joins. The smaller value is tried first.
    release.add("provenance-1", "build", predicate::SLSA_PROVENANCE, provenance("1"));
    release.add("manifest-1", "build", predicate::RELEASE_MANIFEST, manifest("1"));
    release.set("manifest-1", "/inputs/0/digest/sha256", json!("1".repeat(64)));
    release.add("canary-1", "gate", predicate::TEST_RESULT, canary("PASSED", "2026-09-21T11:00:00Z"));
    release.set("canary-1", "/url", json!("https://github.com/org/app/actions/runs/1"));
    let verdict = release.judge();
    assert!(verdict.allowed(), "{:#?}", verdict.why());
    let used: Vec<_> =
        verdict.accounts().iter().filter(|it| it.fate() == Fate::Used).map(|it| it.source.clone()).collect();
    assert!(used.contains(&"canary".to_owned()) && !used.contains(&"canary-1".to_owned()), "{used:?}");
}

#[test]
fn an_approver_counts_once_and_is_never_the_author() {
    let mut release = Release::good();
    release.claims.remove("bob");
    release.add(
        "alice-again",
        "desk",
        predicate::APPROVAL,
        approval("101", "alice", "approved", "2026-09-21T11:45:00Z"),
    );
    let verdict = release.judge();
    assert_eq!(verdict.reasons()[0], Reason::TooFewApprovals, "{:#?}", verdict.why());
    let older = verdict.accounts().iter().find(|account| account.source == "alice").unwrap();
    assert_eq!(older.rejections[0].1.reason(), Reason::DuplicateApprover);
    assert!(older.rejections[0].1.to_string().starts_with("alice (101) has approved"), "{:#?}", verdict.why());

    // The author is known by number in the provenance, by login in the caller's facts.
    for (id, login) in [("900", "dave"), ("102", "DAVE")] {
        let mut release = Release::good();
        release.context["committers"] = json!(["dave"]);
        release.add("bob", "desk", predicate::APPROVAL, approval(id, login, "approved", "2026-09-21T11:40:00Z"));
        let verdict = release.judge();
        assert!(verdict.reasons().contains(&Reason::TooFewApprovals), "{login}: {:#?}", verdict.why());
        assert!(verdict.why().iter().any(|line| line.contains("(self-approval)")), "{:#?}", verdict.why());
    }
}

#[test]
fn a_no_stands_until_the_same_person_says_yes() {
    let mut release = Release::good();
    release.add("carol", "desk", predicate::APPROVAL, approval("103", "carol", "denied", "2026-09-21T11:00:00Z"));
    assert!(release.judge().reasons().contains(&Reason::ApprovalDenied), "two others do not outvote her");
    release.add(
        "carol-later",
        "desk",
        predicate::APPROVAL,
        approval("103", "carol", "approved", "2026-09-21T11:01:00Z"),
    );
    assert!(release.judge().allowed(), "{:#?}", release.judge().why());
    release.set("carol-later", "/approvedOn", json!("2026-09-21T11:00:00Z"));
    assert!(!release.judge().allowed(), "at one moment the no counts");
    // For another environment, or by somebody whose word does not count, it is no no.
    release.claims.remove("carol-later");
    release.set("carol", "/environment", json!("staging"));
    assert!(release.judge().allowed());
    release.set("carol", "/environment", json!("production"));
    release.set("carol", "/approver/id", json!("777"));
    assert!(release.judge().allowed());
}

#[test]
fn revoking_never_makes_a_yes() {
    let mut release = Release::good();
    release.set("canary", "/result", json!("FAILED"));
    let failed = release.claims["canary"].statement();
    release.add("older", "gate", predicate::TEST_RESULT, canary("PASSED", "2026-09-21T10:00:00Z"));
    release.add("taken-back", "build", predicate::REVOCATION, revocation(&[subject::Digest::of(&failed)]));
    for which in ["latest", "all"] {
        release.policy = support::POLICY.replace("which: latest", &format!("which: {which}"));
        let verdict = release.judge();
        assert!(!verdict.allowed(), "{which}: taking the failed canary back brings the older one to light");
        assert!(verdict.why().iter().any(|line| line.contains("(statement-revoked)")), "{:#?}", verdict.why());
    }
    // A no that was taken back is still a no.
    let mut release = Release::good();
    release.add("carol", "desk", predicate::APPROVAL, approval("103", "carol", "denied", "2026-09-21T11:00:00Z"));
    let denied = release.claims["carol"].statement();
    release.add("taken-back", "build", predicate::REVOCATION, revocation(&[subject::Digest::of(&denied)]));
    assert!(release.judge().reasons().contains(&Reason::ApprovalDenied));
}

#[test]
fn a_revocation_holds_at_once_and_from_whoever_may_revoke() {
    for signer in ["build", "gate", "desk", "security"] {
        let mut release = Release::good();
        release.add("revoked", signer, predicate::REVOCATION, revocation(&[]));
        // Neither a date to come nor a signer out of date holds it up.
        release.set("revoked", "/revokedOn", json!("2030-01-01T00:00:00Z"));
        let verdict = release.judge();
        assert_eq!(verdict.reasons(), [Reason::Revoked], "{signer}");
        assert!(verdict.why()[0].contains("CVE-2026-1234"), "{:#?}", verdict.why());
        release.policy += "revocations: {signed-by: security}\n";
        assert_eq!(release.judge().allowed(), signer != "security", "only security may now");
    }
}

#[test]
fn the_digest_must_have_stood_in_the_environment_and_still_do() {
    let mut release = Release::good();
    release.add("gone", "gate", predicate::DEPLOYMENT, deployment("rolled-back", "2026-09-21T11:00:00Z"));
    assert_eq!(release.judge().reasons(), [Reason::LatestRefused]);
    release.set("gone", "/environment/name", json!("app-qa"));
    assert!(release.judge().allowed(), "what happened elsewhere is not asked");
    release.set("staged", "/finishedOn", json!("2026-09-21T11:45:00Z"));
    assert!(release.judge().why()[0].contains("too-fresh") || release.judge().why()[0].contains("at least 30m"));
}

#[test]
fn a_bill_of_materials_of_either_kind_will_do() {
    let mut release = Release::good();
    let spdx = json!({"spdxVersion": "SPDX-2.3", "creationInfo": {"created": "2026-09-21T10:00:00Z"}});
    for kind in ["https://spdx.dev/Document", "https://spdx.dev/Document/v2.3"] {
        release.add("sbom", "build", kind, spdx.clone());
        assert!(release.judge().allowed(), "{:#?}", release.judge().why());
    }
    release.add("sbom", "build", "https://cyclonedx.org/bom/v1.6", sbom("2026-09-21T10:00:00Z"));
    assert!(release.judge().allowed());
    release.add("sbom", "build", "https://spdx.dev/Documents", spdx);
    assert!(!release.judge().allowed());
}

#[test]
fn the_verdict_becomes_a_summary_that_lists_what_it_rests_on() {
    let (good, bad) = (Release::good(), {
        let mut bad = Release::good();
        bad.claims.remove("canary");
        bad
    });
    let verifier =
        || predicate::vsa::Verifier { id: "https://lockkeeper.dev/image-promote".into(), version: Default::default() };
    let summary = good.judge().summary(verifier(), "ghcr.io/org/app-prod", "policy.yml", "LOCKKEEPER_POLICY");
    assert_eq!(summary.verification_result, VerificationResult::Passed);
    let envelopes: Vec<String> = good.claims.values().map(|claim| subject::Digest::of(&claim.bytes()).hex()).collect();
    let inputs: Vec<String> = summary.input_attestations.iter().map(|input| input.digest["sha256"].clone()).collect();
    assert_eq!(inputs, envelopes);
    assert_eq!(summary.policy.digest["sha256"], Policy::read(support::POLICY).unwrap().digest().hex());
    let statement = attest::Statement::of(vec![("app".into(), image())], &summary).unwrap();
    assert_eq!(statement.read::<predicate::vsa::Vsa>().unwrap(), summary);

    let no = bad.judge().summary(verifier(), "ghcr.io/org/app-prod", "policy.yml", "LOCKKEEPER_POLICY");
    assert_eq!((no.verification_result, no.verified_levels), (VerificationResult::Failed, vec!["FAILED".to_owned()]));
}

#[test]
fn the_same_question_has_the_same_answer_in_any_order_of_evidence() {
    let release = Release::good();
    let policy = Policy::read(&release.policy).unwrap();
    let mut pieces = release.pieces();
    for _ in 0..pieces.len() {
        pieces.rotate_left(1);
        let question = attest::policy::Question {
            subject: image(),
            evidence: &pieces,
            now: release.now,
            context: &release.context,
        };
        assert!(policy.evaluate(&question).allowed());
        assert_eq!(policy.evaluate(&question), policy.evaluate(&question));
    }
}

#[test]
fn the_very_moment_at_which_a_time_runs_out_is_decided() {
    let with = |change: fn(&mut Release)| {
        let mut release = Release::good();
        change(&mut release);
        release.judge()
    };
    for (name, change, reason) in [
        (
            "trusted from now on",
            (|r| r.replace("not-before: 2026-01-01T00:00:00Z", "not-before: 2026-09-21T12:00:00Z")) as fn(&mut Release),
            None,
        ),
        (
            "trusted until now",
            |r| r.replace("not-after: 2027-01-01T00:00:00Z", "not-after: 2026-09-21T12:00:00Z"),
            Some("signer-expired"),
        ),
        ("as far ahead as clocks may be", |r| r.set("canary", "/finishedOn", json!("2026-09-21T12:05:00Z")), None),
        ("further ahead", |r| r.set("canary", "/finishedOn", json!("2026-09-21T12:05:01Z")), Some("not-yet-valid")),
        ("as old as it may be", |r| r.set("canary", "/finishedOn", json!("2026-09-20T12:00:00Z")), None),
        ("older", |r| r.set("canary", "/finishedOn", json!("2026-09-20T11:59:59Z")), Some("stale")),
        ("as old as it must be", |r| r.set("staged", "/finishedOn", json!("2026-09-21T11:30:00Z")), None),
        ("younger", |r| r.set("staged", "/finishedOn", json!("2026-09-21T11:30:01Z")), Some("too-fresh")),
        ("an approval until now", |r| r.set("bob", "/expiresOn", json!("2026-09-21T12:00:00Z")), Some("expired")),
        ("an approval a moment longer", |r| r.set("bob", "/expiresOn", json!("2026-09-21T12:00:01Z")), None),
    ] {
        let verdict = with(change);
        assert_eq!(verdict.allowed(), reason.is_none(), "{name}: {:#?}", verdict.why());
        let told = reason.is_none_or(|reason| verdict.why().iter().any(|line| line.ends_with(&format!("({reason})"))));
        assert!(told, "{name}: {:#?}", verdict.why());
    }
}

#[test]
fn of_two_words_of_one_person_the_newer_stays_whichever_is_read_first() {
    for (on, stays) in
        [("2026-09-21T11:45:00Z", "a-word"), ("2026-09-21T11:20:00Z", "alice"), ("2026-09-21T11:30:00Z", "a-word")]
    {
        let mut release = Release::good();
        release.add("a-word", "desk", predicate::APPROVAL, approval("101", "alice", "approved", on));
        release.set("a-word", "/expiresOn", json!("2026-09-22T13:00:00Z"));
        let verdict = release.judge();
        assert!(verdict.allowed(), "{:#?}", verdict.why());
        let fate = |name: &str| verdict.accounts().iter().find(|account| account.source == name).unwrap().fate();
        let other = if stays == "alice" { "a-word" } else { "alice" };
        assert_eq!((fate(stays), fate(other)), (Fate::Used, Fate::Rejected), "{on}");
    }
}

#[test]
fn approvals_of_something_else_are_left_out_of_a_join_and_counted_without() {
    let reviewed = |bob: &str| {
        let mut release = Release::good();
        release.add("carol", "desk", predicate::APPROVAL, approval("103", "carol", "approved", "2026-09-21T11:35:00Z"));
        for (name, verdict) in [("alice", "A"), ("bob", bob), ("carol", "B")] {
            release.claim(name).predicate["reviewed"] = json!(verdict);
        }
        release.context["reviewed"] = json!("A");
        let of = "  - name: reviewed\n    equal: [{of: approvals, field: /reviewed}, {context: /reviewed}]\n";
        release.replace("joins:\n", &format!("joins:\n{of}"));
        release.judge()
    };
    let verdict = reviewed("A");
    assert!(verdict.allowed(), "{:#?}", verdict.why());
    let carol = verdict.accounts().iter().find(|account| account.source == "carol").unwrap();
    assert_eq!((carol.fate(), carol.rejections[0].1.reason()), (Fate::Rejected, Reason::JoinMismatch));
    let verdict = reviewed("B");
    assert!(verdict.reasons().contains(&Reason::JoinMismatch), "one approval of two is of it: {:#?}", verdict.why());
    // What each place holds is shown, so that a person sees which one is different.
    assert!(
        verdict.why().iter().any(|line| line.contains("approvals says A, B; the caller says A (")),
        "{:#?}",
        verdict.why()
    );
}

#[test]
fn what_may_be_missing_and_is_takes_no_part_in_a_join() {
    let mut release = Release::good();
    let optional = "  extra: {predicate: vsa, signed-by: gate, count: {min: 0}}\n  more: {predicate: promotion, signed-by: gate, count: {min: 0}}\n";
    release.replace("require:\n", &format!("require:\n{optional}"));
    let of = "  - name: extras\n    equal: [{of: extra, field: /run}, {of: more, field: /run}]\n";
    release.replace("joins:\n", &format!("joins:\n{of}"));
    assert!(release.judge().allowed(), "{:#?}", release.judge().why());
    // Between something and nothing there is nothing to compare.
    release.replace("{of: more, field: /run}", "{of: manifest, field: /run/id}");
    assert!(release.judge().allowed(), "{:#?}", release.judge().why());
}

#[test]
fn what_may_be_missing_but_is_there_has_to_belong_to_the_rest() {
    let mut release = Release::good();
    let optional = "  extra: {predicate: vsa, signed-by: gate, which: any, count: {min: 0}}\n";
    release.replace("require:\n", &format!("require:\n{optional}"));
    let of = "  - name: extras\n    equal: [{of: extra, field: /resourceUri}, {of: manifest, field: /run/id}]\n";
    release.replace("joins:\n", &format!("joins:\n{of}"));
    let summary = |run: &str| {
        json!({
            "verifier": {"id": "https://example.com/verifier"}, "timeVerified": "2026-09-21T11:00:00Z", "resourceUri": run,
            "policy": {"uri": "policy.yml"}, "verificationResult": "PASSED", "verifiedLevels": ["L"],
        })
    };
    release.add("extra", "gate", predicate::VSA, summary("4711"));
    assert!(release.judge().allowed(), "{:#?}", release.judge().why());
    release.add("extra", "gate", predicate::VSA, summary("4712"));
    assert_eq!(release.judge().reasons()[0], Reason::JoinMismatch, "{:#?}", release.judge().why());
}

/// Whether a requirement with this one term takes a claim.
fn takes(term: &str, claim: serde_json::Value) -> bool {
    fulfils(&format!("must: [{term}]"), claim)
}

/// Whether a requirement of this takes a claim.
fn fulfils(asked: &str, claim: serde_json::Value) -> bool {
    let mut release = Release::good();
    release.policy = format!(
        "version: 1\nname: p\nsigners: {{gate: {{key: {:?}}}}}\nrequire:\n  it: {{predicate: \"https://example.com/x\", {asked}}}\n",
        support::key("gate").key_id()
    );
    release.claims.clear();
    release.add("it", "gate", "https://example.com/x", claim);
    release.judge().allowed()
}

#[test]
fn each_comparison_holds_for_what_it_says_and_for_nothing_else() {
    let of = |value: serde_json::Value| json!({ "a": value });
    for (term, yes, no) in [
        ("{field: /a, equals: 1}", json!(1.0), json!(2)),
        ("{field: /a, equals: 1.5}", json!(1.5), json!("1.5")),
        // Two numbers that are one as binary floating-point numbers.
        ("{field: /a, equals: 9007199254740993}", json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64)),
        ("{field: /a, equals: [1, 2]}", json!([1, 2.0]), json!([1, 3])),
        ("{field: /a, equals: [1, 2]}", json!([1, 2]), json!([1])),
        ("{field: /a, equals: [1, 2]}", json!([1, 2]), json!([1, 2, 3])),
        ("{field: /a, not-equals: 1}", json!(2), json!(1.0)),
        ("{field: /a, one-of: [a, b]}", json!("b"), json!("c")),
        ("{field: /a, none-of: [a, b]}", json!("c"), json!("b")),
        ("{field: /a, at-least: 2}", json!(2), json!(1.99)),
        ("{field: /a, at-most: 2}", json!(2), json!(2.01)),
        ("{field: /a, above: 2}", json!(2.01), json!(2)),
        ("{field: /a, below: 2}", json!(1.99), json!(2)),
        ("{field: /a, at-least: 2}", json!(3), json!("3")),
        ("{field: /a, above: 2026-01-01T00:00:00Z}", json!("2026-01-01T00:00:01Z"), json!("2026-01-01T00:00:00Z")),
        ("{field: /a, starts-with: ab}", json!("abc"), json!("cab")),
        ("{field: /a, contains: b}", json!("abc"), json!("ac")),
        ("{field: /a, contains: b}", json!(["a", "b"]), json!(["a", "bb"])),
        ("{field: /a, matches: \"a+\"}", json!("aaa"), json!("aab")),
        ("{field: /a, present: true}", json!(null), json!("moved")),
        ("{field: /b, present: false}", json!(1), json!("moved")),
        ("{field: \"$.a[*]\", at-least: 2}", json!([2, 3]), json!([3, 1])),
        ("{field: \"$.a[*]\", at-least: 2}", json!([2]), json!([])),
    ] {
        assert!(takes(term, of(yes.clone())), "{term} of {yes}");
        let no = if no == json!("moved") { json!({"b": 1}) } else { of(no) };
        assert!(!takes(term, no.clone()), "{term} of {no}");
    }
    for field in ["a", "/a~2", "", "$.["] {
        let policy = support::POLICY.replace("which: latest", &format!("time: {field:?}\n    which: latest"));
        assert!(Policy::read(&policy).is_err(), "{field} is no place");
    }
}

#[test]
fn what_has_no_date_has_no_age_whichever_bound_is_asked_for() {
    for asked in ["max-age: 1d", "min-age: 1m", "time: /at"] {
        assert!(!fulfils(asked, json!({"a": 1})), "{asked}");
    }
    assert!(fulfils("time: /at", json!({"at": "2026-09-21T11:00:00Z"})));
}

use super::*;
use crate::decide::evaluate;
use crate::decide::tests::{contract, facts};
use attest::predicate::TEST_RESULT;
use serde_json::json;

fn believed_claim(predicate_type: &str, predicate: Value) -> Seen {
    let referrer = Digest::of(predicate.to_string().as_bytes());
    let claim = Claim { predicate_type: predicate_type.into(), predicate, key_id: "SHA256:k".into() };
    Seen { referrer, claim: Ok(claim) }
}

fn manifest(changes: &[(&str, Value)]) -> Seen {
    let mut fields = evaluate(&contract(), &facts()).unwrap().fields;
    fields.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    believed_claim(RELEASE_MANIFEST, json!({ "fields": fields }))
}

fn provenance(commit: &str) -> Seen {
    believed_claim(
        SLSA_PROVENANCE,
        json!({"buildDefinition": {"resolvedDependencies": [{"digest": {"gitCommit": commit}}]}}),
    )
}

fn rejected(code: &str) -> Seen {
    let why = Disbelief { code: code.into(), reason: "signed by key A, expected B".into() };
    Seen { referrer: Digest::of(code.as_bytes()), claim: Err(why) }
}

fn sha() -> String {
    evaluate(&contract(), &facts()).unwrap().text("git_sha").to_owned()
}

fn codes(seen: &[Seen]) -> Vec<(String, Code)> {
    let findings = judge(&contract(), seen, &[], &facts()).findings;
    findings.into_iter().map(|finding| (finding.field, finding.code)).collect()
}

#[test]
fn a_believed_manifest_and_provenance_of_one_commit_are_enough() {
    let seen = [manifest(&[]), provenance(&sha()), rejected("wrong-key"), believed_claim(TEST_RESULT, json!({}))];
    let judgement = judge(&contract(), &seen, &[], &facts());
    assert_eq!(judgement.findings, []);
    assert_eq!(judgement.signed.unwrap().fields["run_id"], "77");
}

#[test]
fn no_evidence_is_never_a_yes() {
    for seen in [vec![], vec![believed_claim(TEST_RESULT, json!({}))]] {
        let found = codes(&seen);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(_, code)| *code == Code::Unavailable), "{found:?}");
    }
    for (seen, words) in [(vec![], "no statement at all"), (vec![rejected("wrong-key")], "none that is believed")] {
        assert!(lacking("provenance", &seen).text.contains(words), "{words}");
    }
    assert_eq!(codes(&[manifest(&[])]), [("provenance".to_owned(), Code::Unavailable)]);
    assert_eq!(codes(&[provenance(&sha())]), [("release-manifest".to_owned(), Code::Unavailable)]);
}

#[test]
fn evidence_that_is_there_but_not_believed_is_a_no_with_its_reason() {
    let seen = [rejected("bad-signature"), provenance(&sha())];
    let findings = judge(&contract(), &seen, &[], &facts()).findings;
    assert!(crate::finding::is_refusal(&findings));
    assert!(findings.iter().any(|f| f.code == Code::Signature && f.text.contains("bad-signature")), "{findings:?}");
}

#[test]
fn manifest_and_provenance_of_different_commits_contradict_each_other() {
    let other = "1".repeat(40);
    assert_eq!(codes(&[manifest(&[]), provenance(&other)]), [("git_sha".to_owned(), Code::Mismatch)]);
    assert_eq!(codes(&[manifest(&[]), provenance(&other), provenance(&sha())]), []);
}

#[test]
fn the_last_stamp_counts() {
    let old = manifest(&[("generated_at_utc", json!("2026-09-20T12:00:00Z")), ("run_id", json!("76"))]);
    for seen in [[old.clone(), manifest(&[]), provenance(&sha())], [manifest(&[]), old, provenance(&sha())]] {
        let signed = judge(&contract(), &seen, &[], &facts()).signed.unwrap();
        assert_eq!(signed.fields["run_id"], "77");
    }
}

#[test]
fn a_signed_manifest_that_breaks_the_contract_is_a_no() {
    let stale = manifest(&[("weather_fetched_at", json!("2026-09-01T00:00:00Z"))]);
    assert_eq!(codes(&[stale, provenance(&sha())]), [("weather_fetched_at".to_owned(), Code::Stale)]);
}

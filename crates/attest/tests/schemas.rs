//! The JSON Schemas of our own predicates beside our own reading of them, judged by check-jsonschema: both accept what we
//! write, and wherever one thing is changed they agree.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use attest::{
    Statement,
    predicate::{
        self, Predicate, approval::Approval, deployment::Deployment, guardrail::GuardrailVerdict, promotion::Promotion,
        release_manifest::ReleaseManifest, revocation::Revocation,
    },
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use support::Release;

/// Whether our own reading takes a predicate.
type Reader = fn(&Value) -> bool;

fn reads<P: Predicate>(claim: &Value) -> bool {
    let statement = Statement::new(vec![("app".into(), support::image())], P::TYPE, claim.clone());
    statement.read::<P>().is_ok_and(|typed| predicate::to_value(&typed).is_ok())
}

/// Our own predicates: schema, a claim with every member that is typed, and the reading.
fn own() -> Vec<(&'static str, Value, Reader)> {
    let run = json!({"id": "4711", "attempt": "1"});
    let mut manifest = support::manifest("4711");
    manifest["source"] = json!({"gitCommit": support::COMMIT, "gitTree": support::COMMIT, "modified": false});
    manifest["inputs"][0]["files"] = json!([{"name": "a.json", "digest": {"sha256": support::image().hex()}}]);
    manifest["sources"][0]["maxAgeHours"] = json!(24);
    let mut approval = support::approval("101", "alice", "approved", "2026-09-21T11:30:00Z");
    approval["approved"] = json!({"uri": "verdict.json", "digest": {"sha256": support::image().hex()}});
    approval["authors"] = json!([{"id": "900", "login": "dave"}]);
    (approval["identifiedBy"], approval["comment"], approval["run"]) = (json!("id-token"), json!("ok"), run.clone());
    let mut revocation = support::revocation(&[support::image()]);
    revocation["revokedBy"] = json!({"id": "104", "login": "erin"});
    (revocation["advisory"], revocation["run"]) = (json!("https://example.com"), run.clone());
    let promotion = json!({
        "mode": "promote",
        "source": {"repository": "ghcr.io/org/app", "tags": ["sha-1"]},
        "destination": {"repository": "ghcr.io/org/app-prod"},
        "environment": "production",
        "policy": {"uri": "policy.yml", "digest": {"sha256": support::image().hex()}},
        "evidence": [{"mediaType": "x/y", "digest": {"sha256": support::image().hex()}}],
        "promotedOn": "2026-09-21T12:00:00Z",
        "tool": {"uri": "https://lockkeeper.dev/image-promote", "version": "0.1.0"},
        "run": run,
    });
    let mut deployment = support::deployment("deployed", "2026-09-21T10:30:00Z");
    deployment["startedOn"] = json!("2026-09-21T10:20:00+02:00");
    deployment["cause"] = json!("none");
    vec![
        ("approval", approval, reads::<Approval>),
        ("deployment", deployment, reads::<Deployment>),
        ("guardrail-verdict", support::guardrail("pass", "2026-09-21T11:15:00Z"), reads::<GuardrailVerdict>),
        ("promotion", promotion, reads::<Promotion>),
        ("release-manifest", manifest, reads::<ReleaseManifest>),
        ("revocation", revocation, reads::<Revocation>),
    ]
}

/// The claim with one thing changed, in every way and at every place.
fn changed(claim: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    collect(claim, String::new(), &mut places);
    let mut variants = Vec::new();
    for place in places {
        let (parent, member) = place.rsplit_once('/').unwrap();
        let mut without = claim.clone();
        if let Some(object) = without.pointer_mut(parent).unwrap().as_object_mut() {
            object.remove(&member.replace("~1", "/"));
            variants.push((format!("without {place}"), without));
        }
        for other in [
            json!(null),
            json!("x"),
            json!(""),
            json!(7),
            json!(-1),
            json!(1.5),
            json!(true),
            json!([]),
            json!({}),
            json!("2026-09-21 10:00"),
        ] {
            let mut with = claim.clone();
            *with.pointer_mut(&place).unwrap() = other.clone();
            variants.push((format!("{other} at {place}"), with));
        }
    }
    variants
}

fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    if !place.is_empty() {
        places.push(place.clone());
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, format!("{place}/{}", name.replace('/', "~1")), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
}

fn documents(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// The places of the instances the schema refuses; `None` where the validator is not installed.
#[expect(clippy::print_stderr, reason = "a skipped validator must be seen")]
fn refused(schema: &Path, instances: &[&Value]) -> Option<BTreeSet<usize>> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools/python/linters/bin/check-jsonschema");
    if !program.exists() {
        let ci = std::env::vars().any(|(key, value)| key == "CI" && value == "true");
        assert!(!ci, "check-jsonschema is not installed, and CI runs every validator");
        eprintln!("SKIPPED: check-jsonschema is not installed; `cargo xtask test` installs it");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(["--output-format", "json", "--schemafile"]).arg(schema);
    for (place, instance) in instances.iter().enumerate() {
        let path = folder.path().join(format!("{place}.json"));
        fs::write(&path, instance.to_string()).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(report["parse_errors"], json!([]), "{report:#}");
    let place = |error: &Value| {
        Path::new(error["filename"].as_str().unwrap()).file_stem().unwrap().to_str().unwrap().parse().unwrap()
    };
    Some(report["errors"].as_array().unwrap().iter().map(place).collect())
}

#[test]
fn schema_and_reading_agree_wherever_one_thing_is_changed() {
    for (name, claim, reads) in own() {
        let mut variants = changed(&claim);
        variants.push(("the claim".to_owned(), claim));
        let schema = documents("predicates").join(format!("{name}-v0.1.json"));
        let instances: Vec<&Value> = variants.iter().map(|(_, variant)| variant).collect();
        let Some(refused) = refused(&schema, &instances) else { return };
        assert!(refused.len() > 50 && !refused.contains(&(variants.len() - 1)), "{name}: {} refused", refused.len());
        let differ = |(place, (what, variant)): (usize, &(String, Value))| {
            (reads(variant) == refused.contains(&place)).then(|| format!("{what}: we read it: {}", reads(variant)))
        };
        let differences: Vec<_> = variants.iter().enumerate().filter_map(differ).collect();
        assert!(differences.is_empty(), "{name}: {differences:#?}");
    }
}

#[test]
fn a_verdict_follows_its_schema_whether_it_is_a_yes_or_a_no() {
    let mut bad = Release::good();
    bad.claims.remove("canary");
    bad.add("foreign", "stranger", predicate::VSA, json!({}));
    bad.claim("alice").subject = subject::Digest::of(b"other");
    let mut wrong = bad.judge().to_json();
    wrong["answers"][1].as_object_mut().unwrap().remove("met");
    let (yes, no) = (Release::good().judge().to_json(), bad.judge().to_json());
    let Some(refused) = refused(&documents("verdict-v1.json"), &[&yes, &no, &wrong]) else { return };
    assert_eq!(refused, BTreeSet::from([2]));
}

use super::*;
use crate::facts::Run;
use serde_json::json;

const CONTRACT: &str = include_str!("../../tests/contract/provenance.yml");
const SHA: &str = "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c";

pub(crate) fn contract() -> Contract {
    Contract::parse(CONTRACT).unwrap()
}

/// A world that keeps the documented contract.
pub(crate) fn facts() -> Facts {
    let file = |text: &str| Ok(text.as_bytes().to_vec());
    let hashed = |path: &str| Ok(vec![HashedFile { path: path.into(), digest: Digest::of(path.as_bytes()) }]);
    Facts {
        now: "2026-09-21T12:00:30Z".parse().unwrap(),
        generated_at: Ok("2026-09-21T12:00:30Z".parse().unwrap()),
        git: Ok(Commit { sha: SHA.into(), tree: "ab".repeat(20), describe: "v1.4.0".into(), modified: vec![] }),
        run_sha: Some(SHA.into()),
        run: Run {
            id: Some("77".into()),
            attempt: Some("1".into()),
            url: Some("https://github.com/o/r/actions/runs/77".into()),
        },
        env: BTreeMap::new(),
        files: BTreeMap::from([
            ("rules.json".into(), file(r#"{"logic_version":"1.4.0"}"#)),
            ("data/herd-config.json".into(), file(r#"{"config_version":"2.1.0"}"#)),
            ("data/weather.json".into(), file(r#"{"fetched_at":"2026-09-21T05:40:00Z"}"#)),
            ("data/rap.json".into(), file(r#"{"as_of_date":"2026-09-14"}"#)),
        ]),
        printed: BTreeMap::new(),
        hashes: BTreeMap::from([
            ("boundary_hash".into(), hashed("data/boundaries.json")),
            ("herd_config_hash".into(), hashed("data/herd-config.json")),
        ]),
        guarded: BTreeMap::new(),
        existing: None,
    }
}

#[test]
fn a_guard_without_files_guards_nothing_and_that_is_said() {
    let yaml = "version: 1\nfields:\n  v: {literal: 1.4.0}\nguards:\n  logic: {version: v, files: 'src/**'}\n";
    let contract = Contract::parse(yaml).unwrap();
    let with = |found| evaluate(&contract, &Facts { guarded: BTreeMap::from([("logic".into(), found)]), ..facts() });
    let findings = with(Ok(vec![])).unwrap_err();
    assert!(findings[0].text.contains("no file matches src/**"), "{findings:?}");
    assert!(with(Err(Trouble::Unreadable("src/a cannot be read".into()))).is_err());
    let manifest = with(Ok(vec![HashedFile { path: "src/a".into(), digest: Digest::of(b"a") }])).unwrap();
    assert_eq!((manifest.guards[0].version.as_str(), manifest.guards[0].files.len()), ("1.4.0", 1));
}

/// One field from the given source in an otherwise empty contract.
fn one(declaration: &str, facts: &Facts) -> Result<Value, Finding> {
    let contract = Contract::parse(&format!("version: 1\nfields: {{x: {declaration}}}")).unwrap();
    evaluate(&contract, facts).map(|manifest| manifest.fields["x"].clone()).map_err(|mut findings| findings.remove(0))
}

#[test]
fn a_kept_contract_becomes_a_manifest_in_its_order() {
    let manifest = evaluate(&contract(), &facts()).unwrap();
    let bytes = String::from_utf8(manifest.to_bytes()).unwrap();
    assert_eq!(
        bytes,
        format!(
            r#"{{
  "git_sha": "{SHA}",
  "logic_version": "1.4.0",
  "config_version": "2.1.0",
  "generated_at_utc": "2026-09-21T12:00:30Z",
  "boundary_hash": "{}",
  "herd_config_hash": "{}",
  "weather_fetched_at": "2026-09-21T05:40:00Z",
  "rap_as_of_date": "2026-09-14",
  "run_id": "77"
}}
"#,
            Digest::of(b"data/boundaries.json"),
            Digest::of(b"data/herd-config.json")
        )
    );
}

#[test]
fn every_break_of_the_contract_is_found_at_once() {
    let mut world = facts();
    world.git = Err("git is not installed".into());
    world.run = Run::default();
    world.files.insert("rules.json".into(), Ok(br#"{"logic_version":"1.4"}"#.to_vec()));
    world
        .files
        .insert("data/herd-config.json".into(), Err(Trouble::Absent("there is no data/herd-config.json".into())));
    world.files.insert("data/weather.json".into(), Ok(br#"{"fetched_at":"2026-09-19T05:40:00Z"}"#.to_vec()));
    world.files.insert("data/rap.json".into(), Ok(br#"{"as_of_date":"2026-09-22"}"#.to_vec()));
    world.hashes.insert("boundary_hash".into(), Err(Trouble::Unreadable("permission denied".into())));
    world.hashes.insert("herd_config_hash".into(), Ok(vec![]));
    let findings = evaluate(&contract(), &world).unwrap_err();
    let codes: Vec<_> = findings.iter().map(|finding| (finding.field.as_str(), finding.code)).collect();
    assert_eq!(
        codes,
        [
            ("git_sha", Code::Unavailable),
            ("logic_version", Code::Type),
            ("config_version", Code::Missing),
            ("boundary_hash", Code::Unavailable),
            ("herd_config_hash", Code::Missing),
            ("weather_fetched_at", Code::Stale),
            ("rap_as_of_date", Code::Future),
            ("run_id", Code::Unavailable),
        ]
    );
}

#[test]
fn a_checkout_of_another_commit_than_the_runs_is_refused() {
    let mut world = facts();
    world.run_sha = Some("0".repeat(40));
    let findings = evaluate(&contract(), &world).unwrap_err();
    assert_eq!((findings.len(), findings[0].code), (1, Code::Mismatch));
    assert!(findings[0].to_string().contains("GITHUB_SHA"), "{}", findings[0]);
    world.run_sha = None;
    assert!(evaluate(&contract(), &world).is_ok());
}

#[test]
fn each_source_gives_its_value_or_says_why_not() {
    let mut world = facts();
    world.env.insert("REGION".into(), "eu-west-1".into());
    world.files.insert("VERSION".into(), Ok(b" 1.2.3\n".to_vec()));
    world.files.insert("twice.json".into(), Ok(br#"{"a":1,"a":2}"#.to_vec()));
    for (declaration, wanted) in [
        ("{git: tree}", json!("ab".repeat(20))),
        ("{git: describe}", json!("v1.4.0")),
        ("{run: attempt}", json!("1")),
        ("{run: url}", json!("https://github.com/o/r/actions/runs/77")),
        ("{env: REGION}", json!("eu-west-1")),
        ("{literal: true}", json!(true)),
        ("{literal: 3}", json!(3)),
        ("{file: VERSION, type: semver}", json!("1.2.3")),
    ] {
        assert_eq!(one(declaration, &world), Ok(wanted), "{declaration}");
    }
    for (declaration, code, wanted) in [
        ("{env: NONE}", Code::Missing, "NONE is not set"),
        ("{file: rules.json, pointer: /none}", Code::Missing, "nothing at /none"),
        ("{file: twice.json, pointer: /a}", Code::Type, "occurs twice"),
        ("{file: VERSION, format: json, pointer: /a}", Code::Type, "cannot be read from VERSION"),
        ("{literal: '', type: text}", Code::Type, "not a text"),
    ] {
        let finding = one(declaration, &world).unwrap_err();
        assert_eq!(finding.code, code, "{declaration}");
        assert!(finding.text.contains(wanted), "{declaration}: {finding}");
    }
}

/// The same as `sha256sum a.json sub/b.json | sha256sum` in a folder where those files hold their own names.
#[test]
fn several_files_hash_as_sha256sum_lists_them() {
    let mut world = facts();
    let files =
        ["a.json", "sub/b.json"].map(|path| HashedFile { path: path.into(), digest: Digest::of(path.as_bytes()) });
    world.hashes.insert("x".into(), Ok(files.to_vec()));
    let wanted = "sha256:31e789fcc57877934eef770328e9631e648a46537b1e2a6b4a9dc535b62295e5";
    assert_eq!(one("{sha256: ['a.json', 'sub/*.json']}", &world).unwrap(), wanted);
}

#[test]
fn a_second_stamp_of_the_same_release_keeps_the_moment_of_the_first() {
    let first = evaluate(&contract(), &facts()).unwrap();
    let mut later = facts();
    later.now = "2026-09-21T12:30:00Z".parse().unwrap();
    later.generated_at = Ok(later.now);
    later.existing = Some(first.fields.clone());
    let second = evaluate(&contract(), &later).unwrap();
    assert!(second.kept);
    assert_eq!(second.to_bytes(), first.to_bytes());

    // Whatever else differs makes it another release with its own moment.
    for (field, other) in
        [("run_id", json!("78")), ("generated_at_utc", json!("2027-01-01T00:00:00Z")), ("extra", json!(1))]
    {
        let mut earlier = first.fields.clone();
        earlier.insert(field.into(), other);
        let world = Facts { existing: Some(earlier), ..later.clone() };
        let manifest = evaluate(&contract(), &world).unwrap();
        assert!(!manifest.kept, "{field}");
        assert_eq!(manifest.text("generated_at_utc"), "2026-09-21T12:30:00Z");
    }
}

#[test]
fn of_two_moments_both_have_to_be_good_for_either_to_be_kept() {
    let contract = Contract::parse("version: 1\nfields: {made: {clock: now}, built: {clock: now}}").unwrap();
    let first = evaluate(&contract, &facts()).unwrap();
    let mut earlier = first.fields.clone();
    assert!(evaluate(&contract, &Facts { existing: Some(earlier.clone()), ..facts() }).unwrap().kept);
    earlier.insert("built".into(), json!("2027-01-01T00:00:00Z"));
    assert!(!evaluate(&contract, &Facts { existing: Some(earlier), ..facts() }).unwrap().kept);
}

#[test]
fn a_document_is_checked_field_by_field_and_against_what_it_must_agree_with() {
    let manifest = evaluate(&contract(), &facts()).unwrap();
    let (workspace, none) = workspace_values(&contract(), &facts());
    assert_eq!(none, []);
    let good = Value::Object(manifest.fields.clone());
    let expected = [workspace, Expected { place: "the image's signed manifest", fields: manifest.fields }];
    assert_eq!(check_document(&contract(), &good, &expected, &facts()), []);
    for (field, value, wanted) in [
        ("git_sha", Value::Null, Code::Missing),
        ("git_sha", json!("0".repeat(40)), Code::Mismatch),
        ("logic_version", json!(14), Code::Type),
        ("logic_version", json!("1.5.0"), Code::Mismatch),
        ("boundary_hash", json!(Digest::of(b"other").to_string()), Code::Mismatch),
        ("weather_fetched_at", json!("2026-09-01T00:00:00Z"), Code::Stale),
        ("generated_at_utc", json!("2026-09-21T13:00:00Z"), Code::Future),
        ("run_id", json!("78"), Code::Mismatch),
    ] {
        let mut document = good.clone();
        document[field] = value;
        let findings = check_document(&contract(), &document, &expected, &facts());
        assert!(!findings.is_empty() && findings.iter().all(|f| f.code == wanted && f.field == field), "{findings:?}");
    }
    // A response is made later than the image was stamped.
    let mut later = good.clone();
    later["generated_at_utc"] = json!("2026-09-21T11:59:00Z");
    assert_eq!(check_document(&contract(), &later, &expected, &facts()), []);

    let mut empty = json!({});
    assert_eq!(check_document(&contract(), &empty, &expected, &facts()).len(), contract().fields.len());
    empty = json!([good]);
    assert_eq!(check_document(&contract(), &empty, &expected, &facts())[0].code, Code::Type);
}

#[test]
fn what_cannot_be_compared_is_not_taken_as_equal() {
    let mut world = facts();
    world.hashes.insert("boundary_hash".into(), Err(Trouble::Absent("there is no data/boundaries.json".into())));
    let (_, findings) = workspace_values(&contract(), &world);
    assert_eq!((findings.len(), findings[0].code), (1, Code::Unavailable));
}

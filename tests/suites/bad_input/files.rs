//! Files that are there and wrong: canary configuration and cases, guardrails, contracts, lockfiles. Each is known before
//! anybody is asked, and named with its line where it has one.

use crate::place::{CLOSED, Place};

const CANARY: &str = "version: 1\ncases: { from: cases.jsonl }\n";
const CASE: &str = "{\"id\":\"a\",\"request\":{\"path\":\"/x\"},\"expect\":{\"status\":200}}\n";

#[test]
fn a_canary_dataset_without_cases_or_with_a_broken_line_asks_nobody() {
    let two = format!("{CASE}{CASE}");
    let cut = format!("{CASE}{{\"id\": \"b\", \"requ");
    let kinds = format!("[]\n{{\"id\":5}}\nnull\n{CASE}");
    let twice = "{\"id\":\"a\",\"id\":\"b\",\"request\":{\"path\":\"/x\"},\"expect\":{\"status\":200}}\n";
    let deep = format!("{}{}\n", "[".repeat(200_000), "]".repeat(200_000));
    let datasets: [(&[u8], &[&str]); 9] = [
        (b"", &["config: cases.jsonl: has no cases"]),
        (b"\n \n\n", &["config: cases.jsonl: has no cases"]),
        (cut.as_bytes(), &["cases.jsonl: line 2: not a JSON object"]),
        (two.as_bytes(), &["cases.jsonl: line 2: id: `a` is the id of line 1 already"]),
        (
            kinds.as_bytes(),
            &["line 1: expected a mapping", "line 2: `request` is missing", "line 3: expected a mapping"],
        ),
        (twice.as_bytes(), &["cases.jsonl: line 1: ", "id"]),
        (b"\xff\xfe\n", &["cases.jsonl: line 1: "]),
        (deep.as_bytes(), &["cases.jsonl: line 1: "]),
        (b"PK\x03\x04\0\0\0\0", &["cases.jsonl: line 1: not a JSON object"]),
    ];
    for (dataset, words) in datasets {
        let Some(place) = Place::new() else { return };
        let place = place.with("canary.yml", CANARY).with("cases.jsonl", dataset);
        place.fails("canary-dataset-check", &[("base-url", &format!("http://{CLOSED}"))], 2, words);
    }
}

#[test]
fn a_broken_canary_configuration_is_named_with_its_lines() {
    let base = format!("http://{CLOSED}");
    let bomb = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n".to_owned()
        + &CANARY.replace("cases.jsonl", "*c");
    let configurations: [(&str, &[&str]); 7] = [
        ("", &["config: canary.yml"]),
        ("version: 1\ncases: [\n", &["config: canary.yml: line 3"]),
        (
            "version: 7\nprobs: []\ncases: {from: cases.jsonl, minn: 3}\n",
            &["3 are wrong", "line 1: version", "did you mean `probes`?", "line 3: cases.minn", "did you mean `min`?"],
        ),
        (
            "version: 1\ncases: {from: 'cases-${line}.jsonl'}\n",
            &["line 2: cases.from: no parameter `line`", "`line=…`", "`parameters`"],
        ),
        ("version: 1\ncases: {from: ../elsewhere/none.jsonl}\n", &["config: "]),
        ("a: &a [*a]\n", &["canary.yml: line 1"]),
        (&bomb, &["canary.yml: line "]),
    ];
    for (text, words) in configurations {
        let Some(place) = Place::new() else { return };
        let place = place.with("canary.yml", text).with("cases.jsonl", CASE);
        place.fails("canary-dataset-check", &[("base-url", &base)], 2, words);
    }
    let Some(place) = Place::new() else { return };
    let place = place.with("canary.yml", CANARY);
    place.fails("canary-dataset-check", &[("base-url", &base)], 2, &["the dataset cannot be read", "`cases.jsonl`"]);
    let given = [("base-url", base.as_str()), ("cases", "gone.jsonl")];
    place.fails("canary-dataset-check", &given, 2, &["\n  cases: the dataset cannot be read", "`gone.jsonl`"]);
    let given = [("base-url", base.as_str()), ("config", "gone.yml"), ("authorization", "Bearer a\nb")];
    place.fails("canary-dataset-check", &given, 2, &["2 are wrong", "authorization: ", "config: cannot be read"]);
    let folder = [("base-url", base.as_str()), ("config", ".")];
    place.fails("canary-dataset-check", &folder, 2, &["config: cannot be read"]);
}

#[test]
fn a_broken_guardrail_file_is_named_with_its_lines_and_never_rolls_back() {
    let least = "version: 1\nwindow: {watch: 5m, interval: 60s, settle: 0s}\nsources:\n  lb: {type: cloudwatch, namespace: N}\n";
    let no_limit = format!("{least}guardrails:\n  - {{name: up, gauge: {{source: lb, metric: M}}, maks: 1}}\n");
    let no_source = format!("{least}guardrails: [{{name: up, gauge: {{source: prom, metric: M}}, min: 1}}]\n");
    let twice = format!("{least}guardrails:\n{}", "  - {name: up, gauge: {source: lb, metric: M}, min: 1}\n".repeat(2));
    let never =
        format!("{least}guardrails: [{{name: up, gauge: {{source: lb, metric: M}}, min: 1, breach: 9 of 9}}]\n");
    let unit =
        format!("{least}guardrails: [{{name: p, latency: {{source: lb, percentile: 95, metric: M}}, max: 300}}]\n");
    let files: [(&str, &[&str]); 10] = [
        ("", &["guardrails: line 1"]),
        ("version: 1\nguardrails: [", &["guardrails: line ", "not YAML"]),
        ("version: 2\n", &["guardrails: line 1: version"]),
        (&format!("{least}guardrails: []\n"), &["guardrails: line "]),
        (&no_limit, &["maks: unknown key", "exactly one limit is needed"]),
        (&no_source, &["`prom`"]),
        (&twice, &["`up`"]),
        (&never, &["can never happen"]),
        (&unit, &["`300` is not a duration"]),
        (&format!("{least}guardrails: [{{name: '${{x}}', gauge: {{source: lb, metric: M}}, min: 1}}]\n"), &["`x`"]),
    ];
    for mode in ["gate", "validate"] {
        for (text, words) in files {
            let Some(place) = Place::new() else { return };
            let place = place.with("guardrails.yml", text).without_aws();
            let outcome = place.fails("guardrail-gate", &[("mode", mode)], 2, words);
            assert_eq!(outcome.outputs["rollback"], "false", "a broken file is no reason to go back");
        }
    }
    let Some(place) = Place::new() else { return };
    let outcome = place.with("bin", b"\xff\xfe\0").fails("guardrail-gate", &[("guardrails", "bin")], 2, &["not UTF-8"]);
    assert_eq!(outcome.outputs["rollback"], "false");
    let Some(place) = Place::new() else { return };
    place.fails("guardrail-gate", &[("guardrails", "gone.yml")], 2, &["gone.yml", "`guardrails`"]);
}

#[test]
fn a_broken_contract_writes_no_manifest() {
    let contracts: [(&str, &[&str]); 7] = [
        ("", &["contract: ", "mapping"]),
        ("version: 1\nfields: {a: {git: sha}", &["contract: "]),
        ("version: 1\nfields: {}\n", &["contract: "]),
        ("version: 1\nfields: {a: {literal: x}, a: {literal: y}}\n", &["contract: ", "duplicate"]),
        (
            "version: 2\nfields:\n  a: {git: sha, x: y}\n  b: {file: /etc/passwd, pointer: /a}\n  c: {sha256: ../../x}\n",
            &["4 are wrong", "write `version: 1`", "x", "`/etc/passwd` must be a path below"],
        ),
        ("version: 1\nfields: {a: {file: x.json, pointer: a}}\n", &["contract: "]),
        ("version: 1\nfields: {a: {literal: x, git: sha}}\n", &["contract: "]),
    ];
    for (text, words) in contracts {
        let Some(place) = Place::new() else { return };
        let outcome = place.with("provenance.yml", text).fails("provenance-stamp", &[], 2, words);
        assert!(outcome.outputs["manifest-path"].is_empty(), "{:?}", outcome.outputs);
    }
}

#[test]
fn a_contract_that_the_release_does_not_keep_is_refused_and_nothing_is_written() {
    let Some(place) = Place::new() else { return };
    let contract = "version: 1\nfields:\n  git_sha: { git: sha }\n  rules: { sha256: rules.json }\n";
    let words = ["the release breaks its contract; nothing was written or attached", "git_sha", "2 findings"];
    let outcome = place.with("provenance.yml", contract).answers("provenance-stamp", &[], (1, "refused"), &words);
    assert_eq!(outcome.outputs["findings"], "2");
    assert!(outcome.said("error").any(|error| error.contains("there is no rules.json")), "{}", outcome.log);
}

#[test]
fn a_broken_lockfile_is_named_with_its_line_and_nothing_is_written_where_nothing_else_is_found() {
    let half = "version = 4\n[[package]]\nname = \"a\"\nvers";
    let cycle = "-r other.txt\n";
    let unknown = ["lockfile version 99 is not known", "`strict: false`"];
    let files: [(&str, &[u8], &[&str]); 9] = [
        ("Cargo.lock", half.as_bytes(), &["Cargo.lock:4"]),
        ("Cargo.lock", b"\xff\xfe", &["Cargo.lock:1", "not UTF-8"]),
        ("sub/Cargo.lock", b"version = 99\n", &unknown),
        ("package-lock.json", b"{\"lockfileVersion\": 3, \"packages\": ", &["package-lock.json:1"]),
        ("package-lock.json", b"{\"lockfileVersion\": 99, \"packages\": {}}", &unknown),
        ("package-lock.json", b"[]", &["package-lock.json:1"]),
        ("requirements.txt", b"requests==\n", &["requirements.txt:1", "`==` is no version"]),
        ("requirements.txt", b"ok==1\n-r ../../etc/passwd\n", &["requirements.txt:2"]),
        ("requirements.txt", cycle.as_bytes(), &["requirements.txt:1", "other.txt"]),
    ];
    for (name, content, words) in files {
        let Some(place) = Place::new() else { return };
        let place = place.with("README.md", "hello").with(name, content);
        let answer = if *words == unknown { (3, "not-understood") } else { (2, "broken") };
        let words = [&["failed to understand the workspace", name], words].concat();
        let outcome = place.refuses("sbom", &[], answer, &words);
        assert!(outcome.outputs["sbom-path"].is_empty());
    }
    let Some(place) = Place::new() else { return };
    place.fails("sbom", &[("path", "gone")], 2, &["failed to read the source gone: it does not exist"]);
    let none = ["no package found", "nothing was written", "`allow-empty: true`"];
    place.answers("sbom", &[], (3, "inconclusive"), &none);
}

#[test]
fn a_bill_of_materials_that_cannot_be_written_says_where() {
    let Some(place) = Place::new() else { return };
    let lockfile = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
    let place = place.with("Cargo.lock", lockfile).with("taken", "a file");
    place.fails("sbom", &[("output-file", "taken/sbom.json")], 3, &["failed to write the bill of materials", "taken"]);
}

//! A source tree through the whole action.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod support;

use support::{Workspace, purls, validate};

const CARGO: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"itoa\",\n]\n\n\
    [[package]]\nname = \"itoa\"\nversion = \"1.0.11\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
    checksum = \"49f1f14873335454500d59611f1cf4a4b0f786f9ac11f4312a78e4cf2566695b\"\n";
const NPM: &str = r#"{"name":"web","version":"1.0.0","lockfileVersion":3,"packages":{
    "":{"name":"web","version":"1.0.0","dependencies":{"ms":"2.1.3"},"devDependencies":{"tool":"1.0.0"}},
    "node_modules/ms":{"version":"2.1.3","license":"MIT"},
    "node_modules/tool":{"version":"1.0.0","dev":true}}}"#;

fn tree() -> Workspace {
    Workspace::new()
        .with("Cargo.lock", CARGO)
        .with("web/package-lock.json", NPM)
        .with("requirements.txt", "-r base.txt\nflask==2.0\n")
        .with("base.txt", "six==1.16.0\n")
        .with("web/node_modules/x/package-lock.json", "not even JSON")
}

#[test]
fn a_tree_with_three_ecosystems_becomes_one_valid_document() {
    let tree = tree();
    let ended = tree.run(&[]).expect(0, &["7 components in"]);
    let bom = tree.bom();
    assert_eq!(
        purls(&bom).into_iter().collect::<Vec<_>>(),
        [
            "pkg:cargo/itoa@1.0.11",
            "pkg:npm/ms@2.1.3",
            "pkg:npm/tool@1.0.0",
            "pkg:pypi/flask@2.0",
            "pkg:pypi/six@1.16.0"
        ]
    );
    assert_eq!((ended.output("components"), ended.output("verdict")), ("7", "complete"));
    assert_eq!(ended.output("sbom-path"), tree.path("sbom.cdx.json").to_str().unwrap());
    assert_eq!((ended.output("digest"), ended.output("referrer")), ("", ""));
    for word in ["| npm | 3 |", "web/package-lock.json", "MIT", "dependencies the source does not record"] {
        assert!(ended.summary.contains(word), "{word}: {}", ended.summary);
    }
    validate(&[tree.path("sbom.cdx.json")]);
}

#[test]
fn the_same_tree_elsewhere_gives_the_same_bytes() {
    let (here, there) = (tree(), tree());
    here.run(&[]).expect(0, &[]);
    there.run_in(&[], &[("TZ".to_owned(), "Asia/Kathmandu".to_owned())]).expect(0, &[]);
    assert_eq!(here.bytes("sbom.cdx.json"), there.bytes("sbom.cdx.json"));
    // The written file is no source of the next run.
    here.run(&[]).expect(0, &[]);
    assert_eq!(here.bytes("sbom.cdx.json"), there.bytes("sbom.cdx.json"));
    let bytes = String::from_utf8(here.bytes("sbom.cdx.json")).unwrap();
    assert!(!bytes.contains(here.folder.path().to_str().unwrap()) && !bytes.contains("timestamp"));
}

#[test]
fn the_source_date_is_the_only_clock() {
    let tree = tree();
    tree.run_in(&[], &[("SOURCE_DATE_EPOCH".to_owned(), "1700000000".to_owned())]).expect(0, &[]);
    assert_eq!(tree.bom()["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
}

#[test]
fn development_packages_are_marked_listed_or_left_out_as_asked() {
    for (policy, count, scope) in [("mark", 7, Some("excluded")), ("include", 7, Some("required")), ("omit", 6, None)] {
        let tree = tree();
        let ended = tree.run(&[("dev", policy)]).expect(0, &[]);
        assert_eq!(ended.output("components"), count.to_string(), "{policy}");
        let bom = tree.bom();
        let tool = bom["components"].as_array().unwrap().iter().find(|c| c["name"] == "tool");
        assert_eq!(tool.and_then(|tool| tool["scope"].as_str()), scope, "{policy}");
    }
}

#[test]
fn every_format_and_version_that_is_offered_is_valid() {
    let tree = tree();
    tree.run(&[("spec-version", "1.5"), ("output-file", "five.json")]).expect(0, &[]);
    let xml = [("spec-version", "1.5"), ("format", "cyclonedx-xml"), ("output-file", "deep/five.xml")];
    tree.run(&xml).expect(0, &[]);
    validate(&[tree.path("five.json")]);
    let json = cyclonedx_bom::models::bom::Bom::parse_from_json_v1_5(&tree.bytes("five.json")[..]).unwrap();
    let xml = cyclonedx_bom::models::bom::Bom::parse_from_xml_v1_5(&tree.bytes("deep/five.xml")[..]).unwrap();
    assert_eq!(json.components.unwrap().0.len(), 7);
    assert_eq!(xml.components.unwrap().0.len(), 7);
}

#[test]
fn one_lockfile_is_a_source_too_and_is_named_after_its_project() {
    let tree = tree();
    tree.run(&[("path", "Cargo.lock")]).expect(0, &["1 components in"]);
    let root = tree.bom()["metadata"]["component"].clone();
    assert_eq!((root["name"].as_str(), root["version"].as_str()), (Some("app"), Some("0.1.0")));
    tree.run(&[("path", "Cargo.lock"), ("project-name", "shop"), ("project-version", "7")]).expect(0, &[]);
    let root = tree.bom()["metadata"]["component"].clone();
    assert_eq!((root["name"].as_str(), root["version"].as_str()), (Some("shop"), Some("7")));
}

#[test]
fn every_broken_lockfile_is_named_with_its_line_and_alone_it_leaves_the_old_file() {
    for (path, content, wanted) in [
        ("Cargo.lock", &CARGO[..CARGO.find("[[package]]\nname = \"itoa\"").unwrap()], "Cargo.lock:7"),
        ("web/package-lock.json", &NPM[..120], "web/package-lock.json:2"),
        ("requirements.txt", "flask=2.0\n", "requirements.txt:1"),
        ("requirements.txt", "-r gone.txt\n", "requirements.txt:1"),
    ] {
        tree().with(path, content).run(&[]).expect(2, &[wanted, "nothing was attached"]);
        let alone = Workspace::new().with(path, content).with("sbom.cdx.json", "old");
        let ended = alone.run(&[]).expect(2, &[wanted, "nothing was written"]);
        assert_eq!(alone.bytes("sbom.cdx.json"), b"old", "{}", ended.log);
        assert_eq!(ended.output("sbom-path"), "");
    }
    let tree = tree().with("base.txt", "six==1\n%%\n").with("web/package-lock.json", "{");
    let ended = tree.run(&[]).expect(2, &["base.txt:2", "web/package-lock.json:1"]);
    assert_eq!(ended.output("verdict"), "broken");
}

#[test]
fn finding_nothing_is_inconclusive_unless_it_is_spelled_out() {
    let empty = || Workspace::new().with("README.md", "nothing here");
    let tree = empty();
    let ended = tree.run(&[]).expect(3, &["no package found", "allow-empty"]);
    assert_eq!(ended.output("verdict"), "inconclusive");
    assert_eq!(tree.files().into_iter().collect::<Vec<_>>(), ["README.md"]);
    let tree = empty();
    let ended = tree.run(&[("allow-empty", "true")]).expect(0, &[]);
    assert_eq!((ended.output("verdict"), ended.output("components")), ("empty", "0"));
    validate(&[tree.path("sbom.cdx.json")]);
}

#[test]
fn what_was_not_understood_is_never_a_yes_and_the_rest_is_still_listed() {
    for (name, content, code, verdict) in
        [("ui/bun.lockb", "\0", 3, "not-understood"), ("ui/package-lock.json", "{\"lockfileVersion\": 3,", 2, "broken")]
    {
        let tree = tree().with(name, content);
        let ended = tree.run(&[]).expect(code, &[name, "marked incomplete"]);
        assert_eq!(ended.output("verdict"), verdict);
        assert_eq!(tree.bom()["compositions"][0]["aggregate"], "incomplete");
        let ended = tree.run(&[("strict", "false")]).expect(0, &[name]);
        assert_eq!(ended.output("verdict"), "incomplete");
        assert_eq!(tree.bom()["compositions"][0]["aggregate"], "incomplete");
        let ended = tree.run(&[("exclude", "ui/\n")]).expect(0, &[]);
        assert_eq!(ended.output("verdict"), "complete");
    }
}

#[test]
fn contradictions_are_all_named_at_once() {
    let tree = tree();
    let inputs = [("attach", "true"), ("path", ".")];
    let env = [("SOURCE_DATE_EPOCH".to_owned(), "yesterday".to_owned())];
    let ended = tree.run_in(&inputs, &env).expect(2, &[]);
    for name in ["attach: needs an `image`", "signing-key: is missing", "SOURCE_DATE_EPOCH: is not"] {
        assert!(ended.log.contains(name), "{name}: {}", ended.log);
    }
    let image = format!("127.0.0.1:1/app@sha256:{}", "0".repeat(64));
    tree.run(&[("image", &image), ("path", ".")]).expect(2, &["path: contradicts `image`"]);
    tree.run(&[("image", "app:latest")]).expect(2, &["image", "no registry"]);
    tree.run(&[("path", "gone")]).expect(2, &["does not exist"]);
}

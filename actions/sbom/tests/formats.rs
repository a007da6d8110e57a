//! Every document that is offered, through the whole action, before two judges each.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

#[path = "support/judges.rs"]
mod judges;
mod support;

use axum::{Json, Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use support::Workspace;

const CARGO: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"itoa\",\n \"toml\",\n]\n\n\
    [[package]]\nname = \"itoa\"\nversion = \"1.0.11\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
    checksum = \"49f1f14873335454500d59611f1cf4a4b0f786f9ac11f4312a78e4cf2566695b\"\n\n\
    [[package]]\nname = \"toml\"\nversion = \"1.2.1+spec-1.1.0\"\nsource = \"git+https://example.org/toml.git?branch=main#0123456789012345678901234567890123456789\"\n";
const NPM: &str = r#"{"name":"web","version":"1.0.0","lockfileVersion":3,"packages":{
    "":{"name":"web","version":"1.0.0","dependencies":{"@a/ms":"2.1.3"},"devDependencies":{"tool":"1.0.0"},"optionalDependencies":{"may":"1.0.0"}},
    "node_modules/@a/ms":{"version":"2.1.3","license":"(MIT OR Apache-2.0)","dependencies":{"odd":"1"}},
    "node_modules/odd":{"version":"1.0.0","license":"My own <words> & \"more\""},
    "node_modules/may":{"version":"1.0.0","optional":true,"license":"BSD-3-Clause"},
    "node_modules/tool":{"version":"1.0.0","dev":true,"license":"LicenseRef-tool AND MIT"}}}"#;
const SHA: &str = "ddc951f4b1293222421f2c8df679786153acf689";
const ALL: &str = "cyclonedx-json,cyclonedx-xml\nspdx-json\nspdx3-json\ngithub-snapshot\n";
const FILES: [&str; 5] = ["sbom.cdx.json", "sbom.cdx.xml", "sbom.spdx.json", "sbom.spdx3.json", "sbom.snapshot.json"];

fn tree() -> Workspace {
    Workspace::new()
        .with("Cargo.lock", CARGO)
        .with("web/package-lock.json", NPM)
        .with("requirements.txt", "flask==2.0\nranged>=1\n")
}

fn of_a_run(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let context = [
        ("GITHUB_SHA", SHA),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_WORKFLOW", "ci"),
        ("GITHUB_JOB", "build"),
        ("GITHUB_REPOSITORY", "shop/app"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("SOURCE_DATE_EPOCH", "1700000000"),
    ];
    context.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn paths(tree: &Workspace) -> Vec<PathBuf> {
    FILES.iter().map(|name| tree.path(name)).collect()
}

#[test]
fn every_format_and_version_is_valid_to_two_judges() {
    let tree = tree();
    for version in ["1.5", "1.7", "1.6"] {
        let ended = tree.run_in(&[("format", ALL), ("spec-version", version)], &of_a_run(&[])).expect(0, &[]);
        assert_eq!(ended.output("sbom-paths").lines().count(), 5);
        let judged = if version == "1.6" { paths(&tree) } else { paths(&tree)[..2].to_vec() };
        judges::judge(&judged);
    }
    // Without a run, a time and anybody to answer for them they are valid as well, and so is a bill of nothing.
    let bare = self::tree();
    bare.run(&[("format", "spdx-json,spdx3-json,cyclonedx-json,cyclonedx-xml")]).expect(0, &[]);
    let empty = Workspace::new();
    empty
        .run(&[("format", "spdx-json,spdx3-json,cyclonedx-json,cyclonedx-xml"), ("allow-empty", "true")])
        .expect(0, &[]);
    let files: Vec<PathBuf> = paths(&bare)[..4].iter().chain(&paths(&empty)[..4]).cloned().collect();
    judges::judge(&files);
}

#[test]
fn the_same_tree_gives_the_same_bytes_whatever_surrounds_it() {
    let (here, there) = (tree(), tree());
    here.run_in(&[("format", ALL)], &of_a_run(&[])).expect(0, &[]);
    let other = [("TZ", "Asia/Kathmandu"), ("LC_ALL", "tr_TR.UTF-8"), ("HOME", "/nowhere"), ("USER", "somebody")];
    there.run_in(&[("format", ALL)], &of_a_run(&other)).expect(0, &[]);
    for name in FILES {
        let bytes = here.bytes(name);
        assert_eq!(bytes, there.bytes(name), "{name}");
        let folder = here.folder.path().to_str().unwrap();
        assert!(!String::from_utf8(bytes).unwrap().contains(folder), "{name} holds a path of this machine");
    }
}

#[test]
fn each_format_may_have_a_file_of_its_own_name() {
    let tree = tree();
    let ended = tree
        .run(&[("format", "spdx-json\ncyclonedx-xml"), ("output-file", "out/one.json\nout/two.xml")])
        .expect(0, &["wrote"]);
    assert_eq!(ended.output("sbom-path"), tree.path("out/one.json").to_str().unwrap());
    assert!(tree.bytes("out/two.xml").starts_with(b"<?xml"));
    for (inputs, word) in [
        (
            [("format", "spdx-json,cyclonedx-xml"), ("output-file", "one.json")],
            "output-file: has 1 paths for 2 formats",
        ),
        ([("format", "spdx-json,spdx-json"), ("output-file", "a\nb")], "format: names a format twice"),
        ([("format", "spdx-json,cyclonedx-xml"), ("output-file", "a\na")], "output-file: names a file twice"),
        ([("format", "github-snapshot"), ("path", ".")], "GITHUB_SHA: is not set"),
        ([("submit", "true"), ("path", ".")], "github-token: is missing"),
        ([("author", "<>"), ("path", ".")], "author: names nobody"),
    ] {
        tree.run(&inputs).expect(2, &[word]);
    }
}

#[test]
fn who_answers_for_the_document_is_said_or_comes_from_the_run() {
    let tree = tree();
    let inputs = [
        ("format", "cyclonedx-json,spdx-json"),
        ("author", "Shop Security <security@shop.example>"),
        ("supplier", "https://shop.example"),
    ];
    tree.run_in(&inputs, &of_a_run(&[])).expect(0, &[]);
    let metadata = tree.bom()["metadata"].clone();
    assert_eq!(metadata["authors"], json!([{"name": "Shop Security", "email": "security@shop.example"}]));
    assert_eq!(metadata["supplier"], json!({"url": ["https://shop.example"]}));
    assert_eq!(metadata["component"]["manufacturer"], json!({"url": ["https://shop.example"]}));
    let spdx: Value = serde_json::from_slice(&tree.bytes("sbom.spdx.json")).unwrap();
    assert_eq!(spdx["creationInfo"]["creators"][1], "Organization: Shop Security (security@shop.example)");
    tree.run_in(&[], &of_a_run(&[])).expect(0, &[]);
    let metadata = tree.bom()["metadata"].clone();
    assert_eq!(metadata["manufacturer"], json!({"name": "shop", "url": ["https://github.com/shop"]}));
    assert_eq!(metadata["component"]["supplier"]["name"], "shop");
}

/// What a request was: its path, its token, its body.
type Requests = Arc<Mutex<Vec<(String, String, Vec<u8>)>>>;

/// A server that answers as GitHub does: 201 with a snapshot's number, after as many other answers as are given.
fn github(first: Vec<(StatusCode, Value)>) -> (String, Requests) {
    let requests = Requests::default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    let state = (Arc::clone(&requests), Arc::new(Mutex::new(first)));
    type Answers = Arc<Mutex<Vec<(StatusCode, Value)>>>;
    async fn take(
        State((requests, answers)): State<(Requests, Answers)>,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, Json<Value>) {
        let token = headers["authorization"].to_str().unwrap().to_owned();
        let accept = headers["accept"].to_str().unwrap().to_owned();
        requests.lock().unwrap().push((accept, token, body.to_vec()));
        let mut answers = answers.lock().unwrap();
        if answers.is_empty() {
            let done = json!({"id": 12345, "created_at": "2024-01-01T00:00:00Z", "result": "SUCCESS", "message": "Dependency results for the repo have been successfully updated."});
            return (StatusCode::CREATED, Json(done));
        }
        let (status, body) = answers.remove(0);
        (status, Json(body))
    }
    let app = Router::new().route("/repos/shop/app/dependency-graph/snapshots", post(take)).with_state(state);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime
            .block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap() });
    });
    (address, requests)
}

#[test]
fn the_snapshot_that_is_sent_is_the_one_that_is_written() {
    let (address, requests) = github(vec![(StatusCode::BAD_GATEWAY, json!({"message": "try again"}))]);
    let tree = tree();
    let event = tree.path("event.json");
    std::fs::write(&event, r#"{"pull_request":{"head":{"sha":"1111111111111111111111111111111111111111"}}}"#).unwrap();
    let env = of_a_run(&[
        ("GITHUB_API_URL", &address),
        ("GITHUB_TOKEN", "ghs_secret"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
    ]);
    let inputs = [("format", "github-snapshot"), ("submit", "true"), ("path", "web")];
    let ended = tree.run_in(&inputs, &env).expect(0, &["snapshot 12345: SUCCESS"]);
    assert_eq!(ended.output("snapshot-id"), "12345");
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 2, "a bad gateway is asked again");
    let (accept, token, body) = &requests[1];
    assert_eq!((accept.as_str(), token.as_str()), ("application/vnd.github+json", "Bearer ghs_secret"));
    assert_eq!(*body, tree.bytes("sbom.snapshot.json"));
    assert!(!ended.log.contains("ghs_secret") || ended.log.contains("::add-mask::ghs_secret"));
    judges::judge(&[tree.path("sbom.snapshot.json")]);
    let snapshot: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(snapshot["sha"], "1111111111111111111111111111111111111111", "the head of the pull request");
    assert_eq!(
        snapshot["job"],
        json!({"correlator": "ci_build_web", "id": "42", "html_url": "https://github.com/shop/app/actions/runs/42/attempts/1"})
    );
    let manifest = &snapshot["manifests"]["package-lock.json"];
    assert_eq!(manifest["file"]["source_location"], "web/package-lock.json");
    let relation =
        |purl: &str| (manifest["resolved"][purl]["relationship"].clone(), manifest["resolved"][purl]["scope"].clone());
    assert_eq!(relation("pkg:npm/odd@1.0.0"), (json!("indirect"), json!("runtime")));
    assert_eq!(relation("pkg:npm/tool@1.0.0"), (json!("direct"), json!("development")));
}

#[test]
fn a_snapshot_that_is_refused_says_which_permission_is_missing() {
    let (address, _) =
        github(vec![(StatusCode::FORBIDDEN, json!({"message": "Resource not accessible by integration"}))]);
    let env = of_a_run(&[("GITHUB_API_URL", &address), ("GITHUB_TOKEN", "ghs_secret")]);
    let words = ["403 Resource not accessible by integration", "contents: write", "the files are written"];
    let tree = tree();
    let ended = tree.run_in(&[("submit", "true")], &env).expect(3, &words);
    assert_eq!(ended.output("sbom-path"), tree.path("sbom.cdx.json").to_str().unwrap());
    let (address, _) = github(vec![(
        StatusCode::CREATED,
        json!({"id": 1, "created_at": "", "result": "INVALID", "message": "bad purl"}),
    )]);
    let env = of_a_run(&[("GITHUB_API_URL", &address), ("GITHUB_TOKEN", "ghs_secret")]);
    tree.run_in(&[("submit", "true")], &env).expect(3, &["bad purl"]);
}

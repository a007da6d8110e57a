//! Asking an OSV service, over real HTTP: batches, pages, records, the cache, and what becomes of no answer. The answers are in
//! the form that the service's documentation shows for `POST /v1/querybatch` and `GET /v1/vulns/{id}`.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod support;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use support::{Ended, Workspace};

/// What the service was asked.
#[derive(Default)]
struct Seen {
    batches: Vec<Value>,
    records: Vec<String>,
    failing: bool,
}

type Shared = Arc<Mutex<Seen>>;

/// `left-pad` has two pages of one record each, `gone` names a record that is not there, all else is unknown to the service.
async fn batch(State(seen): State<Shared>, Json(body): Json<Value>) -> Result<Json<Value>, StatusCode> {
    let mut seen = seen.lock().unwrap();
    seen.batches.push(body.clone());
    if seen.failing {
        return Err(StatusCode::BAD_REQUEST);
    }
    let answer = |query: &Value| match (query["package"]["name"].as_str(), query["page_token"].as_str()) {
        (Some("left-pad"), None) => {
            json!({"vulns": [{"id": "GHSA-aaaa", "modified": "2026-01-01T00:00:00Z"}], "next_page_token": "page2"})
        }
        (Some("left-pad"), Some("page2")) => {
            json!({"vulns": [{"id": "CVE-2026-1", "modified": "2026-01-02T00:00:00Z"}]})
        }
        (Some("gone"), _) => {
            json!({"vulns": [{"id": "GHSA-gone", "modified": "2026-01-01T00:00:00Z"}, {"id": "../../etc/passwd", "modified": "x"}]})
        }
        _ => json!({}),
    };
    let results: Vec<Value> = body["queries"].as_array().unwrap().iter().map(answer).collect();
    Ok(Json(json!({ "results": results })))
}

async fn record(State(seen): State<Shared>, Path(id): Path<String>) -> Result<Json<Value>, StatusCode> {
    seen.lock().unwrap().records.push(id.clone());
    match id.as_str() {
        "GHSA-aaaa" => {
            Ok(Json(json!({"id": id, "modified": "2026-01-01T00:00:00Z", "aliases": ["CVE-2026-1"], "summary": "bad",
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
            "affected": [{"package": {"ecosystem": "npm", "name": "left-pad"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.3.1"}]}]}]})))
        }
        "CVE-2026-1" => Ok(Json(json!({"id": id, "modified": "2026-01-02T00:00:00Z"}))),
        _ => Err(StatusCode::NOT_FOUND),
    }
}

/// The service on a port of this machine, on a thread of its own.
fn service() -> (String, Shared) {
    let seen = Shared::default();
    let router = Router::new()
        .route("/v1/querybatch", post(batch))
        .route("/v1/vulns/{id}", get(record))
        .with_state(Arc::clone(&seen));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).await.unwrap()
        });
    });
    (address, seen)
}

fn lock(names: &[&str]) -> String {
    let entry = |name: &&str| format!("\"node_modules/{name}\": {{\"version\": \"1.3.0\"}}");
    let entries: Vec<String> = names.iter().map(entry).collect();
    format!(
        "{{\"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {{\"\": {{\"name\": \"app\"}}, {}}}}}",
        entries.join(", ")
    )
}

fn ask(workspace: &Workspace, address: &str) -> Ended {
    workspace.run(&[("vulnerabilities", "osv"), ("osv-url", address), ("osv-cache", "cache")])
}

#[test]
fn pages_are_followed_records_kept_and_one_vulnerability_counted_once() {
    let (address, seen) = service();
    let workspace = Workspace::new().with("package-lock.json", lock(&["left-pad", "good"]));
    let ended = ask(&workspace, &address).expect(0, &["asking http://127.0.0.1", "about 2 packages"]);
    assert_eq!(ended.output("vulnerabilities"), "1");
    assert!(ended.summary.contains("critical 9.8") && ended.summary.contains("1.3.1"), "{}", ended.summary);
    let file: Value = serde_json::from_slice(&workspace.bytes("osv.json")).unwrap();
    let package = &file["results"][0]["packages"][0];
    assert_eq!(package["package"], json!({"name": "left-pad", "version": "1.3.0", "ecosystem": "npm"}));
    assert_eq!(package["groups"][0]["ids"], json!(["CVE-2026-1", "GHSA-aaaa"]));
    assert_eq!(package["groups"][0]["max_severity"], "9.8");
    assert_eq!(file["results"][0]["source"]["type"], "sbom");
    let batches = seen.lock().unwrap().batches.clone();
    assert_eq!(batches.len(), 2, "one batch and its second page");
    assert_eq!(
        batches[1]["queries"],
        json!([{"package": {"name": "left-pad", "ecosystem": "npm"}, "version": "1.3.0", "page_token": "page2"}])
    );

    let fetched = seen.lock().unwrap().records.len();
    ask(&workspace, &address).expect(0, &[]);
    assert_eq!(seen.lock().unwrap().records.len(), fetched, "what did not change is not fetched again");
}

#[test]
fn a_thousand_packages_are_a_batch_and_one_more_is_another() {
    let (address, seen) = service();
    let names: Vec<String> = (0..1001).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let workspace = Workspace::new().with("package-lock.json", lock(&names));
    assert_eq!(ask(&workspace, &address).expect(0, &[]).output("vulnerabilities"), "0");
    let sizes: Vec<_> =
        seen.lock().unwrap().batches.iter().map(|batch| batch["queries"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [1000, 1]);
}

#[test]
fn a_record_that_is_not_there_is_told_and_a_hostile_name_is_not_asked_for() {
    let (address, seen) = service();
    let workspace = Workspace::new().with("package-lock.json", lock(&["gone"]));
    let ended = ask(&workspace, &address).expect(0, &[]);
    assert_eq!(ended.output("vulnerabilities"), "1", "it is known that there is one, and not what");
    let file: Value = serde_json::from_slice(&workspace.bytes("osv.json")).unwrap();
    assert_eq!(file["missing"]["GHSA-gone"], "it answered 404 Not Found");
    assert_eq!(file["results"][0]["packages"][0]["groups"][0]["severity"], "unknown");
    assert_eq!(seen.lock().unwrap().records, ["GHSA-gone"]);
}

#[test]
fn no_answer_is_a_finding_and_leaves_no_file_that_could_be_taken_for_one() {
    let (address, seen) = service();
    let workspace = Workspace::new().with("package-lock.json", lock(&["left-pad"]));
    ask(&workspace, &address).expect(0, &[]);
    assert!(workspace.files().contains("osv.json"));
    seen.lock().unwrap().failing = true;
    let ended = ask(&workspace, &address).expect(0, &["no answer about known vulnerabilities", "it answered 400"]);
    assert_eq!(ended.output("vulnerabilities"), "");
    assert!(!workspace.files().contains("osv.json"), "the old answer is gone");
    assert!(ended.summary.contains("nothing is known about vulnerabilities"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    ask(&workspace, &closed).expect(0, &["no answer about known vulnerabilities"]);
    workspace
        .run(&[("vulnerabilities", "osv"), ("osv-url", "http://example.org")])
        .expect(2, &["must begin with https://"]);
}

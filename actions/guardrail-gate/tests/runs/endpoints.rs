//! An endpoint that counts for the gate: rows and numbers of the JSON it answers, and everything else it may answer.

use crate::{gate::Gate, scripted::Scripted};
use axum::{
    http::{StatusCode, header},
    response::IntoResponse,
};

const FILE: &str = r#"
version: 1
window: { watch: 2s, interval: 1s, settle: 0s, history: 0s }
sources:
  api: { type: http, url: "${url}" }
guardrails:
  - name: nothing-left
    share: { source: api, rows: "$.rows[*]", bad: "$.rows[?@.days_remaining <= 0]" }
    max: 5%
  - name: queue
    gauge: { source: api, value: $.queue.depth }
    max: 100
    breach: 1 of 1
"#;

fn gate(server: &Scripted) -> Gate {
    Gate::new(FILE).arg("parameters", &format!("url={}", server.url())).arg("window-start", "2026-01-01T00:00:00Z")
}

fn answering(status: u16, body: String) -> Scripted {
    Scripted::start(move |_| (StatusCode::from_u16(status).unwrap(), body.clone()).into_response())
}

fn document(rows: usize, bad: usize, depth: &str) -> String {
    let row = |index: usize| format!("{{\"days_remaining\": {}}}", if index < bad { -1 } else { 12 });
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("{{\"rows\": [{}], \"queue\": {{\"depth\": {depth}}}}}", rows.join(","))
}

#[test]
fn rows_and_numbers_of_an_endpoint_decide() {
    for (body, code, verdict, wanted) in [
        (document(400, 8, "7"), 0, "pass", "2 of 2 required"),
        (document(400, 60, "7"), 1, "fail", "60 of 400 (15 %)"),
        (document(400, 8, "101"), 1, "fail", "queue: 101"),
        (document(20, 0, "7"), 3, "inconclusive", "needs about 39 more"),
        (document(0, 0, "7"), 3, "inconclusive", "nothing was asked of the service"),
        (document(400, 8, "null"), 3, "inconclusive", "not a number"),
        (document(400, 8, "\"deep\""), 3, "error", "no number"),
        ("{}".to_owned(), 3, "error", "selects nothing"),
    ] {
        let ended = gate(&answering(200, body.clone())).run();
        let rollback = if code == 1 { "true" } else { "false" };
        ended.expect(code, verdict, rollback);
        ended.says(wanted);
    }
}

#[test]
fn what_is_no_document_is_named_and_never_passes() {
    for (status, body, wanted) in [
        (200, "<html>Sign in</html>", "not JSON: <html>Sign in"),
        (401, "::error::no", "HTTP 401"),
        (404, "", "HTTP 404"),
        (503, "later", "HTTP 503: later"),
    ] {
        let ended = gate(&answering(status, body.to_owned())).run();
        ended.expect(3, "error", "false");
        ended.says(wanted);
    }
    let elsewhere = answering(200, document(400, 0, "1"));
    let target = elsewhere.url();
    let server = Scripted::start(move |_| (StatusCode::FOUND, [(header::LOCATION, target.clone())]).into_response());
    let ended = gate(&server).arg("http-token", "s3cret-token").run();
    ended.expect(3, "error", "false");
    ended.says("redirects elsewhere");
    assert!(elsewhere.requests().is_empty());
    let sent = server.requests()[0].headers.get(header::AUTHORIZATION).cloned().unwrap();
    assert_eq!(sent, "Bearer s3cret-token");
    assert!(!ended.log.contains("s3cret-token") && !ended.report.to_string().contains("s3cret-token"));
}

#[test]
fn a_user_name_and_its_password_reach_prometheus_and_nothing_else() {
    let file = "version: 1\nwindow: { watch: 2s, interval: 1s, settle: 0s }\nsources:\n  prom: { type: prometheus, url: \
                \"${url}\", scrape_interval: 1s }\nguardrails:\n  - name: up\n    gauge: { source: prom, query: up }\n    min: \
                1\n    min_samples: 1\n";
    let server = Scripted::prometheus("1", "[]");
    let gate = |name: &str| {
        let gate = Gate::new(file).arg("parameters", &format!("url={}", server.url())).arg("prometheus-username", name);
        gate.arg("window-start", "2026-01-01T00:00:00Z")
    };
    let ended = gate("me").arg("prometheus-password", "s3cret-word").run();
    ended.expect(0, "pass", "false");
    // RFC 7617: base64 of `me:s3cret-word`.
    let sent = server.requests()[0].headers.get(header::AUTHORIZATION).cloned().unwrap();
    assert_eq!(sent, "Basic bWU6czNjcmV0LXdvcmQ=");
    assert!(!ended.log.contains("s3cret-word") && !ended.report.to_string().contains("s3cret-word"));
    let alone = gate("me").run();
    assert_eq!(alone.code, Some(2), "{}", alone.log);
    alone.says("give a user name and a password, or a token");
}

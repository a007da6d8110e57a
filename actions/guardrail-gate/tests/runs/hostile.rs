//! Servers that do not answer as they should: always "could not find out", with the reason, and never a pass.

use crate::{gate::Gate, scripted::Scripted};
use axum::{
    body::Body,
    http::{StatusCode, header},
    response::IntoResponse,
};

/// A window that has just passed, so that nothing is waited for.
const FILE: &str = r#"
version: 1
window: { watch: 2s, interval: 1s, settle: 0s }
sources:
  prom: { type: prometheus, url: "${url}", scrape_interval: 1s }
guardrails:
  - name: up
    gauge: { source: prom, query: up }
    min: 1
    min_samples: 1
"#;

fn past() -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_secs(60)).to_string()
}

fn gate(server: &Scripted) -> Gate {
    Gate::new(FILE).arg("parameters", &format!("url={}", server.url())).arg("window-start", &past())
}

fn answering(status: u16, body: impl Into<Vec<u8>>) -> Scripted {
    let body = body.into();
    Scripted::start(move |_| (StatusCode::from_u16(status).unwrap(), body.clone()).into_response())
}

#[test]
fn what_is_not_the_api_is_named_and_never_passes() {
    let deep = "[".repeat(100_000);
    let cases: [(u16, &str, &str); 9] = [
        (200, "<html><title>Sign in</title></html>", "not the Prometheus API: <html>"),
        (200, "{\"status\":\"success\"}", "an answer without data"),
        (200, "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":7}}", "not the API's"),
        (200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}", "gives a vector"),
        (
            200,
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1,\"x\"]]}]}}",
            "`x` is not a value",
        ),
        (200, &deep, "not the Prometheus API"),
        (401, "::error::no", "HTTP 401"),
        (400, "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}", "bad_data: parse error"),
        (404, "", "HTTP 404"),
    ];
    for (status, body, wanted) in cases {
        let ended = gate(&answering(status, body)).run();
        ended.expect(3, "error", "false");
        ended.says(wanted);
        assert!(!ended.log.lines().any(|line| line.starts_with("::error::no")), "{}", ended.log);
    }
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let server = Scripted::start(|_| {
        let chunk = axum::body::Bytes::from(vec![b' '; 1 << 20]);
        let endless = std::iter::repeat(Ok::<_, std::convert::Infallible>(chunk));
        Body::from_stream(tokio_stream::iter(endless)).into_response()
    });
    let ended = gate(&server).run();
    ended.expect(3, "error", "false");
    ended.says("larger than");
}

#[test]
fn a_redirect_is_not_followed_and_the_token_goes_nowhere_else() {
    let elsewhere = answering(200, "{}");
    let target = format!("{}/api/v1/query_range", elsewhere.url());
    let server = Scripted::start(move |_| {
        (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target.clone())]).into_response()
    });
    let ended = gate(&server).env("INPUT_PROMETHEUS-TOKEN", "s3cret-token").run();
    ended.expect(3, "error", "false");
    ended.says("redirects elsewhere");
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn the_token_is_sent_and_never_shown() {
    let server = answering(403, "forbidden for s3cret-token");
    let ended = gate(&server).arg("prometheus-token", "s3cret-token").run();
    ended.expect(3, "error", "false");
    let sent = server.requests()[0].headers.get(header::AUTHORIZATION).cloned().unwrap();
    assert_eq!(sent, "Bearer s3cret-token");
    assert!(!ended.log.contains("s3cret-token") && !ended.summary.contains("s3cret-token"), "{}", ended.log);
    assert!(!ended.report.to_string().contains("s3cret-token"));
}

#[test]
fn a_token_never_travels_in_the_clear_to_another_machine() {
    let gate =
        Gate::new(FILE).arg("parameters", "url=http://prometheus.invalid:9090").arg("prometheus-token", "s3cret-token");
    let ended = gate.run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    ended.says("does not travel over http");
}

#[test]
fn a_server_that_is_not_there_is_an_error_and_no_rollback_whatever_the_policy() {
    let address = answering(200, "").url();
    for policy in ["hold", "fail", "pass"] {
        let gate = Gate::new(FILE).arg("parameters", &format!("url={address}")).arg("window-start", &past());
        let ended = gate.arg("on-inconclusive", policy).run();
        ended.expect(3, "error", "false");
    }
}

#[test]
fn an_incomplete_answer_does_not_pass() {
    let server = Scripted::prometheus("1", r#"["partial response: store down"]"#);
    let ended = gate(&server).run();
    ended.expect(3, "inconclusive", "false");
    ended.says("partial response: store down");
}

#[test]
fn everything_wrong_with_file_and_inputs_is_told_at_once() {
    let wrong = FILE.replace("gauge:", "guage:").replace("watch: 2s", "watch: 2x");
    let ended = Gate::new(&wrong).arg("parameters", "url=http://127.0.0.1:1").run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    ended.says("line 3: window.watch");
    ended.says("did you mean `gauge`?");
    let ended = Gate::new(FILE).arg("parameters", "urll=x").arg("mode", "validate").run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    ended.says("did you mean `urll`?");
    let ended = Gate::new(FILE).arg("guardrails", "nowhere.yml").run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    ended.says("nowhere.yml");
}

#[test]
fn validate_asks_nobody() {
    let ended = Gate::new(FILE).arg("parameters", "url=http://127.0.0.1:1").arg("mode", "validate").run();
    ended.expect(0, "valid", "false");
}

//! Datadog and New Relic, by servers that answer in the shapes their API references document.

use crate::{
    gate::{Ended, Gate},
    presets::{began, moment},
    scripted::Scripted,
};
use axum::{http::StatusCode, response::IntoResponse};
use serde_json::{Value, json};

fn file(source: &str, bad: &str, all: &str) -> String {
    format!(
        "version: 1\nwindow: {{ watch: 10m, interval: 60s, history: 1h }}\nsources:\n  them: {source}\nguardrails:\n  - name: \
         errors\n    share: {{ source: them, numerator: {{ query: '{bad}' }}, denominator: {{ query: '{all}' }} }}\n    max: 1%\n"
    )
}

/// What a query's minute was: 600 requests, and this many bad ones after the release.
fn value(query: &str, after: bool, bad: f64) -> f64 {
    match (query.contains("err"), after) {
        (false, _) => 600.0,
        (true, false) => 1.0,
        (true, true) => bad,
    }
}

/// `POST /api/v2/query/timeseries`.
fn datadog(began: i64, bad: f64, step: i64) -> Scripted {
    Scripted::start(move |request| {
        assert_eq!(request.path, "/api/v2/query/timeseries");
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let asked = &body["data"]["attributes"];
        assert_eq!((&body["data"]["type"], &asked["interval"]), (&json!("timeseries_request"), &json!(60_000)));
        let (from, to) = (asked["from"].as_i64().unwrap(), asked["to"].as_i64().unwrap());
        let times: Vec<i64> = (from..to).step_by(usize::try_from(step).unwrap()).collect();
        let queries = asked["queries"].as_array().unwrap();
        let series = |index: usize| json!({"group_tags": [], "query_index": index, "unit": null});
        let values = |query: &Value| {
            let query = query["query"].as_str().unwrap();
            times.iter().map(|at| value(query, *at >= began * 1000, bad)).collect::<Vec<f64>>()
        };
        let attributes = json!({
            "series": (0..queries.len()).map(series).collect::<Vec<_>>(),
            "times": times,
            "values": queries.iter().map(values).collect::<Vec<_>>(),
        });
        json!({"data": {"type": "timeseries_response", "attributes": attributes}}).to_string().into_response()
    })
}

fn ask_datadog(server: &Scripted, began: i64) -> Ended {
    let (bad, all) = ("sum:http.errors{service:api}.as_count()", "sum:http.hits{service:api}.as_count()");
    let gate = Gate::new(&file(&format!("{{ type: datadog, url: \"{}\" }}", server.url()), bad, all));
    let gate = gate.arg("datadog-api-key", "s3cret-api").arg("datadog-application-key", "s3cret-app");
    gate.arg("window-start", &moment(began)).run()
}

#[test]
fn datadog_answers_every_query_in_one_call() {
    let began = began();
    let good = datadog(began, 2.0, 60_000);
    ask_datadog(&good, began).expect(0, "pass", "false");
    let requests = good.requests();
    assert_eq!(requests.len(), 2, "one for the hour before, one for the window");
    assert_eq!(requests[0].headers.get("DD-API-KEY").unwrap(), "s3cret-api");
    assert_eq!(requests[0].headers.get("DD-APPLICATION-KEY").unwrap(), "s3cret-app");
    let bad = ask_datadog(&datadog(began, 30.0, 60_000), began);
    bad.expect(1, "fail", "true");
    assert!(!bad.log.contains("s3cret") && !bad.report.to_string().contains("s3cret"));
    let coarse = ask_datadog(&datadog(began, 2.0, 300_000), began);
    coarse.expect(3, "inconclusive", "false");
    coarse.says("points every 300 s, not every 60 s");
}

#[test]
fn what_datadog_refuses_is_told_and_never_passes() {
    for (status, body, verdict, wanted) in [
        (403, r#"{"errors": ["Forbidden"]}"#, "error", "Forbidden"),
        (200, r#"{"errors": "unknown metric"}"#, "error", "unknown metric"),
        (200, r#"{"data": {"attributes": {"series": 3}}}"#, "error", "not the API's"),
        (
            200,
            r#"{"data": {"attributes": {"series": [{"query_index": 0}], "times": [], "values": []}}}"#,
            "error",
            "as many",
        ),
        (200, r#"{"data": {"attributes": {"series": [], "times": [], "values": []}}}"#, "inconclusive", "no data"),
        (
            200,
            r#"{"data": {"attributes": {"series": [{"query_index": 0, "group_tags": ["host:a"]}, {"query_index": 0}], "times": [], "values": [[], []]}}}"#,
            "error",
            "2 series where one is needed, such as host:a",
        ),
    ] {
        let server = Scripted::start(move |_| (StatusCode::from_u16(status).unwrap(), body).into_response());
        let ended = ask_datadog(&server, began());
        ended.expect(3, verdict, "false");
        ended.says(wanted);
    }
}

/// `POST /graphql`: every alias of the request, in buckets.
fn new_relic(began: i64, bad: f64) -> Scripted {
    Scripted::start(move |request| {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let text = body["query"].as_str().unwrap();
        assert!(text.starts_with("{ actor { account(id: 1234567) { q0: nrql(query: \"SELECT "), "{text}");
        let mut account = serde_json::Map::new();
        for (index, part) in text.split("nrql(query: ").skip(1).enumerate() {
            let nrql: String = serde_json::Deserializer::from_str(part).into_iter::<String>().next().unwrap().unwrap();
            let words: Vec<&str> = nrql.split_whitespace().collect();
            let after = |word: &str| words[words.iter().position(|w| *w == word).unwrap() + 1].parse::<i64>().unwrap();
            let (since, until, step) = (after("SINCE") / 1000, after("UNTIL") / 1000, after("TIMESERIES"));
            let bucket = |at: i64| json!({"beginTimeSeconds": at, "endTimeSeconds": at + step, "count": value(&nrql, at >= began, bad)});
            let buckets: Vec<Value> = (since..until).step_by(60).map(bucket).collect();
            account.insert(format!("q{index}"), json!({ "results": buckets }));
        }
        json!({"data": {"actor": {"account": account}}}).to_string().into_response()
    })
}

fn ask_new_relic(server: &Scripted, began: i64) -> Ended {
    let source = format!("{{ type: newrelic, account: 1234567, url: \"{}/graphql\" }}", server.url());
    let (bad, all) = ("SELECT count(*) FROM Transaction WHERE error IS true", "SELECT count(*) FROM Transaction");
    let gate = Gate::new(&file(&source, bad, all)).arg("newrelic-key", "s3cret-key");
    gate.arg("window-start", &moment(began)).run()
}

#[test]
fn new_relic_answers_every_query_in_one_request() {
    let began = began();
    let good = new_relic(began, 2.0);
    ask_new_relic(&good, began).expect(0, "pass", "false");
    assert_eq!(good.requests().len(), 2);
    assert_eq!(good.requests()[0].headers.get("API-Key").unwrap(), "s3cret-key");
    ask_new_relic(&new_relic(began, 30.0), began).expect(1, "fail", "true");
    for (body, wanted) in [
        (r#"{"errors": [{"message": "NRQL Syntax Error"}], "data": null}"#, "NRQL Syntax Error"),
        (r#"{"data": {"actor": {"account": {}}}}"#, "without the results"),
    ] {
        let ended = ask_new_relic(&Scripted::start(move |_| body.into_response()), began);
        ended.expect(3, "error", "false");
        ended.says(wanted);
    }
}

#[test]
fn keys_that_are_missing_or_of_nobody_and_times_in_a_query_are_wrong_inputs() {
    let datadog = file("{ type: datadog }", "sum:a{*}", "sum:b{*}");
    let ended = Gate::new(&datadog).arg("newrelic-key", "x").run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    for wanted in
        ["datadog-api-key: the Datadog source", "datadog-application-key", "newrelic-key: the guardrail file has no"]
    {
        ended.says(wanted);
    }
    Gate::new(&datadog).arg("mode", "validate").run().expect(0, "valid", "false");
    let timed =
        file("{ type: newrelic, account: 1 }", "SELECT count(*) FROM T since 1 hour ago", "SELECT count(*) FROM T");
    let ended = Gate::new(&timed).arg("mode", "validate").run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    ended.says("`since` is not the query's to say");
}

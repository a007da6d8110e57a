//! CloudWatch: the project's sandbox by the real protocol, and scripted timelines for what it cannot be asked to do.

use crate::{
    gate::{Ended, Gate},
    scripted::{Scripted, runtime},
};
use axum::{http::StatusCode, response::IntoResponse};
use serde_json::{Value, json};

const FILE: &str = r#"
version: 1
parameters: { share: errors, latency: Latency }
window: { watch: 3m, interval: 60s, settle: 1s, history: 0s }
sources:
  app: { type: cloudwatch, namespace: App, dimensions: { Service: "${service}" } }
guardrails:
  - name: errors
    share:
      source: app
      numerator: { metric: Errors }
      denominator: { metric: Requests }
      absent_numerator: zero
    max: 1%
    min_samples: 300
  - name: p95
    latency: { source: app, percentile: 95, metric: Latency }
    max: 300ms
    required: false
"#;

/// The start of a whole minute, four minutes ago: the window is over.
fn start() -> i64 {
    (jiff::Timestamp::now().as_second() / 60 - 4) * 60
}

fn moment(second: i64) -> String {
    jiff::Timestamp::from_second(second).unwrap().to_string()
}

fn gate(env: &[(String, String)], service: &str, start: i64) -> Gate {
    let gate = Gate::new(FILE).arg("parameters", &format!("service={service}")).arg("window-start", &moment(start));
    env.iter().fold(gate, |gate, (name, value)| gate.env(name, value))
}

/// One datum of `PutMetricData`.
fn datum(service: &str, name: &str, second: i64, values: &[f64], counts: &[f64]) -> Value {
    json!({"MetricName": name, "Timestamp": second, "Values": values, "Counts": counts,
        "Dimensions": [{"Name": "Service", "Value": service}]})
}

fn put(endpoint: &str, data: &[Value]) {
    let request = transport::client(transport::Limits::default())
        .unwrap()
        .post(endpoint)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "GraniteServiceVersion20100801.PutMetricData")
        .body(json!({"Namespace": "App", "MetricData": data}).to_string());
    let answer = runtime().block_on(async { request.send().await.unwrap().error_for_status().map(|_| ()) });
    answer.unwrap();
}

#[test]
fn published_metrics_decide_by_the_real_protocol() {
    let sandbox = runtime_sandbox();
    let start = start();
    for minute in 0..3 {
        let at = start + minute * 60 + 10;
        let steady = |service: &str, name: &str, value: f64| datum(service, name, at, &[value], &[200.0]);
        put(
            &sandbox.endpoint(),
            &[
                steady("good", "Requests", 1.0),
                steady("good", "Latency", 0.1),
                steady("bad", "Requests", 1.0),
                datum("bad", "Errors", at, &[1.0], &[40.0]),
                steady("slow", "Requests", 1.0),
                steady("slow", "Latency", 0.9),
            ],
        );
    }
    put(&sandbox.endpoint(), &[datum("quiet", "Requests", start + 70, &[1.0], &[20.0])]);
    let env = sandbox.env();

    let good = gate(&env, "good", start).run();
    good.expect(0, "pass", "false");
    good.says("errors 0 of 600 (0 %): pass");
    assert_eq!(good.report["guardrails"][0]["figures"]["share"]["total"], 600);
    assert_eq!(good.report["guardrails"][1]["figures"]["value"]["latest"], 0.1);

    let bad = gate(&env, "bad", start).run();
    bad.expect(1, "fail", "true");
    assert_eq!(bad.report["guardrails"][0]["figures"]["share"]["total"], 600);
    assert!(bad.summary.contains("errors") && bad.summary.contains("120 of 600"), "{}", bad.summary);

    // An observed guardrail that fails is shown and decides nothing.
    let slow = gate(&env, "slow", start).run();
    slow.expect(0, "pass", "false");
    assert_eq!(slow.report["guardrails"][1]["verdict"]["word"], "fail");

    let quiet = gate(&env, "quiet", start).run();
    quiet.expect(3, "inconclusive", "false");
    quiet.says("needs about 280 more");

    let wrong_dimension = gate(&env, "nobody", start).run();
    wrong_dimension.expect(3, "inconclusive", "false");
    wrong_dimension.says("no data in the whole window");
    gate(&env, "nobody", start).arg("on-inconclusive", "fail").run().expect(1, "inconclusive", "true");
    gate(&env, "nobody", start).arg("on-inconclusive", "pass").run().expect(0, "inconclusive", "false");

    preflight_tells_what_the_gate_could_know(&env);
    throttled_twice_still_decides(&sandbox, start);
}

fn preflight_tells_what_the_gate_could_know(env: &[(String, String)]) {
    let preflight = |service: &str| {
        let gate = Gate::new(FILE).arg("parameters", &format!("service={service}")).arg("mode", "preflight");
        env.iter().fold(gate, |gate, (name, value)| gate.env(name, value)).run()
    };
    preflight("good").expect(0, "pass", "false");
    let bad = preflight("bad");
    bad.expect(3, "inconclusive", "false");
    bad.says("outside its limit already before the deployment");
    preflight("nobody").says("no data in the whole window");
}

fn throttled_twice_still_decides(sandbox: &sandbox::Sandbox, start: i64) {
    let fault = json!({"throttle": {"operation": "GetMetricData", "calls": 2}}).to_string();
    let client = transport::client(transport::Limits::default()).unwrap();
    let request = client
        .post(format!("{}/_sandbox/faults", sandbox.endpoint()))
        .header("content-type", "application/json")
        .body(fault);
    runtime().block_on(async { request.send().await.unwrap().error_for_status().map(|_| ()) }).unwrap();
    gate(&sandbox.env(), "good", start).run().expect(0, "pass", "false");
}

fn runtime_sandbox() -> sandbox::Sandbox {
    runtime().block_on(sandbox::Sandbox::start(sandbox::Options::default())).unwrap()
}

/// A CloudWatch that answers each call by its number.
pub(crate) fn scripted(
    answer: impl Fn(usize, &Value) -> (u16, Value) + Send + Sync + 'static,
) -> (Scripted, Vec<(String, String)>) {
    let server = Scripted::start(move |request| {
        let (status, body) = answer(request.number, &serde_json::from_str(&request.body).unwrap_or_default());
        (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
    });
    let url = server.url();
    let env = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "example"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    (server, env)
}

/// Results for every query asked, by metric and statistic.
fn results(input: &Value, status: &str, minutes: &[i64], value: impl Fn(&str, &str) -> Option<f64>) -> Value {
    let start = input["StartTime"].as_i64().unwrap();
    let one = |query: &Value| {
        let stat = &query["MetricStat"];
        let found = value(stat["Metric"]["MetricName"].as_str().unwrap(), stat["Stat"].as_str().unwrap());
        let timestamps: Vec<i64> =
            found.iter().flat_map(|_| minutes.iter().map(|minute| start + minute * 60)).collect();
        let values: Vec<f64> = found.iter().flat_map(|&value| minutes.iter().map(move |_| value)).collect();
        json!({"Id": query["Id"], "Label": "x", "StatusCode": status, "Timestamps": timestamps, "Values": values})
    };
    Value::Array(input["MetricDataQueries"].as_array().unwrap().iter().map(one).collect())
}

fn healthy(name: &str, _: &str) -> Option<f64> {
    match name {
        "Requests" => Some(200.0),
        "Latency" => Some(0.1),
        _ => None,
    }
}

fn run(env: &[(String, String)]) -> Ended {
    gate(env, "any", start()).run()
}

#[test]
fn pages_are_read_to_the_end_and_the_request_is_whole_periods() {
    let (server, env) = scripted(|number, input| {
        let minutes: &[i64] = if number == 0 { &[0] } else { &[1, 2] };
        let status = if number == 0 { "PartialData" } else { "Complete" };
        let mut page = json!({"MetricDataResults": results(input, status, minutes, healthy)});
        if number == 0 {
            page["NextToken"] = "more".into();
        }
        (200, page)
    });
    let ended = run(&env);
    ended.expect(0, "pass", "false");
    assert_eq!(ended.report["guardrails"][0]["figures"]["share"]["total"], 600);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let first: Value = serde_json::from_str(&requests[0].body).unwrap();
    assert_eq!(first["StartTime"].as_i64().unwrap() % 60, 0);
    assert_eq!(first["EndTime"].as_i64().unwrap() - first["StartTime"].as_i64().unwrap(), 180);
    assert_eq!(first["ScanBy"], "TimestampAscending");
    assert_eq!(first["MetricDataQueries"].as_array().unwrap().len(), 4, "one call for all guardrails");
    let second: Value = serde_json::from_str(&requests[1].body).unwrap();
    assert_eq!(second["NextToken"], "more");
    assert!(requests[0].headers.get("authorization").unwrap().to_str().unwrap().contains("/monitoring/aws4_request"));
}

#[test]
fn an_answer_that_is_incomplete_forbidden_or_nonsense_never_passes() {
    type Answer = fn(&Value) -> (u16, Value);
    let cases: [(Answer, &str, &str); 7] = [
        (
            |input| (200, json!({"MetricDataResults": results(input, "PartialData", &[0, 1, 2], healthy)})),
            "inconclusive",
            "PartialData",
        ),
        (|input| (200, json!({"MetricDataResults": results(input, "Forbidden", &[], healthy)})), "error", "Forbidden"),
        (
            |input| {
                (
                    200,
                    json!({"MetricDataResults": results(input, "Complete", &[0, 1, 2], healthy), "NextToken": "same"}),
                )
            },
            "error",
            "same NextToken twice",
        ),
        (
            |_| (200, json!({"MetricDataResults": [{"Id": "zz", "Timestamps": [], "Values": []}]})),
            "error",
            "which was not asked",
        ),
        (
            |_| (200, json!({"MetricDataResults": [{"Id": "q0", "Timestamps": [1], "Values": []}]})),
            "error",
            "as many timestamps",
        ),
        (|_| (200, json!({"MetricDataResults": "none"})), "error", "not the API's"),
        (
            |_| {
                (
                    403,
                    json!({"__type": "AccessDenied", "message": "User is not authorized to perform: cloudwatch:GetMetricData"}),
                )
            },
            "error",
            "cloudwatch:GetMetricData is not allowed",
        ),
    ];
    let running = cases.map(|(answer, verdict, wanted)| {
        let (server, env) = scripted(move |_, input| answer(input));
        (server, gate(&env, "any", start()).start(), verdict, wanted)
    });
    for (_server, running, verdict, wanted) in running {
        let ended = running.wait();
        ended.expect(3, verdict, "false");
        ended.says(wanted);
    }
}

#[test]
fn a_percentile_rank_is_counted_as_requests() {
    let file = FILE.replace(
        "latency: { source: app, percentile: 95, metric: Latency }\n    max: 300ms\n    required: false",
        "latency: { source: app, slower_than: 300ms, metric: Latency }\n    max: 5%",
    );
    let (_server, env) = scripted(|_, input| {
        let value = |name: &str, statistic: &str| match (name, statistic) {
            ("Latency", "PR(:0.3)") => Some(20.0),
            ("Latency", "SampleCount") => Some(50.0),
            _ => healthy(name, statistic),
        };
        (200, json!({"MetricDataResults": results(input, "Complete", &[0, 1, 2], value)}))
    });
    let gate = Gate::new(&file).arg("parameters", "service=any").arg("window-start", &moment(start()));
    let ended = env.iter().fold(gate, |gate, (name, value)| gate.env(name, value)).run();
    ended.expect(1, "fail", "true");
    assert_eq!(ended.report["guardrails"][1]["figures"]["share"]["bad"], 120);
    assert_eq!(ended.report["guardrails"][1]["figures"]["share"]["total"], 150);
}

#[test]
fn an_alarm_that_watches_already_decides_as_well() {
    let file = r#"
version: 1
window: { watch: 3m, interval: 60s, settle: 1s, history: 0s }
sources:
  app: { type: cloudwatch }
guardrails:
  - name: paging
    alarm: { source: app, name: api-5xx }
"#;
    let run = |state: &'static str| {
        let (server, env) = scripted(move |_, input| {
            let alarm = json!({"AlarmName": input["AlarmNames"][0], "StateValue": state, "StateUpdatedTimestamp": 1.0});
            (200, json!({ "MetricAlarms": [alarm], "CompositeAlarms": [] }))
        });
        let gate = Gate::new(file).arg("window-start", &moment(start()));
        let ended = env.iter().fold(gate, |gate, (name, value)| gate.env(name, value)).run();
        let target = server.requests()[0].headers.get("x-amz-target").cloned().unwrap();
        assert_eq!(target, "GraniteServiceVersion20100801.DescribeAlarms");
        ended
    };
    run("OK").expect(0, "pass", "false");
    run("ALARM").expect(1, "fail", "true");
    run("INSUFFICIENT_DATA").expect(3, "inconclusive", "false");
}

//! Every preset against a release that must trip it and one that must not.

use crate::{
    cloudwatch::scripted,
    gate::{Ended, Gate, Running},
    scripted::Scripted,
};
use axum::response::IntoResponse;
use serde_json::{Value, json};

/// The whole minute at which the release began, long enough ago that every window is over.
pub(crate) fn began() -> i64 {
    (jiff::Timestamp::now().as_second() / 60 - 25) * 60
}

pub(crate) fn moment(second: i64) -> String {
    jiff::Timestamp::from_second(second).unwrap().to_string()
}

/// What a metric's statistic was in a minute before the release (`false`) or after it.
pub(crate) type Course = fn(&str, &str, bool) -> Option<f64>;

/// A CloudWatch with a value for every period of every query asked.
pub(crate) fn cloudwatch(began: i64, course: Course) -> (Scripted, Vec<(String, String)>) {
    scripted(move |_, input| {
        let (start, end) = (input["StartTime"].as_i64().unwrap(), input["EndTime"].as_i64().unwrap());
        let one = |query: &Value| {
            let stat = &query["MetricStat"];
            let period = stat["Period"].as_i64().unwrap();
            let (name, statistic) = (stat["Metric"]["MetricName"].as_str().unwrap(), stat["Stat"].as_str().unwrap());
            let moments = (0..).map(|index| start + index * period).take_while(|moment| *moment < end);
            let known = moments.filter_map(|at| Some((at, course(name, statistic, at >= began)?)));
            let (timestamps, values): (Vec<i64>, Vec<f64>) = known.unzip();
            json!({"Id": query["Id"], "StatusCode": "Complete", "Timestamps": timestamps, "Values": values})
        };
        let results: Vec<Value> = input["MetricDataQueries"].as_array().unwrap().iter().map(one).collect();
        (200, json!({ "MetricDataResults": results }))
    })
}

pub(crate) fn preset(name: &str, parameters: &str, began: i64) -> Gate {
    let gate = Gate::new("").arg("guardrails", &format!("preset:{name}")).arg("window-start", &moment(began));
    parameters.split_whitespace().fold(gate, |gate, parameter| gate.arg("parameters", parameter))
}

pub(crate) fn with(gate: Gate, env: &[(String, String)]) -> Gate {
    env.iter().fold(gate, |gate, (name, value)| gate.env(name, value))
}

fn good(name: &str, statistic: &str, _: bool) -> Option<f64> {
    match (name, statistic) {
        ("RequestCount" | "Count" | "Invocations", _) | (_, "SampleCount") => Some(300.0),
        (_, "PR(:0.3)") => Some(99.5),
        ("HealthyHostCount" | "RunningTaskCount" | "DesiredTaskCount", _) => Some(4.0),
        ("Duration", "p99") => Some(110.0),
        _ => None,
    }
}

/// A release is bad in one thing; before it, everything was good.
fn bad(wrong: &str, value: f64, asked: (&str, &str, bool)) -> Option<f64> {
    let (name, statistic, after) = asked;
    if after && (name == wrong || statistic == wrong) { Some(value) } else { good(name, statistic, after) }
}

#[test]
fn cloudwatch_presets_trip_on_what_they_are_for_and_on_nothing_else() {
    let balancer = "load_balancer=app/x/1 target_group=targetgroup/x/1";
    let (lambda, fargate) = ("function=f alias=live", "cluster=c service=s");
    let began = began();
    type Case = (&'static str, &'static str, Course, i32, &'static str);
    let cases: Vec<Case> = vec![
        ("load-balancer", balancer, good, 0, "3 of 3"),
        ("load-balancer", balancer, |n, s, a| bad("HTTPCode_Target_5XX_Count", 15.0, (n, s, a)), 1, "server-errors"),
        ("load-balancer", balancer, |n, s, a| bad("PR(:0.3)", 70.0, (n, s, a)), 1, "p95-latency"),
        ("load-balancer", balancer, |n, s, a| bad("HealthyHostCount", 0.0, (n, s, a)), 1, "healthy-targets"),
        ("api-gateway", "api=shop stage=live", good, 0, "1 of 1"),
        ("api-gateway", "api=shop stage=live", |n, s, a| bad("5XXError", 33.0, (n, s, a)), 1, "gateway-errors"),
        ("lambda", lambda, good, 0, "2 of 2"),
        ("lambda", lambda, |n, s, a| bad("Errors", 16.0, (n, s, a)), 1, "function-errors"),
        ("lambda", lambda, |n, s, a| bad("p99", 133.0, (n, s, a)), 1, "p99-latency"),
        ("lambda", lambda, |n, s, a| bad("p99", 131.0, (n, s, a)), 0, "2 of 2"),
        ("fargate", fargate, good, 0, "1 of 1"),
        ("fargate", fargate, |n, s, a| bad("RunningTaskCount", 3.0, (n, s, a)), 1, "running-tasks"),
    ];
    let running: Vec<(Scripted, Running)> = cases
        .iter()
        .map(|(name, parameters, course, ..)| {
            let (server, env) = cloudwatch(began, *course);
            (server, with(preset(name, parameters, began), &env).start())
        })
        .collect();
    for ((name, _, _, code, wanted), (server, running)) in cases.iter().zip(running) {
        let ended = running.wait();
        let (verdict, rollback) = if *code == 0 { ("pass", "false") } else { ("fail", "true") };
        ended.expect(*code, verdict, rollback);
        assert!(ended.outputs["reason"].contains(wanted), "{name}: {:?}", ended.outputs["reason"]);
        assert!(ended.plot.contains(&format!(": {verdict} · ")), "{name}: {}", ended.plot);
        assert!(server.requests().len() <= 2, "{name}: one call for the past, one for the window");
    }
}

/// A Prometheus that has stored a sample every 15 seconds; `rate` is a counter's growth in a second, before the release and
/// after it.
pub(crate) fn prometheus(began: i64, rate: fn(&str, bool) -> f64) -> Scripted {
    Scripted::start(move |request| {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        let field = |name: &str| form.iter().find(|(key, _)| key == name).unwrap().1.clone();
        let (query, end) = (field("query"), field("time").parse::<f64>().unwrap() as i64);
        let (selector, range) = query.rsplit_once('[').unwrap();
        let length: i64 = range.trim_end_matches("s]").parse().unwrap();
        let value = |at: i64| {
            let (before, after) = (at.min(began) - began + 100_000, (at - began).max(0));
            (before as f64 * rate(selector, false) + after as f64 * rate(selector, true)).round()
        };
        let moments = (0..).map(|index| (end - length) / 15 * 15 + index * 15).skip(1).take_while(|at| *at <= end);
        let values: Vec<Value> = moments.map(|at| json!([at, value(at).to_string()])).collect();
        let data = json!({"resultType": "matrix", "result": [{"metric": {}, "values": values}]});
        json!({"status": "success", "data": data}).to_string().into_response()
    })
}

#[test]
fn prometheus_presets_trip_on_what_they_are_for_and_on_nothing_else() {
    fn steady(selector: &str, _: bool) -> f64 {
        match selector {
            s if s.contains("code=~") => 0.02,
            s if s.contains("_bucket") => 9.8,
            s if s.contains("nonpositive") => 0.3,
            s if s.contains("above_max") => 0.1,
            s if s.contains("blocked") => 0.2,
            _ => 10.0,
        }
    }
    let began = began();
    type Case = (&'static str, fn(&str, bool) -> f64, i32, &'static str);
    let cases: Vec<Case> = vec![
        ("prometheus-http", steady, 0, "2 of 2"),
        ("prometheus-http", |s, a| if a && s.contains("code=~") { 0.6 } else { steady(s, a) }, 1, "error-rate"),
        ("prometheus-http", |s, a| if a && s.contains("_bucket") { 8.0 } else { steady(s, a) }, 1, "p95-latency"),
        ("business-prometheus", steady, 0, "3 of 3"),
        ("business-prometheus", |s, a| if a && s.contains("nonpos") { 1.2 } else { steady(s, a) }, 1, "nothing-left"),
        ("business-prometheus", |s, a| if a && s.contains("above") { 0.8 } else { steady(s, a) }, 1, "above-maximum"),
        ("business-prometheus", |s, a| if a && s.contains("blocked") { 2.0 } else { steady(s, a) }, 1, "blocked"),
        ("business-prometheus", |s, a| if a && s.contains("blocked") { 0.22 } else { steady(s, a) }, 0, "3 of 3"),
    ];
    let running: Vec<(Scripted, Running)> = cases
        .iter()
        .map(|(name, rate, ..)| {
            let server = prometheus(began, *rate);
            let job = if *name == "prometheus-http" { "job=api" } else { "" };
            let parameters = format!("prometheus_url={} {job}", server.url());
            let running = preset(name, &parameters, began).start();
            (server, running)
        })
        .collect();
    for ((name, _, code, wanted), (_server, running)) in cases.iter().zip(running) {
        let ended = running.wait();
        let (verdict, rollback) = if *code == 0 { ("pass", "false") } else { ("fail", "true") };
        ended.expect(*code, verdict, rollback);
        assert!(ended.outputs["reason"].contains(wanted), "{name}: {:?}", ended.outputs["reason"]);
    }
}

/// A batch output of 4,000 decisions of which so many in a thousand are bad in each way.
fn output(nothing_left: usize, above: usize, blocked: usize) -> String {
    let row = |index: usize| {
        let place = index % 1000;
        let days = if place < nothing_left {
            0
        } else if place < nothing_left + above {
            400
        } else {
            30
        };
        format!("{{\"days_remaining\": {days}, \"blocked\": {}}}\n", place >= 1000 - blocked)
    };
    (0..4000).map(row).collect()
}

fn batch(now: &str) -> Ended {
    let gate = Gate::new("").arg("guardrails", "preset:business-file").file("now.jsonl", now);
    let gate = gate.file("before.jsonl", &output(30, 10, 20)).arg("window-start", "2026-01-01T00:00:00Z");
    gate.arg("parameters", "output=now.jsonl").arg("parameters", "before=before.jsonl").run()
}

#[test]
fn a_batch_output_is_held_against_the_one_before_it() {
    batch(&output(32, 11, 20)).expect(0, "pass", "false");
    for (text, wanted) in [
        (output(80, 10, 20), "nothing-left: 320 of 4000 (8.00 %)"),
        (output(30, 60, 20), "above-maximum"),
        (output(30, 10, 90), "blocked"),
    ] {
        let ended = batch(&text);
        ended.expect(1, "fail", "true");
        ended.says(wanted);
    }
    // A little more than allowed is not proven by 4,000 rows, an empty file proves nothing, a broken one is named.
    batch(&output(38, 10, 20)).expect(3, "inconclusive", "false");
    batch("").expect(3, "inconclusive", "false");
    let broken = batch("{\n");
    broken.expect(3, "error", "false");
    broken.says("line 1");
}

#[test]
fn endpoints_are_probed_while_the_watch_runs() {
    let service = |ready: u16| {
        Scripted::start(move |request| {
            let status = if request.path == "/ready" { ready } else { 200 };
            axum::http::StatusCode::from_u16(status).unwrap().into_response()
        })
    };
    let times = ["watch=4s", "interval=1s", "warm_up=0s", "every=1s"];
    let begin = |url: &str| {
        let gate = Gate::new("").arg("guardrails", "preset:readiness").arg("parameters", &format!("service_url={url}"));
        times.iter().fold(gate, |gate, parameter| gate.arg("parameters", parameter)).start()
    };
    let (up, down) = (service(200), service(503));
    // A service that is not there answers no probe: that is its failure and not a source's.
    let gone = service(200).url();
    let running = [up.url(), down.url(), gone].map(|url| begin(&url));
    let [up, down, gone] = running.map(Running::wait);
    up.expect(0, "pass", "false");
    down.expect(1, "fail", "true");
    assert!(down.outputs["reason"].contains("readiness") && !down.outputs["reason"].contains("health:"));
    gone.expect(1, "fail", "true");
}

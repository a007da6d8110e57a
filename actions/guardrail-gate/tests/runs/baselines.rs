//! Limits relative to something: the same time on earlier days, what is written down, the version beside the release.

use crate::{
    gate::{Ended, Gate},
    presets::{began, cloudwatch, moment, prometheus, with},
    scripted::Scripted,
};

fn same_time(wanted: &str) -> String {
    let guardrail = format!(
        "share: {{ source: app, numerator: {{ metric: Errors }}, denominator: {{ metric: Requests }} }}\n    \
         max_increase: {wanted}\n    baseline: {{ kind: same_time, days: \"1, 7\" }}"
    );
    format!(
        "version: 1\nwindow: {{ watch: 10m, interval: 60s, settle: 1s }}\nsources:\n  app: {{ type: cloudwatch, namespace: \
         App }}\nguardrails:\n  - name: errors\n    {guardrail}\n"
    )
}

/// Every day at this hour 2 % are bad; an hour ago it was none.
#[test]
fn the_same_time_on_earlier_days_is_a_baseline() {
    let began = began();
    let run = |after: fn(bool) -> f64, earlier: bool| -> (Ended, usize) {
        let day = 24 * 3600;
        let (server, env) = crate::cloudwatch::scripted(move |_, input| {
            let (start, end) = (input["StartTime"].as_i64().unwrap(), input["EndTime"].as_i64().unwrap());
            let is_earlier = start < began - day / 2;
            let one = |query: &serde_json::Value| {
                let name = query["MetricStat"]["Metric"]["MetricName"].as_str().unwrap();
                let moments: Vec<i64> = (start..end).step_by(60).filter(|_| earlier || !is_earlier).collect();
                let value = |at: &i64| match name {
                    "Requests" => 500.0,
                    _ if is_earlier => 10.0,
                    _ => after(*at >= began),
                };
                let values: Vec<f64> = moments.iter().map(value).collect();
                serde_json::json!({"Id": query["Id"], "StatusCode": "Complete", "Timestamps": moments, "Values": values})
            };
            let results: Vec<_> = input["MetricDataQueries"].as_array().unwrap().iter().map(one).collect();
            (200, serde_json::json!({ "MetricDataResults": results }))
        });
        let gate = Gate::new(&same_time("50%")).arg("window-start", &moment(began));
        let ended = with(gate, &env).run();
        (ended, server.requests().len())
    };
    // As always at this hour, and far more than an hour ago.
    let (usual, calls) = run(|after| if after { 10.0 } else { 0.0 }, true);
    usual.expect(0, "pass", "false");
    assert_eq!(calls, 4, "the hour before, two earlier days, the window");
    assert_eq!(usual.report["guardrails"][0]["figures"]["share"]["baseline_total"], 10_000);
    let (worse, _) = run(|after| if after { 150.0 } else { 0.0 }, true);
    worse.expect(1, "fail", "true");
    worse.says("more than at the same time on earlier days, there 200 of 10000");
    let (unknown, _) = run(|_| 10.0, false);
    unknown.expect(3, "inconclusive", "false");
    unknown.says("no baseline");
}

fn beside(server: &Scripted, split: &str) -> Gate {
    let file = format!(
        "version: 1\nwindow: {{ watch: 10m, interval: 60s, history: 0s }}\nsources:\n  prom: {{ type: prometheus, url: \
         \"{}\", scrape_interval: 15s }}\nguardrails:\n  - name: errors\n    share: {{ source: prom, numerator: {{ counter: \
         bad_new }}, denominator: {{ counter: all_new }}, absent_numerator: zero }}\n    max_increase: 20%\n    baseline: {{ kind: \
         concurrent, split: {split}, numerator: {{ counter: bad_old }}, denominator: {{ counter: all_old }} }}\n",
        server.url()
    );
    Gate::new(&file)
}

#[test]
fn a_canary_is_judged_beside_the_version_it_replaces() {
    // A tenth of the traffic; whatever is bad for both is not the canary's doing.
    fn both_bad(selector: &str, _: bool) -> f64 {
        match selector {
            "all_new" => 4.0,
            "all_old" => 36.0,
            "bad_new" => 0.4,
            _ => 3.6,
        }
    }
    let began = began();
    let run = |rate: fn(&str, bool) -> f64, split: &str| {
        let server = prometheus(began, rate);
        beside(&server, split).arg("window-start", &moment(began)).run()
    };
    run(both_bad, "10%").expect(0, "pass", "false");
    let worse = run(|selector, after| if selector == "bad_new" { 1.6 } else { both_bad(selector, after) }, "10%");
    worse.expect(1, "fail", "true");
    worse.says("20 % more than the version beside it");
    let elsewhere = run(both_bad, "50%");
    elsewhere.expect(3, "inconclusive", "false");
    elsewhere.says("not the planned part of the traffic");
}

#[test]
fn presets_say_which_there_are() {
    let ended = Gate::new("").arg("guardrails", "preset:lamda").arg("mode", "validate").run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    ended.says("no preset is called `lamda`; known are load-balancer, api-gateway, lambda");
    let (_server, env) = cloudwatch(began(), |_, _, _| None);
    let missing = with(Gate::new("").arg("guardrails", "preset:lambda"), &env).run();
    assert_eq!(missing.code, Some(2), "{}", missing.log);
    missing.says("no parameter `function` was given");
}

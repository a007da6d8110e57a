//! Whole files: what they come to, and everything that is said about a wrong one.

use super::*;
use document::Problem;

const FILE: &str = r#"
version: 1
parameters:
  watch: 5m
window: { warm_up: 30s, watch: "${watch}", interval: 60s }
false_rollback_budget: 0.5%
sources:
  alb:
    type: cloudwatch
    namespace: AWS/ApplicationELB
    dimensions: { LoadBalancer: "${lb}", TargetGroup: targetgroup/api/1 }
  prom: { type: prometheus, url: "https://prom.example.org/sub", scrape_interval: 15s }
guardrails:
  - name: server-errors
    share:
      source: alb
      numerator: { metric: HTTPCode_Target_5XX_Count }
      denominator: { metric: RequestCount }
      absent_numerator: zero
    max: 1%
  - name: p95
    latency: { source: alb, percentile: 95, metric: TargetResponseTime }
    max: 300ms
  - name: slow
    latency: { source: alb, slower_than: 300ms, metric: TargetResponseTime }
    max: 5%
  - name: p95-prometheus
    latency: { source: prom, percentile: 95, histogram: request_seconds, selector: 'job="api"' }
    max: 1s
  - name: available
    share:
      source: prom
      numerator: { counter: 'good_total{job="api"}' }
      denominator: { query: 'sum(increase(all_total[1m]))' }
    min: 99.9%
    min_samples: 10
  - name: healthy
    gauge: { source: alb, metric: HealthyHostCount, statistic: Minimum }
    min: 2
    breach: 2 of 3
    required: false
"#;

fn parsed(text: &str) -> Result<Plan, Vec<Problem>> {
    parse(text, &["lb=app/web/1".parse().unwrap()])
}

fn problems(text: &str) -> Vec<String> {
    parsed(text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn cloudwatch(name: &str, statistic: &str) -> Query {
    let dimensions = [("LoadBalancer", "app/web/1"), ("TargetGroup", "targetgroup/api/1")];
    Query::CloudWatch(signals::Metric {
        namespace: "AWS/ApplicationELB".into(),
        name: name.into(),
        dimensions: dimensions.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        statistic: statistic.into(),
    })
}

fn counter(selector: &str) -> Query {
    Query::Counter { selector: selector.into() }
}

#[test]
fn a_file_says_what_is_asked_and_what_decides() {
    let plan = parsed(FILE).unwrap();
    assert_eq!(
        plan.window,
        Window { warm_up: 30, interval: 60, intervals: 5, settle: 180, stale_after: 300, history: 60 }
    );
    let at =
        |limit: Share, min_samples| Rule::Share { limit: Limit::At(limit), min_samples, unit: Piece::Auto, hard: None };
    let share = |limit: &str, min_samples| at(limit.parse().unwrap(), min_samples);
    let measures: Vec<(&Measure, Rule)> = plan.guardrails.iter().map(|g| (&g.measure, g.rule)).collect();
    let of = |numerator, denominator, absent_numerator| Measure::Share {
        numerator,
        denominator,
        absent_numerator,
        beside: None,
    };
    assert_eq!(
        *measures[0].0,
        of(
            Numerator::Bad(cloudwatch("HTTPCode_Target_5XX_Count", "Sum")),
            cloudwatch("RequestCount", "Sum"),
            Absent::Zero
        )
    );
    assert_eq!(measures[0].1, share("1%", 299));
    let response_time = |statistic| cloudwatch("TargetResponseTime", statistic);
    assert_eq!(
        *measures[1].0,
        Measure::Value { value: response_time("p95"), over: None, samples: Some(response_time("SampleCount")) }
    );
    let breach = Breach { datapoints: 3, of: 5 };
    assert_eq!(measures[1].1, Rule::Value { bound: Bound::Max(0.3), breach, min_samples: 59 });
    let rank = Numerator::GoodPercent(response_time("PR(:0.3)"));
    assert_eq!(*measures[2].0, of(rank, response_time("SampleCount"), Absent::NoData));
    let within = Numerator::Good(counter(r#"request_seconds_bucket{job="api",le=~"1|1[.]0"}"#));
    assert_eq!(*measures[3].0, of(within, counter(r#"request_seconds_count{job="api"}"#), Absent::NoData));
    assert_eq!(measures[3].1, share("5%", 59));
    assert_eq!(measures[4].1.clone(), at("99.9%".parse::<Share>().unwrap().complement(), 10));
    assert!(matches!(measures[4].0, Measure::Share { numerator: Numerator::Good(_), .. }));
    let breach = Breach { datapoints: 2, of: 3 };
    assert_eq!(measures[5].1, Rule::Value { bound: Bound::Min(2.0), breach, min_samples: 3 });
    assert_eq!(plan.guardrails[5].duty, Duty::Observe);
    // 0.5 % over four required shares.
    assert!((plan.alpha() - 0.005 / 4.0).abs() < 1e-12);
}

#[test]
fn everything_wrong_is_told_at_once_with_its_line() {
    let file = FILE
        .replace("max: 1%\n", "maxx: 1%\n")
        .replace("percentile: 95, metric", "percentil: 95, metric")
        .replace("source: prom\n", "source: prm\n")
        .replace("interval: 60s", "interval: 45s")
        .replace("version: 1", "version: 2");
    let problems = problems(&file);
    for wanted in [
        "line 2: version: only version 1 is known",
        "line 5: window.interval: CloudWatch (`alb`) has periods",
        "line 20: guardrails[0].maxx: unknown key; did you mean `max`?",
        "line 22: guardrails[1].latency.percentil: unknown key; did you mean `percentile`?",
        "line 32: guardrails[4].share.source: no source is called `prm`; known are alb, prom",
    ] {
        assert!(problems.iter().any(|p| p.starts_with(wanted)), "{wanted}: {problems:#?}");
    }
}

#[test]
fn a_file_that_could_never_decide_rightly_is_refused() {
    for (from, to, wanted) in [
        ("max: 1%", "max: 100%", "can never be exceeded"),
        ("max: 1%", "max: 1%\n    min_samples: 0", "no samples are no evidence"),
        ("max: 1%", "max: 0%", "`min_samples` is missing"),
        ("max: 1%", "max: 1%\n    min: 1%", "exactly one limit"),
        ("max: 1%", "max: 1%\n    breach: 3 of 5", "`breach` belongs to values"),
        ("max: 300ms", "max: 0.3", "write it with its unit"),
        ("max: 300ms", "min: 300ms", "a `max` or a `max_increase`"),
        ("max: 1%", "max_increase: 20%", "relative to a `baseline`"),
        ("max: 1%", "max: 1%\n    baseline: { kind: previous_window }", "compared with by `max_increase`"),
        ("max: 1%", "max_increase: 20%\n    baseline: { kind: last_week }", "not a kind of baseline"),
        ("max: 1%", "max_increase: 20%\n    baseline: { kind: same_time, days: 0 }", "one or more days"),
        ("max: 1%", "max_increase: 20%\n    baseline: { kind: recorded, bad: 9, total: 3 }", "more than all"),
        ("max: 1%", "max_increase: much\n    baseline: { kind: previous_window }", "write it as 20%"),
        ("max: 1%", "max: 1%\n    hard: { max: 20%, for: 9 }", "more than are watched"),
        ("absent_numerator: zero", "absent_numerator: zero\n      unit: minute", "none of auto, interval, request"),
        (
            "absent_numerator: zero",
            "absent_numerator: zero\n      unit: interval\n      burst: 3",
            "counted in requests",
        ),
        (
            "min: 2",
            "max_increase: 20%\n    baseline: { kind: recorded, bad: 1, total: 9 }",
            "compared with its own past",
        ),
        (
            "gauge: { source: alb, metric: HealthyHostCount, statistic: Minimum }",
            "probe: { source: alb, path: /x }",
            "`type: http`",
        ),
        ("breach: 2 of 3", "breach: 6 of 6", "can never happen in a watch of 5 intervals"),
        ("absent_numerator: zero", "absent_numerator: nil", "neither zero nor no_data"),
        ("watch: 5m", "watch: 90s", "whole intervals"),
        ("watch: 5m", "watch: 0s", "whole intervals"),
        ("scrape_interval: 15s", "scrape_interval: 5m", "shorter than the scrape interval"),
        ("url: \"https://prom.example.org/sub\"", "url: \"https://me:pw@prom\"", "no user, password"),
        ("url: \"https://prom.example.org/sub\"", "url: \"file:///etc/passwd\"", "not an http or https address"),
        ("name: p95\n", "name: server-errors\n", "a second guardrail is called"),
        ("false_rollback_budget: 0.5%", "false_rollback_budget: 0%", "is not between"),
        ("\"${lb}\"", "\"${load_balancer}\"", "no parameter `load_balancer` was given"),
        ("LoadBalancer: \"${lb}\"", "LoadBalancer: \"\"", "a dimension needs a value"),
        ("gauge: { source: alb,", "share: { source: alb }\n    gauge: { source: alb,", "exactly one of"),
        ("numerator: { counter: 'good_total{job=\"api\"}' }", "numerator: { counter: 'x[5m]' }", "a plain selector"),
        ("version: 1", "version: 1\nversion: 1", "duplicate"),
        ("version: 1", "version: [1", "not YAML"),
    ] {
        assert!(FILE.contains(from), "{from}");
        let problems = problems(&FILE.replacen(from, to, 1));
        assert!(problems.iter().any(|p| p.contains(wanted)), "{to}: {problems:#?}");
    }
}

#[test]
fn rows_probes_and_relative_limits_are_read() {
    let file = r#"
version: 1
window: { watch: 5m, interval: 30s, history: 30m }
sources:
  out: { type: file, path: out/p.jsonl }
  before: { type: file, path: out/old.jsonl }
  svc: { type: http, url: "https://svc.example.org/api" }
  prom: { type: prometheus, url: "https://prom.example.org", scrape_interval: 15s }
guardrails:
  - name: rows
    share: { source: out, rows: "$[*]", bad: "$[?@.days_remaining <= 0]" }
    max_increase: 20%
    min_increase: 0.5%
    baseline: { kind: source, source: before }
  - name: ready
    probe: { source: svc, path: /ready, every: 5s }
    max: 10%
  - name: beside
    share: { source: prom, numerator: { counter: bad_new }, denominator: { counter: all_new } }
    max_increase: 50%
    baseline: { kind: concurrent, split: 10%, numerator: { counter: bad_old }, denominator: { counter: all_old } }
  - name: queue
    gauge: { source: svc, value: $.depth }
    max: 80%
"#;
    let plan = parse(file, &[]).unwrap();
    let [rows, ready, beside, queue] = &plan.guardrails[..] else { panic!("{plan:?}") };
    assert!(rows.measure.is_whole());
    let Rule::Share { limit: Limit::Increase { by, points }, unit, .. } = rows.rule else { panic!("{:?}", rows.rule) };
    assert_eq!(
        (by.to_string(), points.to_string(), unit),
        ("20 %".into(), "0.5 %".into(), Piece::Request { burst: 1 })
    );
    let probe = ready.measure.probe().unwrap();
    assert_eq!((probe.path.as_str(), probe.status, probe.every, probe.timeout), ("/ready", 200, 5, 2));
    assert_eq!(beside.measure.queries().count(), 4);
    assert!(matches!(beside.baseline, Some(Baseline::Concurrent { split: Some(_) })));
    assert!(matches!(queue.rule, Rule::Value { bound: Bound::Max(bound), .. } if (bound - 0.8).abs() < 1e-12));
    let wrong = |from: &str, to: &str| parse(&file.replace(from, to), &[]).unwrap_err()[0].to_string();
    assert!(wrong("[?@.days", "[?(.days").contains("no JSONPath"));
    assert!(wrong("source: before", "source: nobody").contains("no such source"));
}

/// Every preset is a file that reads, with the parameters its comments and README name.
#[test]
fn every_preset_is_a_file_that_reads() {
    let given: Vec<document::Parameter> = [
        "load_balancer=app/x/1",
        "target_group=targetgroup/x/1",
        "api=shop",
        "stage=live",
        "function=f",
        "alias=live",
        "cluster=c",
        "service=s",
        "prometheus_url=https://prom.example.org",
        "job=api",
        "output=o.jsonl",
        "before=b.jsonl",
        "service_url=https://svc.example.org",
    ]
    .map(|text| text.parse().unwrap())
    .to_vec();
    for (name, text) in crate::presets::PRESETS {
        let plan = parse(text, &given).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        assert!(!plan.guardrails.is_empty(), "{name}");
    }
    assert!(crate::presets::text("lamda").unwrap_err().contains("known are load-balancer"));
}

#[test]
fn empty_and_hollow_files_are_refused_with_what_to_write() {
    for text in ["", "~", "[]", "hello", "version: 1"] {
        assert!(!problems(text).is_empty(), "{text:?}");
    }
    let all = problems("version: 1");
    for key in ["window", "sources", "guardrails"] {
        assert!(all.iter().any(|p| p.contains(&format!("`{key}` is missing"))), "{all:#?}");
    }
    let observed =
        FILE.replace("max: ", "required: false\n    max: ").replace("min: 99.9%", "required: false\n    min: 99.9%");
    assert!(problems(&observed).iter().any(|p| p.contains("nothing could ever stop the release")));
}

#[test]
fn a_parameter_the_file_never_uses_is_known() {
    let plan = parse(FILE, &["lb=a".parse().unwrap(), "lbb=b".parse().unwrap()]).unwrap();
    assert_eq!(plan.unused_parameters, ["lbb"]);
}

proptest::proptest! {
    /// A file of any bytes is a plan or a list of problems, never a crash, and never nothing.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        if let Err(problems) = parsed(&text) {
            proptest::prop_assert!(!problems.is_empty());
        }
    }

    /// The same for a real file with a piece cut out.
    #[test]
    fn any_cut_of_a_file_is_read_or_refused(from in 0_usize..1200, length in 1_usize..80) {
        let from = from.min(FILE.len());
        let cut = [&FILE[..from], &FILE[(from + length).min(FILE.len())..]].concat();
        if let Err(problems) = parsed(&cut) {
            proptest::prop_assert!(!problems.is_empty());
        }
    }
}

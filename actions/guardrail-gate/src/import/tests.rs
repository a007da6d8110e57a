//! Files as each tool's documentation shows them, and what becomes of them.

use super::*;
use crate::config::{Limit, Measure, Numerator, Plan, Rule, parse};
use signals::Query;

const ARGO: &str = r#"
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: { name: success-rate }
spec:
  args: [{ name: service-name }]
  metrics:
  - name: success-rate
    interval: 1m
    count: 15
    successCondition: result[0] >= 0.99
    failureLimit: 3
    provider:
      prometheus:
        address: http://prometheus.example.com:9090
        query: |
          sum(irate(istio_requests_total{reporter="source",destination_service=~"{{args.service-name}}",response_code!~"5.*"}[5m])) /
          sum(irate(istio_requests_total{reporter="source",destination_service=~"{{args.service-name}}"}[5m]))
  - name: queue
    failureCondition: result > 100
    provider: { prometheus: { address: "http://prometheus.example.com:9090", query: "max(queue_depth)" } }
  - name: job
    successCondition: result == "ok"
    provider: { job: {} }
"#;

fn read(text: &str, parameters: &[&str]) -> (Imported, Plan) {
    let imported = import(text).unwrap();
    let given: Vec<document::Parameter> = parameters.iter().map(|text| text.parse().unwrap()).collect();
    let plan = parse(&imported.text, &given).unwrap_or_else(|problems| panic!("{problems:?}\n{}", imported.text));
    (imported, plan)
}

#[test]
fn an_analysis_template_becomes_shares_where_it_has_ratios() {
    let (imported, plan) = read(ARGO, &["service-name=api"]);
    assert_eq!((plan.window.interval, plan.window.intervals), (60, 15));
    let [rate, queue] = &plan.guardrails[..] else { panic!("{}", imported.text) };
    let Measure::Share { numerator: Numerator::Good(Query::Counter { selector }), .. } = &rate.measure else {
        panic!("{:?}", rate.measure)
    };
    let wanted = r#"istio_requests_total{reporter="source",destination_service=~"api",response_code!~"5.*"}"#;
    assert_eq!(selector, wanted);
    let Rule::Share { limit: Limit::At(limit), .. } = rate.rule else { panic!("{:?}", rate.rule) };
    assert_eq!(limit.to_string(), "1 %");
    assert!(matches!(queue.rule, Rule::Value { bound: crate::config::Bound::Max(100.0), .. }));
    // What reference measurements say of "more than 3 of 15" at 60 requests a minute, half the limit.
    assert!(imported.remarks.iter().any(|remark| remark.contains("4 of 15") && remark.contains("rolls back 5")));
    assert!(imported.remarks.iter().any(|remark| remark.starts_with("job: ")), "{:?}", imported.remarks);
}

#[test]
fn a_metric_template_leaves_its_threshold_to_a_parameter() {
    let template = r#"
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: { name: not-found-percentage }
spec:
  provider: { type: prometheus, address: "http://promethues.istio-system:9090" }
  query: |
    100 * sum(rate(istio_requests_total{destination_workload="{{ target }}",response_code="404"}[{{ interval }}]))
    / sum(rate(istio_requests_total{destination_workload="{{ target }}"}[{{ interval }}]))
"#;
    let (imported, plan) = read(template, &["max=5%", "target=podinfo"]);
    assert!(matches!(plan.guardrails[0].rule, Rule::Share { .. }), "{}", imported.text);
}

#[test]
fn an_slo_keeps_absolute_and_relative_criteria() {
    let slo = r#"
spec_version: "1.0"
comparison: { compare_with: single_result }
objectives:
  - sli: response_time_p95
    pass: [{ criteria: ["<=+10%", "<600"] }]
    warning: [{ criteria: ["<=800"] }]
  - sli: throughput
"#;
    let (imported, plan) = read(slo, &["prometheus_url=http://p:9090", "sli_response_time_p95=x"]);
    assert_eq!(plan.guardrails.len(), 2);
    assert!(imported.remarks.iter().any(|remark| remark.contains("throughput: has no criterion")));
}

#[test]
fn thresholds_of_k6_are_asked_of_its_summary() {
    let options = r#"{ "thresholds": { "http_req_failed": ["rate<0.01"], "http_req_duration": ["p(95)<500", {"threshold": "avg<200"}] } }"#;
    let (imported, plan) = read(options, &["summary=summary.json"]);
    assert_eq!(plan.guardrails.len(), 3, "{}", imported.text);
    let Measure::Value { value: Query::Number { select }, .. } = &plan.guardrails[1].measure else { panic!() };
    assert_eq!(select.to_string(), "$.metrics['http_req_duration']['p(95)']");
}

#[test]
fn what_is_nobodys_is_refused_with_what_is_known() {
    for text in ["", "[]", "kind: Deployment", "kind: AnalysisTemplate", "thresholds: 3", "{", "objectives: []"] {
        assert!(import(text).is_err(), "{text}");
    }
    assert!(import("kind: Deployment").unwrap_err().contains("known are AnalysisTemplate"));
}

#[test]
fn only_ratios_of_plain_counters_are_ratios() {
    for (query, wanted) in [
        ("sum(rate(a[1m])) / sum(rate(b[1m]))", Some(("a", "b"))),
        ("(sum(increase(a{x=\"/\"}[1m])) / sum(increase(b[1m])))", None),
        ("sum(increase(a{x=\"/\"}[1m])) / sum(increase(b{y=\"1\"}[1m]))", Some(("a{x=\"/\"}", "b{y=\"1\"}"))),
        ("a / b", None),
        ("sum(rate(a[1m])) / sum(rate(b[1m])) / 2", None),
        ("1 - sum(rate(a[1m])) / sum(rate(b[1m]))", None),
        ("histogram_quantile(0.95, rate(a[1m]))", None),
        ("sum(rate(a[1m]) + rate(c[1m])) / sum(rate(b[1m]))", None),
    ] {
        let wanted = wanted.map(|(a, b): (&str, &str)| (a.to_owned(), b.to_owned()));
        assert_eq!(promql::ratio(query), wanted, "{query}");
    }
}

proptest::proptest! {
    /// Any text is imported or refused.
    #[test]
    fn any_cut_of_a_template_is_imported_or_refused(from in 0_usize..1200, length in 1_usize..80) {
        let from = from.min(ARGO.len());
        let _ = import(&[&ARGO[..from], &ARGO[(from + length).min(ARGO.len())..]].concat());
    }
}

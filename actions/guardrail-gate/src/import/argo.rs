//! Argo Rollouts' AnalysisTemplate: `spec.metrics` with a provider, a condition, and how many failures are too many.

use super::{Condition, Draft, condition, false_rollbacks, list, promql, quoted, seconds, whole, word};
use crate::progress::percent;
use document::Json;

pub(super) fn read(root: &Json) -> Result<Draft, String> {
    let spec = root.get("spec").ok_or("an AnalysisTemplate without `spec`")?;
    let mut draft = Draft::default();
    for metric in list(spec, "metrics") {
        let name = word(metric, "name").unwrap_or("metric");
        let limit = word(metric, "successCondition").and_then(condition);
        let limit = limit.or_else(|| word(metric, "failureCondition").and_then(condition).map(Condition::contrary));
        let prometheus = metric.get("provider").and_then(|provider| provider.get("prometheus"));
        match (limit, prometheus) {
            (None, _) => draft.remarks.push(format!("{name}: its condition is no comparison with one number")),
            (_, None) => draft.remarks.push(format!("{name}: only its Prometheus provider can be imported")),
            (Some(limit), Some(prometheus)) => one(&mut draft, metric, prometheus, &limit),
        }
    }
    Ok(draft)
}

fn one(draft: &mut Draft, metric: &Json, prometheus: &Json, limit: &Condition) {
    let name = word(metric, "name").unwrap_or("metric");
    let address = quoted(word(prometheus, "address").unwrap_or("{{prometheus_url}}"));
    let source = draft.source("prometheus", format!("{{ type: prometheus, url: {address} }}"));
    let (count, failures) = (whole(metric, "count").unwrap_or(5), whole(metric, "failureLimit").unwrap_or(0) + 1);
    let interval = word(metric, "interval").and_then(seconds).unwrap_or(60);
    let (_, longest) = draft.watch.unwrap_or((0, interval));
    draft.watch = Some((draft.watch.map_or(count, |(watch, _)| watch.max(count)), longest.max(interval)));
    let query = word(prometheus, "query").unwrap_or_default().trim();
    let name_text = quoted(name);
    let (Condition::AtMost(share) | Condition::AtLeast(share)) = *limit;
    if let (Some((numerator, denominator)), true) = (promql::ratio(query), (0.0..1.0).contains(&share)) {
        let share = if matches!(limit, Condition::AtMost(_)) { share } else { 1.0 - share };
        let rate = percent(false_rollbacks(share, failures, count));
        draft.remarks.push(format!(
            "{name}: as it was, {failures} of {count} looks over the limit, it rolls back {rate} of releases at half the \
             limit with 60 requests a look; as a share it keeps the budget"
        ));
        let part = |selector: &str| format!("{{ counter: {} }}", quoted(selector));
        draft.guardrails.push(format!(
            "  - name: {name_text}\n    share:\n      source: {source}\n      numerator: {}\n      denominator: {}\n      absent_numerator: zero\n    {}\n",
            part(&numerator),
            part(&denominator),
            limit.limit(true),
        ));
        return;
    }
    draft.remarks.push(format!("{name}: kept as a value, fails at {failures} of {count}; no error rate can be stated"));
    let query = quoted(&query.split_whitespace().collect::<Vec<_>>().join(" "));
    draft.guardrails.push(format!(
        "  - name: {name_text}\n    gauge: {{ source: {source}, query: {query} }}\n    {}\n    breach: {} of {count}\n",
        limit.limit(false),
        failures.min(count),
    ));
}

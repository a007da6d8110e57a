//! Flagger's MetricTemplate: a provider and a query. Its threshold is elsewhere, in the Canary, and becomes a parameter.

use super::{Draft, promql, quoted, word};
use document::Json;

pub(super) fn read(root: &Json) -> Result<Draft, String> {
    let spec = root.get("spec").ok_or("a MetricTemplate without `spec`")?;
    let provider = spec.get("provider").ok_or("a MetricTemplate without `provider`")?;
    let mut draft = Draft::default();
    let kind = word(provider, "type").unwrap_or_default();
    if kind != "prometheus" {
        draft.remarks.push(format!("its provider `{kind}` cannot be imported"));
        return Ok(draft);
    }
    let name = root.get("metadata").and_then(|metadata| word(metadata, "name")).unwrap_or("metric");
    let address = quoted(word(provider, "address").unwrap_or("{{prometheus_url}}"));
    let source = draft.source("prometheus", format!("{{ type: prometheus, url: {address} }}"));
    let query = word(spec, "query").unwrap_or_default().trim();
    let name_text = quoted(name);
    draft.remarks.push(format!("{name}: `thresholdRange` stands in the Canary; give it as the parameter `max`"));
    // `100 * a / b` and `a / b * 100` are percentages of the same ratio.
    let bare = query.trim_start_matches("100 *").trim_end_matches("* 100").trim();
    let guardrail = match promql::ratio(bare) {
        Some((numerator, denominator)) => {
            let part = |selector: &str| format!("{{ counter: {} }}", quoted(selector));
            let (numerator, denominator) = (part(&numerator), part(&denominator));
            format!(
                "    share:\n      source: {source}\n      numerator: {numerator}\n      denominator: {denominator}\n      absent_numerator: zero\n"
            )
        }
        None => {
            draft.remarks.push(format!("{name}: kept as a value; no error rate can be stated"));
            let query = quoted(&query.split_whitespace().collect::<Vec<_>>().join(" "));
            format!("    gauge: {{ source: {source}, query: {query} }}\n")
        }
    };
    draft.guardrails.push(format!("  - name: {name_text}\n{guardrail}    max: \"${{max}}\"\n"));
    Ok(draft)
}

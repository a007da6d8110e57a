//! Keptn's SLO file: objectives over SLIs whose queries stand elsewhere, and become parameters.

use super::{Condition, Draft, condition, list, quoted, word};
use document::Json;

pub(super) fn read(root: &Json) -> Result<Draft, String> {
    let mut draft = Draft::default();
    let source = draft.source("prometheus", "{ type: prometheus, url: \"${prometheus_url}\" }".to_owned());
    for objective in list(root, "objectives") {
        let Some(sli) = word(objective, "sli") else { continue };
        let criteria = list(objective, "pass").iter().flat_map(|pass| list(pass, "criteria"));
        let criteria: Vec<&str> =
            criteria.filter_map(|c| if let Json::Text(text) = c { Some(&**text) } else { None }).collect();
        if criteria.is_empty() {
            draft.remarks.push(format!("{sli}: has no criterion to pass, it only informs"));
        }
        let query = format!("${{sli_{}}}", sli.replace(['.', ' '], "_"));
        for (index, criterion) in criteria.iter().enumerate() {
            let Some(limit) = criterion_limit(criterion) else {
                draft.remarks.push(format!("{sli}: `{criterion}` cannot be imported"));
                continue;
            };
            let name = if index == 0 { sli.to_owned() } else { format!("{sli}-{}", index + 1) };
            let (name, query) = (quoted(&name), quoted(&query));
            draft
                .guardrails
                .push(format!("  - name: {name}\n    gauge: {{ source: {source}, query: {query} }}\n{limit}"));
        }
        draft
            .remarks
            .push(format!("{sli}: give its query as the parameter `sli_{sli}`; weights and warnings are not kept"));
    }
    Ok(draft)
}

/// `<600` is a limit, `<=+10%` one relative to earlier evaluations.
fn criterion_limit(criterion: &str) -> Option<String> {
    let text: String = criterion.split_whitespace().collect();
    if let Some(percent) =
        text.strip_prefix("<=+").or_else(|| text.strip_prefix("<+")).and_then(|t| t.strip_suffix('%'))
    {
        let percent: f64 = percent.parse().ok()?;
        return Some(format!("    max_increase: \"{percent}%\"\n    baseline: {{ kind: previous_window }}\n"));
    }
    if text.contains('%') || text.contains('+') || text.contains("=-") {
        return None;
    }
    let condition: Condition = condition(&text)?;
    Some(format!("    {}\n", condition.limit(false)))
}

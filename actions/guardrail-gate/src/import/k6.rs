//! k6's thresholds, over the file its `--summary-export` writes.

use super::{Draft, condition, quoted};
use document::Json;

pub(super) fn read(root: &Json) -> Result<Draft, String> {
    let mut draft = Draft { watch: Some((1, 1)), ..Draft::default() };
    let source = draft.source("summary", "{ type: file, path: \"${summary}\" }".to_owned());
    let Some(Json::Map(thresholds)) = root.get("thresholds") else {
        return Err("`thresholds` is no mapping".to_owned());
    };
    for (metric, rules) in thresholds {
        let rules = if let Json::List(rules) = rules { rules.as_slice() } else { std::slice::from_ref(rules) };
        for (index, rule) in rules.iter().enumerate() {
            let text = match rule {
                Json::Text(text) => Some(text.as_str()),
                other => super::word(other, "threshold"),
            };
            let Some((text, limit)) = text.and_then(|text| Some((text, condition(text)?))) else {
                draft.remarks.push(format!("{metric}: a threshold that is no comparison with one number"));
                continue;
            };
            // The summary has a rate's share as `value`, and trends by the statistic's name.
            let statistic = text.split(['<', '>']).next().unwrap_or_default().trim();
            let member = if statistic == "rate" { "value" } else { statistic };
            let path = format!("$.metrics[{}][{}]", single(metric), single(member));
            let name = if index == 0 { metric.clone() } else { format!("{metric}-{}", index + 1) };
            draft.guardrails.push(format!(
                "  - name: {}\n    gauge: {{ source: {source}, value: {} }}\n    {}\n    breach: 1 of 1\n",
                quoted(&name),
                quoted(&path),
                limit.limit(false),
            ));
        }
    }
    draft.remarks.push(
        "k6's percentiles are of the requests it got to send; a run without requests has none, and fails to pass here"
            .to_owned(),
    );
    Ok(draft)
}

/// A member's name in a JSONPath.
fn single(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

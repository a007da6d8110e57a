//! Guardrail files that are built in, one for each usual trigger; `guardrails: preset:lambda` takes one.

/// Every preset: its name and its text.
pub const PRESETS: [(&str, &str); 8] = [
    ("load-balancer", include_str!("../presets/load-balancer.yml")),
    ("api-gateway", include_str!("../presets/api-gateway.yml")),
    ("lambda", include_str!("../presets/lambda.yml")),
    ("fargate", include_str!("../presets/fargate.yml")),
    ("prometheus-http", include_str!("../presets/prometheus-http.yml")),
    ("business-prometheus", include_str!("../presets/business-prometheus.yml")),
    ("business-file", include_str!("../presets/business-file.yml")),
    ("readiness", include_str!("../presets/readiness.yml")),
];

/// The text of a preset.
///
/// # Errors
/// Which there are.
pub fn text(name: &str) -> Result<&'static str, String> {
    let found = PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    found.ok_or_else(|| {
        let known: Vec<&str> = PRESETS.iter().map(|(known, _)| *known).collect();
        format!("no preset is called `{name}`; known are {}", known.join(", "))
    })
}

//! How bad a vulnerability is, by the vectors in its record. Pure.

use serde_json::Value;

/// The highest base score of a record's CVSS vectors, 0 to 10; `None` where it has none that can be read.
#[must_use]
pub fn score(record: &Value) -> Option<f64> {
    let vectors = |holder: &Value| -> Vec<String> {
        let entries = holder.get("severity").and_then(Value::as_array).into_iter().flatten();
        entries.filter_map(|entry| entry.get("score")?.as_str().map(str::to_owned)).collect()
    };
    let affected = record.get("affected").and_then(Value::as_array).into_iter().flatten();
    let all = vectors(record).into_iter().chain(affected.flat_map(vectors));
    // The longest possible vector, of CVSS 4.0 with every metric, has some 200 characters.
    let scores = all.filter(|vector| vector.len() <= 400).filter_map(|vector| vector.parse::<cvss::Cvss>().ok());
    scores.map(|vector| vector.score()).filter(|score| score.is_finite()).max_by(f64::total_cmp)
}

/// The word for it: by the score (CVSS 3.1, section 5), else the one the database gives.
#[must_use]
pub fn word(record: &Value, score: Option<f64>) -> &'static str {
    if let Some(score) = score {
        return match score {
            score if score >= 9.0 => "critical",
            score if score >= 7.0 => "high",
            score if score >= 4.0 => "medium",
            score if score > 0.0 => "low",
            _ => "none",
        };
    }
    let said = record.pointer("/database_specific/severity").and_then(Value::as_str).unwrap_or_default();
    match said.to_lowercase().as_str() {
        "critical" => "critical",
        "high" => "high",
        "moderate" | "medium" => "medium",
        "low" => "low",
        _ => "unknown",
    }
}

//! `MaxDatapoints`, `NextToken` and `ScanBy`: which of the computed points one answer carries.

use super::query::{Answer, invalid};
use crate::{AwsError, wire::Input};
use serde_json::{Value, json};

/// The most points of one answer.
const MOST: u32 = 100_800;

/// One page of the answers. Each result has an equal share of the points a page may have.
pub(super) fn page(input: Input<'_>, answers: &[Answer]) -> Result<Value, AwsError> {
    let ascending = match input.text("ScanBy") {
        None | Some("TimestampDescending") => false,
        Some("TimestampAscending") => true,
        Some(_) => return Err(invalid("ScanBy must be TimestampDescending or TimestampAscending")),
    };
    let most = input.count("MaxDatapoints")?.unwrap_or(MOST).clamp(1, MOST) as usize;
    let share = (most / answers.len().max(1)).max(1);
    let first: usize = match input.text("NextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("The token is not one of this operation"))?,
    };
    let mut more = false;
    let result = |answer: &Answer| {
        let mut points: Vec<(i64, f64)> = answer.points.iter().map(|(at, value)| (*at, *value)).collect();
        if !ascending {
            points.reverse();
        }
        let rest = points.get(first..).unwrap_or_default();
        let shown = &rest[..rest.len().min(share)];
        more |= rest.len() > shown.len();
        json!({
            "Id": answer.id,
            "Label": answer.label,
            "Timestamps": shown.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            "Values": shown.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
            "StatusCode": if rest.len() > shown.len() { "PartialData" } else { "Complete" },
        })
    };
    let results: Vec<Value> = answers.iter().map(result).collect();
    let mut page = json!({"MetricDataResults": results, "Messages": []});
    if more {
        page["NextToken"] = (first + share).to_string().into();
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_carry_every_point_once_and_say_when_there_is_more() {
        let answer =
            Answer { id: "m".to_owned(), label: "m".to_owned(), points: (0..5).map(|n| (n * 60, 1.0)).collect() };
        let mut input = json!({"MaxDatapoints": 2, "ScanBy": "TimestampAscending"});
        let mut seen = Vec::new();
        loop {
            let page = page(Input::new(&input), std::slice::from_ref(&answer)).unwrap();
            seen.extend(page["MetricDataResults"][0]["Timestamps"].as_array().unwrap().clone());
            let Some(token) = page.get("NextToken") else { break };
            assert_eq!(page["MetricDataResults"][0]["StatusCode"], "PartialData");
            input["NextToken"] = token.clone();
        }
        assert_eq!(Value::from(seen), json!([0, 60, 120, 180, 240]));
    }
}

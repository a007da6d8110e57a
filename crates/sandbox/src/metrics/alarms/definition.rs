//! An alarm as it was put: checked, and kept as it came.

use super::evaluation::{Comparison, Condition, Treatment};
use crate::{
    AwsError,
    metrics::query::{answer, invalid},
    metrics::store::Metrics,
    wire::Input,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What an alarm watches and when it is raised.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) name: String,
    /// The members of `PutMetricAlarm` as they came, with AWS's defaults.
    pub(super) members: Map<String, Value>,
    pub(super) condition: Condition,
    /// What is asked of the metrics; one of them returns data.
    queries: Vec<Value>,
}

impl Definition {
    /// Reads the input of `PutMetricAlarm`.
    pub(super) fn read(input: Input<'_>) -> Result<Self, AwsError> {
        let name = input.text("AlarmName").filter(|name| !name.is_empty() && name.len() <= 255);
        let name = name.ok_or_else(|| invalid("AlarmName must have 1 to 255 characters"))?;
        let mut members = input.members().cloned().unwrap_or_default();
        members.retain(|member, value| !value.is_null() && member != "Tags");
        for (member, value) in [
            ("ActionsEnabled", json!(true)),
            ("OKActions", json!([])),
            ("AlarmActions", json!([])),
            ("InsufficientDataActions", json!([])),
            ("Dimensions", json!([])),
        ] {
            members.entry(member).or_insert(value);
        }
        let (queries, period) = queries(input)?;
        if !input.list("Metrics").is_empty() {
            members.remove("Dimensions");
        }
        let alarm = Self { name: name.to_owned(), members, condition: condition(input, period)?, queries };
        // What cannot be computed is refused now and not found out later.
        answer(&Metrics::default(), &alarm.queries, (0, period))?;
        Ok(alarm)
    }

    /// The points of the metric, by the beginning of their period.
    pub(super) fn points(&self, metrics: &Metrics, range: (i64, i64)) -> BTreeMap<i64, f64> {
        let answers = answer(metrics, &self.queries, range).unwrap_or_default();
        answers.into_iter().next().map(|answer| answer.points).unwrap_or_default()
    }
}

/// The queries that compute the watched series, and its period.
fn queries(input: Input<'_>) -> Result<(Vec<Value>, i64), AwsError> {
    let given = input.list("Metrics");
    if given.is_empty() {
        let text = |name: &str| input.text(name).ok_or_else(|| invalid(format!("The parameter {name} is required")));
        let statistic = input.text("Statistic").or(input.text("ExtendedStatistic"));
        let statistic = statistic.ok_or_else(|| invalid("Either Statistic or ExtendedStatistic is required"))?;
        let period = input.value("Period").and_then(Value::as_i64);
        let period = period.ok_or_else(|| invalid("The parameter Period is required"))?;
        let metric = json!({
            "Namespace": text("Namespace")?, "MetricName": text("MetricName")?, "Dimensions": input.list("Dimensions"),
        });
        let stat = json!({"Metric": metric, "Period": period, "Stat": statistic});
        return Ok((vec![json!({"Id": "m1", "MetricStat": stat})], period));
    }
    let returning = given.iter().filter(|query| query["ReturnData"].as_bool().unwrap_or(true)).count();
    if returning != 1 {
        return Err(invalid("Exactly one of the Metrics must return data"));
    }
    let periods = given.iter().filter_map(|query| query["MetricStat"]["Period"].as_i64());
    let period = periods.max().ok_or_else(|| invalid("None of the Metrics has a MetricStat with a Period"))?;
    Ok((given.to_vec(), period))
}

fn condition(input: Input<'_>, period: i64) -> Result<Condition, AwsError> {
    let periods = positive(input, "EvaluationPeriods")?;
    let periods = periods.ok_or_else(|| invalid("The parameter EvaluationPeriods is required"))?;
    let to_alarm = positive(input, "DatapointsToAlarm")?.unwrap_or(periods);
    if to_alarm > periods {
        return Err(invalid("DatapointsToAlarm must not be greater than EvaluationPeriods"));
    }
    let word = input.text("ComparisonOperator").unwrap_or_default();
    let comparison = match Comparison::of_word(word) {
        Some(comparison) => comparison,
        None if word.contains("LowerThreshold") || word.contains("UpperThreshold") => {
            return Err(AwsError::not_here("an alarm on an anomaly detection band"));
        }
        None => return Err(invalid("ComparisonOperator is not one of CloudWatch's")),
    };
    let threshold = input.value("Threshold").and_then(Value::as_f64);
    let missing = match input.text("TreatMissingData") {
        None | Some("missing") => Treatment::Missing,
        Some("ignore") => Treatment::Ignore,
        Some("breaching") => Treatment::Breaching,
        Some("notBreaching") => Treatment::NotBreaching,
        Some(other) => return Err(invalid(format!("TreatMissingData cannot be {other}"))),
    };
    Ok(Condition {
        comparison,
        threshold: threshold.ok_or_else(|| invalid("The parameter Threshold is required"))?,
        period,
        periods,
        to_alarm,
        missing,
    })
}

/// A whole number from 1 on; a day has fewer than 100,000 seconds.
fn positive(input: Input<'_>, name: &str) -> Result<Option<u32>, AwsError> {
    match input.value(name).map(Value::as_u64) {
        None => Ok(None),
        Some(Some(number @ 1..=100_000)) => Ok(u32::try_from(number).ok()),
        Some(_) => Err(invalid(format!("{name} must be a number from 1 to 100000"))),
    }
}

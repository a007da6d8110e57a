//! The queries of `GetMetricData`, read and computed.

use super::{
    expression::{self, Scope, Series},
    statistic::Statistic,
    store::{Key, Metrics},
};
use crate::{AwsError, wire::Input};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most periods an expression is computed over.
const MOST_PERIODS: i64 = 100_800;

/// One query's result: a value for each period that has one.
pub(super) struct Answer {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) points: BTreeMap<i64, f64>,
}

/// Computes the queries of a request over `[start, end)`; those with `ReturnData: false` are computed for others only.
pub(super) fn answer(metrics: &Metrics, queries: &[Value], range: (i64, i64)) -> Result<Vec<Answer>, AwsError> {
    let mut series: BTreeMap<String, BTreeMap<i64, f64>> = BTreeMap::new();
    let mut longest_period = 1;
    for query in queries.iter().map(Input::new) {
        let id = valid_id(query)?;
        if let Some(stat) = query.value("MetricStat").map(Input::new) {
            let period = period(stat)?;
            longest_period = longest_period.max(period);
            if series.insert(id.to_owned(), points(metrics, stat, range, period)?).is_some() {
                return Err(invalid(format!("The id {id} is used twice")));
            }
        }
    }
    compute_expressions(queries, &mut series, range, longest_period)?;
    let mut answers = Vec::new();
    for query in queries.iter().map(Input::new) {
        let id = valid_id(query)?;
        if query.value("ReturnData").and_then(Value::as_bool).unwrap_or(true) {
            let label = query.text("Label").unwrap_or_else(|| default_label(query, id));
            let points = series.get(id).cloned().unwrap_or_default();
            answers.push(Answer { id: id.to_owned(), label: label.to_owned(), points });
        }
    }
    Ok(answers)
}

/// Expressions may use each other in any order; a circle or an unknown id ends in the last error.
fn compute_expressions(
    queries: &[Value],
    series: &mut BTreeMap<String, BTreeMap<i64, f64>>,
    (start, end): (i64, i64),
    period: i64,
) -> Result<(), AwsError> {
    let any = queries.iter().any(|query| query.get("Expression").is_some());
    if !any {
        return Ok(());
    }
    if (end - start) / period > MOST_PERIODS {
        return Err(invalid("The time range has too many periods"));
    }
    let first = start.div_euclid(period) * period;
    let periods: Vec<i64> = (first..end).step_by(usize::try_from(period).unwrap_or(1)).collect();
    let mut open: Vec<(&str, &str)> = queries
        .iter()
        .filter_map(|query| Some((query.get("Id")?.as_str()?, query.get("Expression")?.as_str()?)))
        .collect();
    while !open.is_empty() {
        let mut last_error = String::new();
        let before = open.len();
        open.retain(|(id, text)| match expression::evaluate(text, &Scope { series: &*series, periods: &periods }) {
            Ok(Series::Points(points)) => {
                series.insert((*id).to_owned(), points);
                false
            }
            Ok(Series::Number(_)) => {
                last_error = format!("The expression of {id} is a number and not a time series");
                true
            }
            Err(error) => {
                last_error = error;
                true
            }
        });
        if open.len() == before {
            return Err(invalid(last_error));
        }
    }
    Ok(())
}

fn points(metrics: &Metrics, stat: Input<'_>, range: (i64, i64), period: i64) -> Result<BTreeMap<i64, f64>, AwsError> {
    let statistic: Statistic =
        stat.required("Stat").map_err(|_| invalid("Stat is missing"))?.parse().map_err(invalid)?;
    let metric = stat.value("Metric").map(Input::new).ok_or_else(|| invalid("Metric is missing"))?;
    let key = key(metric, metric.text("Namespace").unwrap_or_default());
    let periods = metrics.periods(&key, range, period);
    Ok(periods.into_iter().filter_map(|(at, bucket)| Some((at, statistic.of(&bucket)?))).collect())
}

/// The series a `Metric` or a `MetricDatum` names.
pub(super) fn key(metric: Input<'_>, namespace: &str) -> Key {
    let dimension =
        |pair: &Value| Some((pair.get("Name")?.as_str()?.to_owned(), pair.get("Value")?.as_str()?.to_owned()));
    let dimensions = metric.list("Dimensions").iter().filter_map(dimension).collect();
    Key::new(namespace, metric.text("MetricName").unwrap_or_default(), dimensions)
}

/// 1, 5, 10, 20, 30 or a multiple of 60 seconds.
fn period(stat: Input<'_>) -> Result<i64, AwsError> {
    let period = stat.value("Period").and_then(Value::as_i64).unwrap_or(0);
    let allowed = matches!(period, 1 | 5 | 10 | 20 | 30) || (period > 0 && period % 60 == 0);
    if allowed { Ok(period) } else { Err(invalid("Period must be 1, 5, 10, 20, 30 or a multiple of 60")) }
}

fn valid_id(query: Input<'_>) -> Result<&str, AwsError> {
    let id = query.text("Id").unwrap_or_default();
    let starts = id.starts_with(|c: char| c.is_ascii_lowercase());
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if query.value("MetricStat").is_some() == query.value("Expression").is_some() {
        return Err(invalid(format!("The query {id} needs either a MetricStat or an Expression")));
    }
    if starts && id.chars().all(allowed) { Ok(id) } else { Err(invalid(format!("'{id}' is not a valid query id"))) }
}

fn default_label<'a>(query: Input<'a>, id: &'a str) -> &'a str {
    let metric = query.value("MetricStat").and_then(|stat| stat.get("Metric")?.get("MetricName")?.as_str());
    metric.unwrap_or(id)
}

/// `ValidationError`, as CloudWatch names it.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationError", message)
}

//! The operations of CloudWatch.

use super::{
    Metrics, alarms, page,
    query::{self, invalid},
    store::Bucket,
};
use crate::{AwsError, Cloud, wire::Input};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Answers `GraniteServiceVersion20100801.<operation>`.
pub(crate) fn call(cloud: &Cloud, operation: &str, input: &Value) -> Result<Value, AwsError> {
    let (input, metrics) = (Input::new(input), &cloud.metrics);
    if let Some(answer) = alarms::call(cloud, operation, input) {
        return answer;
    }
    match operation {
        "PutMetricData" => put_metric_data(metrics, input),
        "GetMetricData" => get_metric_data(metrics, input),
        other => Err(AwsError::not_here(&format!("cloudwatch:{other}"))),
    }
}

fn put_metric_data(metrics: &Metrics, input: Input<'_>) -> Result<Value, AwsError> {
    let namespace =
        input.text("Namespace").filter(|name| !name.is_empty()).ok_or_else(|| invalid("Namespace is missing"))?;
    if namespace.starts_with("AWS/") {
        return Err(invalid("The value AWS/ for parameter Namespace is invalid."));
    }
    let mut readings = Vec::new();
    for datum in input.list("MetricData").iter().map(Input::new) {
        if datum.text("MetricName").is_none_or(str::is_empty) {
            return Err(invalid("MetricName is missing"));
        }
        let at = match datum.value("Timestamp") {
            None => Timestamp::now(),
            Some(given) => timestamp(given).ok_or_else(|| invalid("Timestamp is not a time"))?,
        };
        readings.push((query::key(datum, namespace), at, observations(datum)?));
    }
    for (key, at, bucket) in readings {
        metrics.add(key, at, &bucket);
    }
    Ok(json!({}))
}

/// `Value`, `Values` with `Counts`, or `StatisticValues`.
fn observations(datum: Input<'_>) -> Result<Bucket, AwsError> {
    let number = |value: &Value| value.as_f64().ok_or_else(|| invalid("a value is not a number"));
    let mut bucket = Bucket::default();
    if let Some(set) = datum.value("StatisticValues") {
        let member =
            |name: &str| set.get(name).and_then(Value::as_f64).ok_or_else(|| invalid(format!("{name} is missing")));
        let (minimum, maximum) = (member("Minimum")?, member("Maximum")?);
        return Ok(Bucket { count: member("SampleCount")?, sum: member("Sum")?, minimum, maximum, values: Vec::new() });
    }
    let counts = datum.list("Counts");
    let values = datum.list("Values");
    if !counts.is_empty() && counts.len() != values.len() {
        return Err(invalid("Values and Counts must have the same length"));
    }
    for (place, value) in values.iter().enumerate() {
        bucket.add(&Bucket::of(number(value)?, counts.get(place).map_or(Ok(1.0), number)?));
    }
    if let Some(value) = datum.value("Value") {
        bucket.add(&Bucket::of(number(value)?, 1.0));
    }
    if bucket.count > 0.0 { Ok(bucket) } else { Err(invalid("a metric without any value")) }
}

fn get_metric_data(metrics: &Metrics, input: Input<'_>) -> Result<Value, AwsError> {
    let time = |name: &str| {
        let given = input.value(name).and_then(timestamp);
        given.map(Timestamp::as_second).ok_or_else(|| invalid(format!("{name} is missing or not a time")))
    };
    let (start, end) = (time("StartTime")?, time("EndTime")?);
    if start >= end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let queries = input.list("MetricDataQueries");
    if queries.is_empty() || queries.len() > 500 {
        return Err(invalid("MetricDataQueries must have 1 to 500 queries"));
    }
    page::page(input, &query::answer(metrics, queries, (start, end))?)
}

/// Seconds since 1970, or RFC 3339.
pub(super) fn timestamp(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a time, saturating at the ends of time")]
        number => Timestamp::from_millisecond((number.as_f64()? * 1000.0) as i64).ok(),
    }
}

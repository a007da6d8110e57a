//! `PutMetricAlarm`, `DescribeAlarms`, `SetAlarmState`, `DescribeAlarmHistory`, `DeleteAlarms`.

use super::{
    definition::Definition,
    evaluation::State,
    records::{Alarm, HistoryItem},
};
use crate::{
    AwsError, Cloud,
    metrics::{api::timestamp, query::invalid},
    wire::{Input, epoch},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Answers an operation on alarms; none when it is not one.
pub(in crate::metrics) fn call(cloud: &Cloud, operation: &str, input: Input<'_>) -> Option<Result<Value, AwsError>> {
    Some(match operation {
        "PutMetricAlarm" => put(cloud, input),
        "DescribeAlarms" => describe(cloud, input),
        "SetAlarmState" => set_state(cloud, input),
        "DescribeAlarmHistory" => history(cloud, input),
        "DeleteAlarms" => delete(cloud, input),
        _ => return None,
    })
}

fn put(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let definition = Definition::read(input)?;
    cloud.alarms.records().put(definition, Timestamp::now());
    Ok(json!({}))
}

/// Until the end of its next period, when it is evaluated again.
fn set_state(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.text("AlarmName").unwrap_or_default();
    let state = input.text("StateValue").and_then(State::of_word);
    let state = state.ok_or_else(|| invalid("StateValue must be one of OK, ALARM, INSUFFICIENT_DATA"))?;
    let reason = input.text("StateReason").ok_or_else(|| invalid("The parameter StateReason is required"))?;
    let data = input.text("StateReasonData").map(str::to_owned);
    if data.as_ref().is_some_and(|data| serde_json::from_str::<Value>(data).is_err()) {
        return Err(AwsError::client("InvalidFormat", "StateReasonData is not JSON"));
    }
    let mut records = cloud.alarms.records();
    let missing =
        || AwsError { status: 404, ..AwsError::client("ResourceNotFound", format!("Alarm {name} not found")) };
    let alarm = records.alarms.get_mut(name).ok_or_else(missing)?;
    // An alarm nobody has evaluated would be evaluated at once.
    let data = data.or_else(|| Some("{}".to_owned()));
    let item = alarm.turn(state, reason.to_owned(), data, Timestamp::now());
    item.into_iter().for_each(|item| records.note(item));
    Ok(json!({}))
}

fn delete(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let names = input.texts("AlarmNames");
    let mut records = cloud.alarms.records();
    if let Some(missing) = names.iter().find(|name| !records.alarms.contains_key(**name)) {
        let message = format!("Alarm {missing} not found");
        return Err(AwsError { status: 404, ..AwsError::client("ResourceNotFound", message) });
    }
    names.iter().for_each(|name| drop(records.alarms.remove(*name)));
    Ok(json!({}))
}

fn describe(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (names, prefix) = (input.texts("AlarmNames"), input.text("AlarmNamePrefix"));
    let (state, types) = (input.text("StateValue"), input.texts("AlarmTypes"));
    let records = cloud.alarms.records();
    let asked = |alarm: &&Alarm| {
        let name = alarm.definition.name.as_str();
        (names.is_empty() || names.contains(&name))
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && state.is_none_or(|state| alarm.state.word() == state)
            && (types.is_empty() || types.contains(&"MetricAlarm"))
    };
    let found: Vec<Value> = records.alarms.values().filter(asked).map(|alarm| metric_alarm(cloud, alarm)).collect();
    let (found, token) = page(input, found)?;
    let mut answer = json!({"MetricAlarms": found, "CompositeAlarms": []});
    if let Some(token) = token {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

fn metric_alarm(cloud: &Cloud, alarm: &Alarm) -> Value {
    let mut object: Map<String, Value> = alarm.definition.members.clone();
    let name = &alarm.definition.name;
    let mut put = |member: &str, value: Value| drop(object.insert(member.to_owned(), value));
    put("AlarmArn", cloud.place.arn("cloudwatch", &format!("alarm:{name}")).into());
    put("AlarmConfigurationUpdatedTimestamp", epoch(alarm.configured_at));
    put("StateValue", alarm.state.word().into());
    put("StateReason", alarm.reason.clone().into());
    put("StateUpdatedTimestamp", epoch(alarm.updated_at));
    put("StateTransitionedTimestamp", epoch(alarm.updated_at));
    if let Some(data) = &alarm.reason_data {
        put("StateReasonData", data.clone().into());
    }
    Value::Object(object)
}

fn history(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (name, kind) = (input.text("AlarmName"), input.text("HistoryItemType"));
    let bound = |member: &str| input.value(member).and_then(timestamp);
    let (start, end) = (bound("StartDate"), bound("EndDate"));
    let records = cloud.alarms.records();
    let asked = |item: &&HistoryItem| {
        name.is_none_or(|name| item.alarm == name)
            && kind.is_none_or(|kind| item.kind == kind)
            && start.is_none_or(|start| item.at >= start)
            && end.is_none_or(|end| item.at <= end)
    };
    let item = |item: &HistoryItem| {
        json!({
            "AlarmName": item.alarm,
            "AlarmType": "MetricAlarm",
            "Timestamp": epoch(item.at),
            "HistoryItemType": item.kind,
            "HistorySummary": item.summary,
            "HistoryData": item.data.to_string(),
        })
    };
    let mut items: Vec<Value> = records.history.iter().filter(asked).map(item).collect();
    if input.text("ScanBy") == Some("TimestampAscending") {
        items.reverse();
    }
    let (items, token) = page(input, items)?;
    let mut answer = json!({"AlarmHistoryItems": items});
    if let Some(token) = token {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

/// One page of at most `MaxRecords`, and the token of the next.
fn page(input: Input<'_>, items: Vec<Value>) -> Result<(Vec<Value>, Option<String>), AwsError> {
    let size = match input.value("MaxRecords").map(Value::as_u64) {
        None => 50,
        Some(Some(size @ 1..=100)) => usize::try_from(size).unwrap_or(100),
        Some(_) => return Err(invalid("MaxRecords must be between 1 and 100")),
    };
    let first: usize = match input.text("NextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| AwsError::client("InvalidNextToken", "The token is not valid"))?,
    };
    let more = first.saturating_add(size) < items.len();
    Ok((items.into_iter().skip(first).take(size).collect(), more.then(|| (first + size).to_string())))
}

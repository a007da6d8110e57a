//! The operations of CloudWatch Logs (AWS JSON 1.1, `Logs_20140328`).

use super::{
    pattern::Pattern,
    store::{Group, Line, Stream},
};
use crate::{AwsError, Cloud, wire::Input};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The most events of one answer.
const MOST_EVENTS: usize = 10_000;

/// Answers `Logs_20140328.<operation>`.
pub(crate) fn call(cloud: &Cloud, operation: &str, input: &Value) -> Result<Value, AwsError> {
    let input = Input::new(input);
    match operation {
        "CreateLogGroup" => create_group(cloud, input),
        "CreateLogStream" => create_stream(cloud, input),
        "PutLogEvents" => put_events(cloud, input),
        "DescribeLogGroups" => describe_groups(cloud, input),
        "DescribeLogStreams" => describe_streams(cloud, input),
        "GetLogEvents" => get_events(cloud, input),
        "FilterLogEvents" => filter_events(cloud, input),
        "DeleteLogGroup" => delete_group(cloud, input),
        _ => Err(AwsError::not_here(&format!("Logs_20140328.{operation}"))),
    }
}

fn create_group(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required("logGroupName")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
    if name.len() > 512 || !name.chars().all(allowed) {
        return Err(invalid("logGroupName must be 1 to 512 of [\\.\\-_/#A-Za-z0-9]"));
    }
    let mut groups = cloud.logs.groups();
    if groups.contains_key(name) {
        return Err(exists("The specified log group already exists"));
    }
    groups.insert(name.to_owned(), Group::new(Timestamp::now()));
    Ok(json!({}))
}

fn delete_group(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    cloud.logs.groups().remove(input.required("logGroupName")?).ok_or_else(no_group)?;
    Ok(json!({}))
}

fn create_stream(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (group, name) = (input.required("logGroupName")?, input.required("logStreamName")?);
    let mut groups = cloud.logs.groups();
    let group = groups.get_mut(group).ok_or_else(no_group)?;
    if group.streams.contains_key(name) {
        return Err(exists("The specified log stream already exists"));
    }
    group.streams.insert(name.to_owned(), Stream::new(Timestamp::now()));
    Ok(json!({}))
}

fn put_events(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (group, name) = (input.required("logGroupName")?, input.required("logStreamName")?);
    let events = input.list("logEvents").iter().map(Input::new);
    let line = |event: Input<'_>| {
        let at = event.value("timestamp").and_then(Value::as_i64);
        let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
        let at = at.ok_or_else(|| invalid("A log event needs a timestamp in milliseconds"))?;
        Ok(Line { at, ingested_at: Timestamp::now(), text: event.required("message")?.to_owned() })
    };
    let lines: Vec<Line> = events.map(line).collect::<Result<_, AwsError>>()?;
    if lines.is_empty() || lines.len() > MOST_EVENTS {
        return Err(invalid("logEvents must have 1 to 10000 events"));
    }
    if lines.windows(2).any(|pair| pair[0].at > pair[1].at) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let mut groups = cloud.logs.groups();
    let stream = groups.get_mut(group).ok_or_else(no_group)?.streams.get_mut(name).ok_or_else(no_stream)?;
    lines.into_iter().for_each(|line| stream.add(line));
    Ok(json!({"nextSequenceToken": "0"}))
}

fn describe_groups(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (prefix, pattern) = (input.text("logGroupNamePrefix"), input.text("logGroupNamePattern"));
    let groups = cloud.logs.groups();
    let asked = |name: &&String| {
        prefix.is_none_or(|prefix| name.starts_with(prefix)) && pattern.is_none_or(|pattern| name.contains(pattern))
    };
    let group = |name: &String| {
        let group = groups.get(name)?;
        let arn = group_arn(cloud, name);
        Some(json!({
            "logGroupName": name,
            "creationTime": group.created_at.as_millisecond(),
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "storedBytes": group.bytes(),
            "logGroupClass": "STANDARD",
        }))
    };
    page(input, "logGroups", groups.keys().filter(asked).filter_map(group).collect())
}

fn describe_streams(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let group_name = group_name(input)?;
    let prefix = input.text("logStreamNamePrefix");
    let by_time = match input.text("orderBy") {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if prefix.is_none() => true,
        Some("LastEventTime") => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some(_) => return Err(invalid("orderBy must be one of LogStreamName, LastEventTime")),
    };
    let groups = cloud.logs.groups();
    let group = groups.get(group_name).ok_or_else(no_group)?;
    let mut streams: Vec<(&String, &Stream)> =
        group.streams.iter().filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix))).collect();
    if by_time {
        streams.sort_by_key(|(_, stream)| stream.lines.back().map(|line| line.at));
    }
    if input.flag("descending") {
        streams.reverse();
    }
    let stream = |(name, stream): (&String, &Stream)| {
        let mut shown = json!({
            "logStreamName": name,
            "creationTime": stream.created_at.as_millisecond(),
            "arn": format!("{}:log-stream:{name}", group_arn(cloud, group_name)),
            "storedBytes": stream.bytes(),
            "uploadSequenceToken": "0",
        });
        if let (Some(first), Some(last)) = (stream.lines.front(), stream.lines.back()) {
            shown["firstEventTimestamp"] = first.at.as_millisecond().into();
            shown["lastEventTimestamp"] = last.at.as_millisecond().into();
            shown["lastIngestionTime"] = last.ingested_at.as_millisecond().into();
        }
        shown
    };
    page(input, "logStreams", streams.into_iter().map(stream).collect())
}

/// The same token twice means that there is nothing more.
fn get_events(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let window = Window::read(input)?;
    let groups = cloud.logs.groups();
    let group = groups.get(group_name(input)?).ok_or_else(no_group)?;
    let stream = group.streams.get(input.required("logStreamName")?).ok_or_else(no_stream)?;
    let limit = limit(input)?;
    let end = stream.dropped + stream.lines.len();
    let token = input.text("nextToken").and_then(|token| token.split_once('/'));
    let place = |digits: &str| digits.parse::<usize>().unwrap_or(end).clamp(stream.dropped, end);
    let (first, last) = match token {
        Some(("f", digits)) => (place(digits), place(digits).saturating_add(limit).min(end)),
        Some((_, digits)) => (place(digits).saturating_sub(limit).max(stream.dropped), place(digits)),
        None if input.flag("startFromHead") => (stream.dropped, stream.dropped.saturating_add(limit).min(end)),
        None => (end.saturating_sub(limit).max(stream.dropped), end),
    };
    let lines = stream.lines.range(first - stream.dropped..last - stream.dropped);
    let event = |line: &Line| {
        let (at, ingested) = (line.at.as_millisecond(), line.ingested_at.as_millisecond());
        json!({"timestamp": at, "message": line.text, "ingestionTime": ingested})
    };
    Ok(json!({
        "events": lines.filter(|line| window.has(line)).map(event).collect::<Vec<_>>(),
        "nextForwardToken": format!("f/{last}"),
        "nextBackwardToken": format!("b/{first}"),
    }))
}

/// Events of many streams, by their time.
fn filter_events(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let window = Window::read(input)?;
    let pattern = Pattern::parse(input.text("filterPattern").unwrap_or_default());
    let pattern = pattern.ok_or_else(|| AwsError::not_here("FilterLogEvents with a structured filterPattern"))?;
    let (names, prefix) = (input.texts("logStreamNames"), input.text("logStreamNamePrefix"));
    if !names.is_empty() && prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix cannot be given together."));
    }
    let groups = cloud.logs.groups();
    let group = groups.get(group_name(input)?).ok_or_else(no_group)?;
    if names.iter().any(|name| !group.streams.contains_key(*name)) {
        return Err(no_stream());
    }
    let asked = |name: &str| {
        (names.is_empty() || names.contains(&name)) && prefix.is_none_or(|prefix| name.starts_with(prefix))
    };
    let mut found: Vec<(&Line, Value)> = Vec::new();
    for (name, stream) in group.streams.iter().filter(|(name, _)| asked(name)) {
        for (place, line) in stream.lines.iter().enumerate() {
            if window.has(line) && pattern.fits(&line.text) {
                let event = json!({
                    "logStreamName": name,
                    "timestamp": line.at.as_millisecond(),
                    "message": line.text,
                    "ingestionTime": line.ingested_at.as_millisecond(),
                    "eventId": format!("{name}/{}", stream.dropped + place),
                });
                found.push((line, event));
            }
        }
    }
    found.sort_by_key(|(line, _)| line.at);
    let mut answer = page_of(input, "events", found.into_iter().map(|(_, event)| event).collect(), limit(input)?)?;
    answer["searchedLogStreams"] = json!([]);
    Ok(answer)
}

/// `startTime` and `endTime`, in milliseconds; the end is not part of it.
struct Window {
    start: i64,
    end: i64,
}

impl Window {
    fn read(input: Input<'_>) -> Result<Self, AwsError> {
        let bound = |name: &str, default| match input.value(name) {
            None => Ok(default),
            Some(value) => value.as_i64().ok_or_else(|| invalid(format!("{name} must be milliseconds since 1970"))),
        };
        Ok(Self { start: bound("startTime", i64::MIN)?, end: bound("endTime", i64::MAX)? })
    }

    fn has(&self, line: &Line) -> bool {
        (self.start..self.end).contains(&line.at.as_millisecond())
    }
}

/// The group's name, from a name or an ARN.
fn group_name(input: Input<'_>) -> Result<&str, AwsError> {
    match input.text("logGroupIdentifier") {
        Some(identifier) => Ok(identifier.rsplit_once(":log-group:").map_or(identifier, |(_, name)| name)),
        None => input.required("logGroupName"),
    }
}

fn group_arn(cloud: &Cloud, name: &str) -> String {
    cloud.place.arn("logs", &format!("log-group:{name}"))
}

fn limit(input: Input<'_>) -> Result<usize, AwsError> {
    match input.count("limit")? {
        None => Ok(MOST_EVENTS),
        Some(limit) if (1..=MOST_EVENTS).contains(&(limit as usize)) => Ok(limit as usize),
        Some(_) => Err(invalid("limit must be between 1 and 10000")),
    }
}

/// One page of at most 50.
fn page(input: Input<'_>, name: &str, items: Vec<Value>) -> Result<Value, AwsError> {
    let size = input.count("limit")?.unwrap_or(50);
    if !(1..=50).contains(&size) {
        return Err(invalid("limit must be between 1 and 50"));
    }
    page_of(input, name, items, size as usize)
}

fn page_of(input: Input<'_>, name: &str, items: Vec<Value>, size: usize) -> Result<Value, AwsError> {
    let first: usize = match input.text("nextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("The specified nextToken is invalid."))?,
    };
    let more = first.saturating_add(size) < items.len();
    let mut answer = json!({name: items.into_iter().skip(first).take(size).collect::<Vec<_>>()});
    if more {
        answer["nextToken"] = (first + size).to_string().into();
    }
    Ok(answer)
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidParameterException", message)
}

fn exists(message: &str) -> AwsError {
    AwsError::client("ResourceAlreadyExistsException", message)
}

fn no_group() -> AwsError {
    AwsError::client("ResourceNotFoundException", "The specified log group does not exist.")
}

fn no_stream() -> AwsError {
    AwsError::client("ResourceNotFoundException", "The specified log stream does not exist.")
}

//! CloudWatch alarms: the state each is in, and since when.

use crate::{Query, Sample, SourceError, SourceErrorKind, Span, Track, answer::short};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// `AlarmNames` of one call (API reference, DescribeAlarms).
pub(crate) const ALARMS_PER_CALL: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    metric_alarms: Vec<Alarm>,
    #[serde(default)]
    composite_alarms: Vec<Alarm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alarm {
    alarm_name: String,
    state_value: String,
    #[serde(default)]
    state_updated_timestamp: Option<f64>,
}

/// The input that asks for the alarms among `queries`.
pub(crate) fn request(queries: &[&Query]) -> Value {
    let name = |query: &&Query| if let Query::Alarm { name } = query { Some(name.clone()) } else { None };
    let names: Vec<String> = queries.iter().filter_map(name).collect();
    json!({"AlarmNames": names, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": ALARMS_PER_CALL})
}

/// What an answer says to each query: 1 in the intervals in which the alarm has been in `ALARM` since, 0 where it has been
/// `OK`; what it was before its state changed last, an alarm does not say.
pub(crate) fn tracks(answer: Value, queries: &[&Query], span: &Span) -> Vec<Result<Track, SourceError>> {
    let answer = match serde_json::from_value::<Answer>(answer) {
        Ok(answer) => answer,
        Err(error) => {
            let text = format!("DescribeAlarms: an answer that is not the API's: {}", short(&error.to_string()));
            let error = SourceError::new(SourceErrorKind::Nonsense, text);
            return queries.iter().map(|_| Err(error.clone())).collect();
        }
    };
    let alarms: Vec<Alarm> = answer.metric_alarms.into_iter().chain(answer.composite_alarms).collect();
    let one = |query: &&Query| match query {
        Query::Alarm { name } => match alarms.iter().find(|alarm| alarm.alarm_name == *name) {
            Some(alarm) => Ok(course(alarm, span)),
            None => {
                let text = format!("DescribeAlarms: no alarm is called `{}`", short(name));
                Err(SourceError::new(SourceErrorKind::Refused, text))
            }
        },
        other => Err(SourceError::foreign(other)),
    };
    queries.iter().map(one).collect()
}

fn course(alarm: &Alarm, span: &Span) -> Track {
    let value = match alarm.state_value.as_str() {
        "ALARM" => 1.0,
        "OK" => 0.0,
        // INSUFFICIENT_DATA, and states that are not known yet, are no state.
        _ => return Track::empty(span),
    };
    let since = alarm.state_updated_timestamp.and_then(|at| SignedDuration::try_from_secs_f64(at).ok());
    let since = since.and_then(|at| Timestamp::from_duration(at).ok()).unwrap_or(Timestamp::MIN);
    let sample = |index: usize| if span.end_of(index) > since { Sample::Value(value) } else { Sample::Absent };
    Track { samples: (0..span.intervals).map(sample).collect(), partial: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_known_from_its_last_change_on() {
        let span = Span { start: Timestamp::UNIX_EPOCH, interval: 60, intervals: 3 };
        let alarm = |name: &str| Query::Alarm { name: name.into() };
        let queries = [alarm("on"), alarm("ok"), alarm("unsure"), alarm("all"), alarm("gone")];
        let queries: Vec<&Query> = queries.iter().collect();
        let state = |name: &str, state: &str, at: f64| json!({"AlarmName": name, "StateValue": state, "StateUpdatedTimestamp": at});
        let metric = [state("on", "ALARM", 70.0), state("ok", "OK", -9.0), state("unsure", "INSUFFICIENT_DATA", 0.0)];
        let answer = json!({"MetricAlarms": metric, "CompositeAlarms": [state("all", "ALARM", 0.0)]});
        let answers: Vec<Option<Vec<Sample>>> =
            tracks(answer, &queries, &span).into_iter().map(|track| Some(track.ok()?.samples)).collect();
        let (on, ok, none) = (Sample::Value(1.0), Sample::Value(0.0), Sample::Absent);
        let wanted = [Some(vec![none, on, on]), Some(vec![ok; 3]), Some(vec![none; 3]), Some(vec![on; 3]), None];
        assert_eq!(answers, wanted);
        assert!(tracks(json!({"MetricAlarms": 3}), &queries, &span).iter().all(Result::is_err));
    }
}

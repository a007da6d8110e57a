//! What containers print: the last lines of each, kept as the streams of CloudWatch Logs.

use crate::{AwsError, wire::Input};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};
use tokio::io::{AsyncRead, AsyncReadExt};

/// How many lines of a stream are kept.
const LINES_KEPT: usize = 200;
/// How long a line may be; CloudWatch's own limit is 256 KB, this is enough to read.
const LINE_LIMIT: usize = 16 << 10;

/// All log streams, by group and name.
#[derive(Debug, Default)]
pub(crate) struct Logs(Mutex<BTreeMap<(String, String), Stream>>);

#[derive(Debug, Default)]
struct Stream {
    /// How many lines were dropped at the front.
    dropped: usize,
    lines: VecDeque<(Timestamp, String)>,
}

impl Logs {
    /// Answers `Logs_20140328.<operation>`.
    pub(crate) fn call(&self, operation: &str, input: &Value) -> Result<Value, AwsError> {
        match operation {
            "GetLogEvents" => self.get_log_events(Input::new(input)),
            _ => Err(AwsError::not_here(&format!("Logs_20140328.{operation}"))),
        }
    }

    /// Adds a line.
    pub(super) fn push(&self, stream: &(String, String), line: &[u8]) {
        let text = String::from_utf8_lossy(&line[..line.len().min(LINE_LIMIT)]).into_owned();
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = streams.entry(stream.clone()).or_default();
        stream.lines.push_back((Timestamp::now(), text));
        if stream.lines.len() > LINES_KEPT {
            stream.lines.pop_front();
            stream.dropped += 1;
        }
    }

    /// Reads `from` to its end, line by line.
    pub(super) async fn follow(&self, stream: (String, String), mut from: impl AsyncRead + Unpin) {
        let mut chunk = vec![0; 8 << 10];
        let mut line = Vec::new();
        while let Ok(read @ 1..) = from.read(&mut chunk).await {
            for &byte in &chunk[..read] {
                match byte {
                    b'\n' => self.push(&stream, &std::mem::take(&mut line)),
                    _ if line.len() < LINE_LIMIT => line.push(byte),
                    _ => {}
                }
            }
        }
        if !line.is_empty() {
            self.push(&stream, &line);
        }
    }

    fn get_log_events(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = (input.required("logGroupName")?.to_owned(), input.required("logStreamName")?.to_owned());
        let streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || AwsError::client("ResourceNotFoundException", "The specified log stream does not exist.");
        let stream = streams.get(&name).ok_or_else(missing)?;
        let limit = input.count("limit")?.map_or(10_000, |limit| limit as usize);
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
        let event = |(at, message): &(Timestamp, String)| json!({"timestamp": at.as_millisecond(), "message": message, "ingestionTime": at.as_millisecond()});
        Ok(json!({
            "events": lines.map(event).collect::<Vec<_>>(),
            "nextForwardToken": format!("f/{last}"),
            "nextBackwardToken": format!("b/{first}"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_lines_are_kept_and_read_forward_until_the_token_repeats() {
        let logs = Logs::default();
        let name = ("/g".to_owned(), "s".to_owned());
        let text: String = (0..300).map(|n| format!("line {n}\n")).collect();
        logs.follow(name, text.as_bytes()).await;
        let read = |extra: Value| {
            let mut input = json!({"logGroupName": "/g", "logStreamName": "s", "startFromHead": true, "limit": 150});
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            logs.call("GetLogEvents", &input).unwrap()
        };
        let first = read(json!({}));
        assert_eq!(first["events"][0]["message"], "line 100");
        let second = read(json!({"nextToken": first["nextForwardToken"]}));
        assert_eq!(second["events"].as_array().unwrap().len(), 50);
        assert_eq!(second["events"][49]["message"], "line 299");
        let third = read(json!({"nextToken": second["nextForwardToken"]}));
        assert_eq!(third["nextForwardToken"], second["nextForwardToken"]);
        assert_eq!(third["events"], json!([]));
    }

    #[test]
    fn a_stream_nobody_wrote_to_does_not_exist() {
        let error =
            Logs::default().call("GetLogEvents", &json!({"logGroupName": "g", "logStreamName": "s"})).unwrap_err();
        assert_eq!(error.code, "ResourceNotFoundException");
    }
}

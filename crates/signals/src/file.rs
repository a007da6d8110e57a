//! A file of results: a JSON document, or one JSON value a line (JSONL), each line looked at as a list of that one row.

use crate::{
    Query, Source, SourceError, SourceErrorKind, Span, Track,
    answer::short,
    rows::{Asked, LARGEST},
};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
};

/// A file that a batch run has written.
pub struct File {
    path: PathBuf,
}

impl File {
    /// The file at `path`; it is opened when it is asked.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// One number per query: counts add up over the lines of a JSONL file.
    fn answers(&self, queries: &[Query]) -> Result<Vec<Result<f64, SourceError>>, SourceError> {
        let wrong = |text: String| {
            SourceError::new(SourceErrorKind::Refused, format!("{}: {}", self.path.display(), short(&text)))
        };
        let mut file = fs::File::open(&self.path).map_err(|error| wrong(error.to_string()))?;
        let lines = self.path.extension().is_some_and(|kind| ["jsonl", "ndjson"].iter().any(|known| kind == *known));
        if !lines {
            let mut bytes = Vec::new();
            let limit = LARGEST as u64 + 1;
            file.by_ref().take(limit).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
            if bytes.len() > LARGEST {
                return Err(wrong(format!("is larger than {LARGEST} bytes; write it as one value a line (.jsonl)")));
            }
            let document: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
            return Ok(queries.iter().map(|query| Asked::of(query)?.answer(&document)).collect());
        }
        let mut sums: Vec<Result<(f64, Asked<'_>), SourceError>> =
            queries.iter().map(|query| Ok((0.0, Asked::of(query)?))).collect();
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let limit = LARGEST as u64 + 1;
            let read = reader.by_ref().take(limit).read_until(b'\n', &mut line).map_err(|e| wrong(e.to_string()))?;
            if read == 0 {
                break;
            }
            if line.len() > LARGEST {
                return Err(wrong(format!("line {number} is longer than {LARGEST} bytes")));
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let row: Value = serde_json::from_slice(&line).map_err(|e| wrong(format!("line {number}: {e}")))?;
            let row = Value::Array(vec![row]);
            for sum in &mut sums {
                let Ok((count, asked)) = sum else { continue };
                match asked.answer(&row) {
                    Ok(one) if asked.counts => *count += one,
                    Ok(_) => *sum = Err(wrong("a number is asked of one JSON document, not of lines".into())),
                    Err(error) => *sum = Err(error),
                }
            }
        }
        Ok(sums.into_iter().map(|sum| sum.map(|(count, _)| count)).collect())
    }
}

#[async_trait::async_trait(?Send)]
impl Source for File {
    /// A file is one piece of evidence and has no course: its counts stand in the first interval.
    async fn read(&self, queries: &[Query], span: &Span) -> Vec<Result<Track, SourceError>> {
        match self.answers(queries) {
            Err(error) => queries.iter().map(|_| Err(error.clone())).collect(),
            Ok(answers) => {
                let track = |answer: Result<f64, SourceError>| Ok(Track::empty(span).with(0, answer?));
                answers.into_iter().map(track).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sample, Selector};
    use jiff::Timestamp;

    fn rows(select: &str) -> Query {
        Query::Rows { select: select.parse().unwrap() }
    }

    fn ask(name: &str, text: &str, queries: &[Query]) -> Vec<Result<Vec<Sample>, String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let span = Span { start: Timestamp::UNIX_EPOCH, interval: 60, intervals: 2 };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answers = runtime.block_on(File::new(path).read(queries, &span));
        answers.into_iter().map(|a| a.map(|track| track.samples).map_err(|error| error.text)).collect()
    }

    #[test]
    fn rows_are_counted_in_a_document_and_over_lines() {
        let queries = [rows("$[*]"), rows("$[?@.days_remaining <= 0]")];
        let lines = "{\"days_remaining\": 3}\n\n{\"days_remaining\": 0}\n{\"days_remaining\": -1}\n";
        let document = "[{\"days_remaining\": 3}, {\"days_remaining\": 0}, {\"days_remaining\": -1}]";
        for (name, text) in [("p.jsonl", lines), ("p.json", document)] {
            let counted = ask(name, text, &queries);
            assert_eq!(counted[0], Ok(vec![Sample::Value(3.0), Sample::Absent]), "{name}");
            assert_eq!(counted[1], Ok(vec![Sample::Value(2.0), Sample::Absent]), "{name}");
        }
        let number = Query::Number { select: "$.depth".parse().unwrap() };
        assert_eq!(
            ask("n.json", "{\"depth\": 7}", std::slice::from_ref(&number))[0].as_ref().unwrap()[0],
            Sample::Value(7.0)
        );
        assert_eq!(ask("n.json", "{\"depth\": null}", &[number])[0].as_ref().unwrap()[0], Sample::NotANumber);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_line() {
        let number = Query::Number { select: "$.depth".parse().unwrap() };
        for (name, text, query, wanted) in [
            ("p.jsonl", "{}\n{\n", rows("$[*]"), "line 2"),
            ("p.json", "[", rows("$[*]"), "EOF"),
            ("p.json", "{\"depth\": \"deep\"}", number.clone(), "no number"),
            ("p.json", "{}", number, "selects nothing"),
        ] {
            let error = ask(name, text, &[query])[0].clone().unwrap_err();
            assert!(error.contains(wanted), "{name}: {error}");
        }
        assert!("$[?".parse::<Selector>().is_err());
    }
}

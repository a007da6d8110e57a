//! New Relic: one NerdGraph request for all queries, each an NRQL query cut into the intervals of the watch.

use crate::{
    Query, Sample, Source, SourceError, SourceErrorKind, Span, Track,
    answer::{self, short},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::time::Duration;
use transport::Limits;
use url::Url;

/// Buckets of one `TIMESERIES` (NRQL reference).
const MOST_BUCKETS: usize = 366;

/// What stands in a bucket beside its one number.
const BESIDE: [&str; 4] = ["beginTimeSeconds", "endTimeSeconds", "inspectedCount", "facet"];

/// New Relic of one account.
pub struct NewRelic {
    client: reqwest::Client,
    url: Url,
    account: u64,
    key: SecretString,
}

impl NewRelic {
    /// The API at `url`, such as `https://api.eu.newrelic.com/graphql`, with a user key.
    ///
    /// # Errors
    /// When the machine's trust store cannot be used, or the key would travel in the clear to another machine.
    pub fn new(url: &Url, account: u64, key: SecretString) -> Result<Self, SourceError> {
        crate::Authentication::Bearer(key.clone()).may_travel_to(url)?;
        let limits = Limits { total: Some(Duration::from_secs(30)), redirects: 0, ..Limits::default() };
        let client = transport::client(limits).map_err(|error| SourceError::new(SourceErrorKind::Refused, error))?;
        Ok(Self { client, url: url.clone(), account, key })
    }

    async fn ask(&self, queries: &[Query], span: &Span) -> Result<Vec<Result<Track, SourceError>>, SourceError> {
        let wrong = |kind, text: String| SourceError::new(kind, format!("{}: {}", self.url, short(&text)));
        if span.intervals > MOST_BUCKETS {
            return Err(wrong(SourceErrorKind::Refused, format!("no more than {MOST_BUCKETS} intervals can be asked")));
        }
        let request = self.client.post(self.url.clone()).json(&json!({ "query": self.graphql(queries, span) }));
        let request = request.header("API-Key", self.key.expose_secret());
        let answer = answer::json(&self.url, request).await?;
        // GraphQL answers 200 whatever went wrong.
        if let Some(Value::Array(errors)) = answer.get("errors")
            && !errors.is_empty()
        {
            let texts = errors.iter().filter_map(|error| error.get("message")?.as_str()).collect::<Vec<_>>();
            return Err(wrong(SourceErrorKind::Refused, texts.join("; ")));
        }
        let account = answer.pointer("/data/actor/account").unwrap_or(&Value::Null);
        let results = |index: usize| account.get(format!("q{index}"))?.get("results")?.as_array();
        let track = |index: usize| match results(index) {
            Some(buckets) => track(buckets, span),
            None => Err(wrong(SourceErrorKind::Nonsense, format!("an answer without the results of query {index}"))),
        };
        Ok((0..queries.len()).map(track).collect())
    }

    fn graphql(&self, queries: &[Query], span: &Span) -> String {
        let (since, until) = (span.start.as_millisecond(), span.end().as_millisecond());
        let one = |(index, query): (usize, &Query)| {
            let query = if let Query::Series { query } = query { query.as_str() } else { "" };
            let nrql = format!("{query} SINCE {since} UNTIL {until} TIMESERIES {} SECONDS", span.interval);
            // A GraphQL string takes the escapes of a JSON one.
            format!("q{index}: nrql(query: {}) {{ results }}", Value::String(nrql))
        };
        let all: Vec<String> = queries.iter().enumerate().map(one).collect();
        format!("{{ actor {{ account(id: {}) {{ {} }} }} }}", self.account, all.join(" "))
    }
}

fn track(buckets: &[Value], span: &Span) -> Result<Track, SourceError> {
    let mut track = Track::empty(span);
    for bucket in buckets {
        let Value::Object(bucket) = bucket else { continue };
        let begin = bucket.get("beginTimeSeconds").and_then(Value::as_i64);
        let index = begin.and_then(|at| Timestamp::from_second(at).ok()).and_then(|at| span.index_of(at));
        let Some(sample) = index.and_then(|index| track.samples.get_mut(index)) else { continue };
        *sample = number(bucket)?.map_or(Sample::Absent, Sample::of);
    }
    Ok(track)
}

/// The one number of a bucket: a percentile is one in an object of its own, and nothing is `null`.
fn number(bucket: &Map<String, Value>) -> Result<Option<f64>, SourceError> {
    let values: Vec<(&String, &Value)> = bucket.iter().filter(|(name, _)| !BESIDE.contains(&name.as_str())).collect();
    match values[..] {
        [(_, Value::Null)] => Ok(None),
        [(_, Value::Number(number))] => Ok(number.as_f64()),
        [(_, Value::Object(inner))] if inner.len() == 1 => number(inner),
        _ => {
            let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
            let text = format!("the query gives {} where one number is needed", short(&names.join(", ")));
            Err(SourceError::new(SourceErrorKind::Refused, text))
        }
    }
}

#[async_trait::async_trait(?Send)]
impl Source for NewRelic {
    async fn read(&self, queries: &[Query], span: &Span) -> Vec<Result<Track, SourceError>> {
        let answered = self.ask(queries, span).await;
        answered.unwrap_or_else(|error| queries.iter().map(|_| Err(error.clone())).collect())
    }
}

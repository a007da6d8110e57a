//! Datadog: one call of its timeseries API (v2) for all queries, in intervals of the watch.

use crate::{
    Query, Sample, Source, SourceError, SourceErrorKind, Span, Track,
    answer::{self, short},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use transport::Limits;
use url::Url;

/// Datadog of one organisation.
pub struct Datadog {
    client: reqwest::Client,
    url: Url,
    api_key: SecretString,
    application_key: SecretString,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(default)]
    series: Vec<Series>,
    /// Starts of buckets, in milliseconds.
    #[serde(default)]
    times: Vec<i64>,
    /// One list for each of `series`; `null` where a bucket is empty.
    #[serde(default)]
    values: Vec<Vec<Option<f64>>>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    query_index: usize,
    #[serde(default)]
    group_tags: Vec<String>,
}

impl Datadog {
    /// The API at `url`, such as `https://api.datadoghq.eu`.
    ///
    /// # Errors
    /// When the machine's trust store cannot be used, or the keys would travel in the clear to another machine.
    pub fn new(url: &Url, api_key: SecretString, application_key: SecretString) -> Result<Self, SourceError> {
        crate::Authentication::Bearer(api_key.clone()).may_travel_to(url)?;
        let limits = Limits { total: Some(Duration::from_secs(30)), redirects: 0, ..Limits::default() };
        let client = transport::client(limits).map_err(|error| SourceError::new(SourceErrorKind::Refused, error))?;
        Ok(Self { client, url: url.clone(), api_key, application_key })
    }

    async fn ask(&self, queries: &[Query], span: &Span) -> Result<Vec<Result<Track, SourceError>>, SourceError> {
        let url =
            self.url.join("/api/v2/query/timeseries").map_err(|e| SourceError::new(SourceErrorKind::Refused, e))?;
        let request = self.client.post(url.clone()).json(&request(queries, span));
        let request = request.header("DD-API-KEY", self.api_key.expose_secret());
        let answer =
            answer::json(&url, request.header("DD-APPLICATION-KEY", self.application_key.expose_secret())).await?;
        let wrong = |kind, text: String| SourceError::new(kind, format!("{url}: {}", short(&text)));
        if let Some(errors) = answer.get("errors").filter(|errors| !errors.is_null()) {
            return Err(wrong(SourceErrorKind::Refused, errors.to_string()));
        }
        let attributes = answer.pointer("/data/attributes").cloned().unwrap_or_default();
        let attributes: Attributes = serde_json::from_value(attributes)
            .map_err(|error| wrong(SourceErrorKind::Nonsense, format!("an answer that is not the API's: {error}")))?;
        if attributes.series.len() != attributes.values.len() {
            return Err(wrong(SourceErrorKind::Nonsense, "as many lists of values as series were due".into()));
        }
        Ok((0..queries.len()).map(|index| track(&attributes, index, span)).collect())
    }
}

fn request(queries: &[Query], span: &Span) -> Value {
    let text = |query: &Query| if let Query::Series { query } = query { query.clone() } else { String::new() };
    let asked = |(index, query)| json!({"data_source": "metrics", "name": format!("q{index}"), "query": text(query)});
    let formulas: Vec<Value> = (0..queries.len()).map(|index| json!({"formula": format!("q{index}")})).collect();
    json!({"data": {"type": "timeseries_request", "attributes": {
        "from": span.start.as_millisecond(),
        "to": span.end().as_millisecond(),
        "interval": i64::from(span.interval) * 1000,
        "queries": queries.iter().enumerate().map(asked).collect::<Vec<Value>>(),
        "formulas": formulas,
    }}})
}

/// The one series of query `index`.
fn track(attributes: &Attributes, index: usize, span: &Span) -> Result<Track, SourceError> {
    let mut track = Track::empty(span);
    let found = attributes.series.iter().zip(&attributes.values).filter(|(series, _)| series.query_index == index);
    let found: Vec<(&Series, &Vec<Option<f64>>)> = found.collect();
    let values = match found[..] {
        [] => return Ok(track),
        [(_, values)] => values,
        [(series, _), ..] => {
            let tags = short(&series.group_tags.join(", "));
            let text = format!("the query gives {} series where one is needed, such as {tags}", found.len());
            return Err(SourceError::new(SourceErrorKind::Refused, text));
        }
    };
    // Asked for long ago, or rolled up by the query, buckets are wider than an interval: their numbers are not of one.
    let apart = attributes.times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    if apart > i64::from(span.interval) * 1000 {
        track.partial = Some(format!("Datadog has points every {} s, not every {} s", apart / 1000, span.interval));
    }
    for (time, value) in attributes.times.iter().zip(values) {
        let index = Timestamp::from_millisecond(*time).ok().and_then(|at| span.index_of(at));
        if let (Some(sample), Some(value)) = (index.and_then(|index| track.samples.get_mut(index)), value) {
            *sample = Sample::of(*value);
        }
    }
    Ok(track)
}

#[async_trait::async_trait(?Send)]
impl Source for Datadog {
    async fn read(&self, queries: &[Query], span: &Span) -> Vec<Result<Track, SourceError>> {
        let answered = self.ask(queries, span).await;
        answered.unwrap_or_else(|error| queries.iter().map(|_| Err(error.clone())).collect())
    }
}

//! Prometheus, or anything that speaks its HTTP API (Thanos, Mimir, VictoriaMetrics).

use crate::{
    Query, Sample, Source, SourceError, SourceErrorKind, Span, Track,
    answer::{self, Envelope, short},
    counter::{Stored, growth, lookback},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, time::Duration};
use transport::{Attempt, Limits, Pauses};
use url::Url;

/// A Prometheus server.
pub struct Prometheus {
    client: reqwest::Client,
    url: Url,
    scrape_interval: u32,
    authentication: Authentication,
}

/// How a server knows who asks.
#[derive(Debug, Clone, Default)]
pub enum Authentication {
    /// It does not.
    #[default]
    None,
    /// By a bearer token.
    Bearer(SecretString),
    /// By user name and password.
    Basic(String, SecretString),
}

impl Authentication {
    /// Refuses to send a secret in the clear to another machine.
    pub(crate) fn may_travel_to(&self, url: &Url) -> Result<(), SourceError> {
        if matches!(self, Self::None) || url.scheme() == "https" || is_loopback(url) {
            return Ok(());
        }
        let text = format!("{url}: a token or password does not travel over http; use https");
        Err(SourceError::new(SourceErrorKind::Refused, text))
    }

    pub(crate) fn sign(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Self::None => request,
            Self::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Self::Basic(user, password) => request.basic_auth(user, Some(password.expose_secret())),
        }
    }
}

/// `data` of an answer (HTTP API, "Expression query result formats").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Box<RawValue>,
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// Series with the warnings that came with them.
struct Matrix {
    series: Vec<Series>,
    warning: Option<String>,
}

impl Prometheus {
    /// A server that scrapes its targets every `scrape_interval` seconds.
    ///
    /// # Errors
    /// When the machine's trust store cannot be used, or a secret would travel in the clear to another machine.
    pub fn new(url: &Url, scrape_interval: u32, authentication: Authentication) -> Result<Self, SourceError> {
        let refuse = |text: String| SourceError::new(SourceErrorKind::Refused, text);
        authentication.may_travel_to(url)?;
        // A metrics API never redirects; a sign-in page does, and would get the query.
        let limits = Limits { total: Some(Duration::from_secs(30)), redirects: 0, ..Limits::default() };
        let client = transport::client(limits).map_err(|error| refuse(error.to_string()))?;
        Ok(Self { client, url: url.clone(), scrape_interval, authentication })
    }

    async fn ask(&self, operation: &str, form: &[(&str, String)]) -> Result<Matrix, SourceError> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1", operation]);
        }
        let once = || async {
            match self.once(url.clone(), form).await {
                Ok(envelope) => Attempt::Done(envelope),
                Err(error) if error.kind == SourceErrorKind::Unavailable => Attempt::Again { error, after: None },
                Err(error) => Attempt::Fatal(error),
            }
        };
        let pauses = Pauses { attempts: 3, ..Pauses::default() };
        let answered = transport::retry(pauses, once).await.and_then(matrix);
        answered.map_err(|error| SourceError::new(error.kind, format!("{url}: {error}")))
    }

    async fn once(&self, url: Url, form: &[(&str, String)]) -> Result<Envelope, SourceError> {
        let request = self.authentication.sign(self.client.post(url).form(form));
        let response = request.send().await.map_err(|error| match error.is_redirect() {
            true => {
                SourceError::new(SourceErrorKind::Refused, "the server redirects elsewhere; write its final address")
            }
            false => SourceError::new(SourceErrorKind::Unavailable, transport::explain(&error)),
        })?;
        let status = response.status();
        answer::envelope(status, &answer::body(response).await?)
    }

    async fn counter(&self, selector: &str, span: &Span) -> Result<Track, SourceError> {
        let length = span.end().duration_since(span.start).as_secs() + i64::from(lookback(self.scrape_interval));
        let query = format!("{selector}[{length}s]");
        let found = self.ask("query", &[("query", query), ("time", seconds(span.end()))]).await?;
        let stored = found.series.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        Ok(Track { samples: growth(&stored, span), partial: found.warning })
    }

    async fn expression(&self, promql: &str, span: &Span) -> Result<Track, SourceError> {
        let found = self.range(promql, span).await?;
        let values = single(&found.series)?;
        // `timestamp()` of a plain selector is the time of the sample it found; of anything else, the time of asking. What
        // it does not apply to (a scalar) is computed at the time of asking as well.
        let moments = match self.range(&format!("timestamp({promql})"), span).await {
            Ok(found) => single(&found.series)?,
            Err(error) if error.kind == SourceErrorKind::Refused => Vec::new(),
            Err(error) => return Err(error),
        };
        let oldest = f64::from(span.interval.max(self.scrape_interval.saturating_mul(2)));
        let mut track = Track { partial: found.warning, ..Track::empty(span) };
        for (moment, value) in values {
            let asked = seconds_of(moment);
            let stale = moments.iter().any(|&(at, sampled)| at == moment && asked - sampled > oldest);
            let index = span.index_of(moment.saturating_sub(SignedDuration::from_millis(1)).unwrap_or(moment));
            if let Some(sample) = index.and_then(|index| track.samples.get_mut(index)) {
                *sample = if stale { Sample::Stale } else { Sample::of(value) };
            }
        }
        Ok(track)
    }

    /// Evaluates at the end of every interval.
    async fn range(&self, promql: &str, span: &Span) -> Result<Matrix, SourceError> {
        let step = span.interval.to_string();
        let form = [
            ("query", promql.to_owned()),
            ("start", seconds(span.end_of(0))),
            ("end", seconds(span.end())),
            ("step", step),
        ];
        self.ask("query_range", &form).await
    }
}

#[async_trait::async_trait(?Send)]
impl Source for Prometheus {
    async fn read(&self, queries: &[Query], span: &Span) -> Vec<Result<Track, SourceError>> {
        let mut answers: Vec<Result<Track, SourceError>> = Vec::with_capacity(queries.len());
        for query in queries {
            // A server that is not there is waited for once, not once per query.
            let gone = answers
                .iter()
                .find_map(|answer| answer.as_ref().err().filter(|e| e.kind == SourceErrorKind::Unavailable));
            answers.push(match (gone, query) {
                (Some(gone), _) => Err(gone.clone()),
                (None, Query::Counter { selector }) => self.counter(selector, span).await,
                (None, Query::Expression { promql }) => self.expression(promql, span).await,
                (None, other) => Err(SourceError::foreign(other)),
            });
        }
        answers
    }
}

fn matrix(envelope: Envelope) -> Result<Matrix, SourceError> {
    let nonsense = |text: String| SourceError::new(SourceErrorKind::Nonsense, text);
    let data = envelope.data.ok_or_else(|| nonsense("an answer without data".into()))?;
    let data = serde_json::from_str::<Data>(data.get());
    // Servers of 2.49 and later put remarks about the query's style among the warnings.
    let warnings: Vec<String> =
        envelope.warnings.iter().filter(|text| !text.starts_with("PromQL info")).map(|text| short(text)).collect();
    let foreign =
        |error: serde_json::Error| nonsense(format!("an answer that is not the API's: {}", short(&error.to_string())));
    let data = data.map_err(foreign)?;
    if data.result_type != "matrix" {
        let text = format!(
            "the query gives a {} and no range of values; a counter is a plain selector",
            short(&data.result_type)
        );
        return Err(SourceError::new(SourceErrorKind::Refused, text));
    }
    let series = serde_json::from_str(data.result.get()).map_err(foreign)?;
    Ok(Matrix { series, warning: (!warnings.is_empty()).then(|| warnings.join("; ")) })
}

/// The one series an expression must give; none is no data.
fn single(series: &[Series]) -> Result<Vec<Stored>, SourceError> {
    match series {
        [] => Ok(Vec::new()),
        [one] => stored(one),
        many => {
            let labels: Vec<String> = many.iter().take(3).map(|s| short(&format!("{:?}", s.metric))).collect();
            let text = format!(
                "the query gives {} series where one is needed; wrap it in sum(…): {}",
                many.len(),
                labels.join(", ")
            );
            Err(SourceError::new(SourceErrorKind::Refused, text))
        }
    }
}

fn stored(series: &Series) -> Result<Vec<Stored>, SourceError> {
    let nonsense = |text: String| SourceError::new(SourceErrorKind::Nonsense, text);
    let one = |(moment, value): &(f64, String)| {
        // Values are texts: NaN, +Inf, -Inf, 1e-05 (HTTP API).
        let number = value.parse::<f64>().map_err(|_| nonsense(format!("`{}` is not a value", short(value))))?;
        let moment = SignedDuration::try_from_secs_f64(*moment).ok().and_then(|d| Timestamp::from_duration(d).ok());
        Ok((moment.ok_or_else(|| nonsense("a sample's time is out of range".into()))?, number))
    };
    series.values.iter().map(one).collect()
}

/// A moment as the API takes it: seconds with milliseconds.
fn seconds(moment: Timestamp) -> String {
    format!("{}.{:03}", moment.as_second(), moment.subsec_millisecond())
}

fn seconds_of(moment: Timestamp) -> f64 {
    moment.as_duration().as_secs_f64()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

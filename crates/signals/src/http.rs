//! An HTTP endpoint: numbers and rows of the JSON it answers, and whether it answers at all.

use crate::{
    Authentication, Probe, Query, Sample, Source, SourceError, SourceErrorKind, Span, Track, answer, probe::Prober,
    rows::Asked,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Mutex, time::Duration};
use tokio::time::Instant;
use transport::Limits;
use url::Url;

/// An endpoint of the service, or of something that counts for it.
pub struct Http {
    client: reqwest::Client,
    url: Url,
    authentication: Authentication,
    /// The numbers answered so far, by the interval they were the newest of.
    numbers: Mutex<BTreeMap<(Query, Timestamp), f64>>,
    probers: Vec<Prober>,
}

impl Http {
    /// The endpoint at `url`; `probes` begin at once, at the moment `now`, and end with the value.
    ///
    /// # Errors
    /// When the machine's trust store cannot be used, or a secret would travel in the clear to another machine.
    pub fn new(
        url: &Url,
        authentication: Authentication,
        probes: &[Probe],
        now: Timestamp,
    ) -> Result<Self, SourceError> {
        let refuse = |text: String| SourceError::new(SourceErrorKind::Refused, text);
        authentication.may_travel_to(url)?;
        let limits = Limits { total: Some(Duration::from_secs(30)), redirects: 0, ..Limits::default() };
        let client = transport::client(limits).map_err(|error| refuse(error.to_string()))?;
        let clock = (now, Instant::now());
        let begin = |probe: &Probe| {
            let address = below(url, &probe.path);
            let request = authentication.sign(client.get(address)).timeout(Duration::from_secs(probe.timeout.into()));
            Prober::begin(probe, request, clock)
        };
        let probers = probes.iter().map(begin).collect();
        Ok(Self { client, url: url.clone(), authentication, numbers: Mutex::default(), probers })
    }

    async fn document(&self) -> Result<Value, SourceError> {
        answer::json(&self.url, self.authentication.sign(self.client.get(self.url.clone()))).await
    }

    /// A number of this moment belongs to the newest interval asked for; earlier ones keep theirs.
    fn course(&self, query: &Query, number: f64, span: &Span) -> Track {
        let newest = span.end_of(span.intervals.saturating_sub(1));
        let mut track = Track::empty(span);
        let Ok(mut numbers) = self.numbers.lock() else { return track };
        numbers.insert((query.clone(), newest), number);
        for ((_, end), number) in numbers.iter().filter(|((asked, _), _)| asked == query) {
            let inside = end.saturating_sub(SignedDuration::from_millis(1)).unwrap_or(*end);
            if let Some(sample) = span.index_of(inside).and_then(|index| track.samples.get_mut(index)) {
                *sample = Sample::of(*number);
            }
        }
        track
    }

    fn answer(&self, query: &Query, document: Option<&Result<Value, SourceError>>, span: &Span) -> Answer {
        match (query, document) {
            (Query::Probe { probe, failed }, _) => match self.probers.iter().find(|prober| prober.is(probe)) {
                Some(prober) => Ok(prober.counted(*failed, span)),
                None => Err(SourceError::foreign(query)),
            },
            (_, Some(Ok(document))) => {
                let number = Asked::of(query)?.answer(document)?;
                Ok(match query {
                    Query::Number { .. } => self.course(query, number, span),
                    _ => Track::empty(span).with(0, number),
                })
            }
            (_, Some(Err(error))) => Err(error.clone()),
            (_, None) => Err(SourceError::foreign(query)),
        }
    }
}

type Answer = Result<Track, SourceError>;

#[async_trait::async_trait(?Send)]
impl Source for Http {
    async fn read(&self, queries: &[Query], span: &Span) -> Vec<Answer> {
        let document = match queries.iter().any(|query| !matches!(query, Query::Probe { .. })) {
            true => Some(self.document().await),
            false => None,
        };
        queries.iter().map(|query| self.answer(query, document.as_ref(), span)).collect()
    }
}

/// The address `path` below `url`.
fn below(url: &Url, path: &str) -> Url {
    let mut address = url.clone();
    if let Ok(mut segments) = address.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/').filter(|part| !part.is_empty()));
    }
    address
}

//! Asks the service: which records concern these packages, and what the records say.

use super::{
    Package,
    cache::{Cache, LARGEST, is_id},
};
use futures_util::{StreamExt as _, stream};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use transport::{Attempt, Limits, Pauses, retry};

/// The most queries of one batch (the service's own bound).
const BATCH: usize = 1000;
/// Pages of one batch; each has at least some hundred records.
const PAGES: usize = 32;
/// Records that are fetched in one run.
const MOST_RECORDS: usize = 5000;
/// Requests under way at once.
const AT_ONCE: usize = 8;
/// The largest answer to a batch, in bytes.
const LARGEST_BATCH: usize = 32 << 20;

/// What the service said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The names of the records that concern each package; packages without any are not here.
    pub concerned: BTreeMap<Package, BTreeSet<String>>,
    /// The records, by name.
    pub records: BTreeMap<String, Value>,
    /// Records that could not be had, with the reason.
    pub missing: BTreeMap<String, String>,
}

/// The service gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct OsvError {
    doing: &'static str,
    cause: String,
}

/// An OSV service.
#[derive(Debug, Clone)]
pub struct Osv {
    client: reqwest::Client,
    base: Url,
    cache: Option<Cache>,
    pauses: Pauses,
}

#[derive(Deserialize)]
struct Batch {
    results: Vec<Option<Matches>>,
}

#[derive(Deserialize, Default)]
struct Matches {
    #[serde(default)]
    vulns: Vec<Match>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Match {
    id: String,
    #[serde(default)]
    modified: String,
}

impl Osv {
    /// The service at an address.
    ///
    /// # Errors
    /// [`OsvError`] when the machine's HTTPS set-up cannot be used.
    pub fn at(base: Url, cache: Option<Cache>) -> Result<Self, OsvError> {
        let limits = Limits { total: Some(Duration::from_secs(60)), ..Limits::default() };
        let client = transport::client(limits).map_err(|error| failed("reach the service", error))?;
        let pauses = Pauses { attempts: 3, first: Duration::from_millis(500), longest: Duration::from_secs(5) };
        Ok(Self { client, base, cache, pauses })
    }

    /// The same with another rhythm of repeated attempts.
    #[must_use]
    pub fn with_pauses(mut self, pauses: Pauses) -> Self {
        self.pauses = pauses;
        self
    }

    /// What the service knows about these packages.
    ///
    /// # Errors
    /// [`OsvError`] when it cannot be asked; a single record that cannot be had is in [`Answer::missing`].
    pub async fn ask(&self, packages: &[Package]) -> Result<Answer, OsvError> {
        let mut answer = Answer::default();
        let mut modified: BTreeMap<String, String> = BTreeMap::new();
        for batch in packages.chunks(BATCH) {
            self.batch(batch, &mut answer.concerned, &mut modified).await?;
        }
        if modified.len() > MOST_RECORDS {
            let cause = format!("{} records are more than the {MOST_RECORDS} that are fetched", modified.len());
            return Err(failed("read its answer", cause));
        }
        let fetched =
            stream::iter(modified.iter().map(|(id, modified)| async move { (id, self.record(id, modified).await) }));
        let mut fetched = fetched.buffer_unordered(AT_ONCE);
        while let Some((id, record)) = fetched.next().await {
            match record {
                Ok(record) => drop(answer.records.insert(id.clone(), record)),
                Err(error) => drop(answer.missing.insert(id.clone(), error.cause)),
            }
        }
        Ok(answer)
    }

    /// One batch with all its pages.
    async fn batch(
        &self,
        packages: &[Package],
        concerned: &mut BTreeMap<Package, BTreeSet<String>>,
        modified: &mut BTreeMap<String, String>,
    ) -> Result<(), OsvError> {
        let mut open: Vec<(&Package, Option<String>)> = packages.iter().map(|package| (package, None)).collect();
        for _ in 0..PAGES {
            if open.is_empty() {
                return Ok(());
            }
            let queries: Vec<Value> = open.iter().map(|(package, token)| query(package, token.as_deref())).collect();
            let body = self.post("v1/querybatch", &json!({ "queries": queries })).await?;
            let batch: Batch = serde_json::from_slice(&body).map_err(|error| failed("read its answer", error))?;
            if batch.results.len() != open.len() {
                let cause = format!("{} answers to {} questions", batch.results.len(), open.len());
                return Err(failed("read its answer", cause));
            }
            let mut next = Vec::new();
            for ((package, _), matches) in open.into_iter().zip(batch.results) {
                let matches = matches.unwrap_or_default();
                for found in matches.vulns.into_iter().filter(|found| is_id(&found.id)) {
                    concerned.entry(package.clone()).or_default().insert(found.id.clone());
                    modified.insert(found.id, found.modified);
                }
                if let Some(token) = matches.next_page_token.filter(|token| !token.is_empty()) {
                    next.push((package, Some(token)));
                }
            }
            open = next;
        }
        Err(failed("read its answer", format!("it has more than {PAGES} pages")))
    }

    async fn record(&self, id: &str, modified: &str) -> Result<Value, OsvError> {
        if let Some(record) = self.cache.as_ref().and_then(|cache| cache.get(id, modified)) {
            return Ok(record);
        }
        let url = self.url(&format!("v1/vulns/{id}"))?;
        let body = self.exchange("fetch the record", LARGEST, || self.client.get(url.clone())).await?;
        let record: Value = serde_json::from_slice(&body).map_err(|error| failed("read the record", error))?;
        if record.get("id").and_then(Value::as_str) != Some(id) {
            return Err(failed("read the record", "it is about something else"));
        }
        if let Some(cache) = &self.cache {
            // A folder that cannot be written costs the next run a request, and this one nothing.
            let _ = cache.put(id, &body);
        }
        Ok(record)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Vec<u8>, OsvError> {
        let url = self.url(path)?;
        self.exchange("ask the service", LARGEST_BATCH, || self.client.post(url.clone()).json(body)).await
    }

    fn url(&self, path: &str) -> Result<Url, OsvError> {
        let base = self.base.as_str().trim_end_matches('/');
        format!("{base}/{path}").parse().map_err(|error| failed("address the service", error))
    }

    async fn exchange(
        &self,
        doing: &'static str,
        limit: usize,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Vec<u8>, OsvError> {
        retry(self.pauses, || async {
            let mut response = match request().send().await {
                Ok(response) => response,
                Err(error) => return Attempt::Again { error: failed(doing, transport::explain(&error)), after: None },
            };
            let status = response.status();
            if !status.is_success() {
                let error = failed(doing, format!("it answered {status}"));
                let again = status.is_server_error() || status.as_u16() == 429;
                return if again { Attempt::Again { error, after: None } } else { Attempt::Fatal(error) };
            }
            let mut body = Vec::new();
            loop {
                match response.chunk().await {
                    Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                        return Attempt::Fatal(failed(doing, format!("its answer has more than {limit} bytes")));
                    }
                    Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                    Ok(None) => return Attempt::Done(body),
                    Err(error) => {
                        return Attempt::Again { error: failed(doing, transport::explain(&error)), after: None };
                    }
                }
            }
        })
        .await
    }
}

fn query(package: &Package, token: Option<&str>) -> Value {
    let mut query = json!({
        "package": {"name": package.name, "ecosystem": package.ecosystem},
        "version": package.version,
    });
    if let (Some(token), Some(members)) = (token, query.as_object_mut()) {
        members.insert("page_token".to_owned(), json!(token));
    }
    query
}

fn failed(doing: &'static str, cause: impl ToString) -> OsvError {
    OsvError { doing, cause: cause.to_string().chars().take(300).collect() }
}

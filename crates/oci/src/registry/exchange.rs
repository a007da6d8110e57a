//! One exchange with a registry: identified where it asks for it, repeated where that may help, its refusals in words.

use super::{
    Blob, Registry, address,
    auth::{Access, Auth},
};
use crate::{Descriptor, Error, ErrorKind, error::quote};
use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Deserialize;
use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use subject::Repository;
use transport::Attempt;

/// How long a registry may think before it answers, and pause within an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// A connection slower than this is taken for dead while a body is sent (bytes per second).
const SLOWEST_UPLOAD: u64 = 32 << 10;
/// How much of a registry's explanation is read.
const DIAGNOSTICS: usize = 64 << 10;

/// A request, described so that it can be sent again.
pub(super) struct Call<'a> {
    /// What it is for, as in "failed to …".
    pub(super) doing: String,
    pub(super) repository: &'a Repository,
    pub(super) access: Access,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    /// Statuses besides 2xx that are answers and no failures.
    pub(super) also: &'static [u16],
}

/// What a request carries.
#[derive(Clone)]
pub(super) enum Body {
    Empty,
    Bytes(Bytes),
    /// A file and its length, opened anew for each attempt.
    File(PathBuf, u64),
    /// A blob of another repository, asked for anew for each attempt.
    Blob(Box<Origin>),
}

/// Where a blob is that is sent on.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) registry: Registry,
    pub(super) repository: Repository,
    pub(super) blob: Descriptor,
}

impl Body {
    fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, length) => *length,
            Self::Blob(origin) => origin.blob.size,
        }
    }
}

impl<'a> Call<'a> {
    pub(super) fn get(doing: impl fmt::Display, repository: &'a Repository, url: Url) -> Self {
        let (headers, body) = (HeaderMap::new(), Body::Empty);
        let (access, method, also) = (Access::Pull, Method::GET, &[][..]);
        Self { doing: doing.to_string(), repository, access, method, url, headers, body, also }
    }

    pub(super) fn write(doing: impl fmt::Display, repository: &'a Repository, method: Method, url: Url) -> Self {
        Self { access: Access::Push, method, ..Self::get(doing, repository, url) }
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: &str) -> Result<Self, Error> {
        let refused = |_| Error::invalid(&self.doing, format!("`{}` cannot be sent as {name}", quote(value, 80)));
        let value = HeaderValue::from_str(value).map_err(refused)?;
        self.headers.insert(name, value);
        Ok(self)
    }
}

impl Registry {
    /// Sends a request until it is answered; the answer is a success or one of `call.also`.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Response, Error> {
        transport::retry(self.pauses, || self.attempt(call)).await
    }

    /// Sends a request once, identified where the registry asks for it.
    pub(super) async fn attempt(&self, call: &Call<'_>) -> Attempt<Response, Error> {
        let mut header = self.auth.header(call.repository, call.access);
        let mut answered = false;
        loop {
            let response = match self.send(call, header.take()).await {
                Ok(response) => response,
                Err(error) if error.is_temporary() => return Attempt::Again { error, after: None },
                Err(error) => return Attempt::Fatal(error),
            };
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && !answered {
                answered = true;
                match self.auth.answer(&self.client, (call.repository, call.access), &challenges(&response)).await {
                    Ok(Some(granted)) => {
                        header = Some(granted);
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) if error.is_temporary() => return Attempt::Again { error, after: None },
                    Err(error) => return Attempt::Fatal(error),
                }
            }
            if !address::is_safe(response.url()) {
                return Attempt::Fatal(Error::invalid(
                    &call.doing,
                    "the registry sent us on to an address without https",
                ));
            }
            if status.is_success() || call.also.contains(&status.as_u16()) {
                return Attempt::Done(response);
            }
            let after = retry_after(&response);
            let error = refusal(&self.auth, &call.doing, response).await;
            return if error.is_temporary() { Attempt::Again { error, after } } else { Attempt::Fatal(error) };
        }
    }

    async fn send(&self, call: &Call<'_>, header: Option<HeaderValue>) -> Result<Response, Error> {
        let mut request = self.client.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        // An upload may be sent to another server; that one is not told who we are.
        let registry = address::url(call.repository, "")?;
        let fault: Arc<Mutex<Option<Error>>> = Arc::default();
        if let Some(header) = header.filter(|_| address::same_server(&registry, &call.url)) {
            request = request.header(AUTHORIZATION, header);
        }
        request = match &call.body {
            Body::Empty if call.method == Method::GET || call.method == Method::HEAD => request,
            Body::Empty => request.header(reqwest::header::CONTENT_LENGTH, 0),
            Body::Bytes(bytes) => request.body(bytes.clone()),
            Body::File(path, length) => {
                let file = tokio::fs::File::open(path).await.map_err(|error| Error::local(&call.doing, &error))?;
                let stream = tokio_util::io::ReaderStream::with_capacity(file, 128 << 10);
                request.header(reqwest::header::CONTENT_LENGTH, *length).body(reqwest::Body::wrap_stream(stream))
            }
            Body::Blob(origin) => {
                // Asking the other registry may send a request of its own, hence the box.
                let blob = Box::pin(origin.registry.blob(&origin.repository, &origin.blob)).await?;
                let stream = pieces(blob, Arc::clone(&fault));
                let length = origin.blob.size;
                request.header(reqwest::header::CONTENT_LENGTH, length).body(reqwest::Body::wrap_stream(stream))
            }
        };
        let patience = PATIENCE + Duration::from_secs(call.body.len() / SLOWEST_UPLOAD);
        let late = |_| Error::new(ErrorKind::Temporary, &call.doing, "no answer in time");
        let answer = tokio::time::timeout(patience, request.send()).await.map_err(late)?;
        answer.map_err(|error| {
            // What broke the stream of the body is the cause, not that the connection was given up then.
            if let Some(fault) = fault.lock().ok().and_then(|mut fault| fault.take()) {
                return fault;
            }
            let kind =
                if error.is_builder() || error.is_redirect() { ErrorKind::Invalid } else { ErrorKind::Temporary };
            Error::new(kind, &call.doing, transport::explain(&error))
        })
    }
}

/// A blob as the body of a request; an error on the way ends the body early and is kept.
fn pieces(
    blob: Blob,
    fault: Arc<Mutex<Option<Error>>>,
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    futures_util::stream::try_unfold((blob, fault), |(mut blob, fault)| async move {
        match blob.chunk().await {
            Ok(chunk) => Ok(chunk.map(|bytes| (bytes, (blob, fault)))),
            Err(error) => {
                let told = std::io::Error::other(error.to_string());
                if let Ok(mut fault) = fault.lock() {
                    *fault = Some(error);
                }
                Err(told)
            }
        }
    })
}

fn challenges(response: &Response) -> Vec<String> {
    let all = response.headers().get_all(WWW_AUTHENTICATE).iter();
    all.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The errors document of distribution-spec "Error Codes".
#[derive(Deserialize)]
struct Diagnostics {
    errors: Vec<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: Option<String>,
}

async fn refusal(auth: &Auth, doing: &str, response: Response) -> Error {
    let status = response.status();
    let kind = match status.as_u16() {
        404 => ErrorKind::NotFound,
        401 | 403 => ErrorKind::Unauthorized,
        409 | 412 => ErrorKind::Conflict,
        408 | 429 | 500 | 502..=504 => ErrorKind::Temporary,
        _ => ErrorKind::Refused,
    };
    let body = read_bounded(response, DIAGNOSTICS).await.unwrap_or_default();
    let said = match serde_json::from_slice::<Diagnostics>(&body) {
        Ok(diagnostics) => diagnostics.errors.iter().take(3).map(Diagnostic::show).collect::<Vec<_>>().join("; "),
        Err(_) => String::new(),
    };
    let mut cause = status.to_string();
    if !said.is_empty() {
        cause = format!("{cause}: {}", quote(&auth.redact(said), 600));
    }
    Error::new(kind, doing, cause)
}

impl Diagnostic {
    fn show(&self) -> String {
        match self.message.as_deref().filter(|message| !message.is_empty()) {
            Some(message) => format!("{} ({})", quote(&self.code, 60), quote(message, 300)),
            None => quote(&self.code, 60),
        }
    }
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read_bounded(mut response: Response, limit: usize) -> Result<Bytes, Error> {
    let doing = "read a registry's answer";
    let mut body = Vec::new();
    while let Some(chunk) =
        next_chunk(&mut response).await.map_err(|cause| Error::new(ErrorKind::Temporary, doing, cause))?
    {
        if body.len() + chunk.len() > limit {
            return Err(Error::invalid(doing, format!("it is longer than {limit} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// The next piece of a body, in time.
pub(super) async fn next_chunk(response: &mut Response) -> Result<Option<Bytes>, String> {
    match tokio::time::timeout(PATIENCE, response.chunk()).await {
        Ok(chunk) => chunk.map_err(|error| transport::explain(&error)),
        Err(_) => Err("no more data in time".to_owned()),
    }
}

//! Asking a running service what it says about itself.

use crate::inputs::unknown;
use github::Failure;
use serde_json::Value;
use transport::{Attempt, Limits, Pauses};
use url::Url;

/// A larger response is not one that carries provenance fields, in bytes.
const MAX_RESPONSE_BYTES: usize = 4 << 20;

/// The JSON at `url`, below `pointer`.
///
/// # Errors
/// When there is no answer, none with status 200, or none that is JSON: then nothing is known about the service.
pub(crate) async fn fetch(url: &Url, pointer: &str) -> Result<Value, Failure> {
    let failed = |cause: String| {
        unknown("read the live response of")
            .subject(shown(url))
            .because(cause)
            .state("nothing was changed")
            .help("check that the service is up and that `url` answers with JSON")
    };
    let client = transport::client(Limits::default()).map_err(|error| failed(error.to_string()))?;
    let bytes = transport::retry(Pauses::default(), || ask(&client, url)).await.map_err(failed)?;
    let value = attest::parse_strict(&bytes).map_err(|error| failed(format!("not unambiguous JSON: {error}")))?;
    let below = value.pointer(pointer).cloned();
    below.ok_or_else(|| failed(format!("the response has nothing at {pointer}")))
}

async fn ask(client: &reqwest::Client, url: &Url) -> Attempt<Vec<u8>, String> {
    let answer = match client.get(url.clone()).header("accept", "application/json").send().await {
        Ok(answer) => answer,
        Err(error) => return Attempt::Again { error: transport::explain(&error), after: None },
    };
    match answer.status() {
        status if status.is_server_error() || status.as_u16() == 429 => {
            Attempt::Again { error: format!("it answered {status}"), after: None }
        }
        status if status.as_u16() != 200 => Attempt::Fatal(format!("it answered {status}")),
        _ => read(answer).await,
    }
}

async fn read(mut answer: reqwest::Response) -> Attempt<Vec<u8>, String> {
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > MAX_RESPONSE_BYTES => {
                return Attempt::Fatal(format!("its answer has more than {MAX_RESPONSE_BYTES} bytes"));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Attempt::Done(bytes),
            Err(error) => return Attempt::Again { error: transport::explain(&error), after: None },
        }
    }
}

/// Without the query, which may hold a token.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

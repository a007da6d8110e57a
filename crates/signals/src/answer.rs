//! Reading what an HTTP metrics API answered, whatever it is: bounded, and told in words when it is not the protocol.

use crate::{SourceError, SourceErrorKind};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use transport::{Attempt, Pauses};
use url::Url;

/// The largest answer read, in bytes: a day of minutes of some thousand series.
const LARGEST: usize = 16 * 1024 * 1024;

/// The envelope of every answer (Prometheus HTTP API, "Format overview").
#[derive(Deserialize)]
pub(crate) struct Envelope {
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) data: Option<Box<RawValue>>,
    #[serde(default, rename = "errorType")]
    pub(crate) error_type: String,
    #[serde(default)]
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
}

/// The body, as far as it is not too large.
pub(crate) async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, SourceError> {
    let mut body = Vec::new();
    let unavailable = |error: reqwest::Error| {
        SourceError::new(SourceErrorKind::Unavailable, format!("the answer broke off: {}", transport::explain(&error)))
    };
    while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(SourceError::new(
                SourceErrorKind::Nonsense,
                format!("the answer is larger than {LARGEST} bytes"),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The JSON an endpoint answers, asked again while it may get better; errors name `url`.
pub(crate) async fn json(url: &Url, request: reqwest::RequestBuilder) -> Result<Value, SourceError> {
    let once = || async {
        // A request without a stream for its body can always be sent again.
        let Some(request) = request.try_clone() else {
            return Attempt::Fatal(SourceError::new(SourceErrorKind::Refused, "it cannot be asked twice"));
        };
        match document(request).await {
            Ok(document) => Attempt::Done(document),
            Err(error) if error.kind == SourceErrorKind::Unavailable => Attempt::Again { error, after: None },
            Err(error) => Attempt::Fatal(error),
        }
    };
    let answered = transport::retry(Pauses { attempts: 3, ..Pauses::default() }, once).await;
    answered.map_err(|error| SourceError::new(error.kind, format!("{url}: {error}")))
}

async fn document(request: reqwest::RequestBuilder) -> Result<Value, SourceError> {
    let response = request.send().await.map_err(|error| match error.is_redirect() {
        true => SourceError::new(SourceErrorKind::Refused, "it redirects elsewhere; write its final address"),
        false => SourceError::new(SourceErrorKind::Unavailable, transport::explain(&error)),
    })?;
    let status = response.status();
    let body = body(response).await?;
    let start = || short(&String::from_utf8_lossy(&body[..body.len().min(600)]));
    match status.as_u16() {
        200..=299 => serde_json::from_slice(&body)
            .map_err(|_| SourceError::new(SourceErrorKind::Nonsense, format!("not JSON: {}", start()))),
        code @ (429 | 500..=599) => {
            Err(SourceError::new(SourceErrorKind::Unavailable, format!("HTTP {code}: {}", start())))
        }
        code => Err(SourceError::new(SourceErrorKind::Refused, format!("HTTP {code}: {}", start()))),
    }
}

/// The envelope in a body that came with `status`, or what it was instead.
pub(crate) fn envelope(status: reqwest::StatusCode, body: &[u8]) -> Result<Envelope, SourceError> {
    let parsed = serde_json::from_slice::<Envelope>(body);
    let kind = match (status.as_u16(), &parsed) {
        (200..=299, _) => SourceErrorKind::Nonsense,
        (429 | 500..=599, _) => SourceErrorKind::Unavailable,
        _ => SourceErrorKind::Refused,
    };
    match parsed {
        Ok(envelope) if envelope.status == "success" && status.is_success() => Ok(envelope),
        Ok(envelope) if envelope.status == "error" => {
            let Envelope { error_type, error, .. } = envelope;
            Err(SourceError::new(kind, format!("HTTP {}: {}: {}", status.as_u16(), short(&error_type), short(&error))))
        }
        _ => {
            let start = short(&String::from_utf8_lossy(&body[..body.len().min(600)]));
            let text = format!("HTTP {}, not the Prometheus API: {start}", status.as_u16());
            Err(SourceError::new(kind, text))
        }
    }
}

/// A foreign text for a message: one line, 200 characters at most.
pub(crate) fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(201).collect();
    if line.chars().count() > 200 { line.chars().take(199).chain(['…']).collect() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::StatusCode;

    #[test]
    fn what_is_not_an_answer_is_told_by_its_kind() {
        let error =
            |status, body: &str| envelope(StatusCode::from_u16(status).unwrap(), body.as_bytes()).err().unwrap();
        let refused = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        for (status, body, kind, wanted) in [
            (400, refused, SourceErrorKind::Refused, "HTTP 400: bad_data: parse error"),
            (
                503,
                r#"{"status":"error","errorType":"timeout","error":"slow"}"#,
                SourceErrorKind::Unavailable,
                "timeout",
            ),
            (502, "<html>Bad gateway</html>", SourceErrorKind::Unavailable, "not the Prometheus API: <html>"),
            (200, "<html>Sign in</html>", SourceErrorKind::Nonsense, "not the Prometheus API: <html>Sign in"),
            (200, "{}", SourceErrorKind::Nonsense, "not the Prometheus API"),
            (200, "", SourceErrorKind::Nonsense, "not the Prometheus API"),
            (403, "no", SourceErrorKind::Refused, "HTTP 403"),
            (404, "", SourceErrorKind::Refused, "HTTP 404"),
            (500, r#"{"status":"success","data":{}}"#, SourceErrorKind::Unavailable, "HTTP 500"),
        ] {
            let error = error(status, body);
            assert_eq!(error.kind, kind, "{status} {body}");
            assert!(error.text.contains(wanted), "{error}");
        }
    }

    #[test]
    fn foreign_text_is_one_short_line() {
        let text = short(&format!("a\nb::set-output\r{}", "x".repeat(500)));
        assert!(!text.contains(['\n', '\r']) && text.chars().count() == 200);
    }
}

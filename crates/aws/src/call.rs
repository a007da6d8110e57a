//! One signed exchange, and when it may be repeated.

use crate::{
    Aws, AwsError, Service, query,
    service::{Wire, is_repeatable},
};
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use serde_json::Value;
use std::time::{Duration, SystemTime};
use transport::{Attempt, retry};

/// Largest answer taken, in bytes. A full page of 100 described tasks has some 400 kB.
const LARGEST: usize = 16 << 20;

/// A request before it is signed.
pub(crate) struct Request<'a> {
    pub(crate) wire: Wire,
    pub(crate) operation: &'a str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

struct Answer {
    status: u16,
    code: Option<String>,
    request_id: Option<String>,
    after: Option<Duration>,
    body: Vec<u8>,
}

impl Aws {
    /// Calls `operation` with `input` as its document, and gives back the answer's document as it came.
    ///
    /// Throttled and unreached calls are repeated with growing pauses; an answer that leaves open whether the service
    /// acted (a 5xx, a lost connection) only where doing it twice is the same as once.
    ///
    /// # Errors
    /// [`AwsError`], with the IAM action to allow when a permission is missing.
    pub async fn json(&self, service: Service, operation: &str, input: &Value) -> Result<Value, AwsError> {
        let request = Request {
            wire: service.wire(),
            operation,
            headers: vec![
                ("content-type", service.content_type().to_owned()),
                ("x-amz-target", service.target(operation)),
            ],
            body: input.to_string().into_bytes(),
        };
        let body = self.exchange(&request).await?;
        if body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&body)
            .map_err(|error| AwsError::new(request.wire.name, operation, "MalformedAnswer", &error.to_string()))
    }

    /// Sends `request` until it is answered, refused for good, or the attempts run out.
    pub(crate) async fn exchange(&self, request: &Request<'_>) -> Result<Vec<u8>, AwsError> {
        retry(self.pauses(), || async {
            match self.attempt(request).await {
                Ok(answer) if (200..300).contains(&answer.status) => Attempt::Done(answer.body),
                Ok(answer) => self.judge(request, &answer).await,
                Err(Lost { error, acted: false }) => Attempt::Again { error, after: None },
                Err(Lost { error, acted: true }) if is_repeatable(request.operation) && error.is_transient() => {
                    Attempt::Again { error, after: None }
                }
                Err(Lost { error, .. }) => Attempt::Fatal(error),
            }
        })
        .await
    }

    async fn judge(&self, request: &Request<'_>, answer: &Answer) -> Attempt<Vec<u8>, AwsError> {
        let error = refusal(request, answer);
        if error.is_expired() && self.identity().is_renewable() {
            self.identity().forget().await;
            return Attempt::Again { error, after: None };
        }
        if error.is_throttling() || (error.is_transient() && is_repeatable(request.operation)) {
            return Attempt::Again { error, after: answer.after };
        }
        Attempt::Fatal(error)
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Answer, Lost> {
        let fatal = |code: &str, message: &str| Lost {
            error: AwsError::new(request.wire.name, request.operation, code, message),
            acted: true,
        };
        let now = self.now();
        let credentials = self.identity().at(now).await.map_err(|message| fatal("NoCredentials", &message))?;
        let url = format!("{}/", self.endpoint(request.wire));
        let signature = self.sign(request, &url, (credentials, now)).map_err(|error| fatal("NotSigned", &error))?;
        let mut outgoing = self.http().post(&url).body(request.body.clone());
        for (name, value) in &request.headers {
            outgoing = outgoing.header(*name, value);
        }
        for (name, value) in signature {
            outgoing = outgoing.header(name, value);
        }
        let unreached = |error: reqwest::Error| Lost {
            acted: !error.is_connect(),
            error: AwsError::new(request.wire.name, request.operation, "Unreachable", &transport::explain(&error)),
        };
        let mut answer = outgoing.send().await.map_err(unreached)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreached)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(fatal("AnswerTooLarge", "the answer is larger than 16 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer {
            status: answer.status().as_u16(),
            code: header("x-amzn-errortype"),
            request_id: header("x-amzn-requestid"),
            after: header("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
            body,
        })
    }

    fn sign(
        &self,
        request: &Request<'_>,
        url: &str,
        (credentials, now): (Credentials, SystemTime),
    ) -> Result<Vec<(String, String)>, String> {
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region())
            .name(request.wire.signing)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let headers = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable = SignableRequest::new("POST", url, headers, SignableBody::Bytes(&request.body))
            .map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &params).map_err(|error| error.to_string())?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// An exchange without an answer.
struct Lost {
    error: AwsError,
    /// Whether the service may have acted: `false` only when the connection never stood.
    acted: bool,
}

/// The service's refusal in its own words, from whichever of the places it may stand in.
fn refusal(request: &Request<'_>, answer: &Answer) -> AwsError {
    let (code, message, id) = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(document) => {
            let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
            let message = text("message").or_else(|| text("Message")).unwrap_or_default();
            (text("__type").or_else(|| text("code")), message, None)
        }
        Err(_) => query::refusal(&answer.body).unwrap_or_default(),
    };
    // `namespace#Code:uri` in the header or the document; the code is what the models list.
    let code = answer.code.clone().or(code).unwrap_or_else(|| format!("HTTP{}", answer.status));
    let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    let mut error = AwsError::new(request.wire.name, request.operation, code, &message);
    error.status = Some(answer.status);
    error.request_id = answer.request_id.clone().or(id).map(|id| id.chars().take(80).collect());
    error
}

//! The official SDK crates over the suite's own HTTP client: one TLS stack, one trust store, one way through proxies.

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use std::{error::Error, time::Duration};

/// Largest answer taken from STS, ECR or a credential endpoint, in bytes; theirs have a few kilobytes.
const LARGEST: usize = 4 << 20;

/// An SDK HTTP client that sends through `client`.
pub(crate) fn http_client(client: reqwest::Client) -> SharedHttpClient {
    http_client_fn(move |settings, _| {
        // Instance metadata is asked with a second's patience: elsewhere than on an instance nobody answers.
        let patience = settings.read_timeout().map(|read| read + settings.connect_timeout().unwrap_or_default());
        SharedHttpConnector::new(OverReqwest { client: client.clone(), patience })
    })
}

#[derive(Debug, Clone)]
struct OverReqwest {
    client: reqwest::Client,
    patience: Option<Duration>,
}

impl HttpConnector for OverReqwest {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let OverReqwest { client, patience } = self.clone();
        HttpConnectorFuture::new(async move {
            let Some(patience) = patience else { return send(&client, &request).await };
            let late = |elapsed: tokio::time::error::Elapsed| ConnectorError::timeout(elapsed.into());
            tokio::time::timeout(patience, send(&client, &request)).await.map_err(late)?
        })
    }
}

async fn send(client: &reqwest::Client, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let user = |error: Box<dyn Error + Send + Sync>| ConnectorError::user(error);
    let method = request.method().parse::<reqwest::Method>().map_err(|error| user(error.into()))?;
    let body = request.body().bytes().ok_or_else(|| user("a streaming body is not supported".into()))?;
    let mut outgoing = client.request(method, request.uri()).body(body.to_vec());
    for (name, value) in request.headers() {
        outgoing = outgoing.header(name, value);
    }
    let mut answer = outgoing.send().await.map_err(connector_error)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(connector_error)? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(ConnectorError::io("the answer is larger than 4 MiB".into()));
        }
        bytes.extend_from_slice(&chunk);
    }
    let status = answer.status().as_u16().try_into().map_err(|_| ConnectorError::io("not an HTTP status".into()))?;
    let mut response = HttpResponse::new(status, SdkBody::from(bytes));
    for (name, value) in answer.headers() {
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}

fn connector_error(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else {
        ConnectorError::io(transport::explain(&error).into())
    }
}

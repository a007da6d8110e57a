//! One request and what came back.

use crate::{
    cases::Request,
    config::Target,
    inputs::{BaseUrl, Settings},
};
use github::{Exit, Failure, Runner};
use jiff::Timestamp;
use reqwest::{
    Client, RequestBuilder,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use std::time::Duration;
use tokio::time::Instant;

/// The longest answer read, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// What came of a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A whole answer.
    Answer(Answer),
    /// No whole answer within the time one may take.
    Late(Duration),
    /// A redirect, which is never followed: it could lead a question and its credentials elsewhere.
    Redirected,
    /// An answer that breaks off, or is longer than 4 MiB: why.
    Broken(String),
    /// Nobody answered: why. Says nothing about right or wrong.
    Unreachable(String),
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// From the request to the last byte.
    pub took: Duration,
    /// When the last byte had come.
    pub at: Timestamp,
}

/// The service that is asked.
pub(crate) struct Service<'r> {
    runner: &'r Runner,
    client: Client,
    base_url: BaseUrl,
    headers: HeaderMap,
    timeout: Duration,
}

impl<'r> Service<'r> {
    /// Sets up the client; nothing is sent yet.
    pub(crate) fn connect(runner: &'r Runner, settings: &Settings) -> Result<Self, Failure> {
        let Target { timeout, headers, .. } = &settings.canary.target;
        let timeout = timeout.duration();
        // A connection has three quarters of the time, so that "nobody there" is told from "too slow".
        let limits = transport::Limits { connect: timeout / 4 * 3, total: Some(timeout), redirects: 0 };
        let client = transport::client(limits).map_err(|error| {
            let failure = Failure::new(Exit::Unknown, "prepare to ask").subject(&settings.base_url);
            failure.because(error).state("nothing was asked")
        })?;
        let mut all: HeaderMap = headers.iter().cloned().collect();
        all.extend(settings.authorization.clone().map(|mut value| {
            value.set_sensitive(true);
            (AUTHORIZATION, value)
        }));
        Ok(Self { runner, client, base_url: settings.base_url.clone(), headers: all, timeout })
    }

    /// Asks once.
    pub(crate) async fn ask(&self, request: &Request) -> Reply {
        let started = Instant::now();
        let sent = self.build(request).send().await;
        let mut response = match sent {
            Ok(response) => response,
            Err(error) if error.is_redirect() => return Reply::Redirected,
            Err(error) if error.is_connect() || !error.is_timeout() => {
                return Reply::Unreachable(transport::explain(&error));
            }
            Err(_) => return Reply::Late(self.timeout),
        };
        let status = response.status().as_u16();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER => body.extend_from_slice(&chunk),
                Ok(Some(_)) => return Reply::Broken(format!("longer than {MAX_ANSWER} bytes")),
                Ok(None) => break,
                Err(error) if error.is_timeout() => return Reply::Late(self.timeout),
                Err(error) => return Reply::Broken(format!("breaks off: {}", transport::explain(&error))),
            }
        }
        Reply::Answer(Answer { status, body, took: started.elapsed(), at: self.runner.now() })
    }

    fn build(&self, request: &Request) -> RequestBuilder {
        let mut headers = self.headers.clone();
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &request.headers {
            headers.insert(name, value.clone());
        }
        let mut builder =
            self.client.request(request.method.clone(), self.base_url.join(&request.path)).headers(headers);
        if !request.query.is_empty() {
            builder = builder.query(&request.query);
        }
        match &request.body {
            Some(body) => builder.body(body.to_string()),
            None => builder,
        }
    }
}

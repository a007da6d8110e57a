//! One request and what came back.

use crate::{
    cases::Request,
    config::Target,
    inputs::{BaseUrl, Settings},
    wire::{Client, Encoder, Head, Trouble, Wire, headers},
};
use github::{Exit, Failure};
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use transport::Dial;

/// What came of a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A whole answer.
    Answer(Answer),
    /// No whole answer within the time one may take.
    Late(Duration),
    /// A redirect, which is never followed: it could lead a question and its credentials elsewhere.
    Redirected,
    /// An answer that breaks off, is not HTTP, or is longer than 4 MiB: why.
    Broken(String),
    /// Nobody answered: why. Says nothing about right or wrong.
    Unreachable(String),
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its head.
    pub head: Head,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// From the request to the last byte.
    pub took: Duration,
    /// When the last byte had come.
    pub at: Timestamp,
}

/// A service that is asked. Cheap to clone: all clones share the connections.
#[derive(Clone)]
pub(crate) struct Service(Arc<Inner>);

struct Inner {
    name: String,
    client: Client,
    encoder: Encoder,
    timeout: Duration,
}

impl Service {
    /// Sets up the client; nothing is sent yet.
    pub(crate) fn connect(base_url: &BaseUrl, target: &Target, login: Option<&HeaderValue>) -> Result<Self, Failure> {
        let url = base_url.url();
        let dial = Dial::to(&url).map_err(|error| {
            let failure = Failure::new(Exit::Unknown, "prepare to ask").subject(base_url);
            failure.because(error).state("nothing was asked")
        })?;
        let encoder = Encoder::new(&url, &dial, headers(&target.headers, login));
        Ok(Self(Arc::new(Inner {
            name: base_url.to_string(),
            client: Client::new(dial),
            encoder,
            timeout: target.timeout.duration(),
        })))
    }

    /// The service of the run.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        let nobody = || Failure::new(Exit::Unknown, "ask").because("no service is named").state("nothing was asked");
        let base_url = settings.base_url.as_ref().ok_or_else(nobody)?;
        Self::connect(base_url, &settings.canary.target, settings.authorization.as_ref())
    }

    /// Its address.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// How long one answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// The bytes of a request.
    pub(crate) fn encode(&self, request: &Request) -> Result<Wire, String> {
        self.0.encoder.encode(request)
    }

    /// Asks once.
    pub(crate) async fn ask(&self, request: &Request) -> Reply {
        match self.encode(request) {
            Ok(wire) => self.send(&wire, Instant::now()).await,
            Err(problem) => Reply::Unreachable(problem),
        }
    }

    /// Sends a request whose time is counted from `start`.
    pub(crate) async fn send(&self, wire: &Wire, start: Instant) -> Reply {
        let timeout = self.0.timeout;
        // A connection has three quarters of the time, so that "nobody there" is told from "too slow".
        match self.0.client.ask(wire, timeout / 4 * 3, start + timeout).await {
            Ok(received) if received.head.redirects() => Reply::Redirected,
            Ok(received) => Reply::Answer(Answer {
                status: received.head.status,
                head: received.head,
                body: received.body,
                took: start.elapsed(),
                at: Timestamp::now(),
            }),
            Err(Trouble::Late) => Reply::Late(timeout),
            Err(Trouble::Broken(reason)) => Reply::Broken(reason),
            Err(Trouble::Silent(reason)) => Reply::Unreachable(reason),
        }
    }
}

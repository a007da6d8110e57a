//! One request and what came back.

use super::{
    batch::Batch,
    program::{self, Program},
};
use crate::{
    cases::{Case, Request},
    config::{Origin, Target},
    inputs::{BaseUrl, Settings},
    wire::{Client, Credentials, Encoder, Head, Trouble, Wire},
};
use document::{Json, JsonFault};
use github::{Exit, Failure};
use jiff::Timestamp;
use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
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
    /// The program that was asked failed: how it ended, and the beginning of what it said of it, which is foreign text.
    Ended(String, String),
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
    /// The body as JSON, where it has been read already.
    pub json: Option<Json>,
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
    way: Way,
    timeout: Duration,
}

/// How answers are come by.
enum Way {
    Http(Box<(Client, Encoder)>),
    Batch(Mutex<Batch>),
    Program(Program),
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Cow<'_, Json>, JsonFault> {
        match &self.json {
            Some(json) => Ok(Cow::Borrowed(json)),
            None => Json::parse(&self.body).map(Cow::Owned),
        }
    }
}

impl Service {
    /// The release that serves now. What belongs to the service, such as its credentials, does not go to another place.
    pub(crate) fn baseline(base_url: &BaseUrl, target: &Target) -> Result<Self, Failure> {
        Self::connect(base_url, target, Credentials::KeptBack)
    }

    /// Sets up the client; nothing is sent yet.
    fn connect(base_url: &BaseUrl, target: &Target, login: Credentials<'_>) -> Result<Self, Failure> {
        let url = base_url.url();
        let dial = Dial::to(&url).map_err(|error| {
            let failure = Failure::new(Exit::Unknown, "prepare to ask").subject(base_url);
            failure.because(error).state("nothing was asked")
        })?;
        let encoder = Encoder::new(&url, &dial, (&target.headers, login));
        let way = Way::Http(Box::new((Client::new(dial), encoder)));
        Ok(Self::by(way, base_url.to_string(), target))
    }

    fn by(way: Way, name: String, target: &Target) -> Self {
        Self(Arc::new(Inner { name, way, timeout: target.timeout.duration() }))
    }

    /// The service of the run, or what stands for one.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        let target = &settings.canary.target;
        match &target.origin {
            Origin::Service => {}
            Origin::Batch(path, id) => {
                let path = settings.folder.join(path);
                let batch = Batch::open(&path, id.clone()).map_err(|error| {
                    let failure = Failure::new(Exit::Unknown, "read the batch").subject(path.display());
                    failure.because(error).state("no answer was looked at")
                })?;
                return Ok(Self::by(Way::Batch(Mutex::new(batch)), settings.target(), target));
            }
            Origin::Program(words) => {
                let (words, folder) = (words.clone(), settings.workspace.clone());
                let program = Program { words, folder, environment: settings.environment.clone() };
                return Ok(Self::by(Way::Program(program), settings.target(), target));
            }
        }
        let nobody = || Failure::new(Exit::Unknown, "ask").because("no service is named").state("nothing was asked");
        let base_url = settings.base_url.as_ref().ok_or_else(nobody)?;
        Self::connect(base_url, &settings.canary.target, Credentials::Sent(settings.authorization.as_ref()))
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
        match &self.0.way {
            Way::Http(http) => http.1.encode(request),
            Way::Batch(_) | Way::Program(_) => Err("only a service is asked over HTTP".to_owned()),
        }
    }

    /// Asks a case once.
    pub(crate) async fn ask_case(&self, case: &Case) -> Reply {
        let started = Instant::now();
        let answer = |body: Vec<u8>, json: Option<Json>| {
            let (head, took, at) = (Head::good(), started.elapsed(), Timestamp::now());
            Reply::Answer(Answer { status: head.status, head, body, json, took, at })
        };
        match &self.0.way {
            Way::Http(_) => self.ask(&case.request).await,
            Way::Batch(batch) => batch.lock().unwrap_or_else(PoisonError::into_inner).find(&case.id, answer),
            Way::Program(program) => {
                let body = case.request.body.as_ref().map(ToString::to_string);
                program::ask(program, body, self.0.timeout, |body| answer(body, None)).await
            }
        }
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
        let Way::Http(http) = &self.0.way else { return Reply::Unreachable("there is no service".to_owned()) };
        // A connection has three quarters of the time, so that "nobody there" is told from "too slow".
        match http.0.ask(wire, timeout / 4 * 3, start + timeout).await {
            Ok(received) if received.head.redirects() => Reply::Redirected,
            Ok(received) => Reply::Answer(Answer {
                status: received.head.status,
                head: received.head,
                body: received.body,
                json: None,
                took: start.elapsed(),
                at: Timestamp::now(),
            }),
            Err(Trouble::Late) => Reply::Late(timeout),
            Err(Trouble::Broken(reason)) => Reply::Broken(reason),
            Err(Trouble::Silent(reason)) => Reply::Unreachable(reason),
        }
    }
}

//! HTTP/1.1 as a check needs it: every byte bounded, every moment known, connections reused, nothing followed or decoded.
//!
//! What a service sends is judged as it is sent: a redirect is an answer, a compressed body is bytes (none is asked for),
//! and a body that ends before or goes on behind its declared length is a broken one.

mod answer;
mod head;
mod request;

pub(crate) use answer::Trouble;
pub use head::Head;
pub(crate) use request::{Credentials, Encoder};

use answer::Reading;
use futures_util::FutureExt as _;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout_at},
};
use transport::{Dial, Stream};

/// A request's bytes, and whether its answer has a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) bytes: Vec<u8>,
    pub(crate) answered: Answered,
    /// Whether it may be sent again when a connection turns out to be closed: it changes nothing by being sent twice.
    pub(crate) repeatable: Repeatable,
}

/// Whether an answer can have a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// As its head says.
    AsSaid,
    /// Never: the answer to HEAD.
    HeadOnly,
}

/// Whether a request may be sent twice (RFC 9110, section 9.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// By its method.
    Yes,
    /// POST and PATCH.
    No,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

/// The answer that `bytes` are, when the connection is closed behind them.
///
/// # Errors
/// Why they are none.
pub async fn answer(bytes: Vec<u8>) -> Result<(Head, Vec<u8>), String> {
    let (mut stream, mut buffer): (Box<dyn Stream>, _) = (Box::new(std::io::Cursor::new(bytes)), Vec::new());
    match (Reading { stream: &mut stream, buffer: &mut buffer }).answer(Answered::AsSaid).await {
        Ok((received, _)) => Ok((received.head, received.body)),
        Err(Trouble::Broken(reason) | Trouble::Silent(reason)) => Err(reason),
        Err(Trouble::Late) => Err("not in time".to_owned()),
    }
}

/// One connection, with what has been read of it and not used.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

impl Connection {
    /// Whether it can still be used: nothing has come unasked, and the other side has not closed it.
    fn is_alive(&mut self) -> bool {
        // The end of the stream, an error, and bytes nobody asked for all make it useless.
        self.buffer.is_empty() && self.stream.read_buf(&mut self.buffer).now_or_never().is_none()
    }

    /// Sends a request and reads its whole answer.
    async fn exchange(&mut self, request: &Wire) -> Result<(Received, answer::After), Trouble> {
        let sent = self.stream.write_all(&request.bytes).await;
        // A service may answer and close before it has read everything.
        let read = Reading { stream: &mut self.stream, buffer: &mut self.buffer }.answer(request.answered).await;
        match (read, sent) {
            (Err(Trouble::Silent(_)), Err(error)) => Err(Trouble::Silent(error.to_string())),
            (read, _) => read,
        }
    }
}

/// A way to a service, with the connections that are open and idle.
pub(crate) struct Client {
    dial: Dial,
    idle: std::sync::Mutex<Vec<Connection>>,
}

impl Client {
    pub(crate) fn new(dial: Dial) -> Self {
        Self { dial, idle: std::sync::Mutex::default() }
    }

    fn idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while let Some(mut connection) = idle.pop() {
            if connection.is_alive() {
                return Some(connection);
            }
        }
        None
    }

    /// Asks once; the whole exchange ends by `deadline`, connecting within `connect` of it.
    pub(crate) async fn ask(&self, request: &Wire, connect: Duration, deadline: Instant) -> Result<Received, Trouble> {
        if let Some(connection) = self.idle() {
            match self.ask_on(connection, request, deadline).await {
                // It was closed while the request was on its way.
                Err(Trouble::Silent(_)) if request.repeatable == Repeatable::Yes => {}
                done => return done,
            }
        }
        let opened = timeout_at((Instant::now() + connect).min(deadline), self.dial.open()).await;
        let stream = match opened {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Trouble::Silent(error.to_string())),
            Err(_) => return Err(Trouble::Silent("no connection in time".to_owned())),
        };
        self.ask_on(Connection { stream, buffer: Vec::new() }, request, deadline).await
    }

    async fn ask_on(&self, mut connection: Connection, request: &Wire, deadline: Instant) -> Result<Received, Trouble> {
        let (received, after) = match timeout_at(deadline, connection.exchange(request)).await {
            Ok(done) => done?,
            Err(_) => return Err(Trouble::Late),
        };
        if after == answer::After::Open && connection.buffer.is_empty() {
            self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(connection);
        }
        Ok(received)
    }
}

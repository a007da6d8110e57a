//! A proxy in front of a registry that lets some requests through and then fails in one way for good.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// How it fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    /// The connection ends without an answer; the registry never hears of the request.
    HangUp,
    /// The answer is this status; the registry never hears of the request.
    Status(u16),
    /// The registry does what it is asked, and its answer does not arrive.
    CutAnswer,
}

pub(crate) struct Flaky {
    /// Where it listens.
    pub(crate) host: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Flaky {
    /// Stands in front of `registry` and lets `good` requests through.
    pub(crate) async fn before(registry: &str, trouble: Trouble, good: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (requests, counted) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicUsize::new(0)));
        let (log, registry) = (Arc::clone(&requests), registry.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (log, counted, registry) = (Arc::clone(&log), Arc::clone(&counted), registry.clone());
                tokio::spawn(async move { one(client, &registry, (trouble, good), (&log, &counted)).await });
            }
        });
        Self { host, requests }
    }

    /// The first line of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// One connection carries one request: both sides are told to close it.
async fn one(
    mut client: TcpStream,
    registry: &str,
    (trouble, good): (Trouble, usize),
    (log, counted): (&Mutex<Vec<String>>, &AtomicUsize),
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    let text = String::from_utf8(head).ok()?;
    log.lock().unwrap().push(text.lines().next()?.to_owned());
    let fails = counted.fetch_add(1, Ordering::SeqCst) >= good;
    match trouble {
        Trouble::HangUp if fails => return None,
        Trouble::Status(status) if fails => {
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            client.write_all(answer.as_bytes()).await.ok()?;
            return None;
        }
        _ => {}
    }
    let mut upstream = TcpStream::connect(registry).await.ok()?;
    upstream.write_all(text.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).await.ok()?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_upstream, mut to_upstream) = upstream.split();
    let answer = async {
        if fails {
            // The registry has answered, and nobody hears it.
            return from_upstream.read_u8().await.ok().map(drop);
        }
        tokio::io::copy(&mut from_upstream, &mut to_client).await.ok().map(drop)
    };
    tokio::select! {
        done = answer => done,
        _ = async { let _ = tokio::io::copy(&mut from_client, &mut to_upstream).await; std::future::pending::<()>().await } => None,
    }
}

//! A proxy that counts: every byte in both directions, and every request of HTTP/1.1.

use anyhow::Result;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Where it listens, and what went through it.
pub(super) struct Proxy {
    pub(super) host: String,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    bytes: AtomicU64,
    requests: AtomicU64,
}

/// What went through since the last time it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Traffic {
    pub(super) bytes: u64,
    pub(super) requests: u64,
}

impl Proxy {
    /// Stands in front of `upstream`, a host and port.
    pub(super) fn before(upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (host, upstream) = (listener.local_addr()?.to_string(), upstream.to_owned());
        let counts = Arc::<Counts>::default();
        let counting = Arc::clone(&counts);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (upstream, counts) = (upstream.clone(), Arc::clone(&counting));
                thread::spawn(move || connection(client, &upstream, &counts));
            }
        });
        Ok(Self { host, counts })
    }

    /// What went through since the last call.
    pub(super) fn take(&self) -> Traffic {
        let take = |count: &AtomicU64| count.swap(0, Ordering::SeqCst);
        Traffic { bytes: take(&self.counts.bytes), requests: take(&self.counts.requests) }
    }
}

fn connection(client: TcpStream, upstream: &str, counts: &Arc<Counts>) {
    let Ok(server) = TcpStream::connect(upstream) else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (Ok(from_server), Ok(to_client)) = (server.try_clone(), client.try_clone()) else { return };
    let answers = Arc::clone(counts);
    let back = thread::spawn(move || pass(from_server, to_client, |bytes| answers.count(bytes.len())));
    let mut requests = Requests::default();
    pass(client, server, |bytes| {
        counts.count(bytes.len());
        counts.requests.fetch_add(requests.read(bytes), Ordering::SeqCst);
    });
    let _ = back.join();
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut seen: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        seen(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

impl Counts {
    fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
    }
}

/// Where in its requests a client is.
#[derive(Default)]
enum Place {
    #[default]
    Head,
    Body(u64),
    ChunkLine,
    Chunk(u64),
    Trailer,
}

/// Counts the requests in what a client sends, whatever pieces it comes in.
#[derive(Default)]
struct Requests {
    place: Place,
    line: Vec<u8>,
    head: Vec<u8>,
}

impl Requests {
    /// How many requests begin in these bytes.
    fn read(&mut self, mut bytes: &[u8]) -> u64 {
        let mut begun = 0;
        while !bytes.is_empty() {
            match &mut self.place {
                Place::Body(left) | Place::Chunk(left) if *left > 0 => {
                    let skip = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= skip as u64;
                    bytes = &bytes[skip..];
                }
                Place::Body(_) => self.place = Place::Head,
                Place::Chunk(_) => self.place = Place::ChunkLine,
                Place::Head | Place::ChunkLine | Place::Trailer => {
                    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
                    self.line.extend_from_slice(&bytes[..end]);
                    bytes = &bytes[end..];
                    if self.line.ends_with(b"\n") {
                        begun += self.whole_line();
                    }
                }
            }
        }
        begun
    }

    fn whole_line(&mut self) -> u64 {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line).trim().to_ascii_lowercase();
        match self.place {
            Place::Head if text.is_empty() && !self.head.is_empty() => {
                let head = String::from_utf8_lossy(&std::mem::take(&mut self.head)).into_owned();
                self.place = after(&head);
                return 1;
            }
            Place::Head => self.head.extend_from_slice(format!("{text}\n").as_bytes()),
            Place::ChunkLine => {
                let size = u64::from_str_radix(text.split(';').next().unwrap_or_default(), 16).unwrap_or_default();
                self.place = if size == 0 { Place::Trailer } else { Place::Chunk(size + 2) };
            }
            Place::Trailer if text.is_empty() => self.place = Place::Head,
            _ => {}
        }
        0
    }
}

/// What follows a request's head.
fn after(head: &str) -> Place {
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim));
    match (value("transfer-encoding"), value("content-length").and_then(|length| length.parse().ok())) {
        (Some(encoding), _) if encoding.contains("chunked") => Place::ChunkLine,
        (_, Some(length)) => Place::Body(length),
        _ => Place::Head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_in_whatever_pieces_they_come() {
        let get = "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n";
        let put = "PUT /a HTTP/1.1\r\nContent-Length: 21\r\n\r\nGET / HTTP/1.1\r\nA:b\r\n";
        let patch = "PATCH /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n3;x=y\r\n\r\n\n\r\n0\r\n\r\n";
        let all = [get, put, patch, get].concat();
        for piece in 1..40 {
            let mut requests = Requests::default();
            let begun: u64 = all.as_bytes().chunks(piece).map(|bytes| requests.read(bytes)).sum();
            assert_eq!(begun, 4, "in pieces of {piece}");
        }
    }
}

//! Groups, streams and their last lines.

use jiff::Timestamp;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::io::{AsyncRead, AsyncReadExt};

/// How many lines of a stream are kept.
const LINES_KEPT: usize = 5000;
/// How long a line may be; CloudWatch's own limit is 256 KB, this is enough to read.
const LINE_LIMIT: usize = 16 << 10;

/// All log groups.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    groups: Mutex<BTreeMap<String, Group>>,
    strict: AtomicBool,
}

/// A log group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) created_at: Timestamp,
    pub(super) streams: BTreeMap<String, Stream>,
}

/// A log stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) created_at: Timestamp,
    /// How many lines were dropped at the front.
    pub(super) dropped: usize,
    pub(super) lines: VecDeque<Line>,
}

/// A line of a stream.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    pub(super) ingested_at: Timestamp,
    pub(super) text: String,
}

impl Logs {
    pub(super) fn groups(&self) -> MutexGuard<'_, BTreeMap<String, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a task whose log group does not exist cannot start, as on AWS.
    pub(crate) fn be_strict(&self) {
        self.strict.store(true, Ordering::SeqCst);
    }

    /// Whether a container can log to that group.
    pub(crate) fn accepts(&self, group: &str) -> bool {
        !self.strict.load(Ordering::SeqCst) || self.groups().contains_key(group)
    }

    /// Adds a line to a stream, which comes into being with it.
    fn push(&self, (group, stream): &(String, String), line: &[u8]) {
        let text = String::from_utf8_lossy(&line[..line.len().min(LINE_LIMIT)]).into_owned();
        let now = Timestamp::now();
        let mut groups = self.groups();
        let group = groups.entry(group.clone()).or_insert_with(|| Group::new(now));
        let stream = group.streams.entry(stream.clone()).or_insert_with(|| Stream::new(now));
        stream.add(Line { at: now, ingested_at: now, text });
    }

    /// Reads `from` to its end, line by line.
    pub(crate) async fn follow(&self, stream: (String, String), mut from: impl AsyncRead + Unpin) {
        let mut chunk = vec![0; 8 << 10];
        let mut line = Vec::new();
        while let Ok(read @ 1..) = from.read(&mut chunk).await {
            for &byte in &chunk[..read] {
                match byte {
                    b'\n' => self.push(&stream, &std::mem::take(&mut line)),
                    _ if line.len() < LINE_LIMIT => line.push(byte),
                    _ => {}
                }
            }
        }
        if !line.is_empty() {
            self.push(&stream, &line);
        }
    }
}

impl Group {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { created_at: now, streams: BTreeMap::new() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.streams.values().map(Stream::bytes).sum()
    }
}

impl Stream {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { created_at: now, dropped: 0, lines: VecDeque::new() }
    }

    /// Adds a line; the oldest goes when there are too many.
    pub(super) fn add(&mut self, line: Line) {
        self.lines.push_back(line);
        if self.lines.len() > LINES_KEPT {
            self.lines.pop_front();
            self.dropped += 1;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.text.len()).sum()
    }
}

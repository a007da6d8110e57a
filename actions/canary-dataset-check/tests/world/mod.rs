//! A real HTTP server that can misbehave on the wire, and the real command run against it from an empty environment.

// Each test binary uses a part of this.
#![allow(dead_code, reason = "shared by several test binaries")]

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// A request as it came over the wire.
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) head: String,
    pub(crate) body: String,
    /// How many came before it.
    pub(crate) number: usize,
}

/// What goes back: bytes, with pauses between them.
pub(crate) enum Part {
    Bytes(Vec<u8>),
    Pause(Duration),
}

/// A whole, well-formed answer.
pub(crate) fn answer(status: &str, body: &str) -> Vec<Part> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    vec![Part::Bytes((head + body).into_bytes())]
}

pub(crate) fn ok(body: &str) -> Vec<Part> {
    answer("200 OK", body)
}

pub(crate) struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Server {
    /// Serves every connection on its own thread until the test ends.
    pub(crate) fn start(handler: impl Fn(&Seen) -> Vec<Part> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (handler, asked) = (Arc::new(handler), Arc::new(AtomicUsize::new(0)));
        let counter = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, counter) = (handler.clone(), counter.clone());
                thread::spawn(move || serve(stream, &counter, &*handler));
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests have come.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, counter: &AtomicUsize, handler: &dyn Fn(&Seen) -> Vec<Part>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let mut words = head.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let number = counter.fetch_add(1, Ordering::SeqCst);
    let seen = Seen { method, target, head: head.clone(), body: String::from_utf8(body).unwrap(), number };
    let mut stream = stream;
    for part in handler(&seen) {
        match part {
            Part::Bytes(bytes) if stream.write_all(&bytes).is_err() => return,
            Part::Bytes(_) => {}
            Part::Pause(pause) => thread::sleep(pause),
        }
    }
}

/// A workspace with its files, in which the command runs.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
}

/// What a run said.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) report: Value,
    pub(crate) log: String,
    pub(crate) outputs: String,
    pub(crate) summary: String,
}

impl World {
    pub(crate) fn new(canary: &str, cases: &str) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        world.write("canary.yml", canary);
        world.write("cases.jsonl", cases);
        world
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, url: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canary-dataset-check"));
        command.env_clear().current_dir(self.folder.path()).args(["--json", "--base-url", url]).args(args);
        for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
            std::fs::write(self.path(name), "").unwrap();
            command.env(name, self.path(name));
        }
        command.env("GITHUB_WORKSPACE", self.folder.path());
        command
    }

    pub(crate) fn run(&self, url: &str, args: &[&str]) -> Ran {
        self.ran(self.command(url, args).output().unwrap())
    }

    pub(crate) fn ran(&self, output: Output) -> Ran {
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            report: serde_json::from_str::<Value>(&stdout).map_or(Value::Null, |mut whole| whole["report"].take()),
            log: String::from_utf8(output.stderr).unwrap() + if stdout.starts_with('{') { "" } else { &stdout },
            outputs: read("GITHUB_OUTPUT"),
            summary: read("GITHUB_STEP_SUMMARY"),
        }
    }
}

/// A case that asks for `path` and wants `$.a` to be `a`.
pub(crate) fn case(id: &str, path: &str, a: i64) -> String {
    format!("{{\"id\":\"{id}\",\"request\":{{\"path\":\"{path}\"}},\"expect\":{{\"values\":{{\"$.a\":{a}}}}}}}\n")
}

pub(crate) fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

//! Images of the container engine on this machine, over its socket (Docker Engine API, `GET /images/{name}/get`; Podman
//! answers the same).

use crate::{Error, ErrorKind, error::quote};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek as _, Write as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::Duration,
};

/// Where the engine listens when nothing else is said.
const SOCKET: &str = "/var/run/docker.sock";
/// The engine prepares an archive before it sends its first byte.
const PATIENCE: Duration = Duration::from_secs(300);
/// Headers and error messages beyond this are not read.
const HEADERS: u64 = 64 << 10;
/// An image beyond this is not taken.
const LIMIT: u64 = 64 << 30;

/// A container engine on this machine.
#[derive(Debug, Clone)]
pub struct Daemon {
    socket: PathBuf,
}

impl Daemon {
    /// The engine that `DOCKER_HOST` names, or the one at the usual place.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] for anything but a `unix://` address: an engine on another machine is reached through its registry.
    pub fn at(host: Option<&str>) -> Result<Self, Error> {
        let Some(host) = host.filter(|host| !host.is_empty()) else { return Ok(Self { socket: SOCKET.into() }) };
        match host.strip_prefix("unix://") {
            Some(path) if path.starts_with('/') => Ok(Self { socket: path.into() }),
            _ => Err(Error::new(
                ErrorKind::Local,
                "reach the container engine",
                format!("DOCKER_HOST is `{}`; only unix:///… is supported", quote(host, 120)),
            )),
        }
    }

    /// Has the engine write an image, by name or ID, as an archive into a file without a name, rewound.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the engine has no such image, [`ErrorKind::Local`] when there is no engine or the disk
    /// does not take it, [`ErrorKind::Temporary`] when the engine fails or its answer ends early.
    pub fn save(&self, name: &str) -> Result<File, Error> {
        let doing = format!("take the image {} from the engine at {}", quote(name, 200), self.socket.display());
        let engine = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(ErrorKind::Local, &doing, "nothing listens there"),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ConnectionRefused => Error::local(&doing, &error),
            _ => Error::new(ErrorKind::Temporary, &doing, error.to_string()),
        };
        if name.is_empty() || name.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(Error::invalid(doing, "no image has such a name"));
        }
        let mut answer = BufReader::with_capacity(256 << 10, self.ask(name).map_err(engine)?);
        let head = Head::read(&mut answer).map_err(engine)?;
        if head.status != 200 {
            let kind = if head.status == 404 { ErrorKind::NotFound } else { ErrorKind::Temporary };
            let mut text = String::new();
            let _ = head.body(&mut answer).take(HEADERS).read_to_string(&mut text);
            return Err(Error::new(kind, &doing, format!("{}: {}", head.status, quote(text.trim(), 300))));
        }
        let mut spool = tempfile::tempfile().map_err(|error| Error::local(&doing, &error))?;
        let copied = io::copy(&mut head.body(&mut answer).take(LIMIT), &mut spool).map_err(engine)?;
        if copied == LIMIT {
            return Err(Error::invalid(doing, format!("it has more than {LIMIT} bytes")));
        }
        spool.rewind().map_err(|error| Error::local(&doing, &error))?;
        Ok(spool)
    }

    fn ask(&self, name: &str) -> io::Result<UnixStream> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let name = escaped(name);
        write!(stream, "GET /images/{name}/get HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")?;
        Ok(stream)
    }
}

/// A name in a request's path: what could end it, or the line, is escaped (RFC 3986, section 2.1).
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/@".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(escape).collect()
}

/// The part of an answer before its body (RFC 9112).
struct Head {
    status: u16,
    body: Body,
}

#[derive(Clone, Copy)]
enum Body {
    Chunked,
    Long(u64),
    UntilClosed,
}

fn wrong(cause: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}

impl Head {
    fn read(answer: &mut impl BufRead) -> io::Result<Self> {
        let mut bounded = answer.take(HEADERS);
        let status = line(&mut bounded)?;
        let status = status.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| wrong("the answer is not HTTP"))?;
        let mut body = Body::UntilClosed;
        loop {
            let header = line(&mut bounded)?;
            if header.is_empty() {
                return Ok(Self { status, body });
            }
            let (name, value) = header.split_once(':').ok_or_else(|| wrong("a header of the answer is malformed"))?;
            let (name, value) = (name.to_ascii_lowercase(), value.trim());
            if name == "transfer-encoding" && value.eq_ignore_ascii_case("chunked") {
                body = Body::Chunked;
            } else if let ("content-length", Body::UntilClosed) = (name.as_str(), body) {
                body = Body::Long(value.parse().map_err(|_| wrong("the answer's length is malformed"))?);
            }
        }
    }

    fn body<'a>(&self, answer: &'a mut dyn BufRead) -> Reading<'a> {
        let left = if let Body::Long(length) = self.body { length } else { 0 };
        Reading { answer, body: self.body, left, done: false }
    }
}

/// A line without its end.
fn line(answer: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    answer.read_line(&mut line)?;
    let line = line.strip_suffix('\n').ok_or_else(|| wrong("the answer ends early"))?;
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

struct Reading<'a> {
    answer: &'a mut dyn BufRead,
    body: Body,
    /// Of the current chunk, or of everything.
    left: u64,
    done: bool,
}

impl Reading<'_> {
    /// The next chunk's length; the last has none.
    fn chunk(&mut self) -> io::Result<()> {
        let mut bounded = (&mut *self.answer).take(1024);
        let length = line(&mut bounded)?;
        let length = length.split(';').next().unwrap_or_default().trim();
        self.left = u64::from_str_radix(length, 16).map_err(|_| wrong("a chunk of the answer is malformed"))?;
        self.done = self.left == 0;
        Ok(())
    }
}

impl Read for Reading<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Body::UntilClosed = self.body {
            return self.answer.read(buffer);
        }
        if let (Body::Chunked, 0, false) = (self.body, self.left, self.done) {
            self.chunk()?;
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.answer.read(buffer.get_mut(..most).unwrap_or_default())?;
        if read == 0 {
            return Err(wrong("the answer ends early"));
        }
        self.left -= read as u64;
        if let (Body::Chunked, 0) = (self.body, self.left) {
            line(&mut (&mut *self.answer).take(2))?;
        }
        Ok(read)
    }
}

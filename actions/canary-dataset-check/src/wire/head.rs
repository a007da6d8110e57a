//! The head of an answer.

/// Fields an answer may have.
const MOST_FIELDS: usize = 100;

/// Status and fields of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// The bytes it came as, to its blank line.
    bytes: Vec<u8>,
}

/// What a head says about the body behind it (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

/// A head that has been read.
pub(super) struct Parsed {
    pub(super) head: Head,
    pub(super) framing: Framing,
    /// Whether the connection stays open behind the answer.
    pub(super) stays: Stays,
    /// The head's length in bytes.
    pub(super) length: usize,
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stays {
    Open,
    Closed,
}

impl Head {
    /// The head of an answer that did not come over HTTP: a status of 200 and no fields.
    #[must_use]
    pub fn good() -> Self {
        Self { status: 200, bytes: Vec::new() }
    }

    /// A head as text: a status line and fields, one per line.
    ///
    /// # Errors
    /// When the first line is no status line.
    pub fn read(text: &str) -> Result<Self, String> {
        let status = text.split(' ').nth(1).and_then(|status| status.get(..3)).and_then(|status| status.parse().ok());
        let status =
            status.ok_or_else(|| format!("`{}` is no status line", text.lines().next().unwrap_or_default()))?;
        Ok(Self { status, bytes: text.as_bytes().to_vec() })
    }

    /// The values of a field, in order, white space around them removed.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.bytes.split(|byte| *byte == b'\n').skip(1);
        let fields = lines.filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':'));
        fields.filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Whether it sends the asker elsewhere.
    #[must_use]
    pub fn redirects(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308) && self.values("location").next().is_some()
    }
}

/// Reads a head from the start of `bytes`; `None` where it is not whole yet.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Parsed>, String> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("is not HTTP/1.1: {error}")),
    };
    let status = response.code.unwrap_or(0);
    let (mut lengths, mut encodings, mut connection) = (Vec::new(), Vec::new(), Vec::new());
    for field in response.headers.iter() {
        let list = match field.name {
            name if name.eq_ignore_ascii_case("content-length") => &mut lengths,
            name if name.eq_ignore_ascii_case("transfer-encoding") => &mut encodings,
            name if name.eq_ignore_ascii_case("connection") => &mut connection,
            _ => continue,
        };
        let value = std::str::from_utf8(field.value).map_err(|_| format!("has a {} that is no text", field.name))?;
        list.extend(value.split(',').map(str::trim));
    }
    let framing = framing(&lengths, &encodings)?;
    let says = |word: &str| connection.iter().any(|said| said.eq_ignore_ascii_case(word));
    let stays = match response.version {
        Some(1) if !says("close") => Stays::Open,
        Some(0) if says("keep-alive") => Stays::Open,
        _ => Stays::Closed,
    };
    let head = Head { status, bytes: bytes.get(..length).unwrap_or_default().to_vec() };
    Ok(Some(Parsed { head, framing, stays, length }))
}

fn framing(lengths: &[&str], encodings: &[&str]) -> Result<Framing, String> {
    match (encodings, lengths) {
        ([], []) => Ok(Framing::UntilClosed),
        ([], [first, others @ ..]) => {
            let digits = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
            let length = first.parse().ok().filter(|_| digits && others.iter().all(|other| other == first));
            length.map(Framing::Length).ok_or_else(|| format!("has the content-length `{}`", lengths.join(", ")))
        }
        ([only], []) if only.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        (encodings, []) => Err(format!("has the transfer-encoding `{}`", encodings.join(", "))),
        // Two lengths for one body: what one reads as the end another reads as the next answer (section 6.1).
        _ => Err("has both a content-length and a transfer-encoding".to_owned()),
    }
}

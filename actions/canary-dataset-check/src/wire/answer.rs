//! Reading an answer, bounded.

use super::{
    Answered, Received,
    head::{self, Framing, Parsed, Stays},
};
use tokio::io::AsyncReadExt as _;
use transport::Stream;

/// The longest head, in bytes.
const LARGEST_HEAD: usize = 64 * 1024;

/// The longest body, in bytes.
pub(crate) const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// Answers of the 1xx kind before the real one.
const MOST_INTERIM: usize = 8;

/// Why there is no whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody answered: why.
    Silent(String),
    /// Not within the time.
    Late,
    /// There is an answer, and it is not whole or not HTTP: why.
    Broken(String),
}

/// What becomes of the connection behind an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Open,
    Closed,
}

/// A stream, and the bytes of it that have been read and not used.
pub(super) struct Reading<'a> {
    pub(super) stream: &'a mut Box<dyn Stream>,
    pub(super) buffer: &'a mut Vec<u8>,
}

impl Reading<'_> {
    /// The whole answer.
    pub(super) async fn answer(&mut self, answered: Answered) -> Result<(Received, After), Trouble> {
        for _ in 0..=MOST_INTERIM {
            let Parsed { head, framing, stays, length } = self.head().await?;
            self.buffer.drain(..length);
            let interim = (100..200).contains(&head.status) && head.status != 101;
            if interim {
                continue;
            }
            let bodiless = answered == Answered::HeadOnly || matches!(head.status, 101 | 204 | 304);
            let (body, closed) = match framing {
                _ if bodiless => (Vec::new(), Stays::Open),
                Framing::Length(length) => (self.exactly(length).await?, Stays::Open),
                Framing::Chunked => (self.chunks().await?, Stays::Open),
                Framing::UntilClosed => (self.rest().await?, Stays::Closed),
            };
            if !self.buffer.is_empty() {
                return Err(Trouble::Broken("goes on behind its end".to_owned()));
            }
            let open = stays == Stays::Open && closed == Stays::Open;
            return Ok((Received { head, body }, if open { After::Open } else { After::Closed }));
        }
        Err(Trouble::Broken(format!("has more than {MOST_INTERIM} interim answers before it")))
    }

    async fn head(&mut self) -> Result<Parsed, Trouble> {
        loop {
            if let Some(parsed) = head::parse(self.buffer).map_err(Trouble::Broken)? {
                return Ok(parsed);
            }
            if self.buffer.len() > LARGEST_HEAD {
                return Err(Trouble::Broken(format!("has a head longer than {LARGEST_HEAD} bytes")));
            }
            self.buffer.reserve(16 * 1024);
            match self.stream.read_buf(self.buffer).await {
                Ok(0) if self.buffer.is_empty() => return Err(Trouble::Silent("the connection was closed".to_owned())),
                Ok(0) => return Err(Trouble::Broken("breaks off: its head does not end".to_owned())),
                Ok(_) => {}
                Err(error) if self.buffer.is_empty() => return Err(Trouble::Silent(error.to_string())),
                Err(error) => return Err(Trouble::Broken(format!("breaks off: {error}"))),
            }
        }
    }

    /// Reads on; an end is an answer that breaks off.
    async fn more(&mut self) -> Result<(), Trouble> {
        self.buffer.reserve(16 * 1024);
        match self.stream.read_buf(self.buffer).await {
            Ok(0) => Err(Trouble::Broken("breaks off: it is shorter than it says".to_owned())),
            Ok(_) => Ok(()),
            Err(error) => Err(Trouble::Broken(format!("breaks off: {error}"))),
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Trouble> {
        if length > LARGEST_BODY {
            return Err(too_long());
        }
        while self.buffer.len() < length {
            self.more().await?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(self.buffer, rest))
    }

    /// Everything to the end of the connection.
    async fn rest(&mut self) -> Result<Vec<u8>, Trouble> {
        loop {
            if self.buffer.len() > LARGEST_BODY {
                return Err(too_long());
            }
            self.buffer.reserve(16 * 1024);
            match self.stream.read_buf(self.buffer).await {
                Ok(0) => return Ok(std::mem::take(self.buffer)),
                Ok(_) => {}
                Err(error) => return Err(Trouble::Broken(format!("breaks off: {error}"))),
            }
        }
    }

    /// A body in chunks (RFC 9112, section 7.1); trailers are read over.
    async fn chunks(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        loop {
            let size = loop {
                match httparse::parse_chunk_size(self.buffer) {
                    Ok(httparse::Status::Complete((used, size))) => {
                        self.buffer.drain(..used);
                        break usize::try_from(size).unwrap_or(usize::MAX);
                    }
                    Ok(httparse::Status::Partial) if self.buffer.len() < LARGEST_HEAD => self.more().await?,
                    _ => return Err(Trouble::Broken("has a chunk without a size".to_owned())),
                }
            };
            if size == 0 {
                self.trailers().await?;
                return Ok(body);
            }
            if size.saturating_add(body.len()) > LARGEST_BODY {
                return Err(too_long());
            }
            body.extend(self.exactly(size).await?);
            if self.exactly(2).await? != b"\r\n" {
                return Err(Trouble::Broken("has a chunk of another size than it says".to_owned()));
            }
        }
    }

    async fn trailers(&mut self) -> Result<(), Trouble> {
        let mut read = 0;
        loop {
            let end = self.buffer.windows(2).position(|pair| pair == b"\r\n");
            match end {
                Some(end) => {
                    self.buffer.drain(..end + 2);
                    read += end + 2;
                    if end == 0 {
                        return Ok(());
                    }
                }
                None => self.more().await?,
            }
            if read + self.buffer.len() > LARGEST_HEAD {
                return Err(Trouble::Broken(format!("has trailers longer than {LARGEST_HEAD} bytes")));
            }
        }
    }
}

fn too_long() -> Trouble {
    Trouble::Broken(format!("longer than {LARGEST_BODY} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt as _;

    /// What is read of `bytes` that come in pieces, before the connection is closed. What comes behind an answer when that has
    /// been read is seen before the connection is used again, and counts as if it had come with it.
    fn read(bytes: &[u8], piece: usize) -> Result<(Received, After), Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut there, here) = tokio::io::duplex(8 << 20);
            let (mut stream, mut buffer): (Box<dyn Stream>, _) = (Box::new(here), Vec::new());
            let send = async {
                for piece in bytes.chunks(piece) {
                    there.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
                drop(there);
            };
            let receive = async {
                let mut reading = Reading { stream: &mut stream, buffer: &mut buffer };
                let answer = reading.answer(Answered::AsSaid).await?;
                match stream.read_to_end(&mut buffer).await {
                    Ok(0) => Ok(answer),
                    _ => Err(Trouble::Broken("goes on behind its end".to_owned())),
                }
            };
            tokio::join!(send, receive).1
        })
    }

    fn body(bytes: &[u8]) -> Result<String, String> {
        match read(bytes, 7) {
            Ok((received, _)) => Ok(String::from_utf8(received.body).unwrap()),
            Err(Trouble::Broken(why) | Trouble::Silent(why)) => Err(why),
            Err(Trouble::Late) => Err("late".to_owned()),
        }
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        for (bytes, expected) in [
            (&b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"[..], Ok("hello")),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", Ok("hi")),
            (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nt: 1\r\n\r\n",
                Ok("hello"),
            ),
            (b"HTTP/1.0 200 OK\r\n\r\nto the end", Ok("to the end")),
            (b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", Ok("")),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", Err("breaks off: it is shorter than it says")),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhello", Err("goes on behind its end")),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 4, 5\r\n\r\nhello", Err("has the content-length `4, 5`")),
            (b"HTTP/1.1 200 OK\r\ncontent-length: +4\r\n\r\nhell", Err("has the content-length `+4`")),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                Err("has both a content-length and a transfer-encoding"),
            ),
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", Err("has a chunk without a size")),
            (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n",
                Err("has a chunk of another size than it says"),
            ),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n", Err("longer than 4194304 bytes")),
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n", Err("longer than 4194304 bytes")),
            (b"SSH-2.0-OpenSSH_9\r\n", Err("is not HTTP/1.1: invalid HTTP version")),
            (b"HTTP/1.1 200", Err("breaks off: its head does not end")),
            (b"", Err("the connection was closed")),
        ] {
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(body(bytes), expected.map(str::to_owned).map_err(str::to_owned), "{shown}");
        }
    }

    #[test]
    fn nothing_endless_is_read_to_its_end() {
        let endless = |start: &str, more: &str| body((start.to_owned() + &more.repeat(200_000)).as_bytes());
        assert!(endless("HTTP/1.1 200 OK\r\n", "x: y\r\n").unwrap_err().contains("too many headers"));
        assert_eq!(endless("HTTP/1.1 200 OK\r\nx: ", "y").unwrap_err(), "has a head longer than 65536 bytes");
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(
            endless(&format!("{chunked}0\r\n"), "t: 1\r\n").unwrap_err(),
            "has trailers longer than 65536 bytes"
        );
        assert_eq!(endless(&format!("{chunked}1;"), "x").unwrap_err(), "has a chunk without a size");
        assert!(endless("", "HTTP/1.1 100 C\r\n\r\n").unwrap_err().starts_with("has more than 8 interim"));
    }

    #[test]
    fn a_connection_is_kept_only_when_both_sides_mean_it() {
        for (head, after) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", After::Open),
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n", After::Closed),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", After::Closed),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n", After::Open),
            ("HTTP/1.1 200 OK\r\n\r\n", After::Closed),
        ] {
            assert_eq!(read(head.as_bytes(), 1000).unwrap().1, after, "{head}");
        }
    }

    #[test]
    fn what_comes_behind_an_answer_is_seen_however_it_is_cut() {
        let bytes = b"HTTP/1.1 204 OK\r\n\r\na";
        for piece in [1, bytes.len() - 1, bytes.len()] {
            assert_eq!(read(bytes, piece), Err(Trouble::Broken("goes on behind its end".to_owned())), "{piece}");
        }
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_changes_nothing(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "(HTTP/1.1 (200|204|100) OK\r\n)(content-length: [0-9]{1,2}\r\n|transfer-encoding: chunked\r\n)?\r\n([0-9a-f\r\n]{0,30})".prop_map(String::into_bytes),
        ], piece in 1_usize..40) {
            prop_assert_eq!(read(&bytes, piece), read(&bytes, usize::MAX));
        }
    }
}

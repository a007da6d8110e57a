//! Layers uncompressed: gzip and Zstandard told apart by their first bytes, as container engines do, metered against bombs.

use std::io::{self, BufRead, BufReader, Read};
use subject::{Digest, Hasher};

/// A layer smaller than this, uncompressed, may be as repetitive as it likes.
const FREE: u64 = 64 << 20;
/// Beyond [`FREE`]: no file system compresses better than 1 : 300, while gzip's own bound is 1 : 1032 and Zstandard has none.
const RATIO: u64 = 300;
/// Zstandard frames that want a larger window are refused (`zstd --ultra` itself stays below).
const WINDOW: u64 = 128 << 20;

/// The uncompressed archive of a layer, counted and hashed while it is read.
pub(super) struct Inflated<'a> {
    inner: Box<dyn Read + 'a>,
    hasher: Hasher,
    seen: u64,
    allowed: u64,
}

pub(super) fn wrong(cause: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause.into())
}

impl<'a> Inflated<'a> {
    /// Uncompresses `input`, which has `compressed` bytes, to at most `budget` bytes.
    pub(super) fn new(input: impl Read + 'a, compressed: u64, budget: u64) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(256 << 10, input);
        let start = input.fill_buf()?;
        let inner: Box<dyn Read + 'a> = if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(flate2::bufread::MultiGzDecoder::new(input))
        } else if start.get(1..4) == Some(&[0xb5, 0x2f, 0xfd]) || is_skippable(start) {
            Box::new(Frames { input, frame: None })
        } else {
            Box::new(input)
        };
        let allowed = budget.min(compressed.saturating_mul(RATIO).max(FREE));
        Ok(Self { inner, hasher: Hasher::new(), seen: 0, allowed })
    }

    /// Bytes read so far.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Reads to the end and gives the digest of everything.
    pub(super) fn finish(mut self) -> io::Result<Digest> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(self.hasher.finish())
    }
}

impl Read for Inflated<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => wrong("a layer is cut off"),
            io::ErrorKind::InvalidData => error,
            _ => wrong(format!("a layer cannot be uncompressed: {error}")),
        })?;
        self.seen += read as u64;
        if self.seen > self.allowed {
            return Err(wrong(format!("a layer grows beyond the {} bytes allowed for it", self.allowed)));
        }
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// A sequence of Zstandard frames (RFC 8878, section 3), as `zstd:chunked` and parallel compressors write them.
struct Frames<R> {
    input: R,
    frame: Option<Box<ruzstd::decoding::FrameDecoder>>,
}

impl<R: BufRead> Frames<R> {
    /// Starts the next frame; `false` at the end of the input.
    fn next(&mut self) -> io::Result<bool> {
        loop {
            let start = self.input.fill_buf()?;
            if start.is_empty() {
                return Ok(false);
            }
            let mut magic = [0; 4];
            // The four bytes may straddle two fillings of the buffer, so they are read and put back in front.
            self.input.read_exact(&mut magic)?;
            if is_skippable(&magic) {
                let mut length = [0; 4];
                self.input.read_exact(&mut length)?;
                let length = u64::from(u32::from_le_bytes(length));
                if io::copy(&mut (&mut self.input).take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            }
            let mut frame = Box::new(ruzstd::decoding::FrameDecoder::new());
            frame.set_max_window_size(WINDOW);
            frame.init((&magic[..]).chain(&mut self.input)).map_err(|error| wrong(error.to_string()))?;
            self.frame = Some(frame);
            return Ok(true);
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use ruzstd::decoding::BlockDecodingStrategy::UptoBlocks;
        loop {
            let Some(frame) = &mut self.frame else { if self.next()? { continue } else { return Ok(0) } };
            while frame.can_collect() == 0 && !frame.is_finished() {
                frame.decode_blocks(&mut self.input, UptoBlocks(1)).map_err(|error| wrong(error.to_string()))?;
            }
            if frame.can_collect() > 0 {
                return frame.read(buffer);
            }
            let (stated, found) = (frame.get_checksum_from_data(), frame.get_calculated_checksum());
            if stated.is_some() && found.is_some() && stated != found {
                return Err(wrong("a layer's own checksum does not match"));
            }
            self.frame = None;
        }
    }
}

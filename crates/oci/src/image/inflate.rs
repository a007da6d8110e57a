//! Layers uncompressed: gzip and Zstandard told apart by their first bytes, as container engines do, metered against bombs.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::atomic::{AtomicU64, Ordering},
};

/// A layer smaller than this, uncompressed, may be as repetitive as it likes.
const FREE: u64 = 64 << 20;
/// Beyond [`FREE`]: no file system compresses better than 1 : 300, while gzip's own bound is 1 : 1032 and Zstandard has none.
const RATIO: u64 = 300;
/// Zstandard frames that want a larger window are refused (`zstd --ultra` itself stays below).
const WINDOW: u64 = 128 << 20;

/// What all layers of an image together may come to, shared by the threads that read them.
pub(super) struct Budget {
    limit: u64,
    seen: AtomicU64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, seen: AtomicU64::new(0) }
    }

    fn spend(&self, bytes: u64) -> bool {
        self.seen.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= self.limit
    }
}

/// The uncompressed archive of a layer, counted while it is read.
pub(super) struct Inflated<'a> {
    inner: Box<dyn Read + Send + 'a>,
    plain: bool,
    seen: u64,
    allowed: u64,
    budget: &'a Budget,
}

pub(super) fn wrong(cause: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause.into())
}

impl<'a> Inflated<'a> {
    /// Uncompresses `input`, which has `compressed` bytes.
    pub(super) fn new(input: impl Read + Send + 'a, compressed: u64, budget: &'a Budget) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(256 << 10, input);
        let start = input.fill_buf()?;
        let mut plain = false;
        let inner: Box<dyn Read + Send + 'a> = if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(flate2::bufread::MultiGzDecoder::new(input))
        } else if start.get(1..4) == Some(&[0xb5, 0x2f, 0xfd]) || is_skippable(start) {
            Box::new(Frames { input, frame: None })
        } else {
            plain = true;
            Box::new(input)
        };
        let allowed = budget.limit.min(compressed.saturating_mul(RATIO).max(FREE));
        Ok(Self { inner, plain, seen: 0, allowed, budget })
    }

    /// The input is not compressed at all.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }
}

impl Read for Inflated<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => wrong("the archive is cut off"),
            io::ErrorKind::InvalidData => error,
            _ => wrong(format!("the archive cannot be uncompressed: {error}")),
        })?;
        self.seen += read as u64;
        if self.seen > self.allowed {
            return Err(wrong(format!("the archive grows beyond the {} bytes allowed for it", self.allowed)));
        }
        if !self.budget.spend(read as u64) {
            return Err(wrong(format!("the layers grow beyond the {} bytes allowed for all", self.budget.limit)));
        }
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
                return Err(wrong("the archive's own checksum does not match"));
            }
            self.frame = None;
        }
    }
}

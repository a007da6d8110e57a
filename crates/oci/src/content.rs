//! Content that has been checked: the only way from a digest to bytes.

use crate::Descriptor;
use std::io::{self, Read};
use subject::{Digest, Hasher};

/// The running comparison of a stream with the descriptor it was asked for by.
pub(crate) struct Check {
    hasher: Hasher,
    seen: u64,
    size: u64,
    digest: Digest,
}

impl Check {
    pub(crate) fn new(wanted: &Descriptor) -> Self {
        Self { hasher: Hasher::new(), seen: 0, size: wanted.size, digest: wanted.digest }
    }

    /// Takes the next bytes, or says that there are too many of them.
    pub(crate) fn update(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        if self.seen > self.size {
            return Err(format!("content of {} is longer than its {} bytes", self.digest, self.size));
        }
        self.hasher.update(bytes);
        Ok(())
    }

    /// The verdict at the end of the stream.
    pub(crate) fn finish(&self) -> Result<(), String> {
        if self.seen < self.size {
            return Err(format!("content of {} ends after {} of {} bytes", self.digest, self.seen, self.size));
        }
        let found = self.hasher.clone().finish();
        if found != self.digest {
            return Err(format!("content is {found}, not the {} that was asked for", self.digest));
        }
        Ok(())
    }
}

/// A reader whose end is reached only when every byte has been compared with the descriptor.
///
/// Reading fails with [`io::ErrorKind::InvalidData`] when the stream is longer than the descriptor says, and at its end
/// when it is shorter or its digest differs.
pub struct VerifyingReader<R> {
    inner: R,
    check: Check,
}

impl<R: Read> VerifyingReader<R> {
    /// Reads `inner` as the content that `wanted` describes.
    pub fn new(inner: R, wanted: &Descriptor) -> Self {
        Self { inner, check: Check::new(wanted) }
    }
}

impl<R: Read> Read for VerifyingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wrong = |cause| io::Error::new(io::ErrorKind::InvalidData, cause);
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.check.finish().map_err(wrong)?;
        }
        self.check.update(buffer.get(..read).unwrap_or_default()).map_err(wrong)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_bytes_reach_their_end() {
        let wanted = Descriptor::of("text/plain", b"the bytes");
        let read = |bytes: &[u8], wanted: &Descriptor| {
            let mut out = Vec::new();
            VerifyingReader::new(bytes, wanted).read_to_end(&mut out).map(|_| out).map_err(|e| e.to_string())
        };
        assert_eq!(read(b"the bytes", &wanted).unwrap(), b"the bytes");
        assert!(read(b"the byteS", &wanted).unwrap_err().contains("not the sha256:"));
        assert!(read(b"the byte", &wanted).unwrap_err().contains("ends after 8 of 9 bytes"));
        assert!(read(b"the bytes!", &wanted).unwrap_err().contains("longer than its 9 bytes"));
        assert!(read(b"", &wanted).is_err());
        assert_eq!(read(b"", &Descriptor::of("text/plain", b"")).unwrap(), b"");
    }
}

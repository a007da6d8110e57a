//! An archive's file read by seeking: headers are read, content is passed over.

use super::{extent::ExtentReader, tar::Input};
use std::io::{self, BufRead, Read};

/// Headers mostly stand alone between large contents.
const AHEAD: usize = 4 << 10;

/// A buffered reader of an extent that passes over content without reading it.
pub(crate) struct Seeking<'a> {
    reader: ExtentReader<'a>,
    buffer: Vec<u8>,
    at: usize,
}

impl<'a> Seeking<'a> {
    pub(crate) fn new(reader: ExtentReader<'a>) -> Self {
        Self { reader, buffer: Vec::new(), at: 0 }
    }

    /// Where the next byte is, from the extent's start.
    pub(crate) fn position(&self) -> u64 {
        self.reader.position().saturating_sub((self.buffer.len() - self.at) as u64)
    }
}

impl BufRead for Seeking<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.buffer.len() {
            self.buffer.resize(AHEAD, 0);
            let read = self.reader.read(&mut self.buffer)?;
            self.buffer.truncate(read);
            self.at = 0;
        }
        Ok(self.buffer.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.buffer.len());
    }
}

impl Read for Seeking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut there = self.fill_buf()?;
        let read = there.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl Input for Seeking<'_> {
    fn pass(&mut self, bytes: u64) -> io::Result<bool> {
        let buffered = (self.buffer.len() - self.at) as u64;
        if bytes <= buffered {
            self.consume(usize::try_from(bytes).unwrap_or_default());
            return Ok(true);
        }
        self.at = self.buffer.len();
        Ok(self.reader.pass(bytes - buffered))
    }
}

//! A stretch of a file on this machine: a blob of its own, or a member of an archive, read in place.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt as _,
    sync::Arc,
};

/// A stretch of an open file. Clones share the file; each reader has a position of its own, so several threads read at once.
#[derive(Debug, Clone)]
pub(crate) struct Extent {
    file: Arc<File>,
    start: u64,
    length: u64,
}

impl Extent {
    /// The whole file.
    pub(crate) fn whole(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), start: 0, length })
    }

    /// Part of this stretch, cut at its end.
    pub(crate) fn part(&self, start: u64, length: u64) -> Self {
        let start = start.min(self.length);
        let length = length.min(self.length - start);
        Self { file: Arc::clone(&self.file), start: self.start + start, length }
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// A reader from its start.
    pub(crate) fn open(&self) -> ExtentReader<'_> {
        ExtentReader { extent: self, at: 0 }
    }
}

/// Reads an [`Extent`] by position.
pub(crate) struct ExtentReader<'a> {
    extent: &'a Extent,
    at: u64,
}

impl ExtentReader<'_> {
    /// Where the next byte is, from the extent's start.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Goes on so many bytes without reading them; `false` when the extent ends before.
    pub(crate) fn pass(&mut self, bytes: u64) -> bool {
        self.at = self.at.saturating_add(bytes);
        self.at <= self.extent.length
    }
}

impl Read for ExtentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.extent.length.saturating_sub(self.at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let wanted = buffer.get_mut(..most).unwrap_or_default();
        let read = self.extent.file.read_at(wanted, self.extent.start + self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

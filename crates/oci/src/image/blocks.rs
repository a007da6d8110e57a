//! A layer's archive as blocks that one thread uncompresses while another reads them.
//!
//! Uncompressing is what a layer costs. Everything else — hashing the archive, finding its members, understanding files —
//! happens on the reading side, so that a single large layer uses two processors, and its compressed bytes are hashed
//! before they are uncompressed, on the uncompressing side.

use super::{
    inflate::{Inflated, wrong},
    tar::Input,
};
use std::{
    io::{self, BufRead, Read},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::Scope,
};
use subject::{Digest, Hasher};

/// Large enough that passing one on costs nothing beside filling it, small enough for a processor's own cache.
const BLOCK: usize = 256 << 10;
/// Blocks on their way: what the sides may be apart.
const AHEAD: usize = 6;

/// The reading side.
pub(super) struct Blocks {
    filled: Receiver<io::Result<Vec<u8>>>,
    /// Blocks that were read go back to be filled again.
    empty: SyncSender<Vec<u8>>,
    block: Vec<u8>,
    at: usize,
    ended: bool,
    hash: Hash,
}

/// Whose digest is asked for at the end.
enum Hash {
    Running(Hasher),
    /// What is stored is the archive itself, and its digest is checked by whoever reads the store.
    Stored(Digest),
}

/// Starts to uncompress on a thread of its own. `stored` is the digest of the compressed bytes, where they are checked.
pub(super) fn inflate<'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut input: Inflated<'scope>,
    stored: Option<Digest>,
) -> Blocks {
    let (fill, filled) = sync_channel::<io::Result<Vec<u8>>>(AHEAD);
    let (empty, spare) = sync_channel::<Vec<u8>>(AHEAD + 2);
    let hash = match stored {
        Some(digest) if input.is_plain() => Hash::Stored(digest),
        _ => Hash::Running(Hasher::new()),
    };
    scope.spawn(move || {
        loop {
            let mut block = spare.try_recv().unwrap_or_default();
            block.resize(BLOCK, 0);
            let filled = fill_up(&mut input, &mut block);
            let last = !matches!(filled, Ok(length) if length > 0);
            let sent = fill.send(filled.map(|length| {
                block.truncate(length);
                block
            }));
            // Nobody reads any more: the archive was refused.
            if last || sent.is_err() {
                return;
            }
        }
    });
    Blocks { filled, empty, block: Vec::new(), at: 0, ended: false, hash }
}

/// Fills a block as far as there is something to fill it with.
fn fill_up(input: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

impl Blocks {
    /// Reads to the end and gives the digest of everything.
    pub(super) fn finish(mut self) -> io::Result<Digest> {
        loop {
            let length = self.fill_buf()?.len();
            if length == 0 {
                return Ok(match self.hash {
                    Hash::Running(hasher) => hasher.finish(),
                    Hash::Stored(digest) => digest,
                });
            }
            self.consume(length);
        }
    }

    fn next(&mut self) -> io::Result<()> {
        let block = self.filled.recv().map_err(|_| wrong("a layer's reader has stopped"))??;
        if let Hash::Running(hasher) = &mut self.hash {
            hasher.update(&block);
        }
        let read = std::mem::replace(&mut self.block, block);
        self.at = 0;
        self.ended = self.block.is_empty();
        // The other side may be done already.
        let _ = self.empty.try_send(read);
        Ok(())
    }
}

impl BufRead for Blocks {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.block.len() && !self.ended {
            self.next()?;
        }
        Ok(self.block.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes;
    }
}

impl Read for Blocks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut there = self.fill_buf()?;
        let read = there.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl Input for Blocks {}

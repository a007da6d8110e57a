//! SQLite's write-ahead log: pages that were written and not yet put into the file ("Database File Format", section 4).

use std::collections::BTreeMap;

const HEADER: usize = 32;
const FRAME: usize = 24;

/// The committed pages of a log.
pub(super) struct Wal<'a> {
    pages: BTreeMap<usize, &'a [u8]>,
    /// Pages of the whole database after the last commit.
    size: Option<usize>,
}

fn be(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

impl<'a> Wal<'a> {
    /// Reads a log for pages of this size, as far as its checksums hold and the last transaction that was committed.
    pub(super) fn open(bytes: &'a [u8], page: usize) -> Result<Self, String> {
        let cut = || "its write-ahead log is cut off".to_owned();
        let big = match be(bytes, 0).ok_or_else(cut)? {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return Err("its write-ahead log is none".to_owned()),
        };
        let header = bytes.get(..HEADER).ok_or_else(cut)?;
        let mut sum = checksum((0, 0), header.get(..24).unwrap_or_default(), big);
        if be(header, 8) != u32::try_from(page).ok() || (Some(sum.0), Some(sum.1)) != (be(header, 24), be(header, 28)) {
            return Err("its write-ahead log belongs to another file, or is damaged".to_owned());
        }
        let (mut pages, mut pending, mut size) = (BTreeMap::new(), BTreeMap::new(), None);
        for frame in bytes.get(HEADER..).unwrap_or_default().chunks_exact(FRAME + page) {
            let (head, content) = frame.split_at(FRAME);
            sum = checksum(checksum(sum, head.get(..8).unwrap_or_default(), big), content, big);
            let same = head.get(8..16) == header.get(16..24);
            // Frames of an earlier round of the log stand behind those of this one.
            if !same || (Some(sum.0), Some(sum.1)) != (be(head, 16), be(head, 20)) {
                break;
            }
            pending.insert(be(head, 0).unwrap_or_default() as usize, content);
            let after = be(head, 4).unwrap_or_default() as usize;
            if after > 0 {
                pages.append(&mut pending);
                size = Some(after);
            }
        }
        Ok(Self { pages, size })
    }

    pub(super) fn page(&self, number: usize) -> Option<&'a [u8]> {
        self.pages.get(&number).copied()
    }

    pub(super) fn pages(&self) -> Option<usize> {
        self.size
    }
}

/// Section 4.2: over pairs of 32-bit words in the byte order the log was written in.
fn checksum((mut one, mut two): (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| {
        let bytes = bytes.try_into().unwrap_or_default();
        if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    for pair in bytes.chunks_exact(8) {
        let (first, second) = pair.split_at(4);
        one = one.wrapping_add(word(first)).wrapping_add(two);
        two = two.wrapping_add(word(second)).wrapping_add(one);
    }
    (one, two)
}

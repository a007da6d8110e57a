//! The table `Packages(hnum, blob)` of an SQLite file, and no more of SQLite than that takes.
//!
//! Source: "Database File Format" (sqlite.org/fileformat2.html), sections 1.3, 1.5, 1.6, 2.1 and 2.6. What a transaction
//! left in the write-ahead log (section 4) is applied first.

use super::wal::Wal;
use std::{borrow::Cow, ops::Range};

const MAGIC: &[u8] = b"SQLite format 3\0";
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;
/// A tree of tables this deep would have more pages than any disk.
const DEPTH: usize = 20;
/// One package's header; the largest known (kernels, texlive) have some megabytes.
const BLOB: usize = 64 << 20;

struct File<'a> {
    bytes: &'a [u8],
    wal: Option<Wal<'a>>,
    page: usize,
    usable: usize,
    /// Pages that may still be looked at: none needs to be looked at twice, so circles end.
    left: std::cell::Cell<usize>,
}

/// The headers of all installed packages.
///
/// # Errors
/// What is wrong with the file, as a sentence fragment.
pub(super) fn packages<'a>(bytes: &'a [u8], wal: Option<&'a [u8]>) -> Result<Vec<Cow<'a, [u8]>>, String> {
    let file = File::open(bytes, wal)?;
    let mut root = None;
    file.walk(1, 0, &mut |row| {
        let columns = columns(&row, 4)?;
        let value = |index: usize| columns.get(index)?.clone().and_then(|range| row.get(range));
        if value(0) == Some(b"table") && value(1) == Some(b"Packages") {
            let number = value(3).ok_or_else(|| "the table of packages has no page".to_owned())?;
            root = Some(number.iter().take(8).fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte)));
        }
        Ok(())
    })?;
    let root = root.ok_or_else(|| "an SQLite file without a table of packages".to_owned())?;
    let mut found = Vec::new();
    file.walk(root, 0, &mut |row| {
        let blob = columns(&row, 2)?.pop().flatten().ok_or_else(|| "a package without a header".to_owned())?;
        found.push(match row {
            Cow::Borrowed(row) => Cow::Borrowed(row.get(blob).unwrap_or_default()),
            Cow::Owned(mut row) => {
                row.truncate(blob.end);
                row.drain(..blob.start);
                Cow::Owned(row)
            }
        });
        Ok(())
    })?;
    Ok(found)
}

fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize)
}

/// A number of one to nine bytes, and how many (section 1.6, "varint").
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some(((value << 8) | u64::from(*byte), 9));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8], wal: Option<&'a [u8]>) -> Result<Self, String> {
        let cut = || "the SQLite file is cut off".to_owned();
        if !bytes.starts_with(MAGIC) {
            return Err("it is no SQLite file".to_owned());
        }
        let page = match be16(bytes, 16).ok_or_else(cut)? {
            1 => 65536,
            size if size.is_power_of_two() && size >= 512 => size,
            size => return Err(format!("pages of {size} bytes do not exist")),
        };
        let reserved = usize::from(*bytes.get(20).ok_or_else(cut)?);
        let usable = page.checked_sub(reserved).filter(|usable| *usable >= 480);
        let usable = usable.ok_or_else(|| "its pages have no room".to_owned())?;
        let wal = wal.filter(|wal| !wal.is_empty()).map(|wal| Wal::open(wal, page)).transpose()?;
        let stated = be32(bytes, 28).filter(|_| be32(bytes, 24) == be32(bytes, 92)).unwrap_or_default();
        let pages = wal.as_ref().and_then(Wal::pages).unwrap_or(stated);
        if !bytes.len().is_multiple_of(page) || (wal.is_none() && bytes.len() / page < stated) {
            return Err(cut());
        }
        let left = std::cell::Cell::new(pages.max(bytes.len() / page));
        Ok(Self { bytes, wal, page, usable, left })
    }

    /// A page by its number, counted from 1.
    fn page(&self, number: usize) -> Result<&'a [u8], String> {
        let left = self.left.get();
        if left == 0 {
            return Err("its pages lead in circles".to_owned());
        }
        self.left.set(left - 1);
        if let Some(page) = self.wal.as_ref().and_then(|wal| wal.page(number)) {
            return Ok(page);
        }
        let start = number.checked_sub(1).and_then(|before| before.checked_mul(self.page));
        let page = start.and_then(|start| self.bytes.get(start..start + self.page));
        page.ok_or_else(|| format!("page {number} is missing (is the file cut off?)"))
    }

    /// Calls `each` with every row of the table whose tree begins at this page.
    fn walk(
        &self,
        number: usize,
        depth: usize,
        each: &mut dyn FnMut(Cow<'a, [u8]>) -> Result<(), String>,
    ) -> Result<(), String> {
        let damaged = || format!("page {number} is damaged");
        if depth > DEPTH {
            return Err("its pages lead in circles".to_owned());
        }
        let page = self.page(number)?;
        // The first page begins with the file's own header.
        let head = if number == 1 { 100 } else { 0 };
        let kind = *page.get(head).ok_or_else(damaged)?;
        let cells = be16(page, head + 3).ok_or_else(damaged)?;
        let first = match kind {
            INTERIOR => head + 12,
            LEAF => head + 8,
            _ => return Err(damaged()),
        };
        for cell in 0..cells {
            let at = be16(page, first + 2 * cell).ok_or_else(damaged)?;
            let cell = page.get(at..).ok_or_else(damaged)?;
            if kind == INTERIOR {
                self.walk(be32(cell, 0).ok_or_else(damaged)?, depth + 1, each)?;
            } else {
                each(self.payload(cell).ok_or_else(damaged)??)?;
            }
        }
        match kind {
            INTERIOR => self.walk(be32(page, head + 8).ok_or_else(damaged)?, depth + 1, each),
            _ => Ok(()),
        }
    }

    /// A row: what is on the page, and the rest from overflow pages.
    fn payload(&self, cell: &'a [u8]) -> Option<Result<Cow<'a, [u8]>, String>> {
        let (length, used) = varint(cell)?;
        let (_, key) = varint(cell.get(used..)?)?;
        let content = cell.get(used + key..)?;
        let length = usize::try_from(length).ok()?;
        if length > BLOB {
            return Some(Err(format!("a package's header has {length} bytes, more than {BLOB}")));
        }
        let (usable, most) = (self.usable, self.usable - 35);
        if length <= most {
            return Some(Ok(Cow::Borrowed(content.get(..length)?)));
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let some = least + (length - least) % (usable - 4);
        let local = if some <= most { some } else { least };
        let mut row = Vec::with_capacity(length.min(1 << 20));
        row.extend_from_slice(content.get(..local)?);
        let mut next = be32(content, local)?;
        while row.len() < length {
            let page = match self.page(next) {
                Ok(page) => page,
                Err(error) => return Some(Err(error)),
            };
            let take = (length - row.len()).min(usable - 4);
            row.extend_from_slice(page.get(4..4 + take)?);
            next = be32(page, 0)?;
        }
        Some(Ok(Cow::Owned(row)))
    }
}

/// Where a row has its first columns (section 2.1); `None` for NULL.
fn columns(row: &[u8], count: usize) -> Result<Vec<Option<Range<usize>>>, String> {
    let damaged = || "a row is damaged".to_owned();
    let (header, mut at) = varint(row).ok_or_else(damaged)?;
    let mut data = usize::try_from(header).map_err(|_| damaged())?;
    let end = data;
    let mut columns = Vec::new();
    while columns.len() < count && at < end {
        let (kind, used) = varint(row.get(at..end).ok_or_else(damaged)?).ok_or_else(damaged)?;
        at += used;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            kind if kind >= 12 => (kind - 12) / 2,
            _ => return Err(damaged()),
        };
        let length = usize::try_from(length).map_err(|_| damaged())?;
        let stop = data.checked_add(length).ok_or_else(damaged)?;
        if stop > row.len() {
            return Err(damaged());
        }
        columns.push((kind != 0).then_some(data..stop));
        data = stop;
    }
    if columns.len() == count { Ok(columns) } else { Err(damaged()) }
}

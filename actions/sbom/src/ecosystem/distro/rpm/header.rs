//! The header of one installed package, as every rpm database keeps it.
//!
//! Two big-endian counts, an index of 16-byte entries (tag, type, offset, count) and the data they point into (rpm,
//! `docs/manual/format_header.md` and `docs/manual/tags.md`).

/// Entries of one header beyond this are no package's.
const ENTRIES: usize = 4096;

/// The tags that are read (rpm, `include/rpm/rpmtag.h`).
pub(super) mod tag {
    pub(in super::super) const SHA1: u32 = 269;
    pub(in super::super) const SHA256: u32 = 273;
    pub(in super::super) const NAME: u32 = 1000;
    pub(in super::super) const VERSION: u32 = 1001;
    pub(in super::super) const RELEASE: u32 = 1002;
    pub(in super::super) const EPOCH: u32 = 1003;
    pub(in super::super) const VENDOR: u32 = 1011;
    pub(in super::super) const LICENSE: u32 = 1014;
    pub(in super::super) const ARCH: u32 = 1022;
    pub(in super::super) const SOURCE_RPM: u32 = 1044;
    pub(in super::super) const PROVIDES: u32 = 1047;
    pub(in super::super) const REQUIRE_FLAGS: u32 = 1048;
    pub(in super::super) const REQUIRES: u32 = 1049;
    pub(in super::super) const DIR_INDEXES: u32 = 1116;
    pub(in super::super) const BASE_NAMES: u32 = 1117;
    pub(in super::super) const DIR_NAMES: u32 = 1118;
    pub(in super::super) const MODULARITY_LABEL: u32 = 5096;
}

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// A header, its index checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

fn be(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

impl<'a> Header<'a> {
    /// Takes a header apart.
    pub(super) fn new(blob: &'a [u8]) -> Result<Self, String> {
        let cut = || "a package's header is cut off".to_owned();
        let entries = be(blob, 0).ok_or_else(cut)? as usize;
        let length = be(blob, 4).ok_or_else(cut)? as usize;
        if entries > ENTRIES {
            return Err(format!("a package's header has {entries} entries, more than {ENTRIES}"));
        }
        let end = 8 + entries * 16;
        let index = blob.get(8..end).ok_or_else(cut)?;
        let data = blob.get(end..end.saturating_add(length)).ok_or_else(cut)?;
        Ok(Self { index, data })
    }

    /// The type, the data from its start, and how many values there are.
    fn find(&self, tag: u32) -> Option<(u32, &'a [u8], usize)> {
        let entry = self.index.chunks_exact(16).find(|entry| be(entry, 0) == Some(tag))?;
        let (kind, offset, count) = (be(entry, 4)?, be(entry, 8)?, be(entry, 12)?);
        Some((kind, self.data.get(offset as usize..)?, count as usize))
    }

    /// A text; of several the first.
    pub(super) fn text(&self, tag: u32) -> Option<&'a str> {
        let (kind, data, _) = self.find(tag)?;
        let end = data.iter().position(|byte| *byte == 0)?;
        let known = matches!(kind, STRING | STRING_ARRAY | I18N_STRING);
        std::str::from_utf8(data.get(..end)?).ok().filter(|text| known && !text.is_empty())
    }

    /// A list of texts; `None` when it is cut off.
    pub(super) fn texts(&self, tag: u32) -> Option<Vec<&'a str>> {
        let Some((kind, data, count)) = self.find(tag) else { return Some(Vec::new()) };
        if !matches!(kind, STRING | STRING_ARRAY | I18N_STRING) || count > data.len() {
            return None;
        }
        let mut texts = Vec::with_capacity(count);
        // The last text ends where the data does; what follows an entry's data belongs to the next.
        texts.extend(
            data.split(|byte| *byte == 0).take(count).map(|text| std::str::from_utf8(text).unwrap_or_default()),
        );
        (texts.len() == count).then_some(texts)
    }

    /// A list of numbers; `None` when it is cut off.
    pub(super) fn numbers(&self, tag: u32) -> Option<Vec<u32>> {
        let Some((kind, data, count)) = self.find(tag) else { return Some(Vec::new()) };
        let data = data.get(..count.checked_mul(4)?).filter(|_| kind == INT32)?;
        Some(data.chunks_exact(4).filter_map(|number| be(number, 0)).collect())
    }
}

//! Zip archives (PKWARE, APPNOTE 6.3.10), as far as Java uses them: stored and deflated members, Zip64, bytes in front of the
//! archive. Only the central directory is believed, everything in it is bounded, and nothing is written anywhere.

use flate2::{Crc, read::DeflateDecoder};
use std::{borrow::Cow, io::Read as _};

/// More members than any real archive has: the largest have some 300 000.
const MOST_MEMBERS: u64 = 500_000;

const END: &[u8] = b"PK\x05\x06";
const END_LENGTH: usize = 22;
const END_64: &[u8] = b"PK\x06\x06";
const END_64_LENGTH: usize = 56;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_LENGTH: usize = 20;
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_LENGTH: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_LENGTH: usize = 30;
const LONGEST_COMMENT: usize = 0xffff;
/// The extra field that holds what does not fit into 32 bits.
const ZIP64: u16 = 1;

/// What keeps an archive or a member from being read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It is no archive, or cut off: there is no central directory.
    #[error("has no central directory of a zip archive (is it cut off?)")]
    NoDirectory,
    /// The directory does not fit the file.
    #[error("has a central directory that does not fit the file (is it cut off?)")]
    Directory,
    /// More members than are looked at.
    #[error("has {0} members, more than the {MOST_MEMBERS} that are looked at")]
    Members(u64),
    /// Two members share bytes.
    #[error("has members that overlap, as only archives do that are made to do harm")]
    Overlap,
    /// A member lies outside the file, or is not as long as stated, or its checksum differs.
    #[error("has a damaged member, `{0}`")]
    Member(String),
    /// A member is encrypted or compressed in a way Java does not read.
    #[error("has a member that is encrypted or packed in an unknown way, `{0}`")]
    Method(String),
    /// A member is larger than is read.
    #[error("has a member of more than {1} bytes, `{0}`")]
    TooLarge(String, u64),
    /// All members together would be larger than is read.
    #[error("holds more than is unpacked of one file")]
    TooMuch,
}

/// A member, as the central directory has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its path in the archive, with `/`, as bytes.
    pub name: &'a [u8],
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    offset: u64,
}

/// An archive in memory.
#[derive(Debug)]
pub struct Archive<'a> {
    bytes: &'a [u8],
    /// How many bytes stand in front of it, such as the script of an executable jar.
    prefix: u64,
    /// Its members in the order of the directory.
    pub members: Vec<Member<'a>>,
}

/// How many bytes may still be unpacked.
#[derive(Debug)]
pub struct Budget(pub u64);

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn slice(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// Where the central directory is.
struct Directory {
    members: u64,
    offset: u64,
    size: u64,
    /// Where it ends by what follows it.
    end: u64,
}

impl<'a> Archive<'a> {
    /// Reads the central directory.
    ///
    /// # Errors
    /// [`ArchiveError`] when there is none, or it is not true of the file.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ArchiveError> {
        let directory = directory(bytes).ok_or(ArchiveError::NoDirectory)?;
        if directory.members > MOST_MEMBERS {
            return Err(ArchiveError::Members(directory.members));
        }
        let stated = directory.offset.checked_add(directory.size).ok_or(ArchiveError::Directory)?;
        let prefix = directory.end.checked_sub(stated).ok_or(ArchiveError::Directory)?;
        let table = slice(bytes, prefix + directory.offset, directory.size).ok_or(ArchiveError::Directory)?;
        let mut members = Vec::new();
        let mut rest = table;
        while !rest.is_empty() {
            let (member, length) = member(rest).ok_or(ArchiveError::Directory)?;
            members.push(member);
            rest = rest.get(length..).ok_or(ArchiveError::Directory)?;
        }
        // The count has 16 bits where no Zip64 record says more.
        if members.len() as u64 & 0xffff != directory.members & 0xffff {
            return Err(ArchiveError::Directory);
        }
        if members.len() as u64 > MOST_MEMBERS {
            return Err(ArchiveError::Members(members.len() as u64));
        }
        let archive = Self { bytes, prefix, members };
        if archive.overlaps() { Err(ArchiveError::Overlap) } else { Ok(archive) }
    }

    /// Whether members share bytes, which is how a small archive unpacks to a huge one.
    fn overlaps(&self) -> bool {
        let mut places: Vec<(u64, u64)> = self.members.iter().map(|member| (member.offset, member.least())).collect();
        places.sort_unstable();
        places.windows(2).any(|pair| pair[0].0.saturating_add(pair[0].1) > pair[1].0)
    }

    /// The content of a member of at most `limit` bytes, checked against its length and checksum. A stored member is borrowed.
    ///
    /// # Errors
    /// [`ArchiveError`] for a member that is damaged, too large, or packed in another way.
    pub fn read(&self, member: &Member<'a>, limit: u64, budget: &mut Budget) -> Result<Cow<'a, [u8]>, ArchiveError> {
        let name = || member.path();
        if member.flags & 1 != 0 {
            return Err(ArchiveError::Method(name()));
        }
        if member.size > limit {
            return Err(ArchiveError::TooLarge(name(), limit));
        }
        let packed = self.packed(member).ok_or_else(|| ArchiveError::Member(name()))?;
        let content = match member.method {
            0 => Cow::Borrowed(packed),
            8 => {
                budget.0 = budget.0.checked_sub(member.size).ok_or(ArchiveError::TooMuch)?;
                let mut content = Vec::new();
                let inflated = DeflateDecoder::new(packed).take(member.size + 1).read_to_end(&mut content);
                inflated.map_err(|_| ArchiveError::Member(name()))?;
                Cow::Owned(content)
            }
            _ => return Err(ArchiveError::Method(name())),
        };
        let mut crc = Crc::new();
        crc.update(&content);
        if content.len() as u64 != member.size || crc.sum() != member.crc {
            return Err(ArchiveError::Member(name()));
        }
        Ok(content)
    }

    fn packed(&self, member: &Member<'_>) -> Option<&'a [u8]> {
        let start = self.prefix.checked_add(member.offset)?;
        let local = slice(self.bytes, start, LOCAL_LENGTH as u64).filter(|local| local.starts_with(LOCAL))?;
        let names = u64::from(u16_at(local, 26)?) + u64::from(u16_at(local, 28)?);
        slice(self.bytes, start.checked_add(LOCAL_LENGTH as u64 + names)?, member.packed)
    }
}

impl Member<'_> {
    /// Its path for messages.
    #[must_use]
    pub fn path(&self) -> String {
        crate::ecosystem::shorten(&String::from_utf8_lossy(self.name))
    }

    /// The fewest bytes it can take up: the local header may have further fields.
    fn least(&self) -> u64 {
        self.packed.saturating_add((LOCAL_LENGTH + self.name.len()) as u64)
    }
}

/// The end record, whose comment ends with the file, or else the last one with something behind it. One whose comment goes
/// beyond the file is a sign that the file was cut off.
fn directory(bytes: &[u8]) -> Option<Directory> {
    let earliest = bytes.len().saturating_sub(END_LENGTH + LONGEST_COMMENT);
    let last = bytes.len().checked_sub(END_LENGTH)?;
    let end = |at: &usize| {
        let comment = bytes[*at..].starts_with(END).then(|| u16_at(bytes, *at + 20))??;
        Some(*at + END_LENGTH + usize::from(comment))
    };
    let exact = (earliest..=last).rev().find(|at| end(at) == Some(bytes.len()));
    let found = exact.or_else(|| (earliest..=last).rev().find(|at| end(at).is_some_and(|end| end < bytes.len())))?;
    let end = &bytes[found..];
    let plain = Directory {
        members: u16_at(end, 10)?.into(),
        size: u32_at(end, 12)?.into(),
        offset: u32_at(end, 16)?.into(),
        end: found as u64,
    };
    let full = plain.members == 0xffff || plain.size == 0xffff_ffff || plain.offset == 0xffff_ffff;
    let locator = found.checked_sub(LOCATOR_LENGTH).filter(|_| full);
    let locator = locator.filter(|at| bytes[*at..].starts_with(LOCATOR));
    Some(locator.and_then(|at| directory_64(bytes, at)).unwrap_or(plain))
}

/// The Zip64 record: where the locator says, or right before it when something stands in front of the archive.
fn directory_64(bytes: &[u8], locator: usize) -> Option<Directory> {
    let stated = usize::try_from(u64_at(bytes, locator + 8)?).ok();
    let places = [stated, locator.checked_sub(END_64_LENGTH)];
    let at = places.into_iter().flatten().find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(END_64)))?;
    let end = &bytes[at..];
    Some(Directory { members: u64_at(end, 32)?, size: u64_at(end, 40)?, offset: u64_at(end, 48)?, end: at as u64 })
}

/// The first entry of a directory and its length.
fn member(entry: &[u8]) -> Option<(Member<'_>, usize)> {
    if !entry.starts_with(ENTRY) {
        return None;
    }
    let length = |at| u16_at(entry, at).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let fields = entry.get(ENTRY_LENGTH + name..ENTRY_LENGTH + name + extra)?;
    let mut member = Member {
        name: entry.get(ENTRY_LENGTH..ENTRY_LENGTH + name)?,
        flags: u16_at(entry, 8)?,
        method: u16_at(entry, 10)?,
        crc: u32_at(entry, 16)?,
        packed: u32_at(entry, 20)?.into(),
        size: u32_at(entry, 24)?.into(),
        offset: u32_at(entry, 42)?.into(),
    };
    let mut wide = zip64(fields).unwrap_or_default();
    for field in [&mut member.size, &mut member.packed, &mut member.offset] {
        if *field == 0xffff_ffff {
            *field = u64_at(wide, 0)?;
            wide = &wide[8..];
        }
    }
    Some((member, ENTRY_LENGTH + name + extra + comment))
}

fn zip64(mut fields: &[u8]) -> Option<&[u8]> {
    while let (Some(id), Some(length)) = (u16_at(fields, 0), u16_at(fields, 2)) {
        let end = 4 + usize::from(length);
        if id == ZIP64 {
            return fields.get(4..end);
        }
        fields = fields.get(end..)?;
    }
    None
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;

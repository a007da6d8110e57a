//! The members of a layer's archive, without belief in anything they say.
//!
//! Formats: POSIX ustar and pax (IEEE Std 1003.1-2017, pax "ustar Interchange Format"), GNU tar's long names. Everything a
//! header makes us keep in memory is bounded, and a pax size outranks the header's, so that we see the same members as the
//! engine that runs the image (CVE-2025-62518).

use super::inflate::wrong;
use std::io::{self, BufRead, Read};
use tar::{EntryType, Header};

const BLOCK: usize = 512;
/// Linux's own bound on a path.
pub(crate) const PATH: usize = 4096;
/// Linux's own bound on a name.
const NAME: usize = 255;
/// Extended headers beyond this hold no names.
const EXTENSION: u64 = 1 << 20;

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    File,
    Directory,
    /// Its target, as written.
    Symlink(String),
    /// Its target's path within the image.
    HardLink(String),
    /// A device or a pipe: it takes its path and has no content.
    Other,
}

/// One member of an archive.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Relative, without `.`, `..`, empty components or a trailing slash; empty for the root itself.
    pub(crate) path: String,
    pub(crate) what: What,
    /// Length of the content in bytes; 0 for everything but a file.
    pub(crate) size: u64,
    /// Permission bits.
    pub(crate) mode: u32,
}

/// What an archive is read from.
pub(crate) trait Input: BufRead {
    /// Goes on so many bytes; `false` when the input ends before. Where the input can, it does not read them.
    fn pass(&mut self, bytes: u64) -> io::Result<bool> {
        let mut left = bytes;
        while left > 0 {
            let there = self.fill_buf()?.len();
            if there == 0 {
                return Ok(false);
            }
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(there);
            self.consume(now);
            left -= now as u64;
        }
        Ok(true)
    }
}

/// Reads an archive member by member.
pub(crate) struct Archive<R> {
    input: R,
    /// Content of the current member that was not read yet.
    left: u64,
    padding: u64,
}

/// What extended headers say about the next member.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl<R: Input> Archive<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, left: 0, padding: 0 }
    }

    /// What the archive is read from.
    pub(crate) fn into_inner(self) -> R {
        self.input
    }

    /// What the archive is read from, where the current member's content begins.
    pub(crate) fn input(&self) -> &R {
        &self.input
    }

    /// The whole content of the current member. Its size has been found acceptable before.
    pub(crate) fn content(&mut self, member: &Member) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let size = usize::try_from(member.size).map_err(|error| wrong(error.to_string()))?;
        // Room that is never written to costs nothing, so the size may be believed that far.
        content.try_reserve_exact(size).map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))?;
        self.read_to_end(&mut content)?;
        Ok(content)
    }

    /// The next member; its content is read from `self` before the one after it.
    pub(crate) fn next(&mut self) -> io::Result<Option<Member>> {
        let mut extended = Extended::default();
        loop {
            self.skip()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.entry_size().map_err(|error| wrong(error.to_string()))?;
            match header.entry_type() {
                EntryType::XHeader => extended.pax(&self.extension(size)?)?,
                // A global header holds comments (git archive); Docker's and Go's readers pass over it as well.
                EntryType::XGlobalHeader => drop(self.extension(size)?),
                EntryType::GNULongName => extended.path = Some(trimmed(self.extension(size)?)),
                EntryType::GNULongLink => extended.link = Some(trimmed(self.extension(size)?)),
                EntryType::GNUSparse => return Err(wrong("the archive holds a sparse file, which is not supported")),
                kind => return self.member(&header, kind, extended).map(Some),
            }
        }
    }

    fn member(&mut self, header: &Header, kind: EntryType, extended: Extended) -> io::Result<Member> {
        let stated = header.entry_size().map_err(|error| wrong(error.to_string()))?;
        let path = extended.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let written = String::from_utf8_lossy(&path).into_owned();
        let link = || extended.link.clone().or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
        let link = || String::from_utf8_lossy(&link().unwrap_or_default()).into_owned();
        let what = match kind {
            // Before POSIX a directory was a file whose name ends with a slash.
            EntryType::Regular | EntryType::Continuous if written.ends_with('/') => What::Directory,
            EntryType::Regular | EntryType::Continuous => What::File,
            EntryType::Directory => What::Directory,
            EntryType::Symlink => What::Symlink(bounded(link())?),
            EntryType::Link => What::HardLink(normal(&link())?),
            EntryType::Char | EntryType::Block | EntryType::Fifo => What::Other,
            other => {
                return Err(wrong(format!("the archive holds a member of the unknown type {:#04x}", other.as_byte())));
            }
        };
        let size = extended.size.unwrap_or(stated);
        // Links, directories and devices have no content, whatever their size field says (pax, "size").
        let size = if matches!(what, What::File) { size } else { 0 };
        self.expect(size);
        let mode = header.mode().map_err(|error| wrong(error.to_string()))? & 0o7777;
        Ok(Member { path: normal(&written)?, what, size, mode })
    }

    /// The next header, `None` at the end of the archive: two empty blocks, or the end of the stream between members.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        let mut filled = 0;
        while filled < BLOCK {
            match self.input.read(block.get_mut(filled..).unwrap_or_default())? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(wrong("the archive is cut off")),
                read => filled += read,
            }
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let around = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) };
        let sum: u32 = block.iter().enumerate().map(around).sum();
        if header.cksum().ok() != Some(sum) {
            return Err(wrong("it is no tar archive: a header's checksum does not match"));
        }
        Ok(Some(header))
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION {
            return Err(wrong(format!("an extended header has {size} bytes, more than {EXTENSION}")));
        }
        self.expect(size);
        let mut bytes = Vec::new();
        Read::read_to_end(self, &mut bytes)?;
        Ok(bytes)
    }

    fn expect(&mut self, size: u64) {
        self.left = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    /// Passes over what is left of the current member.
    fn skip(&mut self) -> io::Result<()> {
        let rest = self.left.saturating_add(self.padding);
        (self.left, self.padding) = (0, 0);
        if !self.input.pass(rest)? {
            return Err(wrong("the archive is cut off"));
        }
        Ok(())
    }
}

/// The content of the current member.
impl<R: Input> Read for Archive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.input.read(buffer.get_mut(..most).unwrap_or_default())?;
        if read == 0 {
            return Err(wrong("the archive is cut off"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

impl Extended {
    /// pax records: `<length> <key>=<value>\n`, the length counting itself.
    fn pax(&mut self, mut records: &[u8]) -> io::Result<()> {
        let malformed = || wrong("a pax header is malformed");
        while !records.is_empty() {
            let space = records.iter().position(|byte| *byte == b' ').ok_or_else(malformed)?;
            let length: usize = records
                .get(..space)
                .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
                .filter(|length| *length <= records.len())
                .ok_or_else(malformed)?;
            let record =
                records.get(space + 1..length).and_then(|record| record.strip_suffix(b"\n")).ok_or_else(malformed)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(malformed)?;
            let (key, value) = (record.get(..equals).unwrap_or_default(), record.get(equals + 1..).unwrap_or_default());
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                    self.size = Some(size.ok_or_else(malformed)?);
                }
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(wrong("the archive holds a sparse file, which is not supported"));
                }
                _ => {}
            }
            records = records.get(length..).unwrap_or_default();
        }
        Ok(())
    }
}

fn trimmed(mut name: Vec<u8>) -> Vec<u8> {
    while name.last() == Some(&0) {
        name.pop();
    }
    name
}

fn bounded(path: String) -> io::Result<String> {
    if path.is_empty() || path.len() > PATH || path.contains('\0') {
        return Err(wrong("the archive holds a path that is empty, too long or not text"));
    }
    Ok(path)
}

/// A path within the image, in one spelling. What leads out of it is refused, not bent back in.
fn normal(path: &str) -> io::Result<String> {
    if path.len() > PATH || path.contains('\0') {
        return Err(wrong("the archive holds a path that is too long or not text"));
    }
    let shown = || crate::error::quote(path, 120);
    if path.starts_with('/') && !path.trim_matches('/').is_empty() {
        return Err(wrong(format!("the archive holds the absolute path `{}`", shown())));
    }
    let mut clean = String::with_capacity(path.len());
    for component in path.split('/').filter(|component| !matches!(*component, "" | ".")) {
        if component == ".." {
            return Err(wrong(format!("the archive holds the path `{}`, which leads upwards", shown())));
        }
        if component.len() > NAME {
            return Err(wrong(format!("the archive holds the name `{}`, longer than {NAME} bytes", shown())));
        }
        if !clean.is_empty() {
            clean.push('/');
        }
        clean.push_str(component);
    }
    Ok(clean)
}

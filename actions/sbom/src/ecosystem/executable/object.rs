//! The sections and segments of an executable file, from its headers alone: nothing but the headers is looked at, so the
//! size of the file does not matter, and nothing is copied.

use super::{elf, macho, pe};

/// More sections or segments than any linker writes: a bound on the work, not on the file.
pub(super) const MOST_PARTS: usize = 1 << 16;

/// The order of the bytes in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

/// A named part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its name as bytes; the linker's, not a person's.
    pub name: &'a [u8],
    /// Its content; `None` when it lies beyond the end of the file.
    pub bytes: Option<&'a [u8]>,
}

/// A part of the file that is mapped into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The address of its first byte.
    pub address: u64,
    /// Its content, as far as the file holds it.
    pub bytes: &'a [u8],
    /// Whether it goes on beyond the end of the file.
    pub cut: bool,
    /// Whether the program may write there.
    pub writable: bool,
}

/// Which family of formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Linux and most other systems.
    Elf,
    /// Windows.
    Pe,
    /// macOS.
    MachO,
}

/// One program or library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<'a> {
    /// Its format.
    pub kind: Kind,
    /// Its byte order.
    pub order: Order,
    /// Its sections, in the file's order; empty when they were stripped.
    pub sections: Vec<Section<'a>>,
    /// Its segments, in the file's order.
    pub segments: Vec<Segment<'a>>,
}

/// Why the headers of an executable could not be read: they lie beyond the end of the file, or point there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut;

impl<'a> Object<'a> {
    /// The first section of a name.
    #[must_use]
    pub fn section(&self, name: &[u8]) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Whether part of it lies beyond the end of the file: of its sections, or of its segments where those were stripped.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let stripped = self.sections.is_empty();
        let cut = |segment: &Segment<'_>| segment.cut;
        self.sections.iter().any(|section| section.bytes.is_none()) || stripped && self.segments.iter().any(cut)
    }

    /// What is mapped at an address, up to the end of its segment.
    #[must_use]
    pub fn at(&self, address: u64) -> Option<&'a [u8]> {
        self.segments.iter().find_map(|segment| {
            let offset = usize::try_from(address.checked_sub(segment.address)?).ok()?;
            segment.bytes.get(offset..).filter(|rest| !rest.is_empty())
        })
    }
}

/// The programs in a file: one, or one per processor in a universal file of macOS. Empty when this is no executable.
///
/// # Errors
/// [`Cut`] when it begins like an executable and its headers are not all there.
pub fn objects(file: &[u8]) -> Result<Vec<Object<'_>>, Cut> {
    match file {
        [0x7f, b'E', b'L', b'F', ..] => elf::object(file).ok_or(Cut).map(|object| vec![object]),
        [b'M', b'Z', ..] => pe::objects(file),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
            macho::object(file).ok_or(Cut).map(|object| vec![object])
        }
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => macho::universal(file),
        _ => Ok(Vec::new()),
    }
}

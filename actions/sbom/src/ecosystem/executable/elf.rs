//! ELF (System V ABI, "Object Files"): 32 and 64 bits, both byte orders.

use super::{
    fields::Fields,
    object::{Kind, MOST_PARTS, Object, Order, Section, Segment},
};

/// The longest section name that is looked at; those wanted are shorter.
const LONGEST_NAME: usize = 64;
const LOADED: u32 = 1;
const WRITABLE: u32 = 2;
/// A section that has no bytes in the file.
const NO_BITS: u32 = 8;

/// Where the fields are, by word size: places in the file header, in a section header and in a program header.
struct Layout {
    wide: bool,
    segments: usize,
    sections: usize,
    counts: usize,
    section: SectionLayout,
    segment: SegmentLayout,
}

struct SectionLayout {
    offset: usize,
    size: usize,
    link: usize,
    row: u64,
}

struct SegmentLayout {
    flags: usize,
    offset: usize,
    address: usize,
    size: usize,
    row: u64,
}

const NARROW: Layout = Layout {
    wide: false,
    segments: 28,
    sections: 32,
    counts: 42,
    section: SectionLayout { offset: 16, size: 20, link: 24, row: 40 },
    segment: SegmentLayout { flags: 24, offset: 4, address: 8, size: 16, row: 32 },
};

const WIDE: Layout = Layout {
    wide: true,
    segments: 32,
    sections: 40,
    counts: 54,
    section: SectionLayout { offset: 24, size: 32, link: 40, row: 64 },
    segment: SegmentLayout { flags: 4, offset: 8, address: 16, size: 32, row: 56 },
};

impl Layout {
    fn word(&self, fields: &Fields<'_>, at: usize) -> Option<u64> {
        if self.wide { fields.u64(at) } else { fields.u32(at).map(u64::from) }
    }
}

/// The object of a file that begins with ELF's magic number; `None` when its headers are not all there.
pub(super) fn object(file: &[u8]) -> Option<Object<'_>> {
    let layout = if *file.get(4)? == 1 { NARROW } else { WIDE };
    let order = if *file.get(5)? == 2 { Order::Big } else { Order::Little };
    let fields = Fields::new(file, order);
    Some(Object {
        kind: Kind::Elf,
        order,
        sections: sections(&fields, &layout)?,
        segments: segments(&fields, &layout)?,
    })
}

fn segments<'a>(file: &Fields<'a>, layout: &Layout) -> Option<Vec<Segment<'a>>> {
    let table = layout.word(file, layout.segments)?;
    let size = u64::from(file.u16(layout.counts)?);
    let count = file.u16(layout.counts + 2)?;
    let at = &layout.segment;
    if count == 0 {
        return Some(Vec::new());
    }
    (size >= at.row).then_some(())?;
    let mut segments = Vec::new();
    for index in 0..u64::from(count) {
        let row = file.row(table, size, index)?;
        if row.u32(0)? == LOADED {
            segments.push(Segment {
                address: layout.word(&row, at.address)?,
                bytes: file.clipped(layout.word(&row, at.offset)?, layout.word(&row, at.size)?),
                cut: file.range(layout.word(&row, at.offset)?, layout.word(&row, at.size)?).is_none(),
                writable: row.u32(at.flags)? & WRITABLE != 0,
            });
        }
    }
    Some(segments)
}

fn sections<'a>(file: &Fields<'a>, layout: &Layout) -> Option<Vec<Section<'a>>> {
    let table = layout.word(file, layout.sections)?;
    let size = u64::from(file.u16(layout.counts + 4)?);
    let mut count = u64::from(file.u16(layout.counts + 6)?);
    let mut names = u64::from(file.u16(layout.counts + 8)?);
    let at = &layout.section;
    if table == 0 {
        return Some(Vec::new());
    }
    (size >= at.row).then_some(())?;
    // Numbers that do not fit into the file header are in the first section header.
    let first = file.row(table, size, 0)?;
    if count == 0 {
        count = layout.word(&first, at.size)?;
    }
    if names == 0xffff {
        names = u64::from(first.u32(at.link)?);
    }
    (count <= MOST_PARTS as u64).then_some(())?;
    let row = file.row(table, size, names)?;
    let names = file.range(layout.word(&row, at.offset)?, layout.word(&row, at.size)?)?;
    let names = Fields::new(names, Order::Little);
    let mut sections = Vec::new();
    for index in 0..count {
        let row = file.row(table, size, index)?;
        let (start, length) = (layout.word(&row, at.offset)?, layout.word(&row, at.size)?);
        let bytes = if row.u32(4)? == NO_BITS { Some(&[][..]) } else { file.range(start, length) };
        let name = names.name(row.offset(0)?, LONGEST_NAME).unwrap_or_default();
        sections.push(Section { name, bytes });
    }
    Some(sections)
}

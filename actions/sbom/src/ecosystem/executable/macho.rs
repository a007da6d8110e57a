//! Mach-O, the executables of macOS (Apple's `mach-o/loader.h` and `fat.h`): 32 and 64 bits, one or several processors.

use super::{
    fields::Fields,
    object::{Cut, Kind, MOST_PARTS, Object, Order, Section, Segment},
};

/// Java's class files begin with the same four bytes, and then have at least 45, their version, where this count is.
const MOST_PROCESSORS: u32 = 30;
const SEGMENT: u32 = 0x1;
const SEGMENT_64: u32 = 0x19;
const WRITABLE: u32 = 2;

/// The programs of a universal file.
pub(super) fn universal(file: &[u8]) -> Result<Vec<Object<'_>>, Cut> {
    let fields = Fields::new(file, Order::Big);
    let count = fields.u32(4).ok_or(Cut)?;
    if count > MOST_PROCESSORS {
        return Ok(Vec::new());
    }
    let wide = file.get(3) == Some(&0xbf);
    let row = |index| {
        let row = fields.row(8, if wide { 32 } else { 20 }, index)?;
        let (start, size) =
            if wide { (row.u64(8)?, row.u64(16)?) } else { (u64::from(row.u32(8)?), u64::from(row.u32(12)?)) };
        object(fields.range(start, size)?)
    };
    (0..u64::from(count)).map(|index| row(index).ok_or(Cut)).collect()
}

/// The program of a file that begins with Mach-O's magic number; `None` when its headers are not all there.
pub(super) fn object(file: &[u8]) -> Option<Object<'_>> {
    let (order, wide) = match file.get(..4)? {
        [0xfe, 0xed, 0xfa, 0xce] => (Order::Big, false),
        [0xfe, 0xed, 0xfa, 0xcf] => (Order::Big, true),
        [0xce, 0xfa, 0xed, 0xfe] => (Order::Little, false),
        [0xcf, 0xfa, 0xed, 0xfe] => (Order::Little, true),
        _ => return None,
    };
    let fields = Fields::new(file, order);
    let count = usize::try_from(fields.u32(16)?).ok().filter(|count| *count <= MOST_PARTS)?;
    let mut at: u64 = if wide { 32 } else { 28 };
    let mut object = Object { kind: Kind::MachO, order, sections: Vec::new(), segments: Vec::new() };
    for _ in 0..count {
        let head = fields.row(at, 8, 0)?;
        let (command, size) = (head.u32(0)?, u64::from(head.u32(4)?));
        (size >= 8).then_some(())?;
        if matches!(command, SEGMENT | SEGMENT_64) {
            segment(&mut object, &fields, &fields.row(at, size, 0)?, command == SEGMENT_64)?;
        }
        at = at.checked_add(size)?;
    }
    Some(object)
}

fn segment<'a>(object: &mut Object<'a>, file: &Fields<'a>, command: &Fields<'a>, wide: bool) -> Option<()> {
    let word = |fields: &Fields<'_>, narrow_at: usize, wide_at: usize| {
        if wide { fields.u64(wide_at) } else { fields.u32(narrow_at).map(u64::from) }
    };
    let (protection, count) = if wide { (60, 64) } else { (44, 48) };
    object.segments.push(Segment {
        address: word(command, 24, 24)?,
        bytes: file.clipped(word(command, 32, 40)?, word(command, 36, 48)?),
        cut: file.range(word(command, 32, 40)?, word(command, 36, 48)?).is_none(),
        writable: command.u32(protection)? & WRITABLE != 0,
    });
    let (table, size) = if wide { (72, 80) } else { (56, 68) };
    for index in 0..u64::from(command.u32(count)?) {
        let row = command.row(table, size, index)?;
        let start = u64::from(row.u32(if wide { 48 } else { 40 })?);
        // What is all zeros has no bytes in the file, whose first ones are the header.
        let bytes = if start == 0 { Some(&[][..]) } else { file.range(start, word(&row, 36, 40)?) };
        object.sections.push(Section { name: row.name(0, 16)?, bytes });
    }
    Some(())
}

//! PE, the executables of Windows (Microsoft, "PE Format"): 32 and 64 bits.

use super::{
    fields::Fields,
    object::{Cut, Kind, Object, Order, Section, Segment},
};

/// The length of a section header.
const ROW: u64 = 40;
const WRITABLE: u32 = 0x8000_0000;

/// The program in a file that begins as DOS programs do; none in one that is only that.
pub(super) fn objects(file: &[u8]) -> Result<Vec<Object<'_>>, Cut> {
    let fields = Fields::new(file, Order::Little);
    let header = fields.offset(0x3c).ok_or(Cut)?;
    match file.get(header..) {
        Some([b'P', b'E', 0, 0, ..]) => object(&fields, header).ok_or(Cut).map(|object| vec![object]),
        // A DOS program has anything there.
        Some([_, _, _, _, ..]) => Ok(Vec::new()),
        _ => Err(Cut),
    }
}

fn object<'a>(file: &Fields<'a>, header: usize) -> Option<Object<'a>> {
    let count = u64::from(file.u16(header.checked_add(6)?)?);
    let optional = usize::from(file.u16(header.checked_add(20)?)?);
    let base = match file.u16(header.checked_add(24)?)? {
        0x20b => file.u64(header.checked_add(48)?)?,
        _ => u64::from(file.u32(header.checked_add(52)?)?),
    };
    let table = u64::try_from(header.checked_add(24 + optional)?).ok()?;
    let mut object = Object { kind: Kind::Pe, order: Order::Little, sections: Vec::new(), segments: Vec::new() };
    for index in 0..count {
        let row = file.row(table, ROW, index)?;
        // The file may hold more than the section, for alignment, or less, the rest being zeros.
        let (virtual_size, held) = (u64::from(row.u32(8)?), u64::from(row.u32(16)?));
        let size = if virtual_size == 0 { held } else { held.min(virtual_size) };
        let start = u64::from(row.u32(20)?);
        object.sections.push(Section { name: row.name(0, 8)?, bytes: file.range(start, size) });
        object.segments.push(Segment {
            address: base.checked_add(u64::from(row.u32(12)?))?,
            bytes: file.clipped(start, size),
            cut: file.range(start, size).is_none(),
            writable: row.u32(36)? & WRITABLE != 0,
        });
    }
    Some(object)
}

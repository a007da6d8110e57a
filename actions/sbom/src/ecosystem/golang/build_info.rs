//! What the Go linker writes into every program: the toolchain and the modules (Go, `debug/buildinfo`).
//!
//! A header of 32 bytes at a 16-byte boundary begins with [`MAGIC`]. Since Go 1.18 two strings follow it, each after its length
//! as a varint; before, the header held the addresses of two Go strings.

use super::modules;
use crate::{
    ecosystem::{
        ParseError,
        executable::{
            hidden,
            object::{Kind, Object, Order},
        },
    },
    graph::{Ecosystem, FindingKind, Inventory, Technique},
};

/// How the header begins.
const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER: usize = 32;
/// Flags of the byte after the word size.
const BIG_ENDIAN: u8 = 1;
const INLINE: u8 = 2;
/// The list of modules stands between two sentinels of this length, by which a running program finds it.
const SENTINEL: usize = 16;
/// The largest list of modules: the longest real ones have some 100 KB.
const LONGEST: u64 = 16 << 20;

/// The modules a Go program was made from; `None` when it is no Go program.
///
/// # Errors
/// [`ParseError`] when the header is there and what it points to is not.
pub fn read(object: &Object<'_>) -> Result<Option<Inventory>, ParseError> {
    let Some(data) = find(object)? else {
        let stripped = [&b".gopclntab"[..], b".note.go.buildid", b"__gopclntab"];
        let stripped = stripped.iter().any(|name| object.section(name).is_some());
        let text = "a Go program whose build information was removed: its modules are unknown";
        return Ok(stripped.then(|| hidden(Ecosystem::Golang, text)));
    };
    let strings = if flags(data) & INLINE == 0 { pointed(object, data) } else { inline(data) };
    let (version, modules) = strings.ok_or_else(|| broken("is cut off or points nowhere"))?;
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| broken("is not UTF-8 text"));
    let (version, listing) = (text(version)?, text(between_sentinels(modules))?);
    let mut inventory = modules::inventory(version, listing).map_err(|why| broken(&why))?;
    for package in &mut inventory.packages {
        package.identification.technique = Technique::BinaryAnalysis;
    }
    if listing.is_empty() {
        let text = "a Go program that was built without modules: what it is made from is unknown";
        inventory.finding(FindingKind::Partial, None, text);
    }
    Ok(Some(inventory))
}

fn broken(why: &str) -> ParseError {
    ParseError::at(1, format!("its Go build information {why}"))
}

fn flags(data: &[u8]) -> u8 {
    data.get(MAGIC.len() + 1).copied().unwrap_or_default()
}

/// The bytes from the header on: in a section of its own, else somewhere in the data that the program may write.
fn find<'a>(object: &Object<'a>) -> Result<Option<&'a [u8]>, ParseError> {
    for name in [&b".go.buildinfo"[..], b"__go_buildinfo"] {
        if let Some(section) = object.section(name) {
            let bytes = section.bytes.ok_or_else(|| broken("is cut off"))?;
            return search(bytes).map(Some).ok_or_else(|| broken("does not begin as it should"));
        }
    }
    // Windows' executables have no such section, and of others the sections may have been stripped.
    if object.kind != Kind::Pe && !object.sections.is_empty() {
        return Ok(None);
    }
    Ok(object.segments.iter().filter(|segment| segment.writable).find_map(|segment| search(segment.bytes)))
}

fn search(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.chunks_exact(16).position(|chunk| chunk.starts_with(MAGIC))? * 16;
    bytes.get(at..).filter(|rest| rest.len() >= HEADER)
}

/// The toolchain and the list of modules.
type Strings<'a> = (&'a [u8], &'a [u8]);

fn inline(data: &[u8]) -> Option<Strings<'_>> {
    let (version, rest) = counted(data.get(HEADER..)?)?;
    let (modules, _) = counted(rest)?;
    Some((version, modules))
}

/// A varint (protocol buffers' base 128) and as many bytes.
fn counted(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (index, byte) in data.iter().enumerate().take(9) {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let length = usize::try_from(length).ok().filter(|_| length <= LONGEST)?;
            return data.get(index + 1..)?.split_at_checked(length);
        }
    }
    None
}

/// Before Go 1.18: addresses of string headers, which are an address and a length.
fn pointed<'a>(object: &Object<'a>, data: &[u8]) -> Option<Strings<'a>> {
    let size = usize::from(*data.get(MAGIC.len())?);
    let order = if flags(data) & BIG_ENDIAN == 0 { Order::Little } else { Order::Big };
    let string = |index: usize| -> Option<&'a [u8]> {
        let address = word(data.get(16..)?, index, size, order)?;
        if address == 0 {
            return Some(&[]);
        }
        let header = object.at(address)?;
        let length = word(header, 1, size, order)?;
        let held = object.at(word(header, 0, size, order)?);
        if length == 0 {
            return Some(&[]);
        }
        held?.get(..usize::try_from(length).ok().filter(|_| length <= LONGEST)?)
    };
    Some((string(0)?, string(1)?))
}

/// The `index`th word of 4 or 8 bytes.
fn word(bytes: &[u8], index: usize, size: usize, order: Order) -> Option<u64> {
    let bytes = bytes.get(index * size..(index + 1) * size)?;
    match (size, order) {
        (4, Order::Little) => Some(u32::from_le_bytes(*bytes.first_chunk()?).into()),
        (4, Order::Big) => Some(u32::from_be_bytes(*bytes.first_chunk()?).into()),
        (8, Order::Little) => Some(u64::from_le_bytes(*bytes.first_chunk()?)),
        (8, Order::Big) => Some(u64::from_be_bytes(*bytes.first_chunk()?)),
        _ => None,
    }
}

/// The list of modules, which ends with a line of its own; anything else is none.
fn between_sentinels(modules: &[u8]) -> &[u8] {
    let end = modules.len().saturating_sub(SENTINEL);
    match modules.get(SENTINEL..end) {
        Some(listing) if listing.ends_with(b"\n") => listing,
        _ => &[],
    }
}

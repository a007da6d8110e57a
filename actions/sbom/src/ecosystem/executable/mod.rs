//! Executables of images that say what they were made from: Go programs (all, since Go 1.13) and Rust programs built with
//! `cargo auditable`.

mod elf;
mod fields;
mod macho;
pub mod object;
mod pe;

use super::{Candidate, Format, Found, ParseError, Place, Reads, golang::build_info, rust::auditable};
use crate::graph::{Ecosystem, FindingKind, Inventory};
use object::{Kind, Object, objects};

/// What is built into programs.
pub const FORMATS: &[Format] = &[Format { name: "executable", claims: is_executable, reads: Reads::Alone(read) }];

/// No program is smaller: the headers alone have more bytes.
const SMALLEST: u64 = 256;

/// A program or library by its mode or by its name; whether it really is one only its first bytes tell.
fn is_executable(file: &Candidate<'_>) -> bool {
    let name = file.file_name();
    let library = name.contains(".so.")
        || name.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "so" | "node" | "exe" | "dll" | "dylib"));
    file.place == Place::Image && file.size >= SMALLEST && (file.executable || library)
}

/// The packages a program was made from, one inventory per language; none for a program that does not say.
///
/// Only the headers and the wanted sections are looked at. A program that is not all there and says nothing, and one that
/// hides what it was made from, is a finding of kind [`FindingKind::Partial`].
///
/// # Errors
/// [`ParseError`], always of line 1, when what is built in is cut off or is not what its kind promises.
pub fn read(found: &Found) -> Result<Vec<Inventory>, ParseError> {
    let Ok(objects) = objects(&found.bytes) else {
        let text = "begins like an executable, but its headers are not all there (is it cut off?)";
        return Ok(vec![hidden(Ecosystem::Generic, text)]);
    };
    let mut inventories = Vec::new();
    for object in &objects {
        if is_packed(object, &found.bytes) {
            inventories.push(hidden(Ecosystem::Generic, "packed with UPX: what it is made from cannot be read"));
        }
        let said = [auditable::read(object)?, build_info::read(object)?];
        if object.is_cut() && said.iter().all(Option::is_none) {
            inventories.push(hidden(Ecosystem::Generic, "is cut off: what it is made from cannot be read"));
        }
        inventories.extend(said.into_iter().flatten());
    }
    Ok(inventories)
}

/// An inventory of nothing that says why.
pub(super) fn hidden(ecosystem: Ecosystem, why: &str) -> Inventory {
    let mut inventory = Inventory::new(ecosystem);
    inventory.direct = Some(Vec::new());
    inventory.finding(FindingKind::Partial, None, why);
    inventory
}

/// UPX leaves its mark near the start of the file and in the names of the sections of Windows' executables.
fn is_packed(object: &Object<'_>, file: &[u8]) -> bool {
    let start = &file[..file.len().min(1024)];
    match object.kind {
        Kind::Pe => object.section(b"UPX0").is_some() && object.section(b"UPX1").is_some(),
        Kind::Elf => object.sections.is_empty() && start.windows(4).any(|bytes| bytes == b"UPX!"),
        Kind::MachO => object.section(b"upxTEXT").is_some(),
    }
}

#[cfg(test)]
#[path = "executable_tests.rs"]
mod tests;

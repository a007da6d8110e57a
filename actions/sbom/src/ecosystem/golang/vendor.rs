//! `vendor/modules.txt`: the modules whose packages were copied into the project (Go Modules Reference, "Vendoring").
//!
//! It lists modules and their packages, not what needs what.

use super::{
    manifest::is_folder,
    module::{in_folder, own, package, replaces},
};
use crate::{
    ecosystem::{ParseError, shorten, text},
    graph::{Ecosystem, Inventory, Scope},
};

/// The modules of a `modules.txt`; what is written below a module says whether anything of it is there.
///
/// # Errors
/// [`ParseError`] for a line that Go would not write.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Golang);
    inventory.direct = Some(Vec::new());
    let mut open: Option<(usize, &str)> = None;
    for (index, line) in text.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("# ") {
            open = Some((index + 1, heading));
        } else if line.starts_with("## workspace") || line.is_empty() {
        } else if let Some((number, heading)) = open.take() {
            module(&mut inventory, number, heading)?;
        } else if inventory.packages.is_empty() {
            return Err(ParseError::at(index + 1, "a package without a module before it"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count(), "does not end as Go ends it (is it cut off?)"));
    }
    Ok(inventory)
}

/// `path version`, and after an arrow what stands in for it.
fn module(inventory: &mut Inventory, line: usize, heading: &str) -> Result<(), ParseError> {
    let words: Vec<&str> = heading.split(' ').collect();
    let read = match words[..] {
        [path, version] => package(path, Some(version)),
        [path, _, "=>", folder] if is_folder(folder) => Some(in_folder(own(path), folder)),
        [path, version, "=>", other, instead] => package(other, Some(instead)).map(|mut package| {
            replaces(&mut package, path, Some(version));
            package
        }),
        _ => None,
    };
    let mut package =
        read.ok_or_else(|| ParseError::at(line, format!("`{}` names no module and version", shorten(heading))))?;
    package.scope = Scope::Unstated;
    package.line = u32::try_from(line).ok();
    inventory.packages.push(package);
    Ok(())
}

#[cfg(test)]
#[path = "vendor_tests.rs"]
mod tests;

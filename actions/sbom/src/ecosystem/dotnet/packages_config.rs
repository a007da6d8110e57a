//! `packages.config`: every package of a .NET Framework project, direct or not (learn.microsoft.com, "packages.config").

use super::{
    super::{ParseError, documents::Lines, shorten, text},
    package,
};
use crate::graph::{Ecosystem, Inventory, Knowledge, Scope};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

/// The packages of the file. What needs what is not in it; `developmentDependency` is.
///
/// # Errors
/// [`ParseError`] for XML that is not well-formed to its end, another root element, or a package without id or version.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let mut reader = Reader::from_str(text);
    let mut lines = Lines::of(text);
    let mut inventory = Inventory::new(Ecosystem::Nuget);
    let (mut depth, mut seen) = (0_usize, false);
    loop {
        let event = reader.read_event();
        let line = lines.at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)) as usize;
        match event.map_err(|error| ParseError::at(line, shorten(&error.to_string())))? {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) if depth == 0 && element.name().as_ref() != "packages" => {
                return Err(ParseError::at(line, "the root element is not `packages`"));
            }
            Event::Start(element) => {
                seen = true;
                depth += 1;
                add(&mut inventory, &element, line)?;
            }
            Event::Empty(element) => {
                seen = true;
                add(&mut inventory, &element, line)?;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if !seen || depth != 0 {
        return Err(ParseError::at(
            text.lines().count().max(1),
            "the element `packages` does not end (is the file cut off?)",
        ));
    }
    Ok(inventory)
}

fn add(inventory: &mut Inventory, element: &BytesStart<'_>, line: usize) -> Result<(), ParseError> {
    if element.name().as_ref() != "package" {
        return Ok(());
    }
    let wrong = |what: &str| ParseError::at(line, what.to_owned());
    let (mut id, mut version, mut development) = (None, None, false);
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| wrong(&shorten(&error.to_string())))?;
        let value =
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| wrong(&shorten(&error.to_string())))?;
        match attribute.key.as_ref() {
            "id" => id = Some(value.into_owned()),
            "version" => version = Some(value.into_owned()),
            "developmentDependency" => development = value.eq_ignore_ascii_case("true"),
            _ => {}
        }
    }
    let id = id.ok_or_else(|| wrong("a package without `id`"))?;
    let version = version.ok_or_else(|| wrong("a package without `version`"))?;
    let mut package = package::registered(&id, &version).map_err(|error| wrong(&error.message))?;
    package.scope = if development { Scope::Development } else { Scope::Required };
    package.line = u32::try_from(line).ok();
    package.needs_known = Knowledge::Unknown;
    inventory.packages.push(package);
    Ok(())
}

#[cfg(test)]
#[path = "packages_config_tests.rs"]
mod tests;

//! Alpine's database: `lib/apk/db/installed` (`usr/lib/…` since apk-tools 3; also Wolfi's and Chainguard's).
//!
//! Stanzas of `X:value` lines, each stanza ended by an empty line (apk-tools, `src/database.c`, and the wiki's "Apk spec").

use super::{os_release::Distribution, providers::Providers};
use crate::{
    ecosystem::{ParseError, shorten, text},
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package},
    licence,
    purl::Purl,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// One installed package as its stanza says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Stanza<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    licence: &'a str,
    origin: &'a str,
    maintainer: &'a str,
    checksum: &'a str,
    depends: Vec<&'a str>,
    provides: Vec<&'a str>,
    /// Its files, as folder and name.
    files: Vec<(&'a str, &'a str)>,
    line: usize,
}

/// The installed packages of a database. `held` says under which path a file was given to another reader, if
/// any was: only then its owner matters.
///
/// Dependencies are resolved as the database has them: by name, `so:`, `cmd:` and `pc:` names and paths that installed
/// packages provide; every provider is an edge. A need that nothing installed fulfils makes its package incomplete.
///
/// # Errors
/// [`ParseError`] for a line that is no field, for a stanza without name or version, and for a database that ends in the
/// middle of a line.
pub fn parse(
    bytes: &[u8],
    distribution: Option<&Distribution>,
    held: &dyn Fn(&str) -> Option<String>,
) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let stanzas = stanzas(text)?;
    let mut providers = Providers::default();
    for (index, stanza) in stanzas.iter().enumerate() {
        providers.add(stanza.name, index);
        stanza.provides.iter().for_each(|provided| providers.add(name(provided), index));
    }
    let mut inventory = Inventory::new(Ecosystem::Apk);
    for (index, stanza) in stanzas.iter().enumerate() {
        let mut package = package(stanza, distribution)?;
        // `!name` is a conflict.
        for wanted in stanza.depends.iter().filter(|wanted| !wanted.starts_with('!')) {
            let met = providers.of(name(wanted));
            if met.is_empty() {
                package.needs_known = Knowledge::Incomplete;
                let text = format!("`{}` needs `{}`, which is not installed", shorten(stanza.name), shorten(wanted));
                inventory.remark(package.line, text);
            }
            package.needs.extend(met);
        }
        package.needs.sort_unstable();
        package.needs.dedup();
        for (folder, file) in &stanza.files {
            let path = if folder.is_empty() { (*file).to_owned() } else { format!("{folder}/{file}") };
            inventory.owned.extend(held(&path).map(|path| (path, index)));
        }
        inventory.packages.push(package);
    }
    if !text.is_empty() && !text.ends_with("\n\n") {
        let words = "the last package is not followed by an empty line (is the database cut off?)";
        inventory.finding(FindingKind::Partial, stanzas.last().and_then(|last| u32::try_from(last.line).ok()), words);
    }
    Ok(inventory)
}

fn stanzas(text: &str) -> Result<Vec<Stanza<'_>>, ParseError> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count(), "ends in the middle of a line (is it cut off?)"));
    }
    let mut found = Vec::new();
    let mut current: Option<Stanza<'_>> = None;
    let mut folder = "";
    for (index, line) in text.lines().chain([""]).enumerate() {
        if line.is_empty() {
            if let Some(stanza) = current.take() {
                found.push(whole(stanza)?);
            }
            folder = "";
            continue;
        }
        let Some((key, value)) = line.split_once(':').filter(|(key, _)| key.len() == 1) else {
            return Err(ParseError::at(index + 1, format!("`{}` is no `X:value`", shorten(line))));
        };
        let stanza = current.get_or_insert_with(|| Stanza { line: index + 1, ..Stanza::default() });
        match key {
            "P" => stanza.name = value,
            "V" => stanza.version = value,
            "A" => stanza.architecture = value,
            "L" => stanza.licence = value,
            "o" => stanza.origin = value,
            "m" => stanza.maintainer = value,
            "C" => stanza.checksum = value,
            "D" => stanza.depends.extend(value.split_ascii_whitespace()),
            "p" => stanza.provides.extend(value.split_ascii_whitespace()),
            "F" => folder = value,
            "R" => stanza.files.push((folder, value)),
            // Sizes, times, modes, the description and what is only for apk itself.
            _ => {}
        }
    }
    Ok(found)
}

fn whole(stanza: Stanza<'_>) -> Result<Stanza<'_>, ParseError> {
    let missing = [("P", stanza.name), ("V", stanza.version)].into_iter().find(|(_, value)| value.is_empty());
    match missing {
        Some((field, _)) => Err(ParseError::at(stanza.line, format!("a package without `{field}:` (is it cut off?)"))),
        None => Ok(stanza),
    }
}

/// A dependency or provision without its version: `so:libc.musl-x86_64.so.1=1`, `busybox>=1.36`, `python3~3.12`.
fn name(wanted: &str) -> &str {
    wanted.split(['=', '<', '>', '~']).next().unwrap_or(wanted)
}

fn package(stanza: &Stanza<'_>, distribution: Option<&Distribution>) -> Result<Package, ParseError> {
    let distro = distribution.map(Distribution::label).unwrap_or_default();
    let upstream = if stanza.origin == stanza.name { "" } else { stanza.origin };
    let purl = Purl::new("apk", stanza.name)
        .namespace(distribution.map_or("alpine", |distribution| &distribution.id))
        .version(stanza.version)
        .qualifier("arch", stanza.architecture)
        .qualifier("distro", &distro)
        .qualifier("upstream", upstream)
        .build()
        .ok_or_else(|| ParseError::at(stanza.line, format!("`{}` cannot be a package's name", shorten(stanza.name))))?;
    let mut package = Package::new(stanza.name, Some(stanza.version.to_owned()), Origin::Purl(purl));
    package.publisher = Some(stanza.maintainer).filter(|maintainer| !maintainer.is_empty()).map(str::to_owned);
    package.licences.extend(licence::normalise(stanza.licence));
    package.checksums.extend(checksum(stanza.checksum));
    package.line = u32::try_from(stanza.line).ok();
    Ok(package)
}

/// `Q1` is SHA-1, `Q2` SHA-256, both in base64, of the package's control segment, which holds the hash of the rest.
fn checksum(text: &str) -> Option<Checksum> {
    let (algorithm, length, digits) = match (text.strip_prefix("Q1"), text.strip_prefix("Q2")) {
        (Some(digits), _) => ("SHA-1", 20, digits),
        (_, Some(digits)) => ("SHA-256", 32, digits),
        _ => return None,
    };
    let bytes = STANDARD.decode(digits).ok().filter(|bytes| bytes.len() == length)?;
    Some(Checksum { algorithm, hex: hex::encode(bytes) })
}

#[cfg(test)]
#[path = "apk_tests.rs"]
mod tests;

//! `Cargo.lock`, versions 1 to 4.
//!
//! The format is what cargo's `core/resolver/encode.rs` writes: a dependency is `name`, `name version` or
//! `name version (source)`, no longer than needed to be unique.

use crate::ecosystem::{ParseError, documents::Lines, git::vcs_url, line_of, shorten, text};
use crate::{
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Origin, Package, Scope},
    purl,
};
use serde::Deserialize;
use std::{borrow::Cow, collections::HashMap};
use toml::Spanned;

#[derive(Deserialize)]
struct Lock<'a> {
    version: Option<u32>,
    #[serde(borrow, default)]
    package: Vec<Spanned<Entry<'a>>>,
    /// Version 1 kept the project itself apart.
    #[serde(borrow)]
    root: Option<Spanned<Entry<'a>>>,
    /// Version 1 kept checksums here, as `"checksum name version (source)" = "…"`.
    #[serde(borrow, default)]
    metadata: HashMap<Cow<'a, str>, Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    checksum: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    dependencies: Vec<Spanned<Cow<'a, str>>>,
}

/// The crates of a `Cargo.lock`.
///
/// Path crates are the project's own: they get no purl, because crates.io may hold another crate of that name. Which
/// dependencies are for development only is not in the file, so every scope is [`Scope::Unstated`]; the manifests tell
/// ([`super::scopes`]).
///
/// # Errors
/// [`ParseError`] for anything cargo would not write: bad TOML, an empty lockfile, a crate of crates.io
/// without checksum, a dependency on a package that is not there. So a file cut off anywhere is refused, except at the end of
/// a line where everything needed is there already: nothing in the format tells that from a whole file.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock: Lock<'_> = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        ParseError::at_offset(text, at, error.message().to_owned())
    })?;
    if let Some(version) = lock.version.filter(|version| !(1..=4).contains(version)) {
        let mut inventory = Inventory::new(Ecosystem::Cargo);
        let text = format!("lockfile version {version} is not known; 1 to 4 are: nothing of this file is listed");
        inventory.finding(FindingKind::UnknownVersion, Some(1), text);
        return Ok(inventory);
    }
    let entries: Vec<_> = lock.root.iter().chain(&lock.package).collect();
    if entries.is_empty() {
        return Err(ParseError::at(1, "no package in it, not even the project itself"));
    }
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        by_name.entry(&entry.get_ref().name).or_default().push(index);
    }
    let mut inventory = Inventory::new(Ecosystem::Cargo);
    let mut own = Vec::new();
    let mut lines = Lines::of(text);
    for (index, entry) in entries.iter().enumerate() {
        let line = lines.at(entry.span().start) as usize;
        let mut package = package(entry.get_ref(), &lock.metadata, line)?;
        for dependency in &entry.get_ref().dependencies {
            let found = resolve(dependency.get_ref(), &by_name, &entries);
            let at = || line_of(text, dependency.span().start);
            package.needs.push(found.map_err(|why| ParseError::at(at(), why))?);
        }
        if package.origin == Origin::Own {
            own.push(index);
        }
        inventory.packages.push(package);
    }
    if !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count(), "does not end as cargo ends it (is it cut off?)"));
    }
    inventory.direct = (!own.is_empty()).then_some(own);
    Ok(inventory)
}

fn package(
    entry: &Entry<'_>,
    metadata: &HashMap<Cow<'_, str>, Cow<'_, str>>,
    line: usize,
) -> Result<Package, ParseError> {
    let origin = match &entry.source {
        None => Origin::Own,
        Some(source) => Origin::Purl(from_source(entry, source).ok_or_else(|| {
            ParseError::at(line, format!("`{}` {} cannot be a crate", shorten(&entry.name), shorten(&entry.version)))
        })?),
    };
    let mut package = Package::new(&*entry.name, Some(entry.version.to_string()), origin);
    package.scope = Scope::Unstated;
    package.line = u32::try_from(line).ok();
    let old = entry.source.as_ref().filter(|_| !metadata.is_empty()).and_then(|source| {
        let key = format!("checksum {} {} ({source})", entry.name, entry.version);
        metadata.get(key.as_str()).filter(|sum| *sum != "<none>")
    });
    if let Some(sum) = entry.checksum.as_ref().or(old) {
        if sum.len() != 64 || !sum.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ParseError::at(line, format!("the checksum of `{}` is not SHA-256", shorten(&entry.name))));
        }
        package.checksums.insert(Checksum { algorithm: "SHA-256", hex: sum.to_lowercase() });
    } else if metadata.is_empty() && entry.source.as_deref().is_some_and(|source| CRATES_IO.contains(&source)) {
        let name = shorten(&entry.name);
        return Err(ParseError::at(line, format!("`{name}` of crates.io has no checksum (is the file cut off?)")));
    }
    Ok(package)
}

/// crates.io has two spellings, by git index and sparse.
const CRATES_IO: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

fn from_source(entry: &Entry<'_>, source: &str) -> Option<String> {
    if CRATES_IO.contains(&source) {
        return purl::cargo(&entry.name, &entry.version, &[]);
    }
    if let Some(git) = source.strip_prefix("git+") {
        let (url, commit) = git.split_once('#').unwrap_or((git, ""));
        let url = url.split_once('?').map_or(url, |(url, _)| url);
        return purl::cargo(&entry.name, &entry.version, &[("vcs_url", &vcs_url(url, commit))]);
    }
    let (_, url) = source.split_once('+').unwrap_or(("", source));
    purl::cargo(&entry.name, &entry.version, &[("repository_url", &purl::without_credentials(url))])
}

/// The one package a dependency line means.
fn resolve(
    wanted: &str,
    by_name: &HashMap<&str, Vec<usize>>,
    entries: &[&Spanned<Entry<'_>>],
) -> Result<usize, String> {
    let mut words = wanted.splitn(3, ' ');
    let name = words.next().unwrap_or_default();
    let version = words.next();
    let source = words.next().map(|source| source.trim_start_matches('(').trim_end_matches(')'));
    let fits = |index: &&usize| {
        let entry = entries[**index].get_ref();
        version.is_none_or(|version| version == entry.version)
            && source.is_none_or(|source| same_source(source, entry.source.as_deref().unwrap_or_default()))
    };
    let mut candidates: Vec<_> = by_name.get(name).into_iter().flatten().filter(fits).collect();
    if candidates.len() > 1 && source.is_none() {
        // A path crate has no source that could be written; any other would have it here.
        candidates.retain(|index| entries[**index].get_ref().source.is_none());
    }
    match candidates[..] {
        [index] => Ok(*index),
        [] => Err(format!("needs `{}`, which is not in the file (is it cut off?)", shorten(wanted))),
        _ => Err(format!("needs `{}`, which names {} packages", shorten(wanted), candidates.len())),
    }
}

/// A dependency's git source may leave out the commit after `#`.
fn same_source(wanted: &str, source: &str) -> bool {
    wanted == source || source.split_once('#').is_some_and(|(source, _)| source == wanted)
}

#[cfg(test)]
#[path = "cargo_lock_tests.rs"]
mod tests;

//! `Cargo.lock`, versions 1 to 4.
//!
//! The format is what cargo's `core/resolver/encode.rs` writes: a dependency is `name`, `name version` or
//! `name version (source)`, no longer than needed to be unique.

use crate::ecosystem::{ParseError, line_of, shorten, text};
use crate::{
    graph::{Checksum, Ecosystem, Inventory, Origin, Package, Scope},
    purl,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
struct Lock {
    version: Option<u32>,
    #[serde(default)]
    package: Vec<Spanned<Entry>>,
    /// Version 1 kept the project itself apart.
    root: Option<Spanned<Entry>>,
    /// Version 1 kept checksums here, as `"checksum name version (source)" = "…"`.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<Spanned<String>>,
}

/// The crates of a `Cargo.lock`.
///
/// Path crates are the project's own: they get no purl, because crates.io may hold another crate of that name. Which
/// dependencies are for development only is not in the file, so every scope is [`Scope::Unstated`].
///
/// # Errors
/// [`ParseError`] for anything cargo would not write: bad TOML, an unknown version, an empty lockfile, a crate of crates.io
/// without checksum, a dependency on a package that is not there. So a file cut off anywhere is refused, except at the end of
/// a line where everything needed is there already: nothing in the format tells that from a whole file.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock: Lock = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        ParseError::at_offset(text, at, error.message().to_owned())
    })?;
    if let Some(version) = lock.version.filter(|version| !(1..=4).contains(version)) {
        return Err(ParseError::at(1, format!("lockfile version {version} is not known; 1 to 4 are")));
    }
    let entries: Vec<_> = lock.root.iter().chain(&lock.package).collect();
    if entries.is_empty() {
        return Err(ParseError::at(1, "no package in it, not even the project itself"));
    }
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        by_name.entry(&entry.get_ref().name).or_default().push(index);
    }
    let mut inventory = Inventory::new(Ecosystem::Cargo);
    let mut own = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let line = line_of(text, entry.span().start);
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

fn package(entry: &Entry, metadata: &BTreeMap<String, String>, line: usize) -> Result<Package, ParseError> {
    let origin = match &entry.source {
        None => Origin::Own,
        Some(source) => Origin::Purl(from_source(entry, source).ok_or_else(|| {
            ParseError::at(line, format!("`{}` {} cannot be a crate", shorten(&entry.name), shorten(&entry.version)))
        })?),
    };
    let mut package = Package::new(&entry.name, Some(entry.version.clone()), origin);
    package.scope = Scope::Unstated;
    package.line = u32::try_from(line).ok();
    let old = entry.source.as_ref().and_then(|source| {
        metadata.get(&format!("checksum {} {} ({source})", entry.name, entry.version)).filter(|sum| *sum != "<none>")
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

fn from_source(entry: &Entry, source: &str) -> Option<String> {
    if CRATES_IO.contains(&source) {
        return purl::cargo(&entry.name, &entry.version, &[]);
    }
    if let Some(git) = source.strip_prefix("git+") {
        let (url, commit) = git.split_once('#').unwrap_or((git, ""));
        let url = purl::without_credentials(url.split_once('?').map_or(url, |(url, _)| url));
        let at = if commit.is_empty() { String::new() } else { format!("@{commit}") };
        return purl::cargo(&entry.name, &entry.version, &[("vcs_url", &format!("git+{url}{at}"))]);
    }
    let (_, url) = source.split_once('+').unwrap_or(("", source));
    purl::cargo(&entry.name, &entry.version, &[("repository_url", &purl::without_credentials(url))])
}

/// The one package a dependency line means.
fn resolve(wanted: &str, by_name: &BTreeMap<&str, Vec<usize>>, entries: &[&Spanned<Entry>]) -> Result<usize, String> {
    let mut words = wanted.splitn(3, ' ');
    let name = words.next().unwrap_or_default();
    let version = words.next();
    let source = words.next().map(|source| source.trim_start_matches('(').trim_end_matches(')'));
    let fits = |index: &&usize| {
        let entry = entries[**index].get_ref();
        version.is_none_or(|version| version == entry.version)
            && source.is_none_or(|source| same_source(source, entry.source.as_deref().unwrap_or_default()))
    };
    let candidates: Vec<_> = by_name.get(name).into_iter().flatten().filter(fits).collect();
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
mod tests {
    use super::*;

    const LOCK: &str = r#"version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "rand 0.8.5",
 "tool",
]

[[package]]
name = "rand"
version = "0.7.3"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "6a6b1679d49b24bbfe0c803429aa1874472f50d9b363131f0e89fc356b544d03"

[[package]]
name = "rand"
version = "0.8.5"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "34af8d1a0e25924bc5b7c43c079c942339d8f0a8b57c39049bef581b46327404"

[[package]]
name = "tool"
version = "1.0.0"
source = "git+https://user:secret@example.com/tool?branch=main#0123abcd"
dependencies = [
 "rand 0.7.3 (registry+https://github.com/rust-lang/crates.io-index)",
]
"#;

    #[test]
    fn a_dependency_means_exactly_one_version() {
        let inventory = parse(LOCK.as_bytes()).unwrap();
        let needs: Vec<_> = inventory.packages.iter().map(|p| p.needs.clone()).collect();
        assert_eq!(needs, [vec![2, 3], vec![], vec![], vec![1]]);
        assert_eq!(inventory.direct, Some(vec![0]));
        assert_eq!(inventory.packages[2].line, Some(17));
        assert_eq!(inventory.packages[1].checksums.len(), 1);
    }

    #[test]
    fn a_git_crate_is_named_by_its_commit_without_the_secret() {
        let inventory = parse(LOCK.as_bytes()).unwrap();
        let Origin::Purl(purl) = &inventory.packages[3].origin else { panic!("own") };
        assert_eq!(purl, "pkg:cargo/tool@1.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Ftool%400123abcd");
    }

    #[test]
    fn a_lockfile_cut_off_between_packages_is_an_error_at_the_line_that_misses_something() {
        let cut = LOCK.find("[[package]]\nname = \"tool\"").unwrap();
        let error = parse(&LOCK.as_bytes()[..cut]).unwrap_err();
        assert_eq!(error.line, 8);
        assert!(error.message.contains("`tool`"), "{error}");
    }

    #[test]
    fn what_cargo_would_not_write_is_refused_with_its_line() {
        for (lock, line, wanted) in [
            ("", 1, "no package"),
            ("version = 9\n[[package]]\nname='a'\nversion='1'", 1, "version 9"),
            ("version = 4\n\n[[package]]\nname = \"a", 4, ""),
            ("[[package]]\nname = \"a\"\n", 1, "version"),
            ("[[package]]\nname='a'\nversion='1'\n\n[[package]]\nname='b'\nversion='1'", 7, "cut off"),
            ("[[package]]\nname='a'\nversion='1'\nsource='sparse+https://index.crates.io/'\n", 1, "no checksum"),
            ("[[package]]\nname = \"a\"\nversion=\"1\"\nsource=\"registry+x\"\nchecksum=\"00\"", 1, "not SHA-256"),
        ] {
            let error = parse(lock.as_bytes()).unwrap_err();
            assert_eq!(error.line, line, "{lock}: {error}");
            assert!(error.message.contains(wanted), "{lock}: {error}");
        }
    }

    #[test]
    fn version_1_keeps_its_checksums_apart() {
        let lock = format!(
            "[root]\nname='a'\nversion='1.0.0'\ndependencies=['b 1.0.0 (registry+x)']\n[[package]]\nname='b'\n\
             version='1.0.0'\nsource='registry+x'\n[metadata]\n\"checksum b 1.0.0 (registry+x)\" = '{}'\n",
            "ab".repeat(32)
        );
        let inventory = parse(lock.as_bytes()).unwrap();
        assert_eq!(inventory.packages[0].needs, [1]);
        assert_eq!(inventory.packages[1].checksums.first().unwrap().hex, "ab".repeat(32));
    }
}

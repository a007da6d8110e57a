//! `Gemfile.lock` and `gems.locked`, as Bundler 1.0 to 4 write them (`bundler/lockfile_generator.rb`).
//!
//! Sections of indented lines: the sources with their gems (four spaces) and what each needs (six), then `PLATFORMS`,
//! `DEPENDENCIES`, `CHECKSUMS` since 2.5, `RUBY VERSION`, and `BUNDLED WITH` since 1.10. A need names a gem; every locked
//! platform variant of it fulfils it.
//!
//! The end of the file is told by `BUNDLED WITH`. Where that is missing (old Bundler, or removed by hand), a file that is cut
//! off inside `DEPENDENCIES` is known by a gem that nothing needs any more, or by its last line; one cut off after a line
//! whose gem is needed by others anyway lists all gems and only calls fewer of them direct.

use super::super::{
    ParseError, git,
    needs::{Count, Names, lacks, reached},
    shorten, text,
};
use crate::{
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Origin, Package, Scope},
    purl::{self, Purl},
};
use std::collections::HashMap;

/// What a source section is headed by.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Gem,
    Git,
    Path,
    Plugin,
}

struct Source<'a> {
    kind: Kind,
    remotes: Vec<&'a str>,
    revision: &'a str,
}

struct Spec<'a> {
    name: &'a str,
    version: &'a str,
    platform: &'a str,
    /// `version-platform`, as CHECKSUMS has it too.
    full_version: &'a str,
    source: usize,
    line: usize,
    needs: Vec<&'a str>,
}

/// The section a line is in.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    Source,
    Dependencies,
    Checksums,
    Bundled,
    /// `PLATFORMS`, `RUBY VERSION` and sections that do not list gems.
    Other,
}

#[derive(Default)]
struct Lock<'a> {
    sources: Vec<Source<'a>>,
    specs: Vec<Spec<'a>>,
    /// Name and line.
    dependencies: Option<Vec<(&'a str, usize)>>,
    /// By name and `version-platform`; absent before Bundler 2.5.
    checksums: Option<HashMap<(&'a str, &'a str), Vec<Checksum>>>,
    bundled_with: Option<&'a str>,
    unknown: Vec<(&'a str, usize)>,
}

/// The gems of a lockfile.
///
/// Groups are not in the file, so every scope is [`Scope::Unstated`]. Gems of a `PATH` are the project's own. Bundler itself
/// is never locked: a need of it is no edge.
///
/// # Errors
/// [`ParseError`] for lines that Bundler would not write, merge conflicts, and a file without `DEPENDENCIES`.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock = read(text)?;
    let Some(dependencies) = &lock.dependencies else {
        return Err(ParseError::at(text.lines().count().max(1), "no section DEPENDENCIES in it (is it cut off?)"));
    };
    let whole = lock.bundled_with.is_some();
    let mut inventory = Inventory::new(Ecosystem::Gem);
    if !whole && !text.ends_with('\n') {
        // All gems stand before the dependencies, so those are known.
        let line = u32::try_from(text.lines().count()).ok();
        inventory.finding(FindingKind::Broken, line, "ends in the middle of a line (is it cut off?)");
    }
    let mut names = Names::default();
    for (index, spec) in lock.specs.iter().enumerate() {
        names.add(spec.name, index);
        inventory.packages.push(package(&lock, spec)?);
    }
    let mut count = Count::default();
    for (index, spec) in lock.specs.iter().enumerate() {
        let missing: Vec<_> =
            spec.needs.iter().filter(|need| **need != "bundler" && names.of(need).is_empty()).copied().collect();
        let mut needs: Vec<usize> = spec.needs.iter().flat_map(|need| names.of(need)).copied().collect();
        needs.sort_unstable();
        needs.dedup();
        count.add(needs.len(), inventory.packages[index].line)?;
        inventory.packages[index].needs = needs;
        lacks(&mut inventory, index, &missing);
    }
    let direct: Vec<usize> = dependencies.iter().flat_map(|(name, _)| names.of(name)).copied().collect();
    for (name, line) in dependencies.iter().filter(|(name, _)| *name != "bundler" && names.of(name).is_empty()) {
        // Asked for on platforms that are not locked, such as tzinfo-data for Windows.
        inventory.remark(u32::try_from(*line).ok(), format!("`{}` is asked for and not locked", shorten(name)));
    }
    for (name, line) in &lock.unknown {
        let text = format!("the section `{}` is not known: it was not read", shorten(name));
        inventory.finding(FindingKind::UnknownVersion, u32::try_from(*line).ok(), text);
    }
    if !whole {
        doubt(&lock, &mut inventory, &direct);
    }
    inventory.direct = Some(direct);
    Ok(inventory)
}

/// Without `BUNDLED WITH`, looks for what a cut would have left behind.
fn doubt(lock: &Lock<'_>, inventory: &mut Inventory, direct: &[usize]) {
    let needs: Vec<&[usize]> = inventory.packages.iter().map(|package| package.needs.as_slice()).collect();
    let reached = reached(&needs, direct.iter().copied());
    let unasked = lock.specs.iter().zip(&reached).find(|(_, reached)| !**reached).map(|(spec, _)| spec);
    let unsummed = lock.checksums.as_ref().and_then(|sums| {
        lock.specs.iter().find(|spec| {
            let from_registry = lock.sources.get(spec.source).is_some_and(|source| source.kind == Kind::Gem);
            from_registry && !sums.contains_key(&(spec.name, spec.full_version))
        })
    });
    for (spec, what) in [(unasked, "needed by nothing in the file"), (unsummed, "without its line in CHECKSUMS")] {
        if let Some(spec) = spec {
            let text = format!("`{}` is {what} (is the file cut off?)", shorten(spec.name));
            inventory.finding(FindingKind::Broken, u32::try_from(spec.line).ok(), text);
        }
    }
}

fn read(text: &str) -> Result<Lock<'_>, ParseError> {
    let mut lock = Lock::default();
    let mut section = Section::Other;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let wrong = || ParseError::at(number, format!("`{}` is no line of a Gemfile.lock", shorten(line)));
        if line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(' ') {
            section = head(&mut lock, line, number)?;
            continue;
        }
        match section {
            Section::Source => source_line(&mut lock, line, number).ok_or_else(wrong)?,
            Section::Dependencies => {
                let (name, _) = entry(line.strip_prefix("  ").ok_or_else(wrong)?).ok_or_else(wrong)?;
                lock.dependencies.get_or_insert_default().push((name, number));
            }
            Section::Checksums => checksum_line(&mut lock, line).ok_or_else(wrong)?,
            Section::Bundled => lock.bundled_with = Some(line.trim()),
            Section::Other => {}
        }
    }
    Ok(lock)
}

/// A line without indentation begins a section.
fn head<'a>(lock: &mut Lock<'a>, line: &'a str, number: usize) -> Result<Section, ParseError> {
    let source = |kind| Source { kind, remotes: Vec::new(), revision: "" };
    let kind = match line.trim_end() {
        "GEM" => Kind::Gem,
        "GIT" => Kind::Git,
        "PATH" => Kind::Path,
        "PLUGIN SOURCE" => Kind::Plugin,
        "DEPENDENCIES" => {
            lock.dependencies.get_or_insert_default();
            return Ok(Section::Dependencies);
        }
        "CHECKSUMS" => {
            lock.checksums.get_or_insert_default();
            return Ok(Section::Checksums);
        }
        "BUNDLED WITH" => return Ok(Section::Bundled),
        "PLATFORMS" | "RUBY VERSION" => return Ok(Section::Other),
        other => {
            if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| other.starts_with(mark)) {
                return Err(ParseError::at(number, "a merge conflict"));
            }
            // Bundler passes over what it does not know; here it is said, of a file that is all wrong not line by line.
            if lock.unknown.len() < 10 {
                lock.unknown.push((other, number));
            }
            return Ok(Section::Other);
        }
    };
    lock.sources.push(source(kind));
    Ok(Section::Source)
}

/// An option of the source, a gem, or what a gem needs.
fn source_line<'a>(lock: &mut Lock<'a>, line: &'a str, number: usize) -> Option<()> {
    let rest = line.trim_start_matches(' ');
    let source = lock.sources.last_mut()?;
    match line.len() - rest.len() {
        2 => {
            let (key, value) = rest.split_once(':')?;
            let value = value.trim();
            match key {
                "remote" => source.remotes.push(value),
                "revision" => source.revision = value,
                _ => {}
            }
        }
        4 => {
            let (name, version) = entry(rest)?;
            let full_version = version.filter(|version| !version.is_empty())?;
            let (version, platform) = full_version.split_once('-').unwrap_or((full_version, ""));
            let source = lock.sources.len() - 1;
            lock.specs.push(Spec { name, version, platform, full_version, source, line: number, needs: Vec::new() });
        }
        6 => lock.specs.last_mut()?.needs.push(entry(rest)?.0),
        _ => return None,
    }
    Some(())
}

/// `name`, `name (what)`, either with a `!` behind it for a gem whose source is fixed.
fn entry(text: &str) -> Option<(&str, Option<&str>)> {
    let text = text.trim_end();
    let text = text.strip_suffix('!').unwrap_or(text);
    let (name, what) = match text.split_once(" (") {
        Some((name, what)) => (name, Some(what.strip_suffix(')')?)),
        None => (text, None),
    };
    (!name.is_empty() && !name.contains([' ', '(', ')'])).then_some((name, what))
}

/// `  name (version-platform) sha256=…`; a gem without a known checksum stands there with nothing behind it.
fn checksum_line<'a>(lock: &mut Lock<'a>, line: &'a str) -> Option<()> {
    let (name, rest) = line.strip_prefix("  ")?.split_once(" (")?;
    let (version, sums) = rest.split_once(')')?;
    let mut found = Vec::new();
    for sum in sums.trim().split(',').filter(|sum| !sum.is_empty()) {
        let (algorithm, hex) = sum.split_once('=')?;
        let (algorithm, digits) = match algorithm {
            "sha256" => ("SHA-256", 64),
            "sha384" => ("SHA-384", 96),
            "sha512" => ("SHA-512", 128),
            _ => continue,
        };
        let exact = hex.len() == digits && hex.bytes().all(|b| b.is_ascii_hexdigit());
        found.push(exact.then(|| Checksum { algorithm, hex: hex.to_lowercase() })?);
    }
    lock.checksums.get_or_insert_default().insert((name, version), found);
    Some(())
}

fn package(lock: &Lock<'_>, spec: &Spec<'_>) -> Result<Package, ParseError> {
    let source = &lock.sources[spec.source];
    let purl = Purl::new("gem", spec.name).version(spec.version).qualifier("platform", spec.platform);
    let remote = purl::without_credentials(source.remotes.first().copied().unwrap_or_default());
    let vcs = git::vcs_url(&remote, source.revision);
    let purl = match source.kind {
        Kind::Path => None,
        Kind::Git => Some(purl.qualifier("vcs_url", &vcs)),
        // Several remotes in one section, as Bundler 1 wrote them, leave open which one it was.
        Kind::Gem if source.remotes.len() != 1 || is_rubygems(&remote) => Some(purl),
        Kind::Gem | Kind::Plugin => Some(purl.qualifier("repository_url", remote.trim_end_matches('/'))),
    };
    let origin = match purl {
        None => Origin::Own,
        Some(purl) => Origin::Purl(
            purl.build()
                .ok_or_else(|| ParseError::at(spec.line, format!("`{}` cannot be a gem's name", shorten(spec.name))))?,
        ),
    };
    let mut package = Package::new(spec.name, Some(spec.version.to_owned()), origin);
    package.scope = Scope::Unstated;
    package.line = u32::try_from(spec.line).ok();
    let sums = lock.checksums.as_ref().and_then(|sums| sums.get(&(spec.name, spec.full_version)));
    package.checksums.extend(sums.into_iter().flatten().cloned());
    Ok(package)
}

fn is_rubygems(remote: &str) -> bool {
    let (_, host) = remote.split_once("://").unwrap_or(("", remote));
    matches!(host.trim_end_matches('/'), "rubygems.org" | "www.rubygems.org" | "index.rubygems.org")
}

#[cfg(test)]
#[path = "gemfile_lock_tests.rs"]
mod tests;

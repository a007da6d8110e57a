//! pip's `requirements.txt`: pinned requirements with hashes, includes, constraints (pip docs, "Requirements File Format").

use super::pep508;
use crate::ecosystem::{BadFile, ParseError, join, parent, shorten, text};
use crate::{
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl,
};
use std::collections::{BTreeMap, BTreeSet};

/// How deep files may include each other.
const DEEPEST: usize = 16;

/// One logical line, continuation lines joined.
struct Line {
    number: usize,
    text: String,
}

/// The files an include may name.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// Reads a path relative to the scanned tree; `None` when there is no such file.
    pub read: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// What an include of a file that is not there means.
    pub missing: Missing,
}

/// What an include of a file that is not there means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The source tree is broken.
    Refused,
    /// The image was built without it: the listing is incomplete.
    Remarked,
}

/// What has been read so far.
struct Reading<'a> {
    files: Files<'a>,
    inventory: Inventory,
    paths: Vec<String>,
    /// Versions that `-c` files state.
    constraints: BTreeMap<String, String>,
    open: BTreeSet<String>,
}

/// The requirements of the file at `path` and of all it includes.
///
/// The file states what is installed, not what needs what: every package's needs are unknown. One without an exact version
/// (and without a constraint that gives one) has no version and is remarked on.
///
/// # Errors
/// [`BadFile`] for a line that is no requirement, a missing include, or includes that never end.
pub fn read(path: &str, bytes: &[u8], files: Files<'_>) -> Result<(Inventory, Vec<String>), BadFile> {
    let mut reading = Reading {
        files,
        inventory: Inventory::new(Ecosystem::Pypi),
        paths: Vec::new(),
        constraints: BTreeMap::new(),
        open: BTreeSet::new(),
    };
    reading.file(path, bytes, Role::Requirements)?;
    let Reading { mut inventory, paths, constraints, .. } = reading;
    pin(&mut inventory, &constraints);
    inventory.direct = Some((0..inventory.packages.len()).collect());
    Ok((inventory, paths))
}

/// Whether the file's name says that it is for development only, such as `requirements-dev.txt` or `requirements/test.txt`.
#[must_use]
pub fn for_development(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.strip_suffix(".txt").unwrap_or(file).to_lowercase();
    stem.split(['-', '_', '.']).any(|word| {
        matches!(word, "dev" | "develop" | "development" | "test" | "tests" | "testing" | "lint" | "docs" | "typing")
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Requirements,
    Constraints,
}

impl Reading<'_> {
    fn file(&mut self, path: &str, bytes: &[u8], role: Role) -> Result<(), BadFile> {
        let bad = |error| BadFile { path: path.to_owned(), error };
        let lines = text(bytes).and_then(lines).map_err(bad)?;
        self.paths.push(path.to_owned());
        let file = self.paths.len() - 1;
        self.open.insert(path.to_owned());
        for line in &lines {
            let at = |message: String| bad(ParseError::at(line.number, message));
            if let Some((target, role)) = include(&line.text, role) {
                match self.include(path, target, role) {
                    Ok(()) => {}
                    Err(Included::Bad(bad)) => return Err(bad),
                    Err(Included::Missing(message)) if self.files.missing == Missing::Refused => {
                        return Err(at(message));
                    }
                    Err(Included::Missing(message)) => {
                        self.inventory.finding(FindingKind::Partial, u32::try_from(line.number).ok(), message);
                    }
                }
            } else if role == Role::Constraints {
                self.constrain(&line.text).map_err(at)?;
            } else {
                self.requirement(line, file, path).map_err(at)?;
            }
        }
        self.open.remove(path);
        Ok(())
    }

    fn include(&mut self, from: &str, target: &str, role: Role) -> Result<(), Included> {
        let missing = |why: &str| Included::Missing(format!("includes `{}`, {why}", shorten(target)));
        let path = join(parent(from), target).ok_or_else(|| missing("which is outside the scanned tree"))?;
        if self.open.contains(&path) {
            return Err(missing("which includes this file in turn"));
        }
        if self.paths.contains(&path) {
            return Ok(());
        }
        if self.open.len() >= DEEPEST || self.paths.len() > 200 {
            return Err(missing("which is one include too many"));
        }
        let bytes = (self.files.read)(&path).ok_or_else(|| missing("which does not exist"))?;
        self.file(&path, &bytes, role).map_err(Included::Bad)
    }

    fn constrain(&mut self, line: &str) -> Result<(), String> {
        if line.starts_with('-') {
            return Ok(());
        }
        let (requirement, _) = options(line);
        let requirement = pep508::split(&requirement)?;
        if let Some(version) = pep508::exact(requirement.rest) {
            self.constraints.insert(purl::pypi_name(requirement.name), version.to_owned());
        }
        Ok(())
    }

    fn requirement(&mut self, line: &Line, file: usize, path: &str) -> Result<(), String> {
        let mut stated = line.text.as_str();
        let mut editable = false;
        for option in ["--editable", "-e"] {
            if let Some(rest) = stated.strip_prefix(option) {
                (stated, editable) = (rest.trim_start_matches(['=', ' ']), true);
            }
        }
        if !editable && stated.starts_with('-') {
            // Indexes, binaries, trusted hosts: where to fetch from, not what. They may hold secrets: not echoed.
            return if is_option(stated) {
                Ok(())
            } else {
                Err(format!("`{}` is no option of pip", shorten(word(stated))))
            };
        }
        let (stated, hashes) = options(stated);
        let number = u32::try_from(line.number).ok();
        let mut package = match location(&stated) {
            None => named(&stated)?,
            Some(location) => match from_location(&location) {
                Some(package) => package,
                None => {
                    let shown = shorten(&purl::without_credentials(&location));
                    let text = format!("`{shown}` is a location without a package's name; not listed");
                    self.inventory.finding(FindingKind::Partial, number, text);
                    return Ok(());
                }
            },
        };
        for hash in hashes {
            package.checksums.insert(checksum(&hash)?);
        }
        (package.file, package.line) = (file, number);
        package.needs_known = Knowledge::Unknown;
        package.scope = if for_development(path) { Scope::Development } else { Scope::Required };
        self.inventory.packages.push(package);
        Ok(())
    }
}

enum Included {
    Missing(String),
    Bad(BadFile),
}

/// Comments start at the line's beginning or after white space; a backslash at the end joins lines.
fn lines(text: &str) -> Result<Vec<Line>, ParseError> {
    let mut lines = Vec::new();
    let mut open: Option<Line> = None;
    for (index, raw) in text.lines().enumerate() {
        let uncommented =
            if raw.trim_start().starts_with('#') { "" } else { raw.find(" #").map_or(raw, |at| &raw[..at]) };
        let (part, goes_on) = match uncommented.trim_end().strip_suffix('\\') {
            Some(part) => (part, true),
            None => (uncommented, false),
        };
        let line = open.get_or_insert_with(|| Line { number: index + 1, text: String::new() });
        line.text.push_str(part);
        line.text.push(' ');
        if !goes_on {
            lines.extend(open.take());
        }
    }
    if let Some(line) = open {
        return Err(ParseError::at(line.number, "goes on after the end of the file (is it cut off?)"));
    }
    let trimmed = lines.into_iter().map(|line| Line { text: line.text.trim().to_owned(), ..line });
    Ok(trimmed.filter(|line| !line.text.is_empty()).collect())
}

/// `-r file`, `-rfile`, `--requirement=file` and the same for constraints.
fn include(line: &str, role: Role) -> Option<(&str, Role)> {
    for (option, role) in
        [("--requirement", role), ("--constraint", Role::Constraints), ("-r", role), ("-c", Role::Constraints)]
    {
        if let Some(rest) = line.strip_prefix(option) {
            return Some((rest.trim_start_matches(['=', ' ']).trim(), role));
        }
    }
    None
}

fn word(text: &str) -> &str {
    text.split([' ', '=']).next().unwrap_or(text)
}

fn is_option(line: &str) -> bool {
    const OPTIONS: &[&str] = &[
        "-i",
        "--index-url",
        "--extra-index-url",
        "--no-index",
        "-f",
        "--find-links",
        "--no-binary",
        "--only-binary",
        "--prefer-binary",
        "--require-hashes",
        "--pre",
        "--trusted-host",
        "--use-feature",
    ];
    OPTIONS.contains(&word(line))
}

/// The requirement without its per-requirement options, and its hashes.
fn options(line: &str) -> (String, Vec<String>) {
    let Some(at) = line.find(" --") else { return (line.to_owned(), Vec::new()) };
    let mut hashes = Vec::new();
    let mut words = line[at..].split_whitespace();
    while let Some(word) = words.next() {
        match word.strip_prefix("--hash") {
            Some("") => hashes.extend(words.next().map(str::to_owned)),
            Some(value) => hashes.push(value.trim_start_matches('=').to_owned()),
            None => {}
        }
    }
    (line[..at].trim().to_owned(), hashes)
}

/// A URL or a path in place of a requirement.
fn location(stated: &str) -> Option<String> {
    let plain = !stated.contains(" @ ");
    let path = stated.starts_with(['.', '/']) || stated.ends_with(".whl") || stated.ends_with(".tar.gz");
    (plain && (stated.contains("://") || path)).then(|| stated.split(" ;").next().unwrap_or(stated).trim().to_owned())
}

/// The package a location names by `#egg=` or by being a wheel.
fn from_location(location: &str) -> Option<Package> {
    let url = purl::without_credentials(location);
    let (base, fragment) = url.split_once('#').unwrap_or((&url, ""));
    let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg=")).map(|egg| word_of_name(egg).to_owned());
    let file = base.rsplit('/').next().unwrap_or(base);
    let wheel = file.strip_suffix(".whl").and_then(|stem| {
        let mut parts = stem.split('-');
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    });
    let (name, version) = match (egg, wheel) {
        (_, Some((name, version))) => (name, Some(version)),
        (Some(name), None) => (name, None),
        (None, None) => return None,
    };
    located(&name, version, base)
}

fn word_of_name(text: &str) -> &str {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).next().unwrap_or(text)
}

fn located(name: &str, version: Option<String>, url: &str) -> Option<Package> {
    let key = if url.starts_with("git+") { "vcs_url" } else { "download_url" };
    let remote = url.contains("://") && !url.starts_with("file:");
    let origin = if remote { Origin::Purl(purl::pypi(name, version.as_deref(), &[(key, url)])?) } else { Origin::Own };
    Some(Package::new(purl::pypi_name(name), version, origin))
}

fn named(stated: &str) -> Result<Package, String> {
    let requirement = pep508::split(stated)?;
    let name = purl::pypi_name(requirement.name);
    let wrong = || format!("`{}` cannot be a package's name", shorten(requirement.name));
    let mut package = match requirement.rest.strip_prefix('@') {
        Some(url) => {
            let url = purl::without_credentials(url.trim());
            let base = url.split_once('#').map_or(url.as_str(), |(base, _)| base);
            located(&name, None, base).ok_or_else(wrong)?
        }
        None => {
            let version = pep508::exact(requirement.rest).map(str::to_owned);
            let purl = purl::pypi(&name, version.as_deref(), &[]).ok_or_else(wrong)?;
            Package::new(name, version, Origin::Purl(purl))
        }
    };
    if let Some(marker) = requirement.marker {
        package.properties.insert("lockkeeper:pypi:marker", marker.to_owned());
    }
    Ok(package)
}

/// `sha256:…` as pip and the lockfiles write it.
pub(super) fn checksum(hash: &str) -> Result<Checksum, String> {
    let (algorithm, hex) = hash.split_once(':').unwrap_or((hash, ""));
    let (algorithm, digits) = match algorithm {
        "sha256" => ("SHA-256", 64),
        "sha384" => ("SHA-384", 96),
        "sha512" => ("SHA-512", 128),
        _ => return Err(format!("`{}` is no hash that pip accepts", shorten(hash))),
    };
    if hex.len() != digits || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(format!("`{}` is not {digits} hexadecimal digits", shorten(hash)));
    }
    Ok(Checksum { algorithm, hex: hex.to_lowercase() })
}

/// Gives unpinned requirements the version a constraint states, and remarks on those that stay without.
fn pin(inventory: &mut Inventory, constraints: &BTreeMap<String, String>) {
    let mut unpinned = Vec::new();
    for package in &mut inventory.packages {
        let registry = matches!(&package.origin, Origin::Purl(purl) if !purl.contains('?'));
        if package.version.is_some() || !registry {
            continue;
        }
        match constraints.get(&package.name) {
            Some(version) => {
                package.version = Some(version.clone());
                if let Some(purl) = purl::pypi(&package.name, Some(version), &[]) {
                    package.origin = Origin::Purl(purl);
                }
            }
            None => unpinned.push((package.line, package.name.clone())),
        }
    }
    for (line, name) in unpinned {
        inventory.remark(line, format!("`{name}` is not pinned to one version; listed without"));
    }
}

#[cfg(test)]
#[path = "requirements_tests.rs"]
mod tests;

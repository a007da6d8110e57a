//! `pixi.lock`, versions 4 to 7 (conda/rattler, `rattler_lock`).
//!
//! YAML: `environments` with the addresses of what each installs on each platform, then `packages` with a description for
//! each address. So a file cut off between packages is known by an address without description; one cut off inside the very
//! last description, after the end of a line, may miss part of what that one package needs.

use super::{
    super::{
        ParseError,
        documents::yaml,
        git,
        needs::{Names, lacks},
        python::pep508,
        shorten, text,
    },
    package::{Stored, add_checksum, is_virtual, name_of},
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    licence,
    purl::{self, Purl},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Deserialize)]
struct Lock {
    version: u32,
    environments: Option<BTreeMap<String, Environment>>,
    packages: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Environment {
    /// By platform.
    packages: BTreeMap<String, Vec<Installed>>,
}

/// The address of a package under the key that says what it is.
#[derive(Deserialize)]
struct Installed {
    conda: Option<String>,
    pypi: Option<String>,
    conda_source: Option<String>,
    #[serde(default)]
    extras: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    /// Version 4 and 5 say `kind`, and `url` or `path`; since version 6 the key says both.
    kind: Option<String>,
    url: Option<String>,
    path: Option<String>,
    conda: Option<String>,
    pypi: Option<String>,
    conda_source: Option<String>,
    name: Option<String>,
    version: Option<String>,
    sha256: Option<String>,
    md5: Option<String>,
    license: Option<String>,
    #[serde(default)]
    depends: Vec<String>,
    #[serde(default)]
    requires_dist: Vec<String>,
    /// What a Conda package is called on PyPI.
    purls: Option<Vec<String>>,
}

/// What a package is, and where it is from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum From<'a> {
    Conda(&'a str),
    Pypi(&'a str),
    /// Built from a recipe of the workspace.
    Source(&'a str),
}

/// The packages of all environments and platforms. What needs what holds within one of them.
///
/// Markers of Python requirements are evaluated for Linux; elsewhere one that asks for the platform leaves the needs
/// incomplete. Extras that the manifest asks for are not in the lockfile: what only they would need is no edge, and leaves
/// the needs incomplete too.
///
/// # Errors
/// [`ParseError`] for broken YAML, an address without description, and a name that cannot be a package's.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock: Lock = yaml(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Conda);
    if !(4..=7).contains(&lock.version) {
        let text = format!("lockfile version {} is not known; 4 to 7 are: nothing of it is listed", lock.version);
        inventory.finding(FindingKind::UnknownVersion, None, text);
        inventory.direct = Some(Vec::new());
        return Ok(inventory);
    }
    let cut = |what: &str| ParseError::at(text.lines().count().max(1), format!("{what} (is it cut off?)"));
    let (Some(environments), Some(entries)) = (&lock.environments, &lock.packages) else {
        return Err(cut("no `environments` or no `packages` in it"));
    };
    if !text.ends_with('\n') {
        return Err(cut("ends in the middle of a line"));
    }
    let mut index: HashMap<From<'_>, usize> = HashMap::new();
    for (position, entry) in entries.iter().enumerate() {
        let from = entry.from();
        let name = || shorten(entry.name.as_deref().unwrap_or("a package"));
        let package = from.and_then(|from| package(entry, from));
        let package =
            package.ok_or_else(|| ParseError::at(1, format!("`{}` is not locked as pixi locks it", name())))?;
        index.extend(from.map(|from| (from, position)));
        inventory.packages.push(package);
    }
    let mut edges = Edges { needs: vec![BTreeSet::new(); entries.len()], ..Edges::default() };
    for (platform, installed) in environments.values().flat_map(|environment| &environment.packages) {
        let mut members = Vec::with_capacity(installed.len());
        for one in installed {
            let from = one.from().ok_or_else(|| cut("an environment with something of no known kind"))?;
            let (From::Conda(address) | From::Pypi(address) | From::Source(address)) = from;
            let found = index.get(&from);
            let found = found.ok_or_else(|| cut(&format!("`{}` is not described", shorten(address))))?;
            members.push((*found, one.extras.as_slice()));
        }
        edges.connect(entries, &members, platform);
    }
    edges.apply(&mut inventory);
    Ok(inventory)
}

impl Installed {
    fn from(&self) -> Option<From<'_>> {
        let conda = self.conda.as_deref().map(From::Conda);
        conda.or(self.pypi.as_deref().map(From::Pypi)).or(self.conda_source.as_deref().map(From::Source))
    }
}

/// What one environment has on one platform.
#[derive(Default)]
struct Present<'a> {
    conda: Names<'a>,
    /// By their names on PyPI, Conda packages among them.
    pypi: Names<'a>,
    /// `3.12`.
    python: Option<String>,
}

impl<'a> Present<'a> {
    fn of(entries: &'a [Entry], members: &[(usize, &[String])]) -> Self {
        let mut here = Self::default();
        for (member, _) in members {
            let entry = &entries[*member];
            match entry.from() {
                Some(From::Pypi(_)) => {
                    here.pypi.add(purl::pypi_name(entry.name.as_deref().unwrap_or_default()), *member);
                }
                Some(from) => {
                    let name = conda_name(entry, from).unwrap_or_default();
                    if name == "python" {
                        here.python = version_of(entry, from).map(two_parts);
                    }
                    for name in entry.pypi_names(name) {
                        here.pypi.add(name, *member);
                    }
                    here.conda.add(name, *member);
                }
                None => {}
            }
        }
        here
    }
}

/// What needs what, gathered over all environments.
#[derive(Default)]
struct Edges<'a> {
    needs: Vec<BTreeSet<usize>>,
    missing: BTreeMap<usize, BTreeSet<&'a str>>,
    unsure: BTreeSet<usize>,
}

impl<'a> Edges<'a> {
    /// Adds what holds among the members of one environment on one platform.
    fn connect(&mut self, entries: &'a [Entry], members: &[(usize, &[String])], platform: &str) {
        let Present { conda, pypi, python } = Present::of(entries, members);
        for (member, _) in members {
            for name in entries[*member].depends.iter().map(|need| name_of(need)) {
                self.link(*member, name, conda.of(name), !is_virtual(name));
            }
        }
        let mut extras: HashMap<usize, BTreeSet<String>> = members
            .iter()
            .map(|(member, extras)| (*member, extras.iter().map(|extra| purl::pypi_name(extra)).collect()))
            .collect();
        // An extra that is asked for may ask for another: until nothing is added any more.
        let mut open: Vec<usize> = members.iter().map(|(member, _)| *member).collect();
        while let Some(member) = open.pop() {
            let asked = extras.get(&member).cloned().unwrap_or_default();
            let here = pep508::Environment { python_version: python.clone(), extras: asked.into_iter().collect() };
            for requirement in entries[member].requires_dist.iter().filter_map(|text| pep508::split(text).ok()) {
                let name = purl::pypi_name(requirement.name);
                let found = pypi.of(&name);
                match demand(requirement.marker, &here, platform) {
                    Demand::No => continue,
                    Demand::Unasked if found.is_empty() => continue,
                    Demand::Unasked => {
                        self.unsure.insert(member);
                        continue;
                    }
                    Demand::Maybe => {
                        self.unsure.insert(member);
                        self.link(member, requirement.name, found, false);
                    }
                    Demand::Yes => self.link(member, requirement.name, found, true),
                }
                for target in found {
                    let known = extras.entry(*target).or_default();
                    let before = known.len();
                    known.extend(requirement.extras.iter().cloned());
                    if known.len() > before {
                        open.push(*target);
                    }
                }
            }
        }
    }

    fn link(&mut self, from: usize, name: &'a str, found: &[usize], must: bool) {
        if found.is_empty() && must {
            self.missing.entry(from).or_default().insert(name);
        }
        // In one environment a name is carried by one package, or by one of Conda and one of pip; more would let a small file
        // ask for gigabytes of edges.
        self.needs[from].extend(found.iter().take(2).copied().filter(|found| *found != from));
    }

    fn apply(self, inventory: &mut Inventory) {
        for (package, needs) in inventory.packages.iter_mut().zip(self.needs) {
            package.needs = needs.into_iter().collect();
        }
        for index in self.unsure {
            inventory.packages[index].needs_known = Knowledge::Incomplete;
        }
        for (index, names) in self.missing {
            lacks(inventory, index, &names.into_iter().collect::<Vec<_>>());
        }
    }
}

/// Whether a requirement counts.
enum Demand {
    Yes,
    No,
    /// That depends on something unknown.
    Maybe,
    /// Only with an extra that nothing in the file asks for.
    Unasked,
}

fn demand(marker: Option<&str>, here: &pep508::Environment, platform: &str) -> Demand {
    let Some(marker) = marker else { return Demand::Yes };
    const OF_THE_PLATFORM: &[&str] = &["sys_platform", "platform_", "os_name"];
    if !platform.starts_with("linux") && OF_THE_PLATFORM.iter().any(|word| marker.contains(word)) {
        return if marker.contains("extra") { Demand::Unasked } else { Demand::Maybe };
    }
    match pep508::holds(marker, here) {
        Some(true) => Demand::Yes,
        Some(false) if marker.contains("extra") => Demand::Unasked,
        Some(false) => Demand::No,
        None => Demand::Maybe,
    }
}

/// `3.12` of `3.12.4`.
fn two_parts(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

impl Entry {
    fn from(&self) -> Option<From<'_>> {
        let old = || self.url.as_deref().or(self.path.as_deref());
        match self.kind.as_deref() {
            Some("conda") => old().map(From::Conda),
            Some("pypi") => old().map(From::Pypi),
            Some(_) => None,
            None => {
                let conda = self.conda.as_deref().map(From::Conda);
                conda.or(self.pypi.as_deref().map(From::Pypi)).or(self.conda_source.as_deref().map(From::Source))
            }
        }
    }

    /// The names on PyPI of a Conda package: what it says, or its own name where it says nothing.
    fn pypi_names(&self, name: &str) -> Vec<String> {
        let said = |purl: &String| {
            let rest = purl.strip_prefix("pkg:pypi/")?;
            Some(purl::pypi_name(rest.split(['@', '?', '#']).next().unwrap_or(rest)))
        };
        match &self.purls {
            Some(purls) => purls.iter().filter_map(said).collect(),
            None => vec![purl::pypi_name(name)],
        }
    }
}

/// The name of a Conda package, stated or by its address. A source is `name[hash] @ path`.
fn conda_name<'a>(entry: &'a Entry, from: From<'a>) -> Option<&'a str> {
    entry.name.as_deref().or_else(|| match from {
        From::Conda(url) => Stored::at(url).map(|stored| stored.name),
        From::Source(text) => text.split(['[', ' ']).next(),
        From::Pypi(_) => None,
    })
}

fn version_of<'a>(entry: &'a Entry, from: From<'a>) -> Option<&'a str> {
    let From::Conda(url) = from else { return entry.version.as_deref() };
    entry.version.as_deref().or_else(|| Stored::at(url).map(|stored| stored.version))
}

fn package(entry: &Entry, from: From<'_>) -> Option<Package> {
    let version = version_of(entry, from);
    let mut package = match from {
        From::Pypi(address) => from_pypi(entry, address)?,
        From::Conda(url) if url.contains("://") => {
            let stored = Stored::at(url)?;
            Stored { name: conda_name(entry, from)?, version: version?, ..stored }.package()?
        }
        From::Conda(_) | From::Source(_) => {
            Package::new(conda_name(entry, from)?, version.map(str::to_owned), Origin::Own)
        }
    };
    add_checksum(&mut package, "MD5", entry.md5.as_deref())?;
    // Of a folder of the workspace it is not the checksum of an archive.
    if package.origin != Origin::Own {
        add_checksum(&mut package, "SHA-256", entry.sha256.as_deref())?;
    }
    let stated = entry.license.as_deref().filter(|text| !text.eq_ignore_ascii_case("none"));
    package.licences.extend(stated.and_then(licence::normalise));
    package.scope = Scope::Unstated;
    Some(package)
}

fn from_pypi(entry: &Entry, address: &str) -> Option<Package> {
    let name = purl::pypi_name(entry.name.as_deref()?);
    let url = purl::without_credentials(address);
    let vcs = url.strip_prefix("git+").map(|url| {
        let (url, commit) = url.rsplit_once('#').or_else(|| url.rsplit_once('@')).unwrap_or((url, ""));
        git::vcs_url(url.split('?').next().unwrap_or(url), commit)
    });
    let remote = url.starts_with("http://") || url.starts_with("https://");
    if vcs.is_none() && !remote {
        return Some(Package::new(name, entry.version.clone(), Origin::Own));
    }
    // Only what is in the workspace may be without: the last description of a file that was cut off.
    let purl = Purl::new("pypi", &name).version(entry.version.as_deref()?);
    let purl = match &vcs {
        Some(vcs) => purl.qualifier("vcs_url", vcs),
        None if url.contains("://files.pythonhosted.org/") => purl,
        None => purl.qualifier("download_url", &url),
    };
    let origin = Origin::Purl(purl.build()?);
    Some(Package::new(name, entry.version.clone(), origin))
}

#[cfg(test)]
#[path = "pixi_lock_tests.rs"]
mod tests;

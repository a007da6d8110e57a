//! rpm's databases: SQLite, rpm's own NDB and Berkeley DB hold the same headers; distroless Mariner has a list of its own.

mod bdb;
mod header;
mod manifest;
mod ndb;
mod sqlite;
mod wal;

use super::{os_release::Distribution, providers::Providers};
use crate::{
    ecosystem::{ParseError, shorten},
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package},
    licence,
    purl::Purl,
};
use header::{Header, tag};
use std::collections::HashMap;

/// Requirements with this flag are on features of rpm itself (rpm, `include/rpm/rpmds.h`, `RPMSENSE_RPMLIB`).
const ON_RPM: u32 = 1 << 24;

/// How a database is kept.
#[derive(Debug, Clone, Copy)]
pub enum Kept<'a> {
    /// `rpmdb.sqlite`, and its write-ahead log where one is there.
    Sqlite {
        /// The log.
        wal: Option<&'a [u8]>,
    },
    /// `Packages.db`.
    Ndb,
    /// `Packages`.
    Berkeley,
    /// `container-manifest-2`.
    Manifest,
}

/// What is kept of one package.
#[derive(Debug, Default)]
struct Record<'a> {
    name: &'a str,
    version: &'a str,
    release: &'a str,
    epoch: Option<u32>,
    architecture: &'a str,
    licence: &'a str,
    vendor: &'a str,
    source: &'a str,
    module: &'a str,
    /// The digest of the header, which has the digests of all files in it.
    checksum: Option<Checksum>,
    requires: Vec<&'a str>,
    provides: Vec<&'a str>,
    /// Folders and, for every file, which of them and its name.
    folders: Vec<&'a str>,
    files: Vec<(u32, &'a str)>,
}

/// The installed packages of a database. `held` says under which path a file was given to another reader, if
/// any was: only then its owner matters.
///
/// # Errors
/// [`ParseError`] for a database that is cut off, damaged or of an unknown version.
pub fn parse(
    bytes: &[u8],
    kept: Kept<'_>,
    distribution: Option<&Distribution>,
    held: &dyn Fn(&str) -> Option<String>,
) -> Result<Inventory, ParseError> {
    let whole = |message: String| ParseError::at(1, message);
    let blobs: Vec<_> = match kept {
        Kept::Sqlite { wal } => sqlite::packages(bytes, wal).map_err(whole)?,
        Kept::Ndb => ndb::packages(bytes).map_err(whole)?.into_iter().map(Into::into).collect(),
        Kept::Berkeley => bdb::packages(bytes).map_err(whole)?,
        Kept::Manifest => {
            let records = manifest::records(bytes)?;
            let mut found = inventory(&records, distribution, held)?;
            found.packages.iter_mut().for_each(|package| package.needs_known = Knowledge::Unknown);
            return Ok(found);
        }
    };
    let mut records = Vec::new();
    for blob in &blobs {
        let record = Header::new(blob).and_then(|header| record(&header)).map_err(whole)?;
        // Keys that packages are signed with are kept as if they were packages.
        if record.name != "gpg-pubkey" {
            records.push(record);
        }
    }
    inventory(&records, distribution, held)
}

fn record<'a>(header: &Header<'a>) -> Result<Record<'a>, String> {
    let text = |tag| header.text(tag).unwrap_or_default();
    let must = |tag, what: &str| header.text(tag).ok_or_else(|| format!("a package without {what}"));
    let name = must(tag::NAME, "a name")?;
    let list = |tag| header.texts(tag).ok_or_else(|| format!("the header of `{}` is damaged", shorten(name)));
    let numbers = |tag| header.numbers(tag).ok_or_else(|| format!("the header of `{}` is damaged", shorten(name)));
    let flags = numbers(tag::REQUIRE_FLAGS)?;
    let own = |index: usize| flags.get(index).is_some_and(|flags| flags & ON_RPM != 0);
    let requires = list(tag::REQUIRES)?.into_iter().enumerate().filter(|(index, _)| !own(*index));
    let sum = |tag, algorithm| header.text(tag).map(|hex| Checksum { algorithm, hex: hex.to_ascii_lowercase() });
    Ok(Record {
        name,
        version: must(tag::VERSION, "a version")?,
        release: text(tag::RELEASE),
        epoch: numbers(tag::EPOCH)?.first().copied(),
        architecture: text(tag::ARCH),
        licence: text(tag::LICENSE),
        vendor: text(tag::VENDOR),
        source: text(tag::SOURCE_RPM),
        module: text(tag::MODULARITY_LABEL),
        checksum: sum(tag::SHA256, "SHA-256").or_else(|| sum(tag::SHA1, "SHA-1")),
        requires: requires.map(|(_, name)| name).collect(),
        provides: list(tag::PROVIDES)?,
        folders: list(tag::DIR_NAMES)?,
        files: numbers(tag::DIR_INDEXES)?.into_iter().zip(list(tag::BASE_NAMES)?).collect(),
    })
}

impl Record<'_> {
    /// `version-release`, which is what a purl has; the epoch is a qualifier.
    fn version(&self) -> String {
        if self.release.is_empty() { self.version.to_owned() } else { format!("{}-{}", self.version, self.release) }
    }

    fn paths(&self) -> impl Iterator<Item = String> {
        let path = |(folder, name): &(u32, &str)| Some(format!("{}{name}", self.folders.get(*folder as usize)?));
        self.files.iter().filter_map(path)
    }
}

/// Requirements are met by packages' names, by what they provide, and by the files they own.
fn inventory(
    records: &[Record<'_>],
    distribution: Option<&Distribution>,
    held: &dyn Fn(&str) -> Option<String>,
) -> Result<Inventory, ParseError> {
    let mut inventory = Inventory::new(Ecosystem::Rpm);
    let mut providers = Providers::default();
    for (index, record) in records.iter().enumerate() {
        providers.add(record.name, index);
        record.provides.iter().for_each(|provided| providers.add(provided, index));
    }
    let owners = owners(records, &providers);
    for (index, record) in records.iter().enumerate() {
        let mut package = package(record, distribution)?;
        for wanted in &record.requires {
            let met = match providers.of(wanted) {
                [] => owners.get(wanted).map_or(&[][..], Vec::as_slice),
                met => met,
            };
            if met.is_empty() {
                package.needs_known = Knowledge::Incomplete;
                let text = format!("`{}` needs `{}`, which is not installed", shorten(record.name), shorten(wanted));
                inventory.remark(None, text);
            }
            package.needs.extend(met.iter().filter(|met| **met != index));
        }
        package.needs.sort_unstable();
        package.needs.dedup();
        for path in record.paths() {
            inventory.owned.extend(held(path.trim_start_matches('/')).map(|path| (path, index)));
        }
        inventory.packages.push(package);
    }
    if records.is_empty() {
        inventory.finding(FindingKind::Partial, None, "the database lists no package");
    }
    Ok(inventory)
}

/// The owners of the files that somebody requires by path.
fn owners<'a>(records: &'a [Record<'a>], providers: &Providers<'_>) -> HashMap<&'a str, Vec<usize>> {
    let wanted = records.iter().flat_map(|record| &record.requires);
    let wanted = wanted.filter(|wanted| wanted.starts_with('/') && providers.of(wanted).is_empty());
    let mut owners: HashMap<&str, Vec<usize>> = wanted.map(|path| (*path, Vec::new())).collect();
    if owners.is_empty() {
        return owners;
    }
    for (index, record) in records.iter().enumerate() {
        for path in record.paths() {
            if let Some(found) = owners.get_mut(path.as_str()) {
                found.push(index);
            }
        }
    }
    owners
}

fn package(record: &Record<'_>, distribution: Option<&Distribution>) -> Result<Package, ParseError> {
    let version = record.version();
    let epoch = record.epoch.filter(|epoch| *epoch > 0).map(|epoch| epoch.to_string());
    let distro = distribution.map(Distribution::label).unwrap_or_default();
    let source = Some(record.source).filter(|source| *source != "(none)").unwrap_or_default();
    let purl = Purl::new("rpm", record.name)
        .namespace(distribution.map_or("", |distribution| &distribution.id))
        .version(&version)
        .qualifier("arch", record.architecture)
        .qualifier("distro", &distro)
        .qualifier("epoch", epoch.as_deref().unwrap_or_default())
        .qualifier("upstream", source)
        .build()
        .ok_or_else(|| ParseError::at(1, format!("`{}` cannot be a package's name", shorten(record.name))))?;
    let shown = epoch.map_or_else(|| version.clone(), |epoch| format!("{epoch}:{version}"));
    let mut package = Package::new(record.name, Some(shown), Origin::Purl(purl));
    package.publisher = Some(record.vendor).filter(|vendor| !vendor.is_empty()).map(str::to_owned);
    package.licences.extend(licence::normalise(record.licence));
    package.checksums.extend(record.checksum.clone());
    if !record.module.is_empty() {
        package.properties.insert("lockkeeper:rpm:module", record.module.to_owned());
    }
    Ok(package)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

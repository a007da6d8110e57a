//! Which package a jar is: by `pom.properties` and `pom.xml`, else by its manifest, else by its file's name. A group is never
//! guessed: without Maven's own files there is no Maven purl.

use super::{
    manifest::Manifest,
    package::{Artifact, third_party},
    pom::Pom,
};
use crate::{
    graph::{Checksum, Identification, Knowledge, Licence, Origin, Package, Technique},
    licence,
    purl::Purl,
};
use std::collections::BTreeSet;

/// The longest group, name or version, in bytes.
const LONGEST_NAME: usize = 500;

/// One artifact that a jar has Maven's files of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: Option<String>,
    pub(super) licences: BTreeSet<Licence>,
    /// What it needs at run time, by group and artifact; `None` when no `pom.xml` says.
    pub(super) needs: Option<Vec<(String, String)>>,
    /// Whether a parent may add to that.
    pub(super) inherits: bool,
}

impl Described {
    /// From the two files, of which one may be missing or useless.
    pub(super) fn new(properties: Option<&[u8]>, pom: Option<&Pom>) -> Option<Self> {
        let stated = properties.map(Properties::parse).unwrap_or_default();
        let name = pom.and_then(Pom::own_name);
        let named = |stated: Option<String>, of_pom: Option<String>| stated.filter(|text| is_plain(text)).or(of_pom);
        Some(Self {
            group: named(stated.group, name.as_ref().map(|name| name.group.clone()))?,
            artifact: named(stated.artifact, name.as_ref().map(|name| name.artifact.clone()))?,
            version: named(stated.version, name.and_then(|name| name.version)),
            licences: pom.map(|pom| pom.licences.clone()).unwrap_or_default(),
            needs: pom.map(Pom::needs),
            inherits: pom.is_some_and(|pom| pom.parent.is_some()),
        })
    }

    /// Whether a file of that name, without folder and ending, is likely this artifact: `artifact-version`, perhaps with a classifier.
    pub(super) fn fits(&self, stem: &str) -> bool {
        let rest = stem.strip_prefix(self.artifact.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.']))
    }

    /// The package.
    pub(super) fn package(&self) -> Option<Package> {
        let mut package = third_party(&self.group, &self.artifact, self.version.as_deref(), Artifact::default())?;
        package.licences.clone_from(&self.licences);
        package.needs_known = if self.needs.is_some() { Knowledge::Complete } else { Knowledge::Unknown };
        if self.inherits {
            package.needs_known = package.needs_known.min(Knowledge::Incomplete);
        }
        Some(package)
    }
}

/// What `pom.properties` holds.
#[derive(Debug, Default)]
struct Properties {
    group: Option<String>,
    artifact: Option<String>,
    version: Option<String>,
}

impl Properties {
    /// Java's properties format (`java.util.Properties`), as far as coordinates need it.
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut properties = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!'])) {
            let Some((key, value)) = line.split_once(['=', ':']) else { continue };
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match key.trim() {
                "groupId" => properties.group = value,
                "artifactId" => properties.artifact = value,
                "version" => properties.version = value,
                _ => {}
            }
        }
        properties
    }
}

/// Not a placeholder that a build forgot to replace, and no longer than any name.
fn is_plain(text: &str) -> bool {
    text.len() <= LONGEST_NAME && !text.contains("${")
}

/// The package of a jar that has no files of Maven's: named by its manifest or its file, told from others by its checksum.
pub(super) fn by_name(stem: &str, manifest: &Manifest, sha1: &str) -> Option<Package> {
    let (of_file, of_version) = split(stem);
    let (name, named_by) = match manifest.name() {
        Some((attribute, name)) => (name, attribute),
        None => (of_file, "file name"),
    };
    let version = manifest.version().or(of_version);
    let checksum = format!("sha1:{sha1}");
    let purl =
        Purl::new("generic", name).version(version.unwrap_or_default()).qualifier("checksum", &checksum).build()?;
    let mut package = Package::new(name, version.map(str::to_owned), Origin::Purl(purl));
    package.properties.insert("lockkeeper:java:named-by", named_by.to_owned());
    package.needs_known = Knowledge::Unknown;
    package.identification = match manifest.name() {
        Some(_) => Identification { confidence: 60, technique: Technique::ManifestAnalysis },
        None => Identification { confidence: 30, technique: Technique::Filename },
    };
    let stated = manifest.first(&["Bundle-License"]).map(|(_, text)| text.split([';', ',']).next().unwrap_or(text));
    package.licences.extend(stated.and_then(licence::normalise));
    Some(package)
}

/// Adds the checksums of the file to the package it is.
pub(super) fn add_checksums(package: &mut Package, sha1: &str, sha256: String) {
    package.checksums.insert(Checksum { algorithm: "SHA-1", hex: sha1.to_owned() });
    package.checksums.insert(Checksum { algorithm: "SHA-256", hex: sha256 });
}

/// `name-1.2.3` in two at the first hyphen that a digit follows, where nothing but a version stands behind it: of a version with
/// a classifier behind it, it would be a guess where it ends.
fn split(stem: &str) -> (&str, Option<&str>) {
    let mut hyphens = stem.match_indices('-').map(|(at, _)| at);
    let at = hyphens.find(|at| stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    let Some(at) = at else { return (stem, None) };
    let (name, version) = (&stem[..at], &stem[at + 1..]);
    let words = ["final", "release", "ga", "snapshot", "alpha", "beta", "rc", "m", "sp", "jre", "android"];
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let known = |part: &str| {
        let word = part.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase();
        !part.is_empty() && (number(part) || words.contains(&word.as_str()))
    };
    if version.split(['.', '-']).all(known) && !name.is_empty() { (name, Some(version)) } else { (stem, None) }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;

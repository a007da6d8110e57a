//! A Go module as a package.

use crate::{
    ecosystem::shorten,
    graph::{Knowledge, Origin, Package},
    purl::Purl,
};

/// The hash of a module's files that `go.sum` keeps: not of any archive, so it is a property and no checksum.
pub(super) const H1: &str = "lockkeeper:go:h1";
/// What a module stands in for.
const REPLACES: &str = "lockkeeper:go:replaces";

/// A module of somebody else's; `None` when no purl can name it. What it needs, no source says.
pub(super) fn package(path: &str, version: Option<&str>) -> Option<Package> {
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    let purl = Purl::new("golang", name).namespace(namespace).version(version.unwrap_or_default()).build()?;
    let mut package = Package::new(path, version.map(str::to_owned), Origin::Purl(purl));
    package.needs_known = Knowledge::Unknown;
    Some(package)
}

/// A module of the scanned project, or a folder that stands in for one.
pub(super) fn own(path: &str) -> Package {
    let mut package = Package::new(path, None, Origin::Own);
    package.needs_known = Knowledge::Unknown;
    package
}

/// Notes the folder that stands in for a module.
pub(super) fn in_folder(mut package: Package, folder: &str) -> Package {
    package.properties.insert("lockkeeper:go:folder", shorten(folder));
    package
}

/// Notes that a module stands in for another.
pub(super) fn replaces(package: &mut Package, path: &str, version: Option<&str>) {
    let version = version.map(|version| format!("@{version}")).unwrap_or_default();
    package.properties.insert(REPLACES, format!("{path}{version}"));
}

/// Whether a version is exact: `v1.2.3`, with or without pre-release and metadata (Go Modules Reference, "Versions").
pub(super) fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else { return false };
    let (rest, metadata) = rest.split_once('+').unwrap_or((rest, "0"));
    let (numbers, release) = rest.split_once('-').unwrap_or((rest, "0"));
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let mut parts = numbers.split('.');
    let three = parts.by_ref().take(3).filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    three.count() == 3 && parts.next().is_none() && release.split('.').all(word) && metadata.split('.').all(word)
}

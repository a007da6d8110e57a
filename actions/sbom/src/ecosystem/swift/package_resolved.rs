//! `Package.resolved`, versions 1 to 3 (swiftlang/swift-package-manager, `ResolvedPackagesStore.swift`).
//!
//! A list of pins; what needs what is not in it.

use super::super::{ParseError, documents::json, git, shorten};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl::Purl,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Resolved {
    version: u32,
    /// Since version 2.
    pins: Option<Vec<Pin>>,
    /// Version 1 kept the pins here.
    object: Option<Object>,
}

#[derive(Deserialize)]
struct Object {
    pins: Vec<Pin>,
}

#[derive(Deserialize)]
struct Pin {
    /// Version 1 called it `package`.
    #[serde(alias = "package")]
    identity: String,
    kind: Option<String>,
    /// Version 1 called it `repositoryURL`.
    #[serde(alias = "repositoryURL", default)]
    location: String,
    state: State,
}

#[derive(Deserialize)]
struct State {
    branch: Option<String>,
    revision: Option<String>,
    version: Option<String>,
}

/// The pinned packages. Named by host and path of the repository, as purl-spec's type `swift` has it; a pin to a branch has
/// its commit as version.
///
/// # Errors
/// [`ParseError`] for broken JSON, and for a pin that says neither version nor commit or is in no repository.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let file: Resolved = json(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Swift);
    let pins = match (file.version, file.pins, file.object) {
        (1, _, Some(object)) => object.pins,
        (2 | 3, Some(pins), _) => pins,
        (1..=3, ..) => return Err(ParseError::at(1, "no pins in it, which this version has")),
        (version, ..) => {
            let text = format!("version {version} is not known; 1 to 3 are: nothing of it is listed");
            inventory.finding(FindingKind::UnknownVersion, None, text);
            inventory.direct = Some(Vec::new());
            return Ok(inventory);
        }
    };
    for pin in &pins {
        let wrong = || ParseError::at(1, format!("`{}` is not pinned to anything", shorten(&pin.identity)));
        inventory.packages.push(package(pin).ok_or_else(wrong)?);
    }
    Ok(inventory)
}

fn package(pin: &Pin) -> Option<Package> {
    let State { branch, revision, version } = &pin.state;
    let stated = version.as_deref().or(revision.as_deref())?;
    let place = git::host_and_path(&pin.location);
    let local = matches!(pin.kind.as_deref(), Some("localSourceControl" | "fileSystem"));
    let mut package = match (&place, pin.kind.as_deref()) {
        // A registry's package is called `scope.name`.
        (_, Some("registry")) => {
            let (scope, name) = pin.identity.split_once('.')?;
            let purl = Purl::new("swift", name).namespace(scope).version(stated).build()?;
            let mut package = Package::new(name, Some(stated.to_owned()), Origin::Purl(purl));
            package.group = Some(scope.to_owned());
            package
        }
        (Some(place), _) if !local => {
            let (namespace, name) = place.rsplit_once('/')?;
            let purl = Purl::new("swift", name).namespace(namespace).version(stated).build()?;
            let mut package = Package::new(name, Some(stated.to_owned()), Origin::Purl(purl));
            package.group = Some(namespace.to_owned());
            package
        }
        _ => Package::new(&pin.identity, Some(stated.to_owned()), Origin::Own),
    };
    package.scope = Scope::Unstated;
    package.needs_known = Knowledge::Unknown;
    if let Some(revision) = revision {
        package.properties.insert("lockkeeper:git:commit", revision.clone());
    }
    if let Some(branch) = branch {
        package.properties.insert("lockkeeper:git:ref", branch.clone());
    }
    Some(package)
}

#[cfg(test)]
#[path = "package_resolved_tests.rs"]
mod tests;

//! A Java package by Maven's coordinates.

use crate::{
    graph::{Origin, Package},
    purl::Purl,
};

/// What tells the artifacts of one version apart.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Artifact<'a> {
    /// Its type; `jar` and the empty one are the same.
    pub(super) kind: &'a str,
    /// Its classifier, if any.
    pub(super) classifier: &'a str,
}

/// Somebody else's package; `None` when no purl can name it.
pub(super) fn third_party(group: &str, name: &str, version: Option<&str>, artifact: Artifact<'_>) -> Option<Package> {
    let kind = if artifact.kind == "jar" { "" } else { artifact.kind };
    let purl = Purl::new("maven", name).namespace(group).version(version.unwrap_or_default());
    let purl = purl.qualifier("type", kind).qualifier("classifier", artifact.classifier).build()?;
    let mut package = Package::new(name, version.map(str::to_owned), Origin::Purl(purl));
    package.group = Some(group.to_owned());
    Some(package)
}

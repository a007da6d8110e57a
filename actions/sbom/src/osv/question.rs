//! What is asked: packages by the names that OSV's ecosystems have for them. Pure.

use crate::{
    bill::{Bill, Part, Routes},
    purl::PackageUrl,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A package as OSV knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Its name in the ecosystem.
    pub name: String,
    /// Its version; of the source package, for distributions.
    pub version: String,
    /// The ecosystem, such as `crates.io` or `Debian:12`.
    pub ecosystem: String,
}

/// Where a package that is asked about stands in the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The purls that mean it: several binary packages come from one source package.
    pub purls: Vec<String>,
    /// The shortest way to the first of them.
    pub why: Vec<String>,
}

/// The packages to ask about, and how many components nobody can be asked about: no exact version, or an ecosystem that OSV
/// does not have.
#[must_use]
pub fn packages(bill: &Bill) -> (BTreeMap<Package, Origin>, usize) {
    let routes = Routes::of(bill);
    let mut packages: BTreeMap<Package, Origin> = BTreeMap::new();
    let mut left_out = 0;
    for (reference, part) in bill.listed().filter(|(_, part)| part.is_foreign()) {
        let Some((purl, package)) = part.purl.as_ref().and_then(|purl| Some((purl, package(purl, part)?))) else {
            left_out += 1;
            continue;
        };
        let origin = packages.entry(package).or_default();
        if origin.purls.is_empty() {
            origin.why = routes.way(reference);
        }
        origin.purls.push(purl.to_string());
    }
    (packages, left_out)
}

fn package(purl: &PackageUrl<'_>, part: &Part) -> Option<Package> {
    let version = purl.version().or(part.version.as_deref())?;
    let path = purl.namespace().map_or_else(|| purl.name().to_owned(), |space| format!("{space}/{}", purl.name()));
    let of = |ecosystem: &str, name: String| Some((ecosystem.to_owned(), name, version.to_owned()));
    let (ecosystem, name, version) = match purl.ty() {
        "cargo" => of("crates.io", path),
        "npm" => of("npm", path),
        "pypi" => of("PyPI", path),
        // OSV writes Go's versions without the `v`.
        "golang" => {
            let version = version.trim_start_matches('v').trim_end_matches("+incompatible").to_owned();
            Some(("Go".to_owned(), path, version))
        }
        "maven" => of("Maven", format!("{}:{}", purl.namespace()?, purl.name())),
        "gem" => of("RubyGems", path),
        "composer" => of("Packagist", path),
        "nuget" => of("NuGet", path),
        "hex" => of("Hex", path),
        "pub" => of("Pub", path),
        "swift" => of("SwiftURL", path),
        "conan" => of("ConanCenter", purl.name().to_owned()),
        "github" | "githubactions" => of("GitHub Actions", path),
        "deb" | "apk" | "rpm" => distribution(purl, version),
        _ => None,
    }?;
    Some(Package { name, version, ecosystem })
}

/// Distributions are asked about their source packages, in the release that the purl names.
fn distribution(purl: &PackageUrl<'_>, version: &str) -> Option<(String, String, String)> {
    let vendor = purl.namespace()?;
    let release = purl.qualifier("distro").map(|distro| distro.strip_prefix(vendor).unwrap_or(distro));
    let release = release.map(|release| release.trim_start_matches('-')).filter(|release| !release.is_empty());
    let major = |release: &str| release.split('.').next().unwrap_or_default().to_owned();
    let ecosystem = match (vendor, release) {
        ("debian", Some(release)) => format!("Debian:{}", major(release)),
        ("ubuntu", Some(release)) if is_long_term(release) => format!("Ubuntu:{release}:LTS"),
        ("ubuntu", Some(release)) => format!("Ubuntu:{release}"),
        ("alpine", Some(release)) => {
            let mut numbers = release.trim_start_matches('v').split('.');
            format!("Alpine:v{}.{}", numbers.next()?, numbers.next()?)
        }
        ("almalinux", Some(release)) => format!("AlmaLinux:{}", major(release)),
        ("rocky", Some(release)) => format!("Rocky Linux:{}", major(release)),
        ("wolfi", _) => "Wolfi".to_owned(),
        ("chainguard", _) => "Chainguard".to_owned(),
        _ => return None,
    };
    let epoch =
        purl.qualifier("epoch").filter(|_| purl.ty() == "rpm").map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let own = (purl.name().to_owned(), format!("{epoch}{version}"));
    let (name, version) = match purl.qualifier("upstream").filter(|_| purl.ty() != "rpm") {
        Some(upstream) => match upstream.split_once('@') {
            Some((name, version)) => (name.to_owned(), version.to_owned()),
            None => (upstream.to_owned(), own.1),
        },
        None => own,
    };
    Some((ecosystem, name, version))
}

/// Ubuntu's releases of April in even years.
fn is_long_term(release: &str) -> bool {
    let year = release.strip_suffix(".04").and_then(|year| year.parse::<u32>().ok());
    year.is_some_and(|year| year % 2 == 0)
}

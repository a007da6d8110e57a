//! `pubspec.lock` (dart-lang/pub, `lib/src/lock_file.dart`).
//!
//! YAML: `packages`, then `sdks` (before Dart 2 `sdk`), which pub always writes last: a file without it was cut off, and
//! what it still has is listed. What needs what is not in the file.

use super::super::{ParseError, documents::yaml, git, shorten, text};
use crate::{
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl::{self, Purl},
};
use serde::{Deserialize, de::IgnoredAny};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Lock {
    packages: Option<BTreeMap<String, Entry>>,
    sdks: Option<IgnoredAny>,
    sdk: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Entry {
    dependency: Option<String>,
    description: Description,
    source: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Description {
    /// An SDK's or, in old files, a hosted package's name.
    Name(String),
    Detailed(Detail),
}

#[derive(Deserialize, Default)]
struct Detail {
    name: Option<String>,
    url: Option<String>,
    sha256: Option<String>,
    path: Option<String>,
    #[serde(rename = "resolved-ref")]
    resolved_ref: Option<String>,
}

/// The packages of a lockfile; path packages are the project's own.
///
/// # Errors
/// [`ParseError`] for broken YAML, a file of nothing, an unknown source, and a name that cannot be a package's.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock: Lock = yaml(bytes)?;
    let lines = lines(text);
    let mut inventory = Inventory::new(Ecosystem::Pub);
    if lock.sdks.is_none() && lock.sdk.is_none() {
        let (line, why) = (text.lines().count().max(1), "no `sdks` at its end (is it cut off?)");
        if lock.packages.as_ref().is_none_or(BTreeMap::is_empty) {
            return Err(ParseError::at(line, why));
        }
        inventory.finding(FindingKind::Broken, u32::try_from(line).ok(), why);
    }
    let mut direct = Vec::new();
    for (name, entry) in &lock.packages.unwrap_or_default() {
        let line = lines.get(name.as_str()).copied();
        let wrong = || {
            let line = line.map_or(1, |line| line as usize);
            ParseError::at(line, format!("`{}` is not locked as pub locks it", shorten(name)))
        };
        let mut package = package(name, entry).ok_or_else(wrong)?;
        package.line = line;
        package.scope = match entry.dependency.as_deref() {
            Some("direct main") => Scope::Required,
            Some("direct dev") => Scope::Development,
            _ => Scope::Unstated,
        };
        if entry.dependency.as_deref().is_some_and(|kind| kind.starts_with("direct")) {
            direct.push(inventory.packages.len());
        }
        inventory.packages.push(package);
    }
    inventory.direct = Some(direct);
    Ok(inventory)
}

/// The lines of the package names, which are the only keys with two spaces before them.
fn lines(text: &str) -> BTreeMap<&str, u32> {
    (1..)
        .zip(text.lines())
        .filter_map(|(number, line)| {
            let key = line.strip_prefix("  ")?.trim_end().strip_suffix(':')?;
            (!key.starts_with(' ')).then(|| (key.trim_matches('"'), number))
        })
        .collect()
}

fn package(name: &str, entry: &Entry) -> Option<Package> {
    let empty = Detail::default();
    let (plain, detail) = match &entry.description {
        Description::Name(name) => (Some(name.as_str()), &empty),
        Description::Detailed(detail) => (None, detail),
    };
    let url = purl::without_credentials(detail.url.as_deref().unwrap_or_default());
    let real = detail.name.as_deref().or(plain.filter(|_| entry.source == "hosted")).unwrap_or(name);
    let version = entry.version.as_str();
    let purl = Purl::new("pub", real).version(version);
    let origin = match entry.source.as_str() {
        "path" => Origin::Own,
        "hosted" if is_pub_dev(&url) => Origin::Purl(purl.build()?),
        "hosted" => Origin::Purl(purl.qualifier("repository_url", url.trim_end_matches('/')).build()?),
        "git" => {
            let vcs = git::vcs_url(&url, detail.resolved_ref.as_deref()?);
            let folder = detail.path.as_deref().unwrap_or_default().trim_matches(['.', '/']);
            Origin::Purl(purl.qualifier("vcs_url", &vcs).subpath(folder).build()?)
        }
        // Part of Flutter itself (purl-spec has it as an example).
        "sdk" => Origin::Purl(purl.build()?),
        _ => return None,
    };
    let mut package = Package::new(real, Some(version.to_owned()), origin);
    package.needs_known = Knowledge::Unknown;
    if let Some(sum) = detail.sha256.as_deref().filter(|sum| !sum.is_empty()) {
        let exact = sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
        package.checksums.insert(exact.then(|| Checksum { algorithm: "SHA-256", hex: sum.to_lowercase() })?);
    }
    if entry.source == "sdk" {
        package.properties.insert("lockkeeper:pub:sdk", plain.unwrap_or_default().to_owned());
    }
    Some(package)
}

fn is_pub_dev(url: &str) -> bool {
    let (_, host) = url.split_once("://").unwrap_or(("", url));
    matches!(host.trim_end_matches('/'), "" | "pub.dev" | "pub.dartlang.org")
}

#[cfg(test)]
#[path = "pubspec_lock_tests.rs"]
mod tests;

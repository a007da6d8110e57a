//! `rebar.lock`: Erlang terms, of the versions without number, 1.1.0 and 1.2.0 (`rebar_config:write_lock_file`).
//!
//! `{"1.2.0", [{Name, Source, Level}]}.`, then the checksums. A package of level 0 is what the project itself asks for;
//! what needs what is not in the file. A file cut off between its two terms is known by the missing checksums.

use super::{
    super::{ParseError, git, shorten, text},
    terms::{self, Language, Term},
};
use crate::{
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl::Purl,
};
use std::collections::HashMap;

/// The packages of a lockfile. Of its two checksums only `pkg_hash_ext` is one of a file: the package's tarball.
///
/// # Errors
/// [`ParseError`] for what is no Erlang literal, for another shape, and for a name that cannot be a package's.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let terms = terms::parse(text, Language::Erlang)?;
    let mut inventory = Inventory::new(Ecosystem::Hex);
    inventory.direct = Some(Vec::new());
    let (version, locked, more) = match &terms[..] {
        [Term::List(locked)] => (None, locked, None),
        [Term::Tuple(first), more @ ..] => match &first[..] {
            [Term::Text(version), Term::List(locked)] => (Some(version.as_str()), locked, more.first()),
            _ => return Err(ParseError::at(1, "not `{Version, Locked}` as rebar3 writes it")),
        },
        _ => return Err(ParseError::at(1, "not what rebar3 writes")),
    };
    if let Some(other) = version.filter(|version| !matches!(*version, "1.1.0" | "1.2.0")) {
        let text = format!("lockfile version {} is not known; 1.1.0 and 1.2.0 are: nothing is listed", shorten(other));
        inventory.finding(FindingKind::UnknownVersion, Some(1), text);
        return Ok(inventory);
    }
    let sums = sums(more);
    let mut direct = Vec::new();
    for entry in locked {
        let [name, source, level] = entry.members() else {
            return Err(ParseError::at(1, "a dependency that is not `{Name, Source, Level}`"));
        };
        let name = name.word().unwrap_or_default();
        let Some(mut package) = package(name, source.members()) else {
            let text = format!("`{}` is locked in a way that is not known: it is not listed", shorten(name));
            inventory.finding(FindingKind::UnknownVersion, None, text);
            continue;
        };
        package.checksums.extend(sums.get(name).cloned());
        if level.word() == Some("0") {
            direct.push(inventory.packages.len());
        }
        inventory.packages.push(package);
    }
    let registered = locked.iter().any(|entry| entry.members().get(1).is_some_and(is_registered));
    if version.is_some() && registered && more.is_none() {
        let lines = text.lines().count().max(1);
        inventory.finding(
            FindingKind::Broken,
            u32::try_from(lines).ok(),
            "no checksums in it, which this lockfile version has (is it cut off?)",
        );
    }
    inventory.direct = Some(direct);
    Ok(inventory)
}

fn is_registered(source: &Term) -> bool {
    source.members().first().and_then(Term::word) == Some("pkg")
}

/// `[{pkg_hash, …}, {pkg_hash_ext, [{Name, Hex}]}]`.
fn sums(more: Option<&Term>) -> HashMap<&str, Checksum> {
    let Some(list) = more.and_then(|more| more.value("pkg_hash_ext")) else { return HashMap::new() };
    let pairs = list.members().iter().filter_map(|pair| match pair.members() {
        [name, sum] => Some((name.word()?, sum.word()?)),
        _ => None,
    });
    let exact = |sum: &str| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
    pairs
        .filter(|(_, sum)| exact(sum))
        .map(|(name, sum)| (name, Checksum { algorithm: "SHA-256", hex: sum.to_lowercase() }))
        .collect()
}

fn package(name: &str, source: &[Term]) -> Option<Package> {
    let word = |index: usize| source.get(index).and_then(Term::word).filter(|word| !word.is_empty());
    let mut package = match word(0)? {
        "pkg" => {
            let (registered, version) = (word(1)?, word(2)?);
            let purl = Purl::new("hex", registered).version(version).build()?;
            Package::new(registered, Some(version.to_owned()), Origin::Purl(purl))
        }
        "git" | "git_subdir" => {
            let [kind, commit] = source.get(2)?.members() else { return None };
            let (url, commit) = (word(1)?, commit.word()?);
            let purl = Purl::new("hex", name).version(commit).subpath(word(3).unwrap_or_default());
            let purl = purl.qualifier("vcs_url", &git::vcs_url(url, commit)).build()?;
            let mut package = Package::new(name, Some(commit.to_owned()), Origin::Purl(purl));
            if kind.word() != Some("ref") {
                package.properties.insert("lockkeeper:git:ref", commit.to_owned());
            }
            package
        }
        _ => return None,
    };
    package.scope = Scope::Unstated;
    package.needs_known = Knowledge::Unknown;
    Some(package)
}

#[cfg(test)]
#[path = "rebar_lock_tests.rs"]
mod tests;

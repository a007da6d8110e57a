//! `mix.lock`: one Elixir map, a tuple for each dependency (`Mix.Dep.Lock`, `Hex.SCM`).
//!
//! `{:hex, name, version, inner checksum, managers, dependencies, repository, outer checksum}`, older ones shorter, and
//! `{:git, url, commit, options}`. What the project itself asks for is in `mix.exs`, which is a program.

use super::{
    super::{
        ParseError, git,
        needs::{Names, lacks},
        shorten, text,
    },
    terms::{self, Language, Term},
};
use crate::{
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl::Purl,
};

/// The packages of a lockfile.
///
/// Only the outer checksum is one of a file: the package's tarball. A git dependency's version is its commit, for the file
/// states no other; its needs are unknown. An optional need is an edge where it is locked.
///
/// # Errors
/// [`ParseError`] for what is no Elixir literal, for another shape, and for a name that cannot be a package's.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let terms = terms::parse(text, Language::Elixir)?;
    let [Term::Map(entries)] = &terms[..] else {
        return Err(ParseError::at(1, "not one Elixir map"));
    };
    let mut inventory = Inventory::new(Ecosystem::Hex);
    let mut names = Names::default();
    let mut locked = Vec::new();
    for (key, value, line) in entries {
        let at = |message: String| ParseError { line: *line, message };
        let app = key.word().ok_or_else(|| at("a dependency without name".to_owned()))?;
        let package = match value.members().first().and_then(Term::word) {
            Some("hex") => hex(app, value.members()),
            Some("git") => from_git(app, value.members()),
            _ => {
                let text = format!("`{}` is locked in a way that is not known: it is not listed", shorten(app));
                inventory.finding(FindingKind::UnknownVersion, Some(*line), text);
                continue;
            }
        };
        let mut package = package.ok_or_else(|| at(format!("`{}` is not locked as Mix locks it", shorten(app))))?;
        package.line = Some(*line);
        names.add(app, inventory.packages.len());
        locked.push(value);
        inventory.packages.push(package);
    }
    for (index, value) in locked.iter().enumerate() {
        let needs =
            if inventory.packages[index].needs_known == Knowledge::Complete { value.members().get(5) } else { None };
        let mut missing = Vec::new();
        let mut found = Vec::new();
        for need in needs.map(Term::members).unwrap_or_default() {
            let [name, _, options @ ..] = need.members() else { continue };
            let optional = options.iter().any(|o| o.value("optional").and_then(Term::word) == Some("true"));
            let Some(name) = name.word() else { continue };
            match names.of(name) {
                [] if !optional => missing.push(name),
                at => found.extend_from_slice(at),
            }
        }
        inventory.packages[index].needs = found;
        lacks(&mut inventory, index, &missing);
    }
    Ok(inventory)
}

fn hex(app: &str, tuple: &[Term]) -> Option<Package> {
    let word = |index: usize| tuple.get(index).and_then(Term::word).filter(|word| !word.is_empty());
    let (name, version, repository) = (word(1)?, word(2)?, word(6).unwrap_or("hexpm"));
    let purl = Purl::new("hex", name).version(version);
    let purl = match repository.strip_prefix("hexpm:") {
        Some(organisation) => purl.namespace(organisation),
        None if repository == "hexpm" => purl,
        // The lockfile knows other repositories by the name that this machine gave them.
        None => purl.qualifier("repository", repository),
    };
    let mut package = Package::new(name, Some(version.to_owned()), Origin::Purl(purl.build()?));
    package.scope = Scope::Unstated;
    if app != name {
        package.properties.insert("lockkeeper:hex:application", app.to_owned());
    }
    if let Some(Term::Text(sum)) = tuple.get(7) {
        let exact = sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
        package.checksums.insert(exact.then(|| Checksum { algorithm: "SHA-256", hex: sum.to_lowercase() })?);
    }
    if tuple.len() < 6 {
        // Before Hex 0.12 the needs were not locked.
        package.needs_known = Knowledge::Unknown;
    }
    Some(package)
}

fn from_git(app: &str, tuple: &[Term]) -> Option<Package> {
    let (url, commit) = (tuple.get(1)?.word()?, tuple.get(2)?.word()?);
    let purl = Purl::new("hex", app).version(commit);
    let purl = purl.qualifier("vcs_url", &git::vcs_url(url, commit)).build()?;
    let mut package = Package::new(app, Some(commit.to_owned()), Origin::Purl(purl));
    package.scope = Scope::Unstated;
    package.needs_known = Knowledge::Unknown;
    for key in ["tag", "branch", "ref"] {
        if let Some(stated) = tuple.get(3).and_then(|options| options.value(key)).and_then(Term::word) {
            package.properties.insert("lockkeeper:git:ref", stated.to_owned());
        }
    }
    Some(package)
}

#[cfg(test)]
#[path = "mix_lock_tests.rs"]
mod tests;

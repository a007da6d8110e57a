//! `uv.lock` (docs.astral.sh/uv, "The project lockfile"). Every version, platform and extra is in it, and the project itself.

use super::{
    super::{BadFile, Found, ParseError, Surroundings, documents::Lines, shorten},
    locked::{Heads, Source, package, toml},
};
use crate::graph::{Ecosystem, FindingKind, Inventory, Origin};
use ::toml::Spanned;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// The one version there is; revisions of it only add.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Lock {
    version: u32,
    #[serde(default)]
    package: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    name: String,
    version: Option<String>,
    source: Place,
    #[serde(default)]
    dependencies: Vec<Wanted>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Wanted>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<Wanted>>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
}

/// Where a package comes from; one of these is set.
#[derive(Deserialize, Default, PartialEq)]
#[serde(default)]
struct Place {
    registry: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    version: Option<String>,
    source: Option<Place>,
}

#[derive(Deserialize)]
struct File {
    hash: Option<String>,
}

impl Place {
    fn source(&self) -> Source<'_> {
        match self {
            Self { registry: Some(url), .. } => Source::Index(Some(url)),
            Self { git: Some(git), .. } => {
                let (url, commit) = git.split_once('#').unwrap_or((git, ""));
                Source::Git(url.split_once('?').map_or(url, |(url, _)| url), commit)
            }
            Self { url: Some(url), .. } => Source::Archive(url),
            Self { path: Some(path), .. } => Source::Archive(path),
            // A folder, editable or not, or nothing but a list of dependencies.
            Self { .. } => Source::Own,
        }
    }
}

/// Reads a lockfile.
///
/// # Errors
/// [`BadFile`] for what uv would not write; so a file that is cut off is refused unless nothing it names is missing.
pub(super) fn read(found: &Found, _: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    parse(&found.bytes)
        .map(|inventory| vec![inventory])
        .map_err(|error| BadFile { path: found.place.path.clone(), error })
}

/// The packages of a lockfile.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let (text, lock): (_, Lock) = toml(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Pypi);
    if lock.version != VERSION {
        let message = format!("lockfile version {} is not known; {VERSION} is", lock.version);
        inventory.finding(FindingKind::UnknownVersion, Some(1), message);
        inventory.direct = Some(Vec::new());
        return Ok(inventory);
    }
    let mut lines = Lines::of(text);
    let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, spanned) in lock.package.iter().enumerate() {
        let (entry, line) = (spanned.get_ref(), lines.at(spanned.span().start));
        let hashes = entry.sdist.iter().chain(&entry.wheels).filter_map(|file| file.hash.as_deref());
        let source = entry.source.source();
        inventory.packages.push(package((&entry.name, entry.version.as_deref()), source, hashes, Some(line))?);
        names.entry(&entry.name).or_default().push(index);
    }
    let mut heads = Heads::default();
    let mut own = Vec::new();
    for (index, spanned) in lock.package.iter().enumerate() {
        let entry = spanned.get_ref();
        let find = |wanted: &mut dyn Iterator<Item = &Wanted>| -> Result<Vec<usize>, ParseError> {
            wanted
                .map(|wanted| resolve(wanted, &names, &lock.package))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|message| ParseError { line: inventory.packages[index].line.unwrap_or(1), message })
        };
        let required = find(&mut entry.dependencies.iter())?;
        let optional = find(&mut entry.optional_dependencies.values().flatten())?;
        let development = find(&mut entry.dev_dependencies.values().flatten())?;
        let mut needs = [required.as_slice(), &optional, &development].concat();
        needs.sort_unstable();
        needs.dedup();
        inventory.packages[index].needs = needs;
        if inventory.packages[index].origin == Origin::Own {
            own.push(index);
            heads.required.extend(required);
            heads.optional.extend(optional);
            heads.development.extend(development);
        }
    }
    // Members of a workspace need each other: what one is for is not known by who asks for it.
    let others = |heads: Vec<usize>| heads.into_iter().filter(|index| !own.contains(index)).collect();
    let heads = Heads {
        required: others(heads.required),
        optional: others(heads.optional),
        development: others(heads.development),
    };
    heads.give_scopes(&mut inventory);
    inventory.direct = (!own.is_empty()).then_some(own);
    Ok(inventory)
}

/// The one package that is meant: version and source are named where the name does not suffice.
fn resolve(wanted: &Wanted, names: &HashMap<&str, Vec<usize>>, entries: &[Spanned<Entry>]) -> Result<usize, String> {
    let fits = |index: &&usize| {
        let entry = entries[**index].get_ref();
        (wanted.version.is_none() || wanted.version == entry.version)
            && wanted.source.as_ref().is_none_or(|source| *source == entry.source)
    };
    let mut found = names.get(wanted.name.as_str()).into_iter().flatten().filter(fits);
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(*index),
        (None, _) => Err(format!("needs `{}`, which is not in the file (is it cut off?)", shorten(&wanted.name))),
        (Some(_), Some(_)) => Err(format!("needs `{}`, which names several packages", shorten(&wanted.name))),
    }
}

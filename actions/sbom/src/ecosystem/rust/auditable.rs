//! What `cargo auditable` builds into a program: its crates as zlib-compressed JSON in a section (cargo-auditable,
//! `PARSING.md` and `cargo-auditable.schema.json`).

use crate::{
    ecosystem::{ParseError, executable::object::Object, shorten},
    graph::{Ecosystem, Inventory, Origin, Package, Scope, Technique},
    purl::{self, Purl},
};
use serde::Deserialize;
use std::{borrow::Cow, io::Read as _};

/// The section in every format; on macOS it is in the segment `__DATA`.
const SECTION: &[u8] = b".dep-v0";

/// How much may be inflated: the limit that the format's own documentation proposes.
const LARGEST: u64 = 8 << 20;

#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    packages: Vec<Crate<'a>>,
}

#[derive(Deserialize)]
struct Crate<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    dependencies: Vec<usize>,
    #[serde(default)]
    root: bool,
}

/// The crates a program was built from; `None` when it does not say.
///
/// # Errors
/// [`ParseError`] when the section is cut off, or is not the one list with one root and no circle that the format allows.
pub fn read(object: &Object<'_>) -> Result<Option<Inventory>, ParseError> {
    let Some(section) = object.section(SECTION) else { return Ok(None) };
    let broken = |why: &str| ParseError::at(1, format!("its list of crates (`.dep-v0`) {why}"));
    let compressed = section.bytes.ok_or_else(|| broken("is cut off"))?;
    let mut json = Vec::new();
    let mut inflating = flate2::read::ZlibDecoder::new(compressed).take(LARGEST + 1);
    inflating.read_to_end(&mut json).map_err(|_| broken("cannot be inflated (is it cut off?)"))?;
    if json.len() as u64 > LARGEST {
        return Err(broken("is larger than 8 MiB"));
    }
    parse(&json).map(Some).map_err(|why| broken(&why))
}

/// The crates of an inflated list.
///
/// # Errors
/// What is wrong, as a predicate of the list.
pub fn parse(json: &[u8]) -> Result<Inventory, String> {
    let listing: Listing<'_> =
        serde_json::from_slice(json).map_err(|error| format!("is no list of crates: {error}"))?;
    let roots: Vec<usize> = (0..listing.packages.len()).filter(|index| listing.packages[*index].root).collect();
    let [root] = roots[..] else { return Err(format!("has {} roots instead of one", roots.len())) };
    let mut inventory = Inventory::new(Ecosystem::Cargo);
    for entry in &listing.packages {
        if let Some(missing) = entry.dependencies.iter().find(|index| **index >= listing.packages.len()) {
            return Err(format!("has no package {missing}, which `{}` needs", shorten(&entry.name)));
        }
        inventory.packages.push(package(entry)?);
    }
    if is_circular(&listing.packages) {
        return Err("has crates that need each other in a circle".to_owned());
    }
    inventory.direct = Some(vec![root]);
    Ok(inventory)
}

fn package(entry: &Crate<'_>) -> Result<Package, String> {
    let (name, version) = (&*entry.name, &*entry.version);
    let purl = match &*entry.source {
        "local" => Some(Origin::Own),
        "crates.io" => purl::cargo(name, version, &[]).map(Origin::Purl),
        // Which repository or registry is not said: a cargo purl would name another crate, that of crates.io.
        _ => Purl::new("generic", name).version(version).build().map(Origin::Purl),
    };
    let origin = purl.ok_or_else(|| format!("names `{}`, which cannot be a crate", shorten(name)))?;
    let mut package = Package::new(name, Some(version.to_owned()), origin);
    package.identification.technique = Technique::BinaryAnalysis;
    package.needs.clone_from(&entry.dependencies);
    if entry.kind.as_deref() == Some("build") {
        package.scope = Scope::Development;
    }
    if !matches!(&*entry.source, "crates.io" | "local") {
        package.properties.insert("lockkeeper:cargo:source", shorten(&entry.source));
    }
    Ok(package)
}

/// Takes away what needs nothing any more until nothing changes (Kahn); in a circle something is left.
fn is_circular(crates: &[Crate<'_>]) -> bool {
    let mut needed = vec![0_usize; crates.len()];
    crates.iter().flat_map(|entry| &entry.dependencies).for_each(|index| needed[*index] += 1);
    let mut open: Vec<usize> = (0..crates.len()).filter(|index| needed[*index] == 0).collect();
    let mut left = crates.len();
    while let Some(next) = open.pop() {
        left -= 1;
        for index in &crates[next].dependencies {
            needed[*index] -= 1;
            if needed[*index] == 0 {
                open.push(*index);
            }
        }
    }
    left > 0
}

#[cfg(test)]
#[path = "auditable_tests.rs"]
mod tests;

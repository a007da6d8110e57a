//! The files that were found, each given to its reader: pure, whatever the source was.

use super::{
    BadFile, Format, Found, ParseError, ReadFile, Reads, Surroundings,
    distro::{OS_RELEASE, os_release},
};
use crate::graph::{Ecosystem, FindingKind, Inventory, Origin, Package, Place, Remark};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is kept of one file until all have been seen.
#[derive(Debug)]
pub enum Glimpse {
    /// The whole file.
    Kept(&'static Format, Vec<u8>),
    /// What it told, alone.
    Told(Result<Vec<Inventory>, ParseError>),
    /// Nobody here can read it.
    NotCovered(&'static Format),
    /// Its length in bytes is beyond the bounds.
    TooLarge(u64),
    /// Nothing.
    Nothing,
}

/// Understands a file at once where its format allows that, and keeps it otherwise.
#[must_use]
pub fn glimpse(format: &'static Format, found: Found) -> Glimpse {
    match format.reads {
        Reads::Alone(read) => Glimpse::Told(read(&found)),
        Reads::NotCovered => Glimpse::NotCovered(format),
        Reads::Among(_) | Reads::Together { .. } | Reads::Companion => Glimpse::Kept(format, found.bytes),
    }
}

/// Everything that was seen in a source: what can be understood at once has been.
#[derive(Debug, Default)]
pub struct Sighting {
    inventories: Vec<Inventory>,
    files: Vec<(&'static Format, Found)>,
    beside: Vec<String>,
}

impl Sighting {
    /// Takes note of a file that is read only when somebody asks for it.
    pub fn companion(&mut self, path: &str) {
        self.beside.push(path.to_owned());
    }

    /// Takes a file and its content.
    pub fn add(&mut self, format: &'static Format, found: Found) {
        let place = found.place.clone();
        self.take(glimpse(format, found), place);
    }

    /// Takes what was kept of the file at this place.
    pub fn take(&mut self, glimpse: Glimpse, place: Place) {
        match glimpse {
            Glimpse::Kept(format, bytes) => self.files.push((format, Found { place, bytes })),
            Glimpse::Told(told) => {
                let told = told.map_err(|error| BadFile { path: place.path.clone(), error });
                self.inventories.extend(settle(told, &[&Found { place, bytes: Vec::new() }]));
            }
            Glimpse::NotCovered(format) => self.not_covered(place, format.name),
            Glimpse::TooLarge(bytes) => self.too_large(place, bytes),
            Glimpse::Nothing => {}
        }
    }

    /// Takes note of a file that lists packages and that nobody here can read.
    pub fn not_covered(&mut self, place: Place, what: &str) {
        let text = format!("not covered yet ({what}): nothing of this file is listed");
        self.inventories.push(unread(place, FindingKind::NotCovered, None, text));
    }

    /// Takes note of a file that is too large to be read.
    pub fn too_large(&mut self, place: Place, bytes: u64) {
        let text =
            format!("{bytes} bytes are more than the {} allowed: nothing of this file is listed", super::LARGEST_FILE);
        self.inventories.push(unread(place, FindingKind::Broken, None, text));
    }

    /// Joins what two parts of a source have shown.
    pub fn extend(&mut self, other: Self) {
        self.inventories.extend(other.inventories);
        self.files.extend(other.files);
        self.beside.extend(other.beside);
    }
}

/// One inventory per lockfile, per package database and per file that could not be understood.
///
/// A broken file does not hide the others: it becomes a finding, and the listing is incomplete. `read` gives the neighbours
/// that are not in the sighting: those on the disk of a tree, none of an image.
#[must_use]
pub fn inventories(mut sighting: Sighting, place: super::Place, read: &ReadFile<'_>) -> Vec<Inventory> {
    sort(&mut sighting.files);
    let mut system_inventories = Vec::new();
    let distribution = match distribution(&sighting.files) {
        Ok(None) => None,
        Ok(Some((found, distribution))) => {
            system_inventories.push(system(found, &distribution));
            Some(distribution)
        }
        Err(bad) => {
            system_inventories.extend(settle(Err(bad), &[]));
            None
        }
    };
    let mut inventories = understand(sighting, place, (read, distribution.as_ref()));
    inventories.extend(system_inventories);
    inventories
}

/// The inventories of files that later layers of an image hide, as they were to be seen once. `now` is what is there in the
/// end: it stands in for neighbours that were not hidden with them, and names the distribution. What could not be
/// understood, or is no package, is left out: it is not there any more.
#[must_use]
pub fn inventories_of_the_past(past: Sighting, now: &Sighting) -> Vec<Inventory> {
    let kept = by_path(&now.files);
    let read = |path: &str| kept.get(path).map(|found| found.bytes.clone());
    let found = distribution(&past.files).or_else(|_| distribution(&now.files)).unwrap_or_default();
    let found = found.or_else(|| distribution(&now.files).unwrap_or_default());
    let distribution = found.map(|(_, distribution)| distribution);
    let mut inventories = understand(past, super::Place::Image, (&read, distribution.as_ref()));
    inventories.retain(|inventory| !inventory.packages.is_empty());
    inventories
}

fn sort(files: &mut [(&'static Format, Found)]) {
    files.sort_by(|(_, a), (_, b)| a.place.cmp(&b.place));
}

fn by_path<'f>(files: &'f [(&'static Format, Found)]) -> HashMap<&'f str, &'f Found> {
    files.iter().map(|(_, found)| (found.place.path.as_str(), found)).collect()
}

/// Gives each file to its reader; the files' order is that of their paths.
fn understand(
    sighting: Sighting,
    place: super::Place,
    (read, distribution): (&ReadFile<'_>, Option<&os_release::Distribution>),
) -> Vec<Inventory> {
    let Sighting { mut inventories, mut files, beside: mut paths } = sighting;
    sort(&mut files);
    let kept = by_path(&files);
    let neighbour = |path: &str| kept.get(path).map(|found| found.bytes.clone()).or_else(|| read(path));
    paths.extend(files.iter().map(|(_, found)| found.place.path.clone()));
    paths.sort_unstable();
    let told = inventories.iter().flat_map(|inventory| &inventory.files).map(|place| place.path.clone());
    let main = files.iter().filter(|(format, _)| !matches!(format.reads, Reads::Companion));
    let held: BTreeSet<String> = told.chain(main.map(|(_, found)| found.place.path.clone())).collect();
    let surroundings = Surroundings::new(place, &neighbour).with(distribution).knowing(&paths).among(&held);
    let mut together: BTreeMap<(&str, &str), (super::Together, Vec<&Found>)> = BTreeMap::new();
    for (format, found) in &files {
        match format.reads {
            Reads::Among(read) => inventories.extend(settle(read(found, &surroundings), &[found])),
            Reads::Together { key, read } => {
                let group = together.entry((format.name, key(&found.place.path)));
                group.or_insert_with(|| (read, Vec::new())).1.push(found);
            }
            Reads::Alone(_) | Reads::Companion | Reads::NotCovered => {}
        }
    }
    for (read, found) in together.into_values() {
        inventories.extend(settle(read(&found, &surroundings), &found));
    }
    inventories
}

/// What a reader answered, with its files filled in; a broken file is a finding.
fn settle(read: Result<Vec<Inventory>, BadFile>, files: &[&Found]) -> Vec<Inventory> {
    match read {
        Ok(mut inventories) => {
            for inventory in inventories.iter_mut().filter(|inventory| inventory.files.is_empty()) {
                inventory.files = files.iter().map(|found| found.place.clone()).collect();
            }
            if let [found] = files {
                inventories.iter_mut().for_each(|inventory| put_in_place(inventory, &found.place));
            }
            inventories
        }
        Err(bad) => {
            let found = files.iter().find(|found| found.place.path == bad.path);
            vec![broken(bad, found.and_then(|found| found.place.layer.clone()))]
        }
    }
}

/// A reader of one file calls it by an empty path, and what is within it by a path after `!/`.
fn put_in_place(inventory: &mut Inventory, outer: &Place) {
    for place in inventory.files.iter_mut().filter(|place| place.path.is_empty() || place.path.starts_with("!/")) {
        place.path.insert_str(0, &outer.path);
        place.layer.clone_from(&outer.layer);
    }
    for remark in inventory.remarks.iter_mut().filter(|remark| remark.path.starts_with("!/")) {
        remark.path.insert_str(0, &outer.path);
    }
}

/// An inventory of nothing that says what is wrong with a file.
pub(super) fn broken(BadFile { path, error }: BadFile, layer: Option<String>) -> Inventory {
    unread(Place { path, layer }, FindingKind::Broken, Some(error.line), error.message)
}

fn unread(place: Place, kind: FindingKind, line: Option<u32>, text: String) -> Inventory {
    let mut inventory = Inventory::new(Ecosystem::Generic);
    inventory.direct = Some(Vec::new());
    inventory.remarks.push(Remark { path: place.path.clone(), line, kind, text });
    inventory.listing = crate::graph::Knowledge::Incomplete;
    inventory.files.push(place);
    inventory
}

fn bad(found: &Found, error: ParseError) -> BadFile {
    BadFile { path: found.place.path.clone(), error }
}

/// `/etc/os-release` comes before `/usr/lib/os-release` (os-release(5)), which sorting by path gives.
fn distribution<'a>(
    files: &'a [(&'static Format, Found)],
) -> Result<Option<(&'a Found, os_release::Distribution)>, BadFile> {
    let named = |(format, found): &&(&'static Format, Found)| format.name == OS_RELEASE && !found.bytes.is_empty();
    let Some((_, found)) = files.iter().find(named) else { return Ok(None) };
    let distribution = os_release::parse(&found.bytes).map_err(|error| bad(found, error))?;
    Ok(Some((found, distribution)))
}

fn system(found: &Found, distribution: &os_release::Distribution) -> Inventory {
    let mut inventory = Inventory::new(Ecosystem::Os);
    inventory.files = vec![found.place.clone()];
    let mut package = Package::new(&distribution.id, distribution.version.clone(), Origin::System);
    if let Some(pretty) = &distribution.pretty {
        package.properties.insert("lockkeeper:os:pretty-name", pretty.clone());
    }
    inventory.packages.push(package);
    inventory
}

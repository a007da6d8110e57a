//! Two bills of materials compared: what came, what went, what changed and which way. Pure.
//!
//! Components are the same package when their [`Key`]s are equal, whatever tool wrote the documents. Several versions of
//! one package may stand side by side; versions on both sides are the same thing, and of the rest the oldest is paired
//! with the oldest. What the document describes and single files are not compared.

mod table;

pub use table::table;

use crate::{
    bill::{Bill, Key, Part, Routes, purl_version},
    version_order::order,
};
use serde::Serialize;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

/// One version of one package, as one document states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What a person calls it.
    pub name: String,
    /// Its version; empty where the document states none.
    pub version: String,
    /// Its purl, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Its licences, in words.
    pub licences: BTreeSet<String>,
    /// Its checksums.
    #[serde(skip)]
    pub hashes: BTreeSet<(String, String)>,
    /// Whether it is for development only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub development: bool,
    /// The shortest way to it from what the document describes; not compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

/// What became of a package that both documents have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// An older version took its place.
    Downgraded,
    /// The same version, and other bytes: somebody replaced a published archive, or the tools hash different things.
    Replaced,
    /// Another version, and nobody knows which is the newer.
    Changed,
    /// A newer version took its place.
    Upgraded,
    /// The same version; licences or purpose differ.
    Restated,
}

/// A package that both documents have, differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The package.
    pub package: Key,
    /// Which way it went.
    pub direction: Direction,
    /// What it was.
    pub before: Item,
    /// What it is.
    pub after: Item,
    /// Whether its licences differ.
    pub licences_changed: bool,
}

/// A package that one document has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Single {
    /// The package.
    pub package: Key,
    /// What it is.
    #[serde(flatten)]
    pub item: Item,
}

/// Everything that differs, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Only in the newer document.
    pub added: Vec<Single>,
    /// Only in the older document.
    pub removed: Vec<Single>,
    /// In both, differently.
    pub changed: Vec<Change>,
    /// Licences that no component of the older document has.
    pub new_licences: BTreeSet<String>,
    /// Licences that no component of the newer document has.
    pub gone_licences: BTreeSet<String>,
}

impl Diff {
    /// Whether both documents list the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// The changes that went one way.
    pub fn going(&self, direction: Direction) -> impl Iterator<Item = &Change> {
        self.changed.iter().filter(move |change| change.direction == direction)
    }
}

/// The packages of a document: by key, then by version.
pub type Packages = BTreeMap<Key, BTreeMap<String, Item>>;

/// The packages of a document. The same version twice is one with the licences and checksums of both.
#[must_use]
pub fn packages(bill: &Bill) -> Packages {
    let routes = Routes::of(bill);
    let mut packages = Packages::new();
    let mut shortest: BTreeMap<(Key, String), usize> = BTreeMap::new();
    for (reference, part) in bill.listed().filter(|(_, part)| part.kind != "file") {
        let (key, item) = (Key::of(part), item(part));
        let length = routes.length(reference).unwrap_or(usize::MAX);
        let nearest = shortest.entry((key.clone(), item.version.clone())).or_insert(usize::MAX);
        let known = packages.entry(key).or_default().entry(item.version.clone());
        let known = known.and_modify(|known| merge(known, &item)).or_insert(item);
        if length < *nearest {
            *nearest = length;
            known.why = routes.way(reference);
        }
    }
    packages
}

fn item(part: &Part) -> Item {
    let of_purl = part.purl.as_ref().and_then(purl_version);
    Item {
        name: part.full_name(),
        version: of_purl.or_else(|| part.version.clone()).unwrap_or_default(),
        purl: part.purl.as_ref().map(ToString::to_string),
        licences: part.licence_names().into_iter().collect(),
        hashes: part.hashes.clone(),
        development: part.excluded,
        why: Vec::new(),
    }
}

fn merge(known: &mut Item, other: &Item) {
    known.licences.extend(other.licences.iter().cloned());
    known.hashes.extend(other.hashes.iter().cloned());
    known.development &= other.development;
}

/// What differs between an older document and a newer one.
#[must_use]
pub fn diff(older: &Bill, newer: &Bill) -> Diff {
    of(&packages(older), &packages(newer))
}

/// What differs between the packages of two documents.
#[must_use]
pub fn of(older: &Packages, newer: &Packages) -> Diff {
    let mut diff = Diff::default();
    let keys: BTreeSet<&Key> = older.keys().chain(newer.keys()).collect();
    let none = BTreeMap::new();
    for key in keys {
        let (before, after) = (older.get(key).unwrap_or(&none), newer.get(key).unwrap_or(&none));
        versions(&mut diff, key, (before, after));
    }
    // One-sided documents would make every licence of the other a change.
    let licences = |packages: &Packages| -> BTreeSet<String> {
        packages.values().flat_map(BTreeMap::values).flat_map(|item| item.licences.iter().cloned()).collect()
    };
    let (before, after) = (licences(older), licences(newer));
    diff.new_licences = after.difference(&before).cloned().collect();
    diff.gone_licences = before.difference(&after).cloned().collect();
    diff.changed.sort_by(|a, b| (a.direction, &a.package).cmp(&(b.direction, &b.package)));
    diff
}

fn versions(diff: &mut Diff, key: &Key, (before, after): (&BTreeMap<String, Item>, &BTreeMap<String, Item>)) {
    for (version, item) in before {
        if let Some(other) = after.get(version).filter(|other| !same(item, other)) {
            let direction = if replaced(item, other) { Direction::Replaced } else { Direction::Restated };
            diff.changed.push(change(key, direction, (item, other)));
        }
    }
    let only = |here: &BTreeMap<String, Item>, there: &BTreeMap<String, Item>| -> Vec<Item> {
        let mut only: Vec<_> =
            here.iter().filter(|(version, _)| !there.contains_key(*version)).map(|(_, item)| item.clone()).collect();
        only.sort_by(|a, b| {
            order(key.ecosystem(), &a.version, &b.version).unwrap_or_else(|| a.version.cmp(&b.version))
        });
        only
    };
    let (mut gone, mut come) = (only(before, after), only(after, before));
    let pairs = gone.len().min(come.len());
    for (old, new) in gone.drain(..pairs).zip(come.drain(..pairs)) {
        let direction = match order(key.ecosystem(), &old.version, &new.version) {
            Some(Ordering::Less) => Direction::Upgraded,
            Some(Ordering::Greater) => Direction::Downgraded,
            Some(Ordering::Equal) | None => Direction::Changed,
        };
        diff.changed.push(change(key, direction, (&old, &new)));
    }
    let single = |item| Single { package: key.clone(), item };
    diff.removed.extend(gone.into_iter().map(single));
    diff.added.extend(come.into_iter().map(single));
}

fn change(key: &Key, direction: Direction, (before, after): (&Item, &Item)) -> Change {
    Change {
        package: key.clone(),
        direction,
        licences_changed: before.licences != after.licences,
        before: before.clone(),
        after: after.clone(),
    }
}

/// Two tools differ in what they know of checksums; only a contradiction counts.
fn replaced(one: &Item, other: &Item) -> bool {
    let algorithms = |item: &Item| -> BTreeSet<String> { item.hashes.iter().map(|(name, _)| name.clone()).collect() };
    let shared = algorithms(one).intersection(&algorithms(other)).cloned().collect::<BTreeSet<_>>();
    let of_shared = |item: &Item| -> BTreeSet<(String, String)> {
        item.hashes.iter().filter(|(name, _)| shared.contains(name)).cloned().collect()
    };
    of_shared(one).is_disjoint(&of_shared(other)) && !shared.is_empty()
}

fn same(one: &Item, other: &Item) -> bool {
    one.licences == other.licences && one.development == other.development && !replaced(one, other)
}

#[cfg(test)]
mod tests;

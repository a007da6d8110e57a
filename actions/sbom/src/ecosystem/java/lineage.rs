//! A `pom.xml` with its parents: properties, managed versions and imported bills of materials, as Maven's model builder joins
//! them, from files of the tree alone. What would have to be fetched is unknown and named.

use super::pom::{Coordinates, Dependency, Parent, Part, Pom};
use crate::ecosystem::{join, parent, shorten};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Parents of parents and imports of imports go no deeper.
const DEEPEST: usize = 32;

/// In one text no more properties are replaced, those in the values of others included.
const MOST_PROPERTIES: usize = 64;

/// Files of one group and artifact beyond this are not looked at when that name is sought.
const MOST_ALIKE: usize = 16;

/// The longest group, artifact or version, in bytes.
const LONGEST: usize = 1000;

/// Group, artifact and version, properties replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: Option<String>,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.group, self.artifact)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, ":{version}"))
    }
}

impl Name {
    fn is_artifact_of(&self, other: &Self) -> bool {
        self.group == other.group && self.artifact == other.artifact
    }
}

/// All `pom.xml` of a source.
#[derive(Debug, Default)]
pub(super) struct Poms {
    by_path: BTreeMap<String, Pom>,
    /// The paths of those with one group and artifact.
    by_name: HashMap<(String, String), Vec<String>>,
}

/// A file and its parents, nearest first.
#[derive(Debug, Clone)]
pub(super) struct Lineage<'a> {
    pub(super) levels: Vec<(&'a str, &'a Pom)>,
    /// The first parent that is not in the tree, if there is one.
    pub(super) remote: Option<String>,
}

/// What management says of a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Managed {
    /// The version and the scope, as far as stated.
    Found(Option<String>, Option<String>),
    /// It may be managed in a file that is not in the tree, this one.
    Unknown(String),
    /// Nothing.
    Nowhere,
}

/// What tells one dependency from another in management.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) kind: String,
    pub(super) classifier: String,
}

impl Poms {
    /// The files by their paths.
    pub(super) fn new(by_path: BTreeMap<String, Pom>) -> Self {
        let mut poms = Self { by_path, by_name: HashMap::new() };
        let mut by_name: HashMap<(String, String), Vec<String>> = HashMap::new();
        for path in poms.by_path.keys() {
            // A group may be inherited, but the file itself names its parent's, so nothing need be looked up.
            if let Some(Name { group, artifact, .. }) = poms.alone(path).and_then(|lineage| lineage.name()) {
                by_name.entry((group, artifact)).or_default().push(path.clone());
            }
        }
        poms.by_name = by_name;
        poms
    }

    /// The paths of all files.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.by_path.keys().map(String::as_str)
    }

    fn alone(&self, path: &str) -> Option<Lineage<'_>> {
        let (path, pom) = self.by_path.get_key_value(path)?;
        Some(Lineage { levels: vec![(path, pom)], remote: None })
    }

    /// A file with its parents.
    pub(super) fn lineage(&self, path: &str) -> Option<Lineage<'_>> {
        let mut lineage = self.alone(path)?;
        while let Some((path, pom)) = lineage.levels.last() {
            let Some(parent) = &pom.parent else { break };
            let wanted = lineage.named(&parent.coordinates);
            let found = wanted.as_ref().and_then(|name| self.parent(path, parent, name));
            let new = |path: &&str| lineage.levels.iter().all(|(known, _)| known != path);
            let found = found.filter(new).filter(|_| lineage.levels.len() < DEEPEST);
            let Some((path, pom)) = found.and_then(|path| self.by_path.get_key_value(path)) else {
                lineage.remote = Some(wanted.map_or("a parent without name".to_owned(), |name| name.to_string()));
                break;
            };
            lineage.levels.push((path, pom));
        }
        Some(lineage)
    }

    /// The parent's file: at the path it is said to be at, if that is the one that is named, else any of that name. Both may
    /// spell the version with the same property (Maven, "CI Friendly Versions"), which only the parent sets.
    fn parent(&self, from: &str, stated: &Parent, name: &Name) -> Option<&str> {
        let at =
            join(parent(from), &stated.path).map(|at| if at.ends_with(".xml") { at } else { format!("{at}/pom.xml") });
        let beside = at.and_then(|at| self.by_path.get_key_value(&at)).map(|(path, _)| path.as_str());
        let version = &stated.coordinates.version;
        let alike = |path: &&str| {
            let same = self.by_path.get(*path).is_some_and(|pom| pom.coordinates.version == *version);
            let found = self.alone(path).and_then(|lineage| lineage.name());
            found.is_some_and(|found| found.is_artifact_of(name) && (same || found.version == name.version))
        };
        beside.filter(alike).or_else(|| self.artifacts(name).find(alike))
    }

    /// The file of that very name and version.
    pub(super) fn module(&self, name: &Name) -> Option<&str> {
        self.artifacts(name).find(|path| self.lineage(path).and_then(|lineage| lineage.name()).as_ref() == Some(name))
    }

    /// The files of that group and artifact.
    fn artifacts(&self, name: &Name) -> impl Iterator<Item = &str> {
        let paths = self.by_name.get(&(name.group.clone(), name.artifact.clone()));
        paths.into_iter().flatten().map(String::as_str).take(MOST_ALIKE)
    }

    /// What the management of a file, of its parents and of what they import says of a dependency.
    pub(super) fn managed<'a>(&'a self, lineage: &Lineage<'a>, key: &Key) -> Managed {
        self.managed_below(lineage, key, &mut BTreeSet::new())
    }

    fn managed_below<'a>(&'a self, lineage: &Lineage<'a>, key: &Key, seen: &mut BTreeSet<&'a str>) -> Managed {
        let entries = || lineage.parts().flat_map(|(_, part)| &part.managed);
        let stated =
            entries().find(|entry| !is_import(entry) && may_be(entry, key) && lineage.key(entry).as_ref() == Some(key));
        if let Some(stated) = stated {
            let version = stated.coordinates.version.as_deref().and_then(|version| lineage.filled(version).ok());
            return Managed::Found(version, stated.scope.clone());
        }
        // A parent that is not here may state it, which outranks all imports.
        if let Some(remote) = &lineage.remote {
            return Managed::Unknown(remote.clone());
        }
        for import in entries().filter(|entry| is_import(entry)) {
            let name = lineage.named(&import.coordinates);
            let inner =
                name.as_ref().and_then(|name| self.module(name)).and_then(|path| Some((path, self.lineage(path)?)));
            let Some((path, inner)) = inner else {
                let unnamed = || import.coordinates.artifact.clone().unwrap_or_default();
                return Managed::Unknown(name.map_or_else(unnamed, |name| name.to_string()));
            };
            // What was looked at has said nothing; what is being looked at includes itself.
            if seen.len() < DEEPEST && seen.insert(path) {
                match self.managed_below(&inner, key, seen) {
                    Managed::Nowhere => {}
                    said => return said,
                }
            }
        }
        Managed::Nowhere
    }
}

/// Whether an entry can be the one that is sought, before its properties are replaced.
fn may_be(entry: &Dependency, key: &Key) -> bool {
    entry.coordinates.artifact.as_deref().is_some_and(|artifact| artifact == key.artifact || artifact.contains("${"))
}

fn is_import(entry: &Dependency) -> bool {
    entry.scope.as_deref() == Some("import") && entry.kind.as_deref() == Some("pom")
}

impl<'a> Lineage<'a> {
    /// All parts, nearest first, with the path of the file they are in.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&'a str, &'a Part)> {
        self.levels.iter().flat_map(|(path, pom)| pom.parts.iter().map(|part| (*path, part)))
    }

    /// The file's own name; what it leaves out is its parent's.
    pub(super) fn name(&self) -> Option<Name> {
        let (_, pom) = self.levels.first()?;
        let parent = pom.parent.as_ref().map(|parent| &parent.coordinates);
        let own = |part: fn(&Coordinates) -> &Option<String>| {
            part(&pom.coordinates).clone().or_else(|| parent.and_then(|parent| part(parent).clone()))
        };
        self.named(&Coordinates {
            group: own(|coordinates| &coordinates.group),
            artifact: pom.coordinates.artifact.clone(),
            version: own(|coordinates| &coordinates.version),
        })
    }

    /// Coordinates with their properties replaced; a version that cannot be is left out, as one that is not there.
    pub(super) fn named(&self, coordinates: &Coordinates) -> Option<Name> {
        Some(Name {
            group: self.filled(coordinates.group.as_deref()?).ok()?,
            artifact: self.filled(coordinates.artifact.as_deref()?).ok()?,
            version: coordinates.version.as_deref().and_then(|version| self.filled(version).ok()),
        })
    }

    /// What tells a dependency from others, properties replaced.
    pub(super) fn key(&self, entry: &Dependency) -> Option<Key> {
        let coordinates = &entry.coordinates;
        let filled = |text: &Option<String>, default: &str| self.filled(text.as_deref().unwrap_or(default)).ok();
        Some(Key {
            group: filled(&coordinates.group, "").filter(|group| !group.is_empty())?,
            artifact: filled(&coordinates.artifact, "").filter(|artifact| !artifact.is_empty())?,
            kind: filled(&entry.kind, "jar")?,
            classifier: filled(&entry.classifier, "")?,
        })
    }

    /// A text with `${…}` replaced.
    ///
    /// # Errors
    /// The property that is not in the tree, or goes round in a circle.
    pub(super) fn filled(&self, text: &str) -> Result<String, String> {
        if text.len() > LONGEST {
            return Err(shorten(text));
        }
        if text.contains("${") { self.fill(text, &mut MOST_PROPERTIES.to_owned()) } else { Ok(text.to_owned()) }
    }

    /// `left` properties may still be replaced: of those that name each other there is no end.
    fn fill(&self, text: &str, left: &mut usize) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (property, behind) = after.split_once('}').ok_or_else(|| text.to_owned())?;
            let value = self.property(property).ok_or_else(|| property.to_owned())?;
            *left = left.checked_sub(1).ok_or_else(|| property.to_owned())?;
            filled.push_str(before);
            filled.push_str(&self.fill(&value, left)?);
            if filled.len() > LONGEST {
                return Err(property.to_owned());
            }
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The value of a property as written: of the project, or of the nearest part that has it.
    fn property(&self, name: &str) -> Option<String> {
        let (_, pom) = self.levels.first()?;
        let parent = pom.parent.as_ref().map(|parent| &parent.coordinates);
        let of = |own: Option<&String>, inherited: Option<&String>| own.or(inherited).cloned();
        let own = &pom.coordinates;
        match name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")).unwrap_or(name) {
            "groupId" => of(own.group.as_ref(), parent.and_then(|parent| parent.group.as_ref())),
            "version" => of(own.version.as_ref(), parent.and_then(|parent| parent.version.as_ref())),
            "artifactId" => own.artifact.clone(),
            "parent.groupId" => parent.and_then(|parent| parent.group.clone()),
            "parent.artifactId" => parent.and_then(|parent| parent.artifact.clone()),
            "parent.version" => parent.and_then(|parent| parent.version.clone()),
            _ => self.parts().find_map(|(_, part)| part.properties.get(name).cloned()),
        }
    }
}

#[cfg(test)]
#[path = "lineage_tests.rs"]
mod tests;

//! `pom.xml` (Maven, "POM Reference", model 4.0.0): what one file says, before parents and properties are consulted.

use super::{
    lineage::{Lineage, Name},
    xml::{self, Element},
};
use crate::{ecosystem::ParseError, graph::Licence, licence};
use std::collections::{BTreeMap, BTreeSet};

/// Group, artifact and version as written; each may hold properties or be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Coordinates {
    pub(super) group: Option<String>,
    pub(super) artifact: Option<String>,
    pub(super) version: Option<String>,
}

/// The parent a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) coordinates: Coordinates,
    /// Where it is said to be, relative to the folder; empty for in no file of the tree.
    pub(super) path: String,
}

/// One dependency, asked for or managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) coordinates: Coordinates,
    pub(super) kind: Option<String>,
    pub(super) classifier: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) optional: Option<String>,
    /// The line, counted from 1.
    pub(super) line: usize,
}

/// What a file or a profile of it adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) properties: BTreeMap<String, String>,
    pub(super) managed: Vec<Dependency>,
    pub(super) dependencies: Vec<Dependency>,
}

/// One `pom.xml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pom {
    pub(super) coordinates: Coordinates,
    pub(super) line: usize,
    pub(super) parent: Option<Parent>,
    pub(super) licences: BTreeSet<Licence>,
    pub(super) url: Option<String>,
    /// The profiles that are active by default, then the file itself: the first that has something outranks the next.
    pub(super) parts: Vec<Part>,
    /// Profiles that are off and have dependencies.
    pub(super) off: Vec<String>,
}

impl Pom {
    /// Its name, its own properties replaced and nothing else consulted.
    pub(super) fn own_name(&self) -> Option<Name> {
        self.alone().name()
    }

    /// What it needs at run time, by group and artifact, as far as it names that itself.
    pub(super) fn needs(&self) -> Vec<(String, String)> {
        let lineage = self.alone();
        let wanted = self.parts.iter().flat_map(|part| &part.dependencies).filter(|dependency| {
            !matches!(dependency.scope.as_deref(), Some("test" | "provided" | "system"))
                && dependency.optional.as_deref() != Some("true")
        });
        wanted.filter_map(|wanted| lineage.key(wanted)).map(|key| (key.group, key.artifact)).collect()
    }

    fn alone(&self) -> Lineage<'_> {
        Lineage { levels: vec![("", self)], remote: None }
    }
}

/// Understands a `pom.xml`.
///
/// # Errors
/// [`ParseError`] for XML that is not well-formed or is no project.
pub(super) fn parse(bytes: &[u8]) -> Result<Pom, ParseError> {
    let root = xml::parse(&xml::decode(bytes)?)?;
    if root.name != "project" {
        return Err(ParseError::at(root.line, "its root element is not `project`"));
    }
    let profiles = root.list("profiles");
    let (on, off): (Vec<&Element>, Vec<&Element>) = profiles.iter().partition(|profile| is_on(profile));
    let has_dependencies = |profile: &&&Element| !part(profile).dependencies.is_empty();
    Ok(Pom {
        coordinates: coordinates(&root),
        line: root.line,
        parent: root.child("parent").map(|parent| Parent {
            coordinates: coordinates(parent),
            path: parent.child("relativePath").map_or_else(|| "../pom.xml".to_owned(), |path| path.text.clone()),
        }),
        licences: licences(&root),
        url: root.text_of("url").map(str::to_owned),
        parts: on.into_iter().chain([&root]).map(part).collect(),
        off: off
            .iter()
            .filter(has_dependencies)
            .map(|profile| profile.text_of("id").unwrap_or("?").to_owned())
            .collect(),
    })
}

/// Profiles are switched on by the machine or by hand, which no file tells, or are on by default.
fn is_on(profile: &Element) -> bool {
    profile.child("activation").and_then(|activation| activation.text_of("activeByDefault")) == Some("true")
}

fn coordinates(element: &Element) -> Coordinates {
    let text = |name| element.text_of(name).map(str::to_owned);
    Coordinates { group: text("groupId"), artifact: text("artifactId"), version: text("version") }
}

fn part(element: &Element) -> Part {
    let properties = element.list("properties").iter().map(|entry| (entry.name.clone(), entry.text.clone()));
    let managed = element.child("dependencyManagement").map_or(&[][..], |managed| managed.list("dependencies"));
    Part {
        properties: properties.collect(),
        managed: managed.iter().filter(|entry| entry.name == "dependency").map(dependency).collect(),
        dependencies: element
            .list("dependencies")
            .iter()
            .filter(|entry| entry.name == "dependency")
            .map(dependency)
            .collect(),
    }
}

fn dependency(element: &Element) -> Dependency {
    let text = |name| element.text_of(name).map(str::to_owned);
    Dependency {
        coordinates: coordinates(element),
        kind: text("type"),
        classifier: text("classifier"),
        scope: text("scope"),
        optional: text("optional"),
        line: element.line,
    }
}

/// Of several licences a user may choose one (POM Reference, "Licenses").
fn licences(root: &Element) -> BTreeSet<Licence> {
    let named = root.list("licenses").iter().filter_map(|entry| licence::normalise(entry.text_of("name")?));
    let found: BTreeSet<Licence> = named.collect();
    let mut identifiers = Vec::new();
    for licence in &found {
        match licence {
            Licence::Id(id) => identifiers.push(id.clone()),
            _ => return found,
        }
    }
    if identifiers.len() < 2 { found } else { BTreeSet::from([Licence::Expression(identifiers.join(" OR "))]) }
}

#[cfg(test)]
#[path = "pom_tests.rs"]
mod tests;

//! Which layer of an image brought each component, and what lower layers still ship although a later one removed it: pure.
//!
//! A package database is one file that every layer writes anew, so the layer of the file says nothing about a package in
//! it. What does is the database's older versions: a component was brought by the first layer from which on every version
//! of its file lists it.

use crate::{
    assemble::reference,
    graph::{Graph, Inventory, Removed},
};
use std::collections::{BTreeMap, BTreeSet};

/// The property that names the introducing layer, by the digest of its uncompressed archive.
const LAYER: &str = "lockkeeper:layer";
/// The property with the command that made that layer.
const CREATED_BY: &str = "lockkeeper:layer:created-by";
/// Commands are cut after so many characters.
const COMMAND: usize = 200;

/// A layer as the image's configuration knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its digest as the manifest has it: what [`crate::graph::Place::layer`] says.
    pub digest: String,
    /// The digest of its uncompressed archive.
    pub diff_id: String,
    /// The command that made it, as the history says.
    pub created_by: Option<String>,
}

/// The layers of an image, and what each shipped that later ones hide.
#[derive(Debug, Default)]
pub struct History {
    layers: Vec<Layer>,
    /// By path and layer: the layer that hides this version of the file, and what the version lists.
    versions: BTreeMap<String, BTreeMap<usize, Version>>,
}

#[derive(Debug, Default)]
struct Version {
    hidden_by: usize,
    references: BTreeSet<String>,
}

impl History {
    /// The history of an image with these layers, the lowest first.
    #[must_use]
    pub fn new(layers: Vec<Layer>) -> Self {
        Self { layers, versions: BTreeMap::new() }
    }

    /// Adds what the hidden files of a layer list; `hidden_by` has the layer that hides each, by path.
    pub fn add(&mut self, layer: usize, hidden_by: &BTreeMap<String, usize>, inventories: &[Inventory]) {
        for inventory in inventories {
            for package in &inventory.packages {
                let Some(path) = inventory.files.get(package.file).map(|place| &place.path) else { continue };
                let Some(hidden_by) = hidden_by.get(path) else { continue };
                let version = self.versions.entry(path.clone()).or_default().entry(layer).or_default();
                version.hidden_by = *hidden_by;
                version.references.insert(reference(inventory, package));
            }
        }
    }

    /// Writes into the graph which layer brought each component, and what was removed.
    pub fn write(&self, graph: &mut Graph) {
        for (reference, component) in &mut graph.components {
            let places = component.found.iter();
            let first =
                places.filter_map(|(place, _)| self.first(reference, &place.path, place.layer.as_deref())).min();
            let Some(layer) = first.and_then(|first| self.layers.get(first)) else { continue };
            component.package.properties.insert(LAYER, layer.diff_id.clone());
            if let Some(command) = &layer.created_by {
                component.package.properties.insert(CREATED_BY, command.chars().take(COMMAND).collect());
            }
        }
        graph.removed = self.removed(graph);
    }

    /// The first layer from which on every version of a file lists a component that its last version lists.
    fn first(&self, reference: &str, path: &str, layer: Option<&str>) -> Option<usize> {
        let layer = layer?;
        let last = self.layers.iter().position(|known| known.digest == layer)?;
        let older = self.versions.get(path).into_iter().flat_map(|versions| versions.range(..last).rev());
        let listing = older.take_while(|(_, version)| version.references.contains(reference));
        Some(listing.last().map_or(last, |(first, _)| *first))
    }

    /// What some layer lists and the finished image does not: where it first came, and what last hid it.
    fn removed(&self, graph: &Graph) -> Vec<Removed> {
        let mut spans: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
        for (path, versions) in &self.versions {
            for (layer, version) in versions {
                for reference in &version.references {
                    let span = spans.entry((reference, path)).or_insert((*layer, version.hidden_by));
                    span.1 = span.1.max(version.hidden_by);
                }
            }
        }
        let digest = |layer: usize| self.layers.get(layer).map(|layer| layer.diff_id.clone()).unwrap_or_default();
        let gone = spans.into_iter().filter(|((reference, _), _)| !graph.components.contains_key(*reference));
        gone.map(|((reference, path), (layer, removed_by))| Removed {
            reference: reference.to_owned(),
            path: path.to_owned(),
            layer: digest(layer),
            removed_by: digest(removed_by),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assemble::{Development, assemble},
        graph::{Ecosystem, Origin, Package, Place},
    };

    /// A database at `path` in a layer, with these packages.
    fn database(path: &str, layer: usize, names: &[&str]) -> Inventory {
        let mut inventory = Inventory::new(Ecosystem::Deb);
        inventory.files.push(Place { path: path.to_owned(), layer: Some(format!("sha256:m{layer}")) });
        let purl = |name: &&str| Origin::Purl(format!("pkg:deb/{name}"));
        inventory.packages = names.iter().map(|name| Package::new(*name, None, purl(name))).collect();
        inventory
    }

    #[test]
    fn a_component_belongs_to_the_layer_since_when_every_version_lists_it() {
        let layer = |number: usize| Layer {
            digest: format!("sha256:m{number}"),
            diff_id: format!("sha256:d{number}"),
            created_by: (number != 1).then(|| format!("RUN {number}")),
        };
        let mut history = History::new((0..4).map(layer).collect());
        let mut past = |number, hidden_by, names: &[&str]| {
            let hidden_by = BTreeMap::from([("status".to_owned(), hidden_by)]);
            history.add(number, &hidden_by, &[database("status", number, names)]);
        };
        past(0, 1, &["base", "git", "back"]);
        past(1, 3, &["base", "git", "curl"]);
        let mut graph =
            assemble(None, vec![database("status", 3, &["base", "curl", "back", "new"])], Development::Mark);
        history.write(&mut graph);
        let of = |name: &str, property| graph.components[&format!("pkg:deb/{name}")].package.properties.get(property);
        for (name, wanted) in [("base", 0), ("curl", 1), ("back", 3), ("new", 3)] {
            assert_eq!(of(name, LAYER), Some(&format!("sha256:d{wanted}")), "{name}");
        }
        assert_eq!((of("base", CREATED_BY), of("curl", CREATED_BY)), (Some(&"RUN 0".to_owned()), None));
        let git = Removed {
            reference: "pkg:deb/git".to_owned(),
            path: "status".to_owned(),
            layer: "sha256:d0".to_owned(),
            removed_by: "sha256:d3".to_owned(),
        };
        assert_eq!(graph.removed, [git]);
        assert!(!graph.components.contains_key("pkg:deb/git"));
    }
}

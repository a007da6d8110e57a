//! The `pom.xml` files of a source: what each asks for, directly or through its parents in the tree.
//!
//! What these need in turn only Maven's repositories tell, so every listing is incomplete and says so.

use super::{
    lineage::{Key, Lineage, Managed, Name, Poms},
    package::{Artifact, third_party},
    pom::{self, Dependency},
};
use crate::{
    ecosystem::{BadFile, Found, Surroundings, broken, shorten},
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Place, Reference, ReferenceKind, Scope},
    purl,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// One inventory per `pom.xml`, and one per file that could not be understood.
///
/// # Errors
/// None: every file stands for itself.
pub fn read(files: &[&Found], _: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let places: HashMap<&str, &Place> = files.iter().map(|found| (found.place.path.as_str(), &found.place)).collect();
    let mut inventories = Vec::new();
    let mut by_path = BTreeMap::new();
    for found in files {
        let path = &found.place.path;
        match pom::parse(&found.bytes) {
            Ok(pom) => _ = by_path.insert(path.clone(), pom),
            Err(error) => inventories.push(broken(BadFile { path: path.clone(), error }, found.place.layer.clone())),
        }
    }
    let poms = Poms::new(by_path);
    for lineage in poms.paths().filter_map(|path| poms.lineage(path)) {
        inventories.push(Reading::new(&poms, &places, &lineage).read());
    }
    Ok(inventories)
}

/// One `pom.xml` while it becomes an inventory.
struct Reading<'a> {
    poms: &'a Poms,
    places: &'a HashMap<&'a str, &'a Place>,
    lineage: &'a Lineage<'a>,
    inventory: Inventory,
    /// The files that are not in the tree and hold versions, and how many versions.
    elsewhere: BTreeMap<String, usize>,
}

/// What is known of the version of a dependency.
enum Version {
    Exact(String),
    /// A file that is not in the tree holds it.
    Elsewhere(String),
    /// It is not exact, for this reason.
    Open(String),
}

impl<'a> Reading<'a> {
    fn new(poms: &'a Poms, places: &'a HashMap<&'a str, &'a Place>, lineage: &'a Lineage<'a>) -> Self {
        Self { poms, places, lineage, inventory: Inventory::new(Ecosystem::Maven), elsewhere: BTreeMap::new() }
    }

    fn read(mut self) -> Inventory {
        let lineage = self.lineage;
        let Some((path, pom)) = lineage.levels.first() else { return self.inventory };
        self.file(path);
        self.inventory.direct = Some(Vec::new());
        let Some(name) = lineage.name() else {
            let text = "its own group or artifact cannot be told: nothing of this file is listed";
            self.inventory.finding(FindingKind::Partial, u32::try_from(pom.line).ok(), text);
            return self.inventory;
        };
        let mut own = self.own(path, &name);
        own.licences.clone_from(&pom.licences);
        let url = pom.url.as_deref().and_then(|url| lineage.filled(url).ok()).filter(|url| url.contains("://"));
        own.references
            .extend(url.map(|url| Reference { kind: ReferenceKind::Website, url: purl::without_credentials(&url) }));
        self.inventory.packages.push(own);
        self.inventory.direct = Some(vec![0]);
        let mut seen = HashSet::new();
        for (path, part) in lineage.parts() {
            // Of a dependency that is named twice the last counts, and the child's before the parent's.
            for dependency in part.dependencies.iter().rev() {
                match lineage.key(dependency) {
                    Some(key) if seen.contains(&key) => {}
                    Some(key) => {
                        self.dependency(path, dependency, &key);
                        seen.insert(key);
                    }
                    None => {
                        let text =
                            "asks for a package whose name holds a property that is not in the tree: it is left out";
                        self.finding(path, dependency.line, text);
                    }
                }
            }
        }
        self.conclude();
        self.inventory
    }

    /// The index of a file among those of the inventory.
    fn file(&mut self, path: &str) -> usize {
        let Some(place) = self.places.get(path) else { return 0 };
        let known = self.inventory.files.iter().position(|known| known == *place);
        known.unwrap_or_else(|| {
            self.inventory.files.push((*place).clone());
            self.inventory.files.len() - 1
        })
    }

    /// A module of the tree, as the inventory of its own file has it.
    fn own(&mut self, path: &str, name: &Name) -> Package {
        let mut package = Package::new(&name.artifact, name.version.clone(), Origin::Own);
        package.group = Some(name.group.clone());
        package.file = self.file(path);
        let lineage = self.poms.lineage(path);
        package.line = lineage.as_ref().and_then(|lineage| u32::try_from(lineage.levels.first()?.1.line).ok());
        // Dependencies of a parent that is not here are inherited all the same.
        if lineage.is_none_or(|lineage| lineage.remote.is_some()) {
            package.needs_known = Knowledge::Incomplete;
        }
        package
    }

    fn dependency(&mut self, path: &str, dependency: &Dependency, key: &Key) {
        let management = self.poms.managed(self.lineage, key);
        let version = self.version(dependency, &management);
        let exact = if let Version::Exact(version) = &version { Some(version.clone()) } else { None };
        let name = Name { group: key.group.clone(), artifact: key.artifact.clone(), version: exact.clone() };
        let mut package = match self.poms.module(&name).map(str::to_owned) {
            Some(module) => self.own(&module, &name),
            None => {
                let artifact = Artifact { kind: &key.kind, classifier: &key.classifier };
                let Some(mut package) = third_party(&key.group, &key.artifact, exact.as_deref(), artifact) else {
                    let text =
                        format!("asks for `{}`, which cannot be a package: it is left out", shorten(&name.to_string()));
                    return self.finding(path, dependency.line, text);
                };
                package.needs_known = Knowledge::Unknown;
                package.file = self.file(path);
                package.line = u32::try_from(dependency.line).ok();
                package
            }
        };
        match version {
            Version::Exact(_) => {}
            Version::Elsewhere(file) => *self.elsewhere.entry(file).or_default() += 1,
            Version::Open(why) => {
                let text = format!("asks for `{}:{}` {why}; listed without version", key.group, key.artifact);
                self.finding(path, dependency.line, text);
            }
        }
        self.purpose(&mut package, dependency, &management);
        let index = self.inventory.packages.len();
        self.inventory.packages[0].needs.push(index);
        self.inventory.packages.push(package);
    }

    fn version(&self, dependency: &Dependency, management: &Managed) -> Version {
        let stated = dependency.coordinates.version.as_deref().map(|version| self.lineage.filled(version));
        match (stated, management) {
            (Some(Ok(version)), _) => exact(&version),
            (None, Managed::Found(Some(version), _)) => exact(version),
            (Some(Err(property)), _) => self.lineage.remote.clone().map_or_else(
                || Version::Open(format!("in version `${{{}}}`, which nothing sets", shorten(&property))),
                Version::Elsewhere,
            ),
            (None, Managed::Unknown(file)) => Version::Elsewhere(file.clone()),
            (None, Managed::Found(None, _)) => {
                Version::Open("in a version that holds a property nothing sets".to_owned())
            }
            (None, Managed::Nowhere) => Version::Open("and states no version".to_owned()),
        }
    }

    /// What the package is for (Maven, "Dependency Scope").
    fn purpose(&self, package: &mut Package, dependency: &Dependency, management: &Managed) {
        let filled = |text: &Option<String>| text.as_deref().and_then(|text| self.lineage.filled(text).ok());
        let managed = if let Managed::Found(_, scope) = management { filled(scope) } else { None };
        let scope = filled(&dependency.scope).or(managed).unwrap_or_else(|| "compile".to_owned());
        package.scope = match scope.as_str() {
            "test" => Scope::Development,
            "provided" | "system" => Scope::Provided,
            _ if filled(&dependency.optional).as_deref() == Some("true") => Scope::Optional,
            _ => Scope::Required,
        };
        package.properties.insert("lockkeeper:maven:scope", shorten(&scope));
    }

    fn finding(&mut self, path: &str, line: usize, text: impl Into<String>) {
        self.inventory.finding(FindingKind::Partial, u32::try_from(line).ok(), text);
        if let Some(remark) = self.inventory.remarks.last_mut() {
            path.clone_into(&mut remark.path);
        }
    }

    /// What a person should know of the file as a whole.
    fn conclude(&mut self) {
        let inventory = &mut self.inventory;
        for (file, count) in &self.elsewhere {
            let text = format!("{count} versions are in `{}`, which is not in the tree: listed without", shorten(file));
            inventory.finding(FindingKind::Partial, None, text);
        }
        if inventory.packages.len() > 1 {
            let text = "a pom.xml states what is asked for; what that needs in turn is not in it";
            inventory.finding(FindingKind::Partial, None, text);
        }
        let off: BTreeSet<&str> =
            self.lineage.levels.iter().flat_map(|(_, pom)| &pom.off).map(String::as_str).collect();
        if !off.is_empty() {
            let names: Vec<String> = off.into_iter().map(shorten).collect();
            inventory.remark(None, format!("what profiles ask for that are off is left out: `{}`", names.join("`, `")));
        }
    }
}

/// Whether a version is one (Maven, "Version Range Specification"): `[1.0]` is, `[1.0,2.0)` and `LATEST` are not.
fn exact(version: &str) -> Version {
    let only = version.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(version);
    let open = only.is_empty() || only.contains(['[', ']', '(', ')', ',']) || matches!(only, "LATEST" | "RELEASE");
    if open {
        Version::Open(format!("in any version of `{}`", shorten(version)))
    } else {
        Version::Exact(only.to_owned())
    }
}

#[cfg(test)]
#[path = "maven_tests.rs"]
mod tests;

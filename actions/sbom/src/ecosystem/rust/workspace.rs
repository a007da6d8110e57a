//! The lockfiles of a source, each with the manifests of its workspace.

use super::{
    cargo_lock, manifest,
    scopes::{self, Manifests},
};
use crate::{
    ecosystem::{BadFile, Found, Surroundings, broken, join, parent},
    graph::Inventory,
};

/// One inventory per `Cargo.lock`, and one per lockfile that could not be understood.
///
/// # Errors
/// None: every file stands for itself.
pub fn read(files: &[&Found], surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let is_lock = |found: &&&Found| found.place.path.ends_with("Cargo.lock");
    let mut manifests = Manifests::new();
    for found in files.iter().filter(|found| !is_lock(found)) {
        let manifest = manifest::parse(&found.bytes);
        manifests.extend(manifest.map(|manifest| (found.place.path.clone(), manifest)));
    }
    let mut inventories = Vec::new();
    for found in files.iter().filter(is_lock) {
        let path = &found.place.path;
        let mut inventory = match cargo_lock::parse(&found.bytes) {
            Ok(inventory) => inventory,
            Err(error) => {
                inventories.push(broken(BadFile { path: path.clone(), error }, found.place.layer.clone()));
                continue;
            }
        };
        inventory.files = vec![found.place.clone()];
        // When one file alone is read, its manifest stands beside it all the same.
        if let Some(beside) = join(parent(path), "Cargo.toml").filter(|beside| !manifests.contains_key(beside)) {
            let manifest = surroundings.file(&beside).and_then(|bytes| manifest::parse(&bytes));
            manifests.extend(manifest.map(|manifest| (beside, manifest)));
        }
        scopes::assign(&mut inventory, path, &manifests);
        inventories.push(inventory);
    }
    Ok(inventories)
}

//! How tests of this family show what was read.

use crate::graph::{Inventory, Origin, Package};

/// `@s/name@version`, with a star for the project's own.
pub(super) fn label(package: &Package) -> String {
    let group = package.group.as_deref().map(|group| format!("{group}/")).unwrap_or_default();
    let own = if package.origin == Origin::Own { "*" } else { "" };
    format!("{own}{group}{}@{}", package.name, package.version.as_deref().unwrap_or("-"))
}

/// Every package with its scope and what it needs: `a@1 Required → b@2 c@3`.
pub(super) fn shown(inventory: &Inventory) -> Vec<String> {
    let packages = &inventory.packages;
    let needs = |package: &Package| {
        package.needs.iter().map(|need| format!(" {}", label(&packages[*need]))).collect::<String>()
    };
    packages.iter().map(|package| format!("{} {:?} →{}", label(package), package.scope, needs(package))).collect()
}

/// The purl of the package at a position.
pub(super) fn purl(inventory: &Inventory, name: &str) -> String {
    let package = inventory.packages.iter().find(|package| label(package) == name).unwrap();
    match &package.origin {
        Origin::Purl(purl) => purl.clone(),
        other => format!("{other:?}"),
    }
}

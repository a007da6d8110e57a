//! `vendor/composer/installed.json`: what Composer has installed, as version 1 and 2 keep it.

use super::{
    super::{ParseError, documents::json},
    composer::{self, Described},
};
use crate::graph::{Ecosystem, Inventory, Scope};
use serde::Deserialize;
use std::collections::HashSet;

#[derive(Deserialize)]
#[serde(untagged)]
enum Installed {
    /// Composer 2.
    Second {
        packages: Vec<Described>,
        #[serde(rename = "dev-package-names", default)]
        development: Vec<String>,
    },
    /// Composer 1: a bare list.
    First(Vec<Described>),
}

/// The installed packages; those only development asked for are known since Composer 2.
///
/// # Errors
/// [`ParseError`] for broken JSON and for names that cannot be a package's.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    // The untagged enum would hide where the JSON is broken.
    json::<serde::de::IgnoredAny>(bytes)?;
    let (packages, development, scope) = match json(bytes)? {
        Installed::Second { packages, development } => (packages, development, Scope::Required),
        Installed::First(packages) => (packages, Vec::new(), Scope::Unstated),
    };
    let development: HashSet<String> = development.iter().map(|name| name.to_lowercase()).collect();
    let mut inventory = Inventory::new(Ecosystem::Composer);
    composer::add(&mut inventory, &packages, scope)?;
    for (package, one) in inventory.packages.iter_mut().zip(&packages) {
        if development.contains(&one.name.to_lowercase()) {
            package.scope = Scope::Development;
        }
    }
    composer::connect(&mut inventory, &packages.iter().collect::<Vec<_>>(), &HashSet::new())?;
    Ok(inventory)
}

#[cfg(test)]
#[path = "installed_tests.rs"]
mod tests;

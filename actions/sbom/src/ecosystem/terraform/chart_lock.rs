//! Helm's `Chart.lock` (helm.sh, "Charts"): `dependencies`, then `digest` and `generated`, so a file without `generated` was
//! cut off. purl-spec has no registered type for charts, which are `pkg:generic` with their repository.

use super::super::{ParseError, documents::yaml, shorten, text};
use crate::{
    graph::{Ecosystem, Inventory, Knowledge, Origin, Package},
    purl::{self, Purl},
};
use serde::{Deserialize, de::IgnoredAny};

#[derive(Deserialize)]
struct Lock {
    dependencies: Option<Vec<Dependency>>,
    generated: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    version: String,
    #[serde(default)]
    repository: String,
}

/// The charts that a chart depends on; those of a `file://` repository are the project's own.
///
/// # Errors
/// [`ParseError`] for broken YAML, a file without `generated`, and a name that cannot be a chart's.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock: Lock = yaml(bytes)?;
    if lock.generated.is_none() {
        return Err(ParseError::at(text.lines().count().max(1), "no `generated` at its end (is it cut off?)"));
    }
    let mut inventory = Inventory::new(Ecosystem::Generic);
    for one in lock.dependencies.iter().flatten() {
        let repository = purl::without_credentials(&one.repository);
        let own = repository.starts_with("file://") || repository.is_empty();
        let purl = Purl::new("generic", &one.name).version(&one.version).qualifier("repository_url", &repository);
        let wrong = || ParseError::at(1, format!("`{}` cannot be a chart's name", shorten(&one.name)));
        let origin = if own { Origin::Own } else { Origin::Purl(purl.build().ok_or_else(wrong)?) };
        let mut package = Package::new(&one.name, Some(one.version.clone()), origin);
        package.needs_known = Knowledge::Unknown;
        package.properties.insert("lockkeeper:generic:kind", "helm-chart".to_owned());
        inventory.packages.push(package);
    }
    inventory.direct = Some((0..inventory.packages.len()).collect());
    Ok(inventory)
}

#[cfg(test)]
#[path = "chart_lock_tests.rs"]
mod tests;

//! `.bitnami_components.json`: what Bitnami has put into its image, by name.

use super::{
    super::{ParseError, documents::json, shorten},
    document::checksum,
};
use crate::{
    graph::{Ecosystem, Inventory, Knowledge, Origin, Package},
    purl::Purl,
};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Component {
    version: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    distro: String,
    #[serde(default)]
    digest: String,
}

/// The components; what they need, or contain, is not said here.
///
/// # Errors
/// [`ParseError`] for broken JSON, and a name that cannot be a component's.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let components: BTreeMap<String, Component> = json(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Bitnami);
    for (name, component) in &components {
        let lowercase = name.to_lowercase();
        let purl = Purl::new("bitnami", &lowercase).version(&component.version);
        let purl = purl.qualifier("arch", &component.arch).qualifier("distro", &component.distro).build();
        let wrong = || ParseError::at(1, format!("`{}` cannot be a component's name", shorten(name)));
        let mut package = Package::new(name, Some(component.version.clone()), Origin::Purl(purl.ok_or_else(wrong)?));
        package.needs_known = Knowledge::Unknown;
        package.checksums.extend(checksum("SHA-256", component.digest.trim_start_matches("sha256:")));
        inventory.packages.push(package);
    }
    Ok(inventory)
}

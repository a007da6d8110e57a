//! CycloneDX and SPDX documents in JSON, as far as what has a purl: only that is named so that others can find it.

use super::super::{ParseError, shorten};
use crate::{
    bill::{Bill, BillError, Part},
    graph::{Checksum, Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
};
use std::collections::HashMap;

/// What the document lists, the thing it describes among it. How much has no purl, such as files, is said.
///
/// What something contains counts as what it needs. A document does not tell that it names all needs, unless it is CycloneDX
/// and has an entry for them.
///
/// # Errors
/// [`ParseError`] for what is no such document to its end.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let mut inventory = Inventory::new(Ecosystem::Generic);
    let bill = match Bill::read(bytes) {
        Ok(bill) => bill,
        Err(BillError::Version(version)) => {
            inventory.finding(FindingKind::UnknownVersion, None, format!("{version} is not read: nothing is listed"));
            inventory.direct = Some(Vec::new());
            return Ok(inventory);
        }
        Err(BillError::Malformed(error)) => {
            return Err(ParseError::at(error.line().max(1), shorten(&error.to_string())));
        }
        Err(error) => return Err(ParseError::at(1, error.to_string())),
    };
    let mut index = HashMap::new();
    for (reference, part) in &bill.parts {
        if let Some(package) = package(part) {
            index.insert(reference.as_str(), inventory.packages.len());
            inventory.packages.push(package);
        }
    }
    for (from, to) in &bill.edges {
        let Some(&from) = index.get(from.as_str()) else { continue };
        inventory.packages[from].needs = to.iter().filter_map(|to| index.get(to.as_str())).copied().collect();
        inventory.packages[from].needs_known = Knowledge::Incomplete;
    }
    let left_out = bill.parts.len() - inventory.packages.len();
    if left_out > 0 {
        inventory
            .remark(None, format!("{left_out} of {} components have no purl and are not listed", bill.parts.len()));
    }
    Ok(inventory)
}

fn package(part: &Part) -> Option<Package> {
    let purl = part.purl.as_ref()?;
    let version = part.version.as_deref().or(purl.version()).map(str::to_owned);
    let mut package = Package::new(&part.name, version, Origin::Purl(purl.to_string()));
    package.group.clone_from(&part.group);
    package.publisher = part.producer.as_ref().map(|producer| producer.name.clone()).filter(|name| !name.is_empty());
    package.licences.clone_from(&part.licences);
    package.scope = if part.excluded { Scope::Development } else { Scope::Unstated };
    package.needs_known = Knowledge::Unknown;
    package.checksums.extend(part.hashes.iter().filter_map(|(algorithm, hex)| checksum(algorithm, hex)));
    Some(package)
}

/// A checksum under the name this program has for its algorithm.
pub(super) fn checksum(algorithm: &str, hex: &str) -> Option<Checksum> {
    let (algorithm, digits) = match algorithm {
        "MD5" => ("MD5", 32),
        "SHA-1" => ("SHA-1", 40),
        "SHA-256" => ("SHA-256", 64),
        "SHA-384" => ("SHA-384", 96),
        "SHA-512" => ("SHA-512", 128),
        _ => return None,
    };
    let exact = hex.len() == digits && hex.bytes().all(|b| b.is_ascii_hexdigit());
    exact.then(|| Checksum { algorithm, hex: hex.to_lowercase() })
}

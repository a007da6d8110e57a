//! What the document says of one component.

use super::{State, UNKNOWN, WITHHELD, elements::ComponentField};
use crate::{
    bill::{Bill, Part},
    graph::Licence,
};

/// Names of hash functions as IANA and CycloneDX write them.
const ALGORITHMS: [&str; 12] = [
    "MD5",
    "SHA-1",
    "SHA-256",
    "SHA-384",
    "SHA-512",
    "SHA3-256",
    "SHA3-384",
    "SHA3-512",
    "BLAKE2b-256",
    "BLAKE2b-384",
    "BLAKE2b-512",
    "BLAKE3",
];

pub(super) fn state(field: ComponentField, bill: &Bill, (reference, part): (&String, &Part)) -> State {
    let producer = part.producer.as_ref();
    let there = match field {
        ComponentField::Producer => match producer {
            Some(producer) if is_unknown(&producer.name) => return State::Unknown,
            producer => producer.is_some(),
        },
        ComponentField::ReachableProducer => producer.is_some_and(|producer| producer.reachable),
        ComponentField::Name => !part.name.trim().is_empty(),
        ComponentField::Version => match part.version.as_deref() {
            Some(version) if is_unknown(version) => return State::Unknown,
            version => version.is_some(),
        },
        ComponentField::Identifier => part.purl.is_some() || part.other_identifier,
        ComponentField::HashValue => !part.hashes.is_empty(),
        ComponentField::HashAlgorithm => {
            !part.hashes.is_empty() && part.hashes.iter().all(|(name, _)| ALGORITHMS.contains(&name.as_str()))
        }
        ComponentField::Licence => !part.licences.is_empty(),
        ComponentField::ConcludedLicence => {
            let spdx = |licence: &Licence| !matches!(licence, Licence::Named(text) if !text.starts_with("LicenseRef-"));
            part.concluded && !part.licences.is_empty() && part.licences.iter().all(spdx)
        }
        ComponentField::Dependencies | ComponentField::DependenciesWithCompleteness => {
            return dependencies(field, bill, reference);
        }
        ComponentField::FileName => part.properties.contains_key("bsi:component:filename"),
        ComponentField::DistributionHash => part.distribution_hash,
        ComponentField::Bsi(property) => part.properties.contains_key(property),
    };
    if there { State::Stated } else { said(part, word(field)) }
}

/// Whether the component says why an element is not there.
fn said(part: &Part, word: &str) -> State {
    let names =
        |property: &str| part.properties.get(property).is_some_and(|list| list.split(' ').any(|name| name == word));
    if names(WITHHELD) {
        State::Withheld
    } else if names(UNKNOWN) {
        State::Unknown
    } else {
        State::Missing
    }
}

/// The element's name in [`UNKNOWN`] and [`WITHHELD`].
pub(super) fn word(field: ComponentField) -> &'static str {
    match field {
        ComponentField::Producer | ComponentField::ReachableProducer => "producer",
        ComponentField::Name => "name",
        ComponentField::Version => "version",
        ComponentField::Identifier => "identifier",
        ComponentField::HashValue | ComponentField::HashAlgorithm | ComponentField::DistributionHash => "hash",
        ComponentField::Licence | ComponentField::ConcludedLicence => "licence",
        ComponentField::Dependencies | ComponentField::DependenciesWithCompleteness => "dependencies",
        ComponentField::FileName | ComponentField::Bsi(_) => "file",
    }
}

/// An entry is a statement, also an empty one; a composition says how complete it is.
fn dependencies(field: ComponentField, bill: &Bill, reference: &str) -> State {
    let stated = bill.edges.contains_key(reference) || bill.edges.values().any(|to| to.contains(reference));
    match (bill.completeness.get(reference).map(String::as_str), field) {
        (Some("unknown"), ComponentField::Dependencies) => State::Unknown,
        (Some("complete" | "incomplete" | "unknown"), ComponentField::DependenciesWithCompleteness) if stated => {
            State::Stated
        }
        (_, ComponentField::DependenciesWithCompleteness) => State::Missing,
        _ if stated => State::Stated,
        _ => State::Missing,
    }
}

fn is_unknown(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    matches!(text.as_str(), "unknown" | "unknown provenance" | "noassertion" | "none")
}

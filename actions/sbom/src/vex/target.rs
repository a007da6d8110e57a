//! Which components the statements are about.

use super::{Target, Vex};
use crate::{
    bill::{Bill, Key},
    purl::PackageUrl,
};
use std::collections::{BTreeMap, BTreeSet};

/// How the statements of one document stand to a bill of materials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// For each statement the bom-refs it is about.
    pub components: Vec<BTreeSet<String>>,
    /// Vulnerabilities with things the bill of materials does not list.
    pub unknown: BTreeSet<(String, String)>,
}

/// Finds what each statement is about.
#[must_use]
pub fn about(vex: &Vex, bill: &Bill) -> About {
    let mut by_key: BTreeMap<Key, Vec<&String>> = BTreeMap::new();
    for (reference, part) in &bill.parts {
        if let Some(purl) = &part.purl {
            by_key.entry(bare(purl)).or_default().push(reference);
        }
    }
    let mut about = About::default();
    for statement in &vex.statements {
        let mut components = BTreeSet::new();
        for target in &statement.targets {
            let found = find(target, bill, &by_key);
            if found.is_empty() {
                about.unknown.insert((statement.vulnerability.clone(), words(target)));
            }
            components.extend(found);
        }
        if statement.targets.is_empty() {
            about.unknown.insert((statement.vulnerability.clone(), "nothing".to_owned()));
        }
        about.components.push(components);
    }
    about
}

fn find(target: &Target, bill: &Bill, by_key: &BTreeMap<Key, Vec<&String>>) -> Vec<String> {
    match target {
        Target::Package(wanted) => {
            let named = by_key.get(&bare(wanted)).into_iter().flatten();
            let meant = named.filter(|reference| {
                let purl = bill.parts.get(**reference).and_then(|part| part.purl.as_ref());
                purl.is_some_and(|purl| covers(wanted, purl))
            });
            meant.map(|reference| (*reference).clone()).collect()
        }
        Target::Reference { serial, reference } => {
            let own = bill.about.serial.as_deref().unwrap_or_default().trim_start_matches("urn:uuid:").to_lowercase();
            let here = serial.as_ref().is_none_or(|serial| *serial == own);
            if here && bill.parts.contains_key(reference) {
                return vec![reference.clone()];
            }
            // A document about another bill of materials still may name its parts by purl.
            match reference.parse::<PackageUrl<'static>>() {
                Ok(purl) => find(&Target::Package(purl), bill, by_key),
                Err(_) => Vec::new(),
            }
        }
        Target::Other(name) => bill.parts.contains_key(name).then(|| name.clone()).into_iter().collect(),
    }
}

/// Type and name alone.
fn bare(purl: &PackageUrl<'_>) -> Key {
    let text = purl.to_string();
    let name = text.split(['?', '#']).next().unwrap_or_default();
    Key::of_purl(&name.parse().unwrap_or_else(|_| purl.clone().into_owned()))
}

/// A purl without a version is every version; qualifiers that are given have to fit.
fn covers(wanted: &PackageUrl<'_>, purl: &PackageUrl<'_>) -> bool {
    let version = wanted.version().is_none_or(|version| purl.version() == Some(version));
    let qualifiers = ["arch", "distro", "repository_url", "classifier", "platform"].iter().all(|key| {
        let (wanted, given) = (wanted.qualifier(key), purl.qualifier(key));
        wanted.is_none() || given.is_none() || wanted == given
    });
    version && qualifiers
}

fn words(target: &Target) -> String {
    match target {
        Target::Package(purl) => purl.to_string(),
        Target::Reference { reference, .. } => reference.clone(),
        Target::Other(name) => name.clone(),
    }
}

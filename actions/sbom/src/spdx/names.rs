//! The names of elements: readable, legal and unique, and the same whatever else the document holds next to them, as long
//! as no two components would be called the same.

use crate::{cyclonedx::content_id, graph::Graph};
use std::collections::BTreeMap;

/// Longer names are cut; what is then called the same is told apart.
const LONGEST: usize = 100;

/// The letters, digits, dots and hyphens of a text, all else a hyphen (SPDX 2.3, 3.2 and 7.2, `idstring`).
pub(super) fn fitting(text: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let mut name = String::with_capacity(text.len().min(LONGEST));
    for c in text.chars().map(legal) {
        if name.len() < LONGEST && !(c == '-' && name.ends_with('-')) {
            name.push(c);
        }
    }
    name.trim_matches('-').to_owned()
}

/// The first half of the UUID of a text: enough to tell apart what is called the same.
pub(super) fn mark(text: &str) -> String {
    content_id(text.as_bytes()).simple().to_string()[..16].to_owned()
}

/// The name of every component and of the root, by bom-ref.
pub(super) fn names(graph: &Graph) -> BTreeMap<&str, String> {
    let mut wanted: BTreeMap<&str, String> = BTreeMap::new();
    for (reference, component) in &graph.components {
        let package = &component.package;
        let group = package.group.as_deref().unwrap_or_default();
        let version = package.version.as_deref().unwrap_or_default();
        let full = fitting(&format!("{group}-{}-{version}", package.name));
        wanted.insert(reference, format!("SPDXRef-{}-{full}", component.ecosystem.name()));
    }
    wanted.insert(&graph.root_ref, format!("SPDXRef-root-{}", fitting(&graph.root.name)));
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for name in wanted.values() {
        *count.entry(name).or_default() += 1;
    }
    let unique = |reference: &str, name: &str| {
        if count.get(name) == Some(&1) { name.to_owned() } else { format!("{name}-{}", mark(reference)) }
    };
    wanted.iter().map(|(reference, name)| (*reference, unique(reference, name))).collect()
}

//! What needs what, in the kinds of relations that SPDX has.

use crate::graph::{Component, Graph, Knowledge, Scope};
use std::collections::BTreeMap;

/// Why something is needed. Whose scope it is, the graph knows of packages and not of edges: what only development needs
/// is a development dependency of what is not itself one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// To work.
    Plain,
    /// To develop it.
    Development,
    /// Not in every case.
    Optional,
    /// To work, from the environment.
    Provided,
}

/// What one element needs, by kind, and whether that is all.
pub(super) struct Needs<'a> {
    /// The bom-ref of the element.
    pub(super) from: &'a str,
    /// Bom-refs, sorted; no kind is empty.
    pub(super) to: BTreeMap<Need, Vec<&'a str>>,
    /// Whether that is all.
    pub(super) known: Knowledge,
}

/// The needs of the root and of every component, in the order of their bom-refs.
pub(super) fn needs(graph: &Graph) -> impl Iterator<Item = Needs<'_>> {
    graph.edges.iter().map(|(from, to)| {
        let component = graph.components.get(from);
        let of = component.map_or(Scope::Required, |component| component.package.scope);
        let mut kinds: BTreeMap<Need, Vec<&str>> = BTreeMap::new();
        for to in to {
            kinds.entry(kind(of, graph.components.get(to))).or_default().push(to);
        }
        let known = component.map_or(graph.root_needs, |component| component.package.needs_known);
        Needs { from, to: kinds, known }
    })
}

fn kind(of: Scope, needed: Option<&Component>) -> Need {
    match needed.map_or(Scope::Required, |component| component.package.scope) {
        Scope::Development if of != Scope::Development => Need::Development,
        Scope::Optional if !matches!(of, Scope::Development | Scope::Optional) => Need::Optional,
        Scope::Provided if of != Scope::Provided => Need::Provided,
        _ => Need::Plain,
    }
}

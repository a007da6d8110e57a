//! The verdict on what was found: pure.

use crate::{
    graph::{Graph, Knowledge, Origin},
    inputs::Empty,
};

/// What a graph is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything the sources state is listed.
    Complete,
    /// Something is known to be missing; the remarks say what.
    Incomplete,
    /// No package at all, and that was expected.
    Empty,
    /// No package at all: there may be none, or the source may be the wrong one.
    Inconclusive,
}

impl Verdict {
    /// The word of the `verdict` output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Empty => "empty",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Judges a graph. The distribution's name alone is no finding, and no finding is never a yes; a lockfile that states the
/// project itself and nothing else is one.
#[must_use]
pub fn decide(graph: &Graph, empty: Empty) -> Verdict {
    let found = graph.own > 0 || graph.components.values().any(|component| component.package.origin != Origin::System);
    match (found, empty, graph.listing) {
        (false, Empty::Inconclusive, _) => Verdict::Inconclusive,
        (false, Empty::Accepted, _) => Verdict::Empty,
        (true, _, Knowledge::Complete) => Verdict::Complete,
        (true, _, _) => Verdict::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assemble::{Development, assemble},
        graph::{Ecosystem, Inventory, Package, Place},
    };

    fn graph(packages: Vec<Package>, listing: Knowledge) -> Graph {
        let mut inventory = Inventory::new(Ecosystem::Cargo);
        inventory.files.push(Place { path: "f".to_owned(), layer: None });
        inventory.packages = packages;
        inventory.listing = listing;
        assemble(None, vec![inventory], Development::Mark)
    }

    #[test]
    fn no_package_is_never_a_yes_unless_it_was_spelled_out() {
        let package = |origin| vec![Package::new("p", None, origin)];
        let foreign = || package(Origin::Purl("pkg:cargo/p".to_owned()));
        for (packages, listing, empty, wanted) in [
            (vec![], Knowledge::Complete, Empty::Inconclusive, Verdict::Inconclusive),
            (vec![], Knowledge::Complete, Empty::Accepted, Verdict::Empty),
            (package(Origin::System), Knowledge::Complete, Empty::Inconclusive, Verdict::Inconclusive),
            (package(Origin::Own), Knowledge::Complete, Empty::Inconclusive, Verdict::Complete),
            (foreign(), Knowledge::Complete, Empty::Inconclusive, Verdict::Complete),
            (foreign(), Knowledge::Incomplete, Empty::Inconclusive, Verdict::Incomplete),
            (foreign(), Knowledge::Incomplete, Empty::Accepted, Verdict::Incomplete),
        ] {
            assert_eq!(decide(&graph(packages, listing), empty), wanted, "{listing:?} {empty:?}");
        }
    }
}

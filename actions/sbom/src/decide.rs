//! The verdict on what was found: pure.

use crate::{
    graph::{FindingKind, Graph, Knowledge, Origin},
    inputs::{Empty, Strict},
};
use github::Exit;

/// What a graph is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything the sources state is listed.
    Complete,
    /// Something is known to be missing; the remarks say what.
    Incomplete,
    /// A file that lists packages was not understood: an unknown version, or a format without a reader.
    NotUnderstood,
    /// A file that lists packages is broken.
    Broken,
    /// No package at all, and that was expected.
    Empty,
    /// No package at all: there may be none, or the source may be the wrong one.
    Inconclusive,
}

impl Verdict {
    /// How the run ends.
    #[must_use]
    pub fn exit(self) -> Exit {
        match self {
            Self::Complete | Self::Incomplete | Self::Empty => Exit::Done,
            Self::NotUnderstood | Self::Inconclusive => Exit::Unknown,
            Self::Broken => Exit::BadInput,
        }
    }

    /// The word of the `verdict` output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::NotUnderstood => "not-understood",
            Self::Broken => "broken",
            Self::Empty => "empty",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Judges a graph. The distribution's name alone is no finding, and no finding is never a yes; a lockfile that states the
/// project itself and nothing else is one. What was not understood is never a yes either, unless `strict` is off.
#[must_use]
pub fn decide(graph: &Graph, empty: Empty, strict: Strict) -> Verdict {
    let unread = graph.remarks.iter().map(|remark| remark.kind).filter(|kind| kind.is_unread()).max();
    match (found(graph), unread, strict) {
        (_, Some(FindingKind::Broken), Strict::Yes) => return Verdict::Broken,
        (_, Some(_), Strict::Yes) => return Verdict::NotUnderstood,
        (true, Some(_), Strict::No) => return Verdict::Incomplete,
        _ => {}
    }
    match (found(graph), empty, graph.listing) {
        (false, Empty::Inconclusive, _) => Verdict::Inconclusive,
        (false, Empty::Accepted, _) => Verdict::Empty,
        (true, _, Knowledge::Complete) => Verdict::Complete,
        (true, _, _) => Verdict::Incomplete,
    }
}

/// Whether anything but the distribution's name was found.
#[must_use]
pub fn found(graph: &Graph) -> bool {
    graph.own > 0 || graph.components.values().any(|component| component.package.origin != Origin::System)
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
            assert_eq!(decide(&graph(packages, listing), empty, Strict::Yes), wanted, "{listing:?} {empty:?}");
        }
    }

    #[test]
    fn what_was_not_understood_is_never_a_yes_unless_strict_is_off() {
        use FindingKind::{Broken, NotCovered, Note, Partial, UnknownVersion};
        let package = || Package::new("p", None, Origin::Purl("pkg:cargo/p".to_owned()));
        for (kinds, packages, strict, wanted) in [
            (vec![Note], vec![package()], Strict::Yes, Verdict::Complete),
            (vec![Partial], vec![package()], Strict::Yes, Verdict::Incomplete),
            (vec![NotCovered], vec![package()], Strict::Yes, Verdict::NotUnderstood),
            (vec![UnknownVersion, Partial], vec![], Strict::Yes, Verdict::NotUnderstood),
            (vec![Broken, NotCovered], vec![package()], Strict::Yes, Verdict::Broken),
            (vec![Broken], vec![package()], Strict::No, Verdict::Incomplete),
            (vec![Broken], vec![], Strict::No, Verdict::Inconclusive),
        ] {
            let mut inventory = Inventory::new(Ecosystem::Cargo);
            inventory.files.push(Place { path: "f".to_owned(), layer: None });
            inventory.packages = packages;
            for kind in &kinds {
                match kind {
                    Note => inventory.remark(None, "n"),
                    kind => inventory.finding(*kind, None, "n"),
                }
            }
            let graph = assemble(None, vec![inventory], Development::Mark);
            assert_eq!(decide(&graph, Empty::Inconclusive, strict), wanted, "{kinds:?} {strict:?}");
        }
    }
}

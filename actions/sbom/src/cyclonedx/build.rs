//! The graph as a CycloneDX document.

use super::{
    SpecVersion,
    model::{
        Bom, Component, Composition, Dependency, Evidence, Expression, Hash, Licence as OneLicence, LicenceChoice,
        Lifecycle, Metadata, Occurrence, Property, Tools,
    },
};
use crate::graph::{self, Ecosystem, Graph, Knowledge, Licence, Origin, RootKind, Scope};
use std::collections::BTreeMap;

/// The document without serial number and timestamp.
pub(super) fn bom(graph: &Graph, version: SpecVersion) -> Bom {
    let writer = Writer { version };
    let components = graph.components.iter().map(|(reference, found)| writer.component(reference, found)).collect();
    let dependencies = graph
        .edges
        .iter()
        .map(|(from, to)| Dependency { reference: from.clone(), depends_on: to.iter().cloned().collect() })
        .collect();
    Bom {
        bom_format: "CycloneDX",
        spec_version: version.label(),
        serial_number: None,
        version: 1,
        metadata: metadata(graph),
        components,
        dependencies,
        compositions: compositions(graph),
    }
}

/// Whole seconds: fractions of an image's creation time say nothing, and some readers refuse them.
pub(super) fn timestamp(at: Option<jiff::Timestamp>) -> Option<String> {
    at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn metadata(graph: &Graph) -> Metadata {
    let (kind, phase) = match graph.root.kind {
        RootKind::Application => ("application", "pre-build"),
        RootKind::Container => ("container", "post-build"),
    };
    let tool = Component {
        kind: "application",
        publisher: Some("Lockkeeper".to_owned()),
        name: "lockkeeper-sbom".to_owned(),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        ..Component::default()
    };
    let root = Component {
        kind,
        bom_ref: Some(graph.root_ref.clone()),
        name: graph.root.name.clone(),
        version: graph.root.version.clone(),
        purl: graph.root.purl.clone(),
        properties: properties(&graph.root.properties),
        ..Component::default()
    };
    Metadata {
        timestamp: None,
        lifecycles: vec![Lifecycle { phase }],
        tools: Tools { components: vec![tool] },
        component: root,
        properties: vec![Property { name: "cdx:reproducible".to_owned(), value: "true".to_owned() }],
    }
}

/// Identifiers of newer SPDX lists (3.28 and the `spdx` crate's) that the schema's enumeration does not have yet (its file of
/// `cyclonedx-python-lib` 11.12): valid as an expression, which the schema does not check, and not as an identifier.
const NEWER_THAN_THE_SCHEMA: &[&str] = &[
    "BSD-2-Clause-pos-unchanged",
    "BSD-3-Clause-OpenWebUI",
    "BSD-Source-Code-no-disclaimer",
    "BSD-Source-alt-GPL",
    "BSD-ask-to-endorse",
    "Brian-Gladman-3-Clause-no-conversion",
    "Bugroff",
    "CC-BY-NC-3.0-IGO",
    "FDK-MPEG-H",
    "GFDL-1.1-invariants",
    "GFDL-1.1-no-invariants",
    "GFDL-1.2-invariants",
    "GFDL-1.2-no-invariants",
    "GFDL-1.3-invariants",
    "GFDL-1.3-no-invariants",
    "Hippocratic-3.0-core",
    "Informatica",
    "MVT-1.1",
    "atc-game",
];

fn newer(id: &str) -> bool {
    NEWER_THAN_THE_SCHEMA.contains(&id)
}

struct Writer {
    version: SpecVersion,
}

impl Writer {
    /// A value that exists since 1.6.
    fn since_1_6<T>(&self, value: Option<T>) -> Option<T> {
        value.filter(|_| self.version == SpecVersion::V1_6)
    }

    fn component(&self, reference: &str, found: &graph::Component) -> Component {
        let package = &found.package;
        let kind = match (&package.origin, found.ecosystem) {
            (Origin::System, _) => "operating-system",
            (Origin::Own, _) => "application",
            (Origin::Purl(_), _) => "library",
        };
        let purl = if let Origin::Purl(purl) = &package.origin { Some(purl.clone()) } else { None };
        let mut facts = package.properties.clone();
        if found.ecosystem == Ecosystem::Npm && package.scope == Scope::Development {
            facts.insert("cdx:npm:package:development", "true".to_owned());
        }
        Component {
            kind,
            bom_ref: Some(reference.to_owned()),
            publisher: package.publisher.clone(),
            group: package.group.clone(),
            name: package.name.clone(),
            version: package.version.clone(),
            scope: scope(package.scope),
            hashes: package.checksums.iter().map(|c| Hash { alg: c.algorithm, content: c.hex.clone() }).collect(),
            licenses: self.licences(package),
            purl,
            evidence: self.evidence(found),
            properties: properties(&facts),
        }
    }

    fn licences(&self, package: &graph::Package) -> Vec<LicenceChoice> {
        let acknowledgement = self.since_1_6(Some("declared"));
        let one = |id: Option<&String>, name: Option<&String>| {
            LicenceChoice::License(OneLicence { id: id.cloned(), name: name.cloned(), acknowledgement })
        };
        let whole = |text: &String| LicenceChoice::Expression(Expression { expression: text.clone(), acknowledgement });
        let found: Vec<_> = package.licences.iter().collect();
        match found[..] {
            [Licence::Expression(text)] => return vec![whole(text)],
            [Licence::Id(id)] if newer(id) => return vec![whole(id)],
            _ => {}
        }
        // An expression may not stand beside anything else up to 1.6: among others it is a name.
        let choice = |licence: &&Licence| match licence {
            Licence::Id(id) if !newer(id) => one(Some(id), None),
            Licence::Id(text) | Licence::Expression(text) | Licence::Named(text) => one(None, Some(text)),
        };
        found.iter().map(choice).collect()
    }

    fn evidence(&self, found: &graph::Component) -> Option<Evidence> {
        let occurrence = |(place, line): &(graph::Place, Option<u32>)| Occurrence {
            location: place.path.clone(),
            line: self.since_1_6(*line),
            additional_context: self.since_1_6(place.layer.as_ref().map(|layer| format!("layer {layer}"))),
        };
        let occurrences: Vec<_> = found.found.iter().map(occurrence).collect();
        (!occurrences.is_empty()).then_some(Evidence { occurrences })
    }
}

/// "excluded: components that are used for test and other non-runtime purposes" (CycloneDX 1.6, scope).
fn scope(scope: Scope) -> Option<&'static str> {
    match scope {
        Scope::Required | Scope::Provided => Some("required"),
        Scope::Optional => Some("optional"),
        Scope::Development => Some("excluded"),
        Scope::Unstated => None,
    }
}

fn properties(facts: &BTreeMap<&'static str, String>) -> Vec<Property> {
    facts.iter().map(|(name, value)| Property { name: (*name).to_owned(), value: value.clone() }).collect()
}

/// One statement about the listing, then one per degree of knowledge about the edges.
fn compositions(graph: &Graph) -> Vec<Composition> {
    // What no package manager put into an image, its application's own files first of all, is in no database.
    let listing = match (graph.root.kind, graph.listing) {
        (RootKind::Container, Knowledge::Complete) => Knowledge::Unknown,
        (_, listing) => listing,
    };
    let listing = Composition {
        aggregate: aggregate(listing),
        assemblies: vec![graph.root_ref.clone()],
        dependencies: Vec::new(),
    };
    let mut by_knowledge: BTreeMap<Knowledge, Vec<String>> = BTreeMap::new();
    by_knowledge.entry(graph.root_needs).or_default().push(graph.root_ref.clone());
    for (reference, component) in &graph.components {
        by_knowledge.entry(component.package.needs_known).or_default().push(reference.clone());
    }
    let edges = by_knowledge.into_iter().map(|(knowledge, mut dependencies)| {
        dependencies.sort();
        Composition { aggregate: aggregate(knowledge), assemblies: Vec::new(), dependencies }
    });
    std::iter::once(listing).chain(edges).collect()
}

fn aggregate(knowledge: Knowledge) -> &'static str {
    match knowledge {
        Knowledge::Complete => "complete",
        Knowledge::Incomplete => "incomplete",
        Knowledge::Unknown => "unknown",
    }
}

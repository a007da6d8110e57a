//! The graph as a CycloneDX document.

use super::{
    SpecVersion, licences,
    model::{
        Bom, Component, Composition, Contact, Dependency, Evidence, ExternalReference, Hash, Identities, Identity,
        Lifecycle, Metadata, Method, Occurrence, Organization, Percent, Property, Text, Tools,
    },
};
use crate::{
    addresses::addresses,
    graph::{self, Ecosystem, Graph, Knowledge, Origin, Party, ReferenceKind, RootKind, Scope, Technique},
    lexical::{self, plain},
};
use std::{borrow::Cow, collections::BTreeMap};

/// The document without serial number and timestamp.
pub(super) fn bom(graph: &Graph, version: SpecVersion) -> Bom<'_> {
    let writer = Writer { graph, version };
    let edges = graph.edges.iter();
    Bom {
        bom_format: "CycloneDX",
        spec_version: version.label(),
        serial_number: None,
        version: 1,
        metadata: writer.metadata(),
        components: writer.components(),
        dependencies: edges
            .map(|(from, to)| Dependency {
                reference: plain(from),
                depends_on: to.iter().map(|to| plain(to)).collect(),
            })
            .collect(),
        compositions: compositions(graph),
    }
}

/// Whole seconds: fractions of an image's creation time say nothing, and some readers refuse them.
pub(crate) fn timestamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What lower layers still ship, one property each: CycloneDX lets a name come several times.
fn removed(graph: &Graph) -> impl Iterator<Item = Property<'_>> {
    graph.removed.iter().map(|gone| Property {
        name: "lockkeeper:image:removed".into(),
        value: format!("{} in layer {}, removed by layer {}", gone.reference, gone.layer, gone.removed_by).into(),
    })
}

/// What is deeper inside than this stands beside its container: a chain without end must not end a reader's stack.
const DEEPEST: usize = 16;

struct Writer<'a> {
    graph: &'a Graph,
    version: SpecVersion,
}

impl<'a> Writer<'a> {
    /// A value that exists since `version`.
    fn since<T>(&self, version: SpecVersion, value: Option<T>) -> Option<T> {
        value.filter(|_| self.version >= version)
    }

    fn metadata(&self) -> Metadata<'a> {
        let Graph { root, root_ref, attribution, .. } = self.graph;
        let (kind, phase) = match root.kind {
            RootKind::Application => ("application", "pre-build"),
            RootKind::Container => ("container", "post-build"),
        };
        let tool = Component {
            kind: "application",
            publisher: Some("Lockkeeper".into()),
            name: "lockkeeper-sbom".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
            ..Component::default()
        };
        let component = Component {
            kind,
            bom_ref: Some(plain(root_ref)),
            supplier: attribution.supplier.as_ref().map(organization),
            manufacturer: self.since(SpecVersion::V1_6, attribution.manufacturer.as_ref().map(organization)),
            name: plain(&root.name),
            version: root.version.as_deref().map(plain),
            purl: root.purl.as_deref().map(plain),
            properties: properties(&root.properties).into_iter().chain(removed(self.graph)).collect(),
            ..Component::default()
        };
        let author = attribution.authors.first().filter(|author| author.url.is_some() || author.email.is_some());
        Metadata {
            timestamp: None,
            lifecycles: vec![Lifecycle { phase }],
            tools: Tools { components: vec![tool] },
            authors: attribution.authors.iter().map(contact).collect(),
            component,
            manufacturer: self.since(SpecVersion::V1_6, author.map(organization)),
            supplier: attribution.supplier.as_ref().map(organization),
            properties: self.ledger(),
        }
    }

    /// That the document can be made again, and for each ecosystem how much of it is listed and why not all.
    fn ledger(&self) -> Vec<Property<'a>> {
        let mut listings: BTreeMap<Ecosystem, (Knowledge, usize)> = BTreeMap::new();
        for source in &self.graph.sources {
            let listing = listings.entry(source.ecosystem).or_insert((Knowledge::Complete, 0));
            *listing = (listing.0.min(source.listing), listing.1 + 1);
        }
        let reproducible = Property { name: "cdx:reproducible".into(), value: "true".into() };
        let listing = |(ecosystem, (knowledge, count)): (Ecosystem, (Knowledge, usize))| Property {
            name: format!("lockkeeper:listing:{}", ecosystem.name()).into(),
            value: format!("{}; sources: {count}", aggregate(knowledge)).into(),
        };
        let finding = |remark: &graph::Remark| {
            let line = remark.line.map(|line| format!(":{line}")).unwrap_or_default();
            let value = format!("{}{line}: {}", remark.path, remark.text);
            Property { name: "lockkeeper:finding".into(), value: plain(&value).into_owned().into() }
        };
        let findings = self.graph.remarks.iter().filter(|remark| remark.kind > graph::FindingKind::Note);
        [reproducible].into_iter().chain(listings.into_iter().map(listing)).chain(findings.map(finding)).collect()
    }

    /// What stands on its own, with what is inside it.
    fn components(&self) -> Vec<Component<'a>> {
        let mut inside: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        let mut outside = Vec::new();
        for (reference, found) in &self.graph.components {
            match &found.within {
                Some(within) if self.depth(reference) <= DEEPEST => inside.entry(within).or_default().push(reference),
                _ => outside.push(reference.as_str()),
            }
        }
        outside.into_iter().filter_map(|reference| self.with_parts(reference, &inside)).collect()
    }

    fn depth(&self, reference: &str) -> usize {
        let mut at = reference;
        let mut depth = 0;
        while let Some(outer) = self.graph.components.get(at).and_then(|found| found.within.as_deref()) {
            (at, depth) = (outer, depth + 1);
            if depth > DEEPEST {
                break;
            }
        }
        depth
    }

    fn with_parts(&self, reference: &'a str, inside: &BTreeMap<&str, Vec<&'a str>>) -> Option<Component<'a>> {
        let mut component = self.component(reference, self.graph.components.get(reference)?);
        let parts = inside.get(reference).into_iter().flatten();
        component.components = parts.filter_map(|part| self.with_parts(part, inside)).collect();
        Some(component)
    }

    fn component(&self, reference: &'a str, found: &'a graph::Component) -> Component<'a> {
        let package = &found.package;
        let kind = match &package.origin {
            Origin::System => "operating-system",
            Origin::Own => "application",
            Origin::Purl(_) => "library",
        };
        let purl = if let Origin::Purl(purl) = &package.origin { Some(purl.as_str()) } else { None };
        let own = package.origin == Origin::Own;
        let attribution = &self.graph.attribution;
        let published = package.publisher.as_deref().and_then(lexical::party);
        let manufacturer = attribution.manufacturer.as_ref().filter(|_| own).map(organization);
        let hashes = || hashes(package).collect::<Vec<_>>();
        Component {
            kind,
            bom_ref: Some(plain(reference)),
            is_external: self.since(SpecVersion::V1_7, (package.scope == Scope::Provided).then_some(true)),
            supplier: match published {
                Some(party) => Some(owned(party)),
                None => attribution.supplier.as_ref().filter(|_| own).map(organization),
            },
            manufacturer: self.since(SpecVersion::V1_6, manufacturer),
            publisher: package.publisher.as_deref().map(plain),
            group: package.group.as_deref().map(plain),
            name: plain(&package.name),
            version: package.version.as_deref().map(plain),
            scope: scope(package.scope),
            hashes: hashes(),
            licenses: licences::choices(package, self.version),
            purl: purl.map(plain),
            external_references: addresses(package)
                .into_iter()
                .map(|(kind, url)| ExternalReference {
                    kind: kind_of(kind),
                    url,
                    hashes: if kind == ReferenceKind::Distribution { hashes() } else { Vec::new() },
                })
                .collect(),
            properties: self.facts(found),
            components: Vec::new(),
            evidence: self.evidence(found),
        }
    }

    fn facts(&self, found: &'a graph::Component) -> Vec<Property<'a>> {
        let package = &found.package;
        let mut facts = properties(&package.properties);
        let mut say = |name: &'static str| facts.push(Property { name: name.into(), value: "true".into() });
        if found.ecosystem == Ecosystem::Npm && package.scope == Scope::Development {
            say("cdx:npm:package:development");
        }
        if package.scope == Scope::Provided && self.version < SpecVersion::V1_7 {
            say("lockkeeper:provided");
        }
        facts.sort_by(|a, b| a.name.cmp(&b.name));
        facts
    }

    fn evidence(&self, found: &'a graph::Component) -> Option<Evidence<'a>> {
        let occurrence = |(place, line): &'a (graph::Place, Option<u32>)| Occurrence {
            location: plain(&place.path),
            line: self.since(SpecVersion::V1_6, *line),
            additional_context: self
                .since(SpecVersion::V1_6, place.layer.as_ref().map(|layer| format!("layer {layer}"))),
        };
        let occurrences: Vec<_> = found.found.iter().map(occurrence).collect();
        let named = matches!(found.package.origin, Origin::Purl(_));
        let identity = named.then(|| identity(found.package.identification)).map(|identity| {
            if self.version < SpecVersion::V1_6 { Identities::One(identity) } else { Identities::List([identity]) }
        });
        (identity.is_some() || !occurrences.is_empty()).then_some(Evidence { identity, occurrences })
    }
}

fn identity(known: graph::Identification) -> Identity {
    let technique = match known.technique {
        Technique::Filename => "filename",
        Technique::HashComparison => "hash-comparison",
        Technique::BinaryAnalysis => "binary-analysis",
        Technique::ManifestAnalysis => "manifest-analysis",
    };
    let confidence = Percent(known.confidence);
    Identity { field: "purl", confidence, methods: [Method { technique, confidence }] }
}

fn hashes(package: &graph::Package) -> impl Iterator<Item = Hash<'_>> {
    let sound = package.checksums.iter().filter(|checksum| lexical::fits(checksum));
    sound.map(|checksum| Hash { alg: checksum.algorithm, content: &checksum.hex })
}

fn kind_of(kind: ReferenceKind) -> &'static str {
    match kind {
        ReferenceKind::Distribution => "distribution",
        ReferenceKind::Documentation => "documentation",
        ReferenceKind::IssueTracker => "issue-tracker",
        ReferenceKind::Vcs => "vcs",
        ReferenceKind::Website => "website",
    }
}

fn organization(party: &Party) -> Organization<'_> {
    let contact = Contact { name: None, email: party.email.as_deref().map(Cow::from) };
    Organization {
        name: party.name.as_deref().map(plain),
        url: party.url.iter().map(|url| plain(url)).collect(),
        contact: if party.email.is_some() { vec![contact] } else { Vec::new() },
    }
}

fn owned(party: Party) -> Organization<'static> {
    let contact = Contact { name: None, email: party.email.clone().map(Cow::from) };
    Organization {
        name: party.name.map(Cow::from),
        url: party.url.map(Cow::from).into_iter().collect(),
        contact: if party.email.is_some() { vec![contact] } else { Vec::new() },
    }
}

fn contact(party: &Party) -> Contact<'_> {
    let name = party.name.as_deref().or(party.url.as_deref().filter(|_| party.email.is_none()));
    Contact { name: name.map(plain), email: party.email.as_deref().map(Cow::from) }
}

/// "excluded: components that are used for test and other non-runtime purposes" (CycloneDX 1.6, scope). What the environment
/// provides is needed at run time all the same.
fn scope(scope: Scope) -> Option<&'static str> {
    match scope {
        Scope::Required | Scope::Provided => Some("required"),
        Scope::Optional => Some("optional"),
        Scope::Development => Some("excluded"),
        Scope::Unstated => None,
    }
}

fn properties<'a>(facts: &'a BTreeMap<&'static str, String>) -> Vec<Property<'a>> {
    facts.iter().map(|(name, value)| Property { name: (*name).into(), value: plain(value) }).collect()
}

/// One statement about the listing, then one per ecosystem and degree of knowledge about the edges.
fn compositions(graph: &Graph) -> Vec<Composition<'_>> {
    // What no package manager put into an image, its application's own files first of all, is in no database.
    let listing = match (graph.root.kind, graph.listing) {
        (RootKind::Container, Knowledge::Complete) => Knowledge::Unknown,
        (_, listing) => listing,
    };
    let about = |name: &str, knowledge, assemblies, dependencies| Composition {
        bom_ref: format!("composition:{name}"),
        aggregate: aggregate(knowledge),
        assemblies,
        dependencies,
    };
    let root = || vec![plain(&graph.root_ref)];
    let mut all =
        vec![about("listing", listing, root(), Vec::new()), about("direct", graph.root_needs, Vec::new(), root())];
    let mut edges: BTreeMap<(Ecosystem, Knowledge), Vec<Text<'_>>> = BTreeMap::new();
    for (reference, found) in &graph.components {
        edges.entry((found.ecosystem, found.package.needs_known)).or_default().push(plain(reference));
    }
    all.extend(edges.into_iter().map(|((ecosystem, knowledge), dependencies)| {
        let name = format!("{}:{}", ecosystem.name(), aggregate(knowledge));
        about(&name, knowledge, Vec::new(), dependencies)
    }));
    all
}

fn aggregate(knowledge: Knowledge) -> &'static str {
    match knowledge {
        Knowledge::Complete => "complete",
        Knowledge::Incomplete => "incomplete",
        Knowledge::Unknown => "unknown",
    }
}

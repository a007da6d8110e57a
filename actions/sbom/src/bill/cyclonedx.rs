//! CycloneDX JSON, 1.4 to 1.7, as any tool writes it.

use super::{About, Bill, BillError, Form, Part, Party, unique};
use crate::licence::normalise;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spec_version: String,
    serial_number: Option<String>,
    version: Option<u64>,
    metadata: Option<Metadata>,
    components: Option<Vec<Component>>,
    dependencies: Option<Vec<Dependency>>,
    compositions: Option<Vec<Composition>>,
    signature: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    timestamp: Option<String>,
    tools: Option<Tools>,
    component: Option<Box<Component>>,
    lifecycles: Option<Vec<Lifecycle>>,
    authors: Option<Vec<Entity>>,
    manufacturer: Option<Entity>,
    manufacture: Option<Entity>,
    supplier: Option<Entity>,
}

#[derive(Deserialize)]
struct Lifecycle {
    phase: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Tools {
    Legacy(Vec<Tool>),
    Typed { components: Option<Vec<Tool>>, services: Option<Vec<Tool>> },
}

#[derive(Deserialize)]
struct Tool {
    #[serde(default)]
    name: String,
    version: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Component {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    group: Option<String>,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    cpe: Option<String>,
    swid: Option<IgnoredAny>,
    swhid: Option<Vec<String>>,
    omnibor_id: Option<Vec<String>>,
    scope: Option<String>,
    hashes: Option<Vec<Hash>>,
    licenses: Option<Vec<LicenceChoice>>,
    manufacturer: Option<Entity>,
    supplier: Option<Entity>,
    authors: Option<Vec<Entity>>,
    author: Option<String>,
    publisher: Option<String>,
    components: Option<Vec<Component>>,
    evidence: Option<Evidence>,
    properties: Option<Vec<Property>>,
    external_references: Option<Vec<Reference>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entity {
    name: Option<String>,
    email: Option<String>,
    url: Option<OneOrMany>,
    contact: Option<Vec<Contact>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Contact {
    email: Option<String>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct LicenceChoice {
    license: Option<Licence>,
    expression: Option<String>,
    acknowledgement: Option<String>,
}

#[derive(Deserialize)]
struct Licence {
    id: Option<String>,
    name: Option<String>,
    acknowledgement: Option<String>,
}

#[derive(Deserialize)]
struct Evidence {
    occurrences: Option<Vec<Occurrence>>,
}

#[derive(Deserialize)]
struct Occurrence {
    location: Option<String>,
}

#[derive(Deserialize)]
struct Property {
    #[serde(default)]
    name: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "type", default)]
    kind: String,
    hashes: Option<Vec<Hash>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Composition {
    aggregate: Option<String>,
    dependencies: Option<Vec<String>>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Bill, BillError> {
    let document: Document = serde_json::from_slice(bytes)?;
    let mut metadata = document.metadata.unwrap_or_default();
    let mut parts = BTreeMap::new();
    let mut nested = Vec::new();
    let root = metadata.component.take().map(|component| add(&mut parts, &mut nested, *component));
    for component in document.components.into_iter().flatten() {
        add(&mut parts, &mut nested, component);
    }
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in document.dependencies.into_iter().flatten().filter(|entry| parts.contains_key(&entry.reference)) {
        let known = entry.depends_on.into_iter().flatten().filter(|to| parts.contains_key(to));
        edges.entry(entry.reference).or_default().extend(known);
    }
    // What is inside a component came with it.
    for (outer, inner) in nested {
        edges.entry(outer).or_default().insert(inner);
    }
    let mut completeness = BTreeMap::new();
    for composition in document.compositions.into_iter().flatten() {
        let aggregate = composition.aggregate.unwrap_or_default();
        let about = composition.dependencies.into_iter().flatten();
        completeness.extend(about.map(|reference| (reference, aggregate.clone())));
    }
    let about = About {
        serial: document.serial_number,
        version: document.version,
        signed: document.signature.is_some(),
        ..about(metadata)
    };
    Ok(Bill { form: Form::CycloneDx(document.spec_version), about, root, parts, edges, completeness })
}

fn about(metadata: Metadata) -> About {
    let tool = |tool: Tool| (tool.name, tool.version);
    let tools = match metadata.tools {
        Some(Tools::Legacy(tools)) => tools.into_iter().map(tool).collect(),
        Some(Tools::Typed { components, services }) => {
            components.into_iter().flatten().chain(services.into_iter().flatten()).map(tool).collect()
        }
        None => Vec::new(),
    };
    let organisations = metadata.manufacturer.into_iter().chain(metadata.manufacture).chain(metadata.supplier);
    let authors = metadata.authors.into_iter().flatten().chain(organisations).filter_map(Entity::party).collect();
    let phase = |lifecycle: Lifecycle| lifecycle.phase.or(lifecycle.name);
    let lifecycles = metadata.lifecycles.into_iter().flatten().filter_map(phase).collect();
    About { timestamp: metadata.timestamp, authors, tools, lifecycles, ..About::default() }
}

/// Adds a component and what is inside it; its reference.
fn add(parts: &mut BTreeMap<String, Part>, nested: &mut Vec<(String, String)>, mut component: Component) -> String {
    let inner = component.components.take();
    let reference = unique(parts, component.bom_ref.take());
    parts.insert(reference.clone(), part(component));
    for component in inner.into_iter().flatten() {
        let inside = add(parts, nested, component);
        nested.push((reference.clone(), inside));
    }
    reference
}

fn part(component: Component) -> Part {
    let name = |text: Option<String>| text.map(|name| Party { name, reachable: false });
    let authors = component.authors.into_iter().flatten();
    let entities = component.manufacturer.into_iter().chain(component.supplier).chain(authors);
    let producer = entities.filter_map(Entity::party).next().or(name(component.author)).or(name(component.publisher));
    let choices: Vec<_> = component.licenses.into_iter().flatten().collect();
    let concluded = |choice: &LicenceChoice| {
        let inner = choice.license.as_ref().and_then(|licence| licence.acknowledgement.as_deref());
        choice.acknowledgement.as_deref().or(inner) == Some("concluded")
    };
    let hash = |hash: Hash| (hash.alg, hash.content.to_lowercase());
    let is_distribution = |reference: &Reference| reference.kind.starts_with("distribution");
    let has_sha512 = |reference: &Reference| reference.hashes.iter().flatten().any(|hash| hash.alg == "SHA-512");
    let occurrences = component.evidence.and_then(|evidence| evidence.occurrences).into_iter().flatten();
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    Part {
        kind: component.kind,
        group: filled(component.group),
        name: component.name,
        version: filled(component.version),
        purl: component.purl.and_then(|purl| purl.parse().ok()),
        other_identifier: filled(component.cpe).is_some()
            || component.swid.is_some()
            || component.swhid.is_some()
            || component.omnibor_id.is_some(),
        concluded: choices.iter().any(concluded),
        licences: choices.into_iter().filter_map(LicenceChoice::words).filter_map(|text| normalise(&text)).collect(),
        hashes: component.hashes.into_iter().flatten().map(hash).collect(),
        producer,
        excluded: component.scope.as_deref() == Some("excluded"),
        places: occurrences.filter_map(|occurrence| occurrence.location).collect(),
        properties: component
            .properties
            .into_iter()
            .flatten()
            .map(|property| (property.name, property.value.unwrap_or_default()))
            .collect(),
        distribution_hash: component
            .external_references
            .iter()
            .flatten()
            .any(|reference| is_distribution(reference) && has_sha512(reference)),
    }
}

impl LicenceChoice {
    fn words(self) -> Option<String> {
        self.expression.or_else(|| self.license.and_then(|licence| licence.id.or(licence.name)))
    }
}

impl Entity {
    fn party(self) -> Option<Party> {
        let contacts = self.contact.into_iter().flatten().filter_map(|contact| contact.email);
        let urls = match self.url {
            Some(OneOrMany::One(url)) => vec![url],
            Some(OneOrMany::Many(urls)) => urls,
            None => Vec::new(),
        };
        let reachable = self.email.into_iter().chain(contacts).chain(urls).any(|address| !address.trim().is_empty());
        let name = self.name.unwrap_or_default();
        (reachable || !name.trim().is_empty()).then_some(Party { name, reachable })
    }
}

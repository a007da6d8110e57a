//! SPDX 3.0.1 as JSON-LD (`spdx-json-schema.json` and the SHACL model of 3.0.1).

use super::{
    About, LICENCE_LIST, NO_TIME, NO_TIME_COMMENT, TOOL, called,
    edges::{Need, needs},
    found_in,
    licences::{References, declared, words},
    names::{mark, names},
};
use crate::{
    addresses::addresses,
    graph::{Component, Graph, Knowledge, Origin, Party, ReferenceKind, RootKind},
    lexical::{self, plain},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Every element but the creation information itself points to it.
const CREATION: &str = "_:creation";

#[derive(Serialize)]
pub(super) struct Document {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@graph")]
    graph: Vec<Value>,
}

/// The document; without a namespace it is only good for being counted.
pub(super) fn document(about: &About<'_>) -> Document {
    let mut writer = Writer {
        graph: about.graph,
        base: format!("{}#", about.namespace),
        ids: names(about.graph),
        parties: BTreeMap::new(),
        references: References::new(),
        expressions: BTreeMap::new(),
        elements: Vec::new(),
    };
    writer.root();
    for (reference, found) in &about.graph.components {
        writer.package(reference, found);
    }
    writer.contents();
    writer.needs();
    writer.licences();
    writer.finish(about)
}

struct Writer<'a> {
    graph: &'a Graph,
    base: String,
    ids: BTreeMap<&'a str, String>,
    parties: BTreeMap<Party, String>,
    references: References,
    /// Who declares each expression.
    expressions: BTreeMap<String, Vec<String>>,
    elements: Vec<Value>,
}

impl Writer<'_> {
    fn iri(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }

    fn id(&self, reference: &str) -> String {
        self.iri(self.ids.get(reference).map_or("", String::as_str))
    }

    fn element(&self, kind: &str, id: &str, facts: Value) -> Value {
        let mut element = json!({"type": kind, "spdxId": id, "creationInfo": CREATION});
        if let (Value::Object(element), Value::Object(facts)) = (&mut element, facts) {
            let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            element.extend(facts.into_iter().filter(|(_, value)| !empty(value)));
        }
        element
    }

    /// The element of a party, the same for the same words.
    fn party(&mut self, party: &Party) -> Option<String> {
        let name = called(party)?.to_owned();
        if let Some(id) = self.parties.get(party) {
            return Some(id.clone());
        }
        let id = self.iri(&format!("SPDXRef-party-{}", mark(&format!("{party:?}"))));
        let email = party
            .email
            .iter()
            .map(|email| json!({"type": "ExternalIdentifier", "externalIdentifierType": "email", "identifier": email}));
        let url = party
            .url
            .iter()
            .map(|url| json!({"type": "ExternalRef", "externalRefType": "altWebPage", "locator": [url]}));
        let facts = json!({
            "name": plain(&name),
            "externalIdentifier": email.collect::<Vec<_>>(),
            "externalRef": url.collect::<Vec<_>>(),
        });
        self.elements.push(self.element("Organization", &id, facts));
        self.parties.insert(party.clone(), id.clone());
        Some(id)
    }

    fn root(&mut self) {
        let Graph { root, root_ref, attribution, .. } = self.graph;
        let supplier = attribution.supplier.as_ref().and_then(|party| self.party(party));
        let maker = attribution.manufacturer.as_ref().and_then(|party| self.party(party));
        let facts = json!({
            "name": plain(&root.name),
            "software_packageVersion": root.version.as_deref().map(plain),
            "software_packageUrl": root.purl,
            "software_primaryPurpose": match root.kind {
                RootKind::Application => "application",
                RootKind::Container => "container",
            },
            "suppliedBy": supplier,
            "originatedBy": maker.into_iter().collect::<Vec<_>>(),
        });
        self.elements.push(self.element("software_Package", &self.id(root_ref), facts));
    }

    fn package(&mut self, reference: &str, found: &Component) {
        let package = &found.package;
        let own = Some(&self.graph.attribution).filter(|_| package.origin == Origin::Own);
        let published = package.publisher.as_deref().and_then(lexical::party);
        let supplier = published.or_else(|| own.and_then(|own| own.supplier.clone()));
        let supplier = supplier.and_then(|party| self.party(&party));
        let maker = own.and_then(|own| own.manufacturer.as_ref()).and_then(|party| self.party(party));
        let all = addresses(package);
        let first = |wanted| all.iter().find(|(kind, _)| *kind == wanted).map(|(_, url)| url);
        let others = all.iter().filter_map(|(kind, url)| Some((reference_type(*kind)?, url)));
        let sound = package.checksums.iter().filter(|checksum| lexical::fits(checksum));
        let facts = json!({
            "name": plain(&package.name),
            "summary": package.group.as_ref().map(|group| plain(&format!("{group}/{}", package.name)).into_owned()),
            "software_packageVersion": package.version.as_deref().map(plain),
            "software_packageUrl": match &package.origin { Origin::Purl(purl) => Some(purl), _ => None },
            "software_downloadLocation": first(ReferenceKind::Distribution),
            "software_homePage": first(ReferenceKind::Website),
            "software_sourceInfo": found_in(found),
            "software_primaryPurpose": match package.origin {
                Origin::System => "operatingSystem",
                Origin::Own => "application",
                Origin::Purl(_) => "library",
            },
            "suppliedBy": supplier,
            "originatedBy": maker.into_iter().collect::<Vec<_>>(),
            "verifiedUsing": sound
                .map(|sum| json!({"type": "Hash", "algorithm": algorithm(sum.algorithm), "hashValue": sum.hex}))
                .collect::<Vec<_>>(),
            "externalRef": others
                .map(|(kind, url)| json!({"type": "ExternalRef", "externalRefType": kind, "locator": [url]}))
                .collect::<Vec<_>>(),
        });
        let id = self.id(reference);
        if let Some(expression) = declared(package, &mut self.references) {
            self.expressions.entry(expression).or_default().push(id.clone());
        }
        self.elements.push(self.element("software_Package", &id, facts));
    }

    fn relate(&mut self, name: &str, facts: Value) {
        let kind = if facts.get("scope").is_some() { "LifecycleScopedRelationship" } else { "Relationship" };
        let id = self.iri(&format!("SPDXRef-relationship-{}", mark(name)));
        self.elements.push(self.element(kind, &id, facts));
    }

    /// What is inside what: a package in another one, and everything in an image.
    fn contents(&mut self) {
        let container = Some(&*self.graph.root_ref).filter(|_| self.graph.root.kind == RootKind::Container);
        let mut inside: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (reference, found) in &self.graph.components {
            if let Some(outer) = found.within.as_deref().or(container) {
                inside.entry(outer).or_default().push(self.id(reference));
            }
        }
        for (outer, inner) in inside {
            let facts = json!({"from": self.id(outer), "relationshipType": "contains", "to": inner});
            self.relate(&format!("contains {outer}"), facts);
        }
    }

    fn needs(&mut self) {
        for need in needs(self.graph) {
            let from = self.id(need.from);
            let completeness = match need.known {
                Knowledge::Complete => "complete",
                Knowledge::Incomplete => "incomplete",
                Knowledge::Unknown => "noAssertion",
            };
            if need.to.is_empty() {
                let nothing = if need.known == Knowledge::Complete { "NoneElement" } else { "NoAssertionElement" };
                let to = json!({"from": from, "relationshipType": "dependsOn", "to": [nothing], "completeness": completeness});
                self.relate(&format!("needs {}", need.from), to);
            }
            for (kind, to) in need.to {
                let to: Vec<String> = to.into_iter().map(|to| self.id(to)).collect();
                let mut facts = json!({"from": from, "to": to, "completeness": completeness});
                facts["relationshipType"] = match kind {
                    Need::Plain | Need::Development => "dependsOn".into(),
                    Need::Optional => "hasOptionalDependency".into(),
                    Need::Provided => "hasProvidedDependency".into(),
                };
                if kind == Need::Development {
                    facts["scope"] = "development".into();
                }
                self.relate(&format!("{kind:?} {}", need.from), facts);
            }
        }
    }

    /// The expressions, who declares them, and the words that references in them stand for.
    fn licences(&mut self) {
        for (name, text) in std::mem::take(&mut self.references) {
            let facts = json!({"name": text, "simplelicensing_licenseText": words(&text)});
            let id = self.iri(&name);
            self.elements.push(self.element("simplelicensing_SimpleLicensingText", &id, facts));
            self.references.insert(name, text);
        }
        for (expression, packages) in std::mem::take(&mut self.expressions) {
            let id = self.iri(&format!("SPDXRef-licence-{}", mark(&expression)));
            let known = expression.split([' ', '(', ')']).filter(|word| self.references.contains_key(*word));
            let entry = |word| json!({"type": "DictionaryEntry", "key": word, "value": self.iri(word)});
            let mut entries: Vec<Value> = known.map(entry).collect();
            entries.dedup();
            let facts = json!({
                "simplelicensing_licenseExpression": expression,
                "simplelicensing_licenseListVersion": format!("{LICENCE_LIST}.0"),
                "simplelicensing_customIdToUri": entries,
            });
            self.elements.push(self.element("simplelicensing_LicenseExpression", &id, facts));
            for package in packages {
                let name = format!("licence {package}");
                self.relate(&name, json!({"from": package, "relationshipType": "hasDeclaredLicense", "to": [id]}));
            }
        }
    }

    fn finish(mut self, about: &About<'_>) -> Document {
        let (sbom, tool) = (self.iri("SPDXRef-sbom"), self.iri("SPDXRef-tool"));
        let parties = self.graph.attribution.authors.iter();
        let mut authors: Vec<String> = parties.filter_map(|author| self.party(author)).collect();
        self.elements.push(self.element("Tool", &tool, json!({"name": TOOL})));
        if authors.is_empty() {
            let agent = self.iri("SPDXRef-agent");
            self.elements.push(self.element("SoftwareAgent", &agent, json!({"name": TOOL})));
            authors.push(agent);
        }
        let root = self.id(&self.graph.root_ref);
        let kind = match self.graph.root.kind {
            RootKind::Application => "source",
            RootKind::Container => "analyzed",
        };
        let ids: Vec<Value> = self.elements.iter().map(|element| element["spdxId"].clone()).collect();
        let bom = json!({"rootElement": [root], "element": ids, "software_sbomType": [kind]});
        let document = json!({
            "name": plain(&self.graph.root.name),
            "profileConformance": ["core", "software", "simpleLicensing"],
            "rootElement": [sbom],
            "element": [sbom],
        });
        let creation = json!({
            "type": "CreationInfo",
            "@id": CREATION,
            "specVersion": "3.0.1",
            "created": about.created.as_deref().unwrap_or(NO_TIME),
            "createdBy": authors,
            "createdUsing": [tool],
        });
        let mut creation = creation;
        if about.created.is_none() {
            creation["comment"] = NO_TIME_COMMENT.into();
        }
        let head = [
            creation,
            self.element("SpdxDocument", &self.iri("SPDXRef-DOCUMENT"), document),
            self.element("software_Sbom", &sbom, bom),
        ];
        let context = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
        Document { context, graph: head.into_iter().chain(self.elements).collect() }
    }
}

/// What has no field of its own.
fn reference_type(kind: ReferenceKind) -> Option<&'static str> {
    match kind {
        ReferenceKind::Documentation => Some("documentation"),
        ReferenceKind::IssueTracker => Some("issueTracker"),
        ReferenceKind::Vcs => Some("vcs"),
        ReferenceKind::Distribution | ReferenceKind::Website => None,
    }
}

fn algorithm(name: &str) -> String {
    match name.strip_prefix("SHA3-") {
        Some(bits) => format!("sha3_{bits}"),
        None => name.replace('-', "").to_lowercase(),
    }
}

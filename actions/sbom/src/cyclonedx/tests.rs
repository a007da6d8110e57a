use super::*;
use crate::{
    assemble::{Development, assemble},
    graph::{Checksum, Ecosystem, Inventory, Knowledge, Licence, Origin, Package, Place, Root, RootKind},
};
use cyclonedx_bom::validation::Validate as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn package(name: &str, licences: &[Licence]) -> Package {
    let mut package = Package::new(name, Some("1.0".to_owned()), Origin::Purl(format!("pkg:npm/{name}@1.0")));
    package.licences = licences.iter().cloned().collect();
    package
}

fn graph() -> Graph {
    let mut inventory = Inventory::new(Ecosystem::Npm);
    inventory.files.push(Place { path: "package-lock.json".into(), layer: Some("sha256:00".into()) });
    let mit = Licence::Id("MIT".into());
    let mut a = package("a", std::slice::from_ref(&mit));
    a.needs = vec![1];
    a.line = Some(7);
    a.checksums.insert(Checksum { algorithm: "SHA-256", hex: "ab".repeat(32) });
    let mut b = package("b", &[Licence::Expression("MIT OR Apache-2.0".into())]);
    b.scope = crate::graph::Scope::Development;
    b.needs_known = Knowledge::Unknown;
    let c = package("c", &[mit, Licence::Expression("MIT OR ISC".into()), Licence::Named("own".into())]);
    inventory.packages = vec![a, b, c];
    inventory.direct = Some(vec![0, 2]);
    let root = Root {
        kind: RootKind::Container,
        name: "app".into(),
        version: Some("sha256:00".into()),
        purl: Some("pkg:oci/app@sha256:00".into()),
        properties: BTreeMap::new(),
    };
    assemble(Some(root), vec![inventory], Development::Mark)
}

fn document(version: SpecVersion) -> Value {
    let at = "2024-01-02T03:04:05.678Z".parse().unwrap();
    serde_json::from_slice(&write(&graph(), version, Syntax::Json, Some(at)).unwrap()).unwrap()
}

#[test]
fn every_component_and_the_root_have_a_dependency_entry() {
    assert_eq!(
        document(SpecVersion::V1_6)["dependencies"],
        json!([
            {"ref": "pkg:npm/a@1.0", "dependsOn": ["pkg:npm/b@1.0"]},
            {"ref": "pkg:npm/b@1.0", "dependsOn": []},
            {"ref": "pkg:npm/c@1.0", "dependsOn": []},
            {"ref": "pkg:oci/app@sha256:00", "dependsOn": ["pkg:npm/a@1.0", "pkg:npm/c@1.0"]},
        ])
    );
}

#[test]
fn compositions_say_what_is_known_and_what_is_not() {
    assert_eq!(
        document(SpecVersion::V1_6)["compositions"],
        json!([
            {"bom-ref": "composition:listing", "aggregate": "unknown", "assemblies": ["pkg:oci/app@sha256:00"]},
            {"bom-ref": "composition:direct", "aggregate": "complete", "dependencies": ["pkg:oci/app@sha256:00"]},
            {"bom-ref": "composition:npm:unknown", "aggregate": "unknown", "dependencies": ["pkg:npm/b@1.0"]},
            {"bom-ref": "composition:npm:complete", "aggregate": "complete", "dependencies": ["pkg:npm/a@1.0", "pkg:npm/c@1.0"]},
        ])
    );
}

#[test]
fn licences_stand_alone_as_an_expression_or_together_as_a_list() {
    let document = document(SpecVersion::V1_6);
    let licences = |index: usize| document["components"][index]["licenses"].clone();
    assert_eq!(licences(0), json!([{"license": {"id": "MIT", "acknowledgement": "declared"}}]));
    assert_eq!(licences(1), json!([{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]));
    assert_eq!(licences(2).as_array().unwrap().len(), 3);
    assert!(licences(2).as_array().unwrap().iter().all(|choice| choice.get("license").is_some()));
}

#[test]
fn evidence_names_file_line_and_layer_and_development_is_excluded() {
    let document = document(SpecVersion::V1_6);
    assert_eq!(
        document["components"][0]["evidence"]["occurrences"][0],
        json!({"location": "package-lock.json", "line": 7, "additionalContext": "layer sha256:00"})
    );
    assert_eq!(document["components"][1]["scope"], "excluded");
    assert_eq!(document["metadata"]["timestamp"], "2024-01-02T03:04:05Z");
}

#[test]
fn the_serial_number_follows_the_content_and_not_the_time() {
    let serial = |graph: &Graph, at: Option<&str>| {
        let at = at.map(|at| at.parse().unwrap());
        let bytes = write(graph, SpecVersion::V1_6, Syntax::Json, at).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["serialNumber"].as_str().unwrap().to_owned()
    };
    let plain = serial(&graph(), None);
    assert!(plain.starts_with("urn:uuid:") && plain.as_bytes()[23] == b'5', "{plain}");
    assert_eq!(serial(&graph(), Some("2024-01-02T03:04:05Z")), plain);
    let mut other = graph();
    other.components.get_mut("pkg:npm/a@1.0").unwrap().package.version = Some("1.1".to_owned());
    assert_ne!(serial(&other, None), plain);
}

/// The crate reads back what it wrote: the same components, edges and completeness.
#[test]
fn version_1_5_goes_through_the_crate_and_comes_back_whole() {
    let bytes = write(&graph(), SpecVersion::V1_5, Syntax::Json, None).unwrap();
    let read = cyclonedx_bom::models::bom::Bom::parse_from_json_v1_5(&bytes[..]).unwrap();
    assert!(read.validate().passed());
    let components = read.components.unwrap().0;
    let refs: BTreeSet<_> = components.iter().filter_map(|c| c.bom_ref.clone()).collect();
    assert_eq!(refs, graph().components.into_keys().collect());
    let edges: usize = read.dependencies.unwrap().0.iter().map(|d| d.dependencies.len()).sum();
    assert_eq!(edges, 3);
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document["specVersion"], "1.5");
    assert_eq!(document["compositions"].as_array().unwrap().len(), 4);
    assert!(!String::from_utf8(bytes).unwrap().contains("acknowledgement"));
    assert_eq!(
        write(&graph(), SpecVersion::V1_5, Syntax::Xml, None).unwrap(),
        write(&graph(), SpecVersion::V1_5, Syntax::Xml, None).unwrap()
    );
}

#[test]
fn the_head_is_what_the_serializer_writes() {
    let graph = graph();
    for (version, at) in
        [(SpecVersion::V1_6, None), (SpecVersion::V1_7, Some("2024-01-02T03:04:05.678Z".parse().unwrap()))]
    {
        let mut bom = build::bom(&graph, version);
        bom.serial_number = Some(serial_number(&serde_json::to_vec(&bom).unwrap()));
        bom.metadata.timestamp = at.map(build::timestamp);
        let whole = serde_json::to_string(&bom).unwrap() + "\n";
        assert_eq!(String::from_utf8(write(&graph, version, Syntax::Json, at).unwrap()).unwrap(), whole);
    }
}

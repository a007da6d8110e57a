use super::*;
use proptest::prelude::*;

fn named() -> Named {
    Named { name: "shop".to_owned(), version: Some("7".to_owned()), timestamp: None }
}

fn merged(documents: &[Value]) -> Merged {
    let sources = documents.iter().enumerate();
    let sources =
        sources.map(|(n, document)| Source { name: format!("{n}.json"), document: document.clone() }).collect();
    merge(sources, &named()).unwrap()
}

fn web() -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 3, "serialNumber": "urn:uuid:0b4f3b1e-0000-4000-8000-000000000001",
        "metadata": {"timestamp": "2026-01-01T00:00:00Z", "tools": [{"vendor": "v", "name": "old", "version": "1"}],
            "component": {"type": "application", "bom-ref": "app", "name": "web"}},
        "components": [
            {"type": "library", "bom-ref": "1", "name": "left", "version": "1", "purl": "pkg:npm/left@1", "scope": "excluded",
             "licenses": [{"license": {"id": "MIT"}}], "hashes": [{"alg": "SHA-1", "content": "aa"}]},
            {"type": "library", "bom-ref": "2", "name": "inner", "components": [{"type": "file", "bom-ref": "f", "name": "x"}]}],
        "dependencies": [{"ref": "app", "dependsOn": ["1", "2"]}, {"ref": "1"}],
        "compositions": [{"aggregate": "complete", "assemblies": ["app"], "dependencies": ["1"]}],
        "vulnerabilities": [{"bom-ref": "v", "id": "CVE-1", "affects": [{"ref": "1"}]}],
        "signature": {"algorithm": "RS512", "value": "x"}})
}

fn api() -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"timestamp": "2026-02-01T00:00:00Z", "tools": {"components": [{"type": "application", "name": "new"}]},
            "component": {"type": "application", "bom-ref": "app", "name": "api", "version": "2"}},
        "components": [
            {"type": "library", "bom-ref": "x", "name": "left", "version": "1", "purl": "pkg:npm/left@1", "scope": "required",
             "licenses": [{"license": {"id": "ISC"}}], "hashes": [{"alg": "SHA-256", "content": "bb"}]},
            {"type": "library", "bom-ref": "2", "name": "another"}],
        "dependencies": [{"ref": "app", "dependsOn": ["x", "2"]}, {"ref": "2", "dependsOn": ["x"]}, {"ref": "x", "dependsOn": []}],
        "compositions": [{"aggregate": "unknown", "dependencies": ["2"]}]})
}

#[test]
fn two_documents_become_one_and_every_reference_follows() {
    let merged = merged(&[web(), api()]);
    let document = &merged.document;
    assert_eq!((&document["specVersion"], merged.joined), (&json!("1.6"), 1));
    assert_eq!(
        document["metadata"]["component"],
        json!({"bom-ref": "merged:shop", "name": "shop", "type": "application", "version": "7"})
    );
    assert_eq!(document["metadata"]["timestamp"], "2026-02-01T00:00:00Z");
    let tools: Vec<_> = document["metadata"]["tools"]["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].as_str().unwrap())
        .collect();
    assert_eq!(tools, ["lockkeeper-sbom", "new", "old"]);
    let components = document["components"].as_array().unwrap();
    let names: Vec<_> = components
        .iter()
        .map(|c| (c["bom-ref"].as_str().unwrap().split('#').next().unwrap(), c["name"].as_str().unwrap()))
        .collect();
    let mut sorted_names = names.clone();
    sorted_names.sort_unstable();
    assert_eq!(sorted_names, [("1", "left"), ("2", "another"), ("2", "inner"), ("app", "api"), ("app", "web")]);
    let left = components.iter().find(|c| c["name"] == "left").unwrap();
    assert_eq!(left["scope"], "required");
    assert_eq!((left["hashes"].as_array().unwrap().len(), left["licenses"].as_array().unwrap().len()), (2, 2));
    let reference =
        |name: &str| components.iter().find(|c| c["name"] == name).unwrap()["bom-ref"].as_str().unwrap().to_owned();
    let needs = |from: &str| -> BTreeSet<String> {
        let entry = document["dependencies"].as_array().unwrap().iter().find(|e| e["ref"] == from).unwrap();
        entry["dependsOn"].as_array().unwrap().iter().map(|to| to.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(needs("merged:shop"), BTreeSet::from([reference("web"), reference("api")]));
    assert_eq!(needs(&reference("web")), BTreeSet::from(["1".to_owned(), reference("inner")]));
    assert_eq!(needs(&reference("another")), BTreeSet::from(["1".to_owned()]));
    assert_eq!(document["vulnerabilities"][0]["affects"][0]["ref"], "1");
    assert_eq!(document["compositions"].as_array().unwrap().len(), 2);
    assert!(merged.remarks.iter().any(|remark| remark.contains("signature was left out")));
    crate::bill::Bill::read(document.to_string().as_bytes()).unwrap();
}

#[test]
fn a_document_alone_keeps_what_it_is_about() {
    let one = merged(&[api()]);
    assert_eq!(one.document["metadata"]["component"]["name"], "api");
    assert_eq!(one, merged(&[api(), api()]), "the same one twice is one");
}

#[test]
fn what_is_no_cyclonedx_is_named() {
    let source = |document: Value| vec![Source { name: "x.json".to_owned(), document }];
    let told = merge(source(json!({"spdxVersion": "SPDX-2.3"})), &named()).unwrap_err().to_string();
    assert_eq!(told, "x.json is no CycloneDX document; CycloneDX 1.4 to 1.7 in JSON can be merged");
    assert!(merge(source(json!({"bomFormat": "CycloneDX", "specVersion": "1.2"})), &named()).is_err());
    assert_eq!(merge(Vec::new(), &named()), Err(MergeError::Nothing));
}

#[test]
fn contradictions_are_told() {
    let with = |hash: &str, licence: Value| {
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "a", "purl": "pkg:npm/a@1",
            "hashes": [{"alg": "SHA-256", "content": hash}], "licenses": [licence]}]})
    };
    let merged =
        merged(&[with("aa", json!({"expression": "MIT OR ISC"})), with("bb", json!({"license": {"id": "MIT"}}))]);
    let remarks: Vec<_> = merged.remarks.iter().map(String::as_str).collect();
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(
        remarks[0].contains("different checksums of one kind") && remarks[1].contains("was left out"),
        "{remarks:?}"
    );
    assert_eq!(merged.document["components"][0]["licenses"].as_array().unwrap().len(), 1, "an expression stands alone");
}

fn any_document() -> impl Strategy<Value = Value> {
    let component = ("[ab]", "[12]", any::<bool>(), "[xyz]").prop_map(|(name, version, purl, reference)| {
        let mut component =
            json!({"type": "library", "name": name, "version": version, "bom-ref": format!("{reference}{name}")});
        if purl {
            component["purl"] = json!(format!("pkg:npm/{name}@{version}"));
        }
        component
    });
    (prop::collection::btree_map("[xyz][ab]", component, 0..4), "[pq]", any::<bool>()).prop_map(
        |(components, root, with_root)| {
            let components: Vec<Value> = components
                .into_iter()
                .map(|(reference, mut component)| {
                    component["bom-ref"] = json!(reference);
                    component
                })
                .collect();
            let refs: Vec<_> = components.iter().map(|component| component["bom-ref"].clone()).collect();
            let mut document = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components});
            if with_root {
                document["metadata"] = json!({"component": {"type": "application", "name": root, "bom-ref": "root"}});
                document["dependencies"] = json!([{"ref": "root", "dependsOn": refs}]);
            }
            document
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_the_documents_does_not_matter(documents in prop::collection::vec(any_document(), 1..4)) {
        let forward = merged(&documents).document;
        let backward: Vec<Value> = documents.iter().rev().cloned().collect();
        prop_assert_eq!(canonical(&forward), canonical(&merged(&backward).document));
    }

    #[test]
    fn merging_what_is_merged_changes_nothing(documents in prop::collection::vec(any_document(), 1..4)) {
        let once = merged(&documents).document;
        prop_assert_eq!(canonical(&merged(std::slice::from_ref(&once)).document), canonical(&once));
        let twice = [documents.clone(), documents].concat();
        prop_assert_eq!(canonical(&merged(&twice).document), canonical(&once));
    }

    #[test]
    fn every_edge_leads_to_a_component(documents in prop::collection::vec(any_document(), 1..4)) {
        let document = merged(&documents).document;
        let mut known: BTreeSet<&str> = document["components"].as_array().unwrap().iter().filter_map(references::reference).collect();
        known.extend(references::reference(&document["metadata"]["component"]));
        for entry in document["dependencies"].as_array().unwrap() {
            prop_assert!(known.contains(entry["ref"].as_str().unwrap()));
            for to in entry["dependsOn"].as_array().unwrap() {
                prop_assert!(known.contains(to.as_str().unwrap()), "{} in {}", to, document);
            }
        }
    }
}

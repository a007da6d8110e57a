use super::*;
use crate::bill::Bill;
use proptest::prelude::*;
use serde_json::json;

fn document() -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {"component": {"type": "container", "bom-ref": "pkg:oci/app@sha256:aa?arch=amd64", "name": "app", "purl": "pkg:oci/app@sha256:aa?arch=amd64"}},
        "components": [
            {"type": "library", "bom-ref": "pkg:npm/left@1.3.0", "name": "left", "purl": "pkg:npm/left@1.3.0"},
            {"type": "library", "bom-ref": "pkg:npm/left@2.0.0", "name": "left", "purl": "pkg:npm/left@2.0.0"},
            {"type": "library", "bom-ref": "libc", "name": "libc6", "purl": "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12"}]})
}

fn bill() -> Bill {
    Bill::read(document().to_string().as_bytes()).unwrap()
}

fn open(statements: Value) -> Vex {
    let document = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://x/1", "author": "a", "timestamp": "2026-01-01T00:00:00Z",
        "version": 1, "statements": statements});
    read(document.to_string().as_bytes()).unwrap()
}

#[test]
fn an_openvex_document_is_matched_with_the_components_it_speaks_of() {
    let vex = open(json!([
        {"vulnerability": {"name": "CVE-1"}, "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path",
         "products": [{"@id": "pkg:oci/app@sha256:aa", "subcomponents": [{"@id": "pkg:npm/left"}]}]},
        {"vulnerability": {"name": "CVE-2"}, "status": "affected", "action_statement": "update", "products": [{"@id": "pkg:oci/app@sha256:aa"}]},
        {"vulnerability": "CVE-3", "status": "fixed", "products": [{"@id": "pkg:npm/left@9"}, {"identifiers": {"purl": "pkg:deb/debian/libc6@2.36-9"}}]},
        {"vulnerability": {"name": "CVE-4"}, "status": "under_investigation", "products": [{"@id": "https://example.org/app"}]}
    ]));
    assert_eq!(vex.predicate_type(), "https://openvex.dev/ns");
    let about = about(&vex, &bill());
    let refs = |refs: &[&str]| refs.iter().map(|text| (*text).to_owned()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(
        about.components,
        [
            refs(&["pkg:npm/left@1.3.0", "pkg:npm/left@2.0.0"]),
            refs(&["pkg:oci/app@sha256:aa?arch=amd64"]),
            refs(&["libc"]),
            refs(&[])
        ]
    );
    let unknown: Vec<_> = about.unknown.iter().map(|(id, what)| format!("{id} {what}")).collect();
    assert_eq!(unknown, ["CVE-3 pkg:npm/left@9", "CVE-4 https://example.org/app"]);

    let embedded = embed(document(), &[(&vex, about)]);
    let entries = embedded["vulnerabilities"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(
        entries[0],
        json!({"id": "CVE-1", "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "vulnerable_code_not_in_execute_path"},
            "affects": [{"ref": "pkg:npm/left@1.3.0"}, {"ref": "pkg:npm/left@2.0.0"}]})
    );
    assert_ne!(embedded["serialNumber"], document()["serialNumber"], "other content has another serial number");
}

#[test]
fn a_cyclonedx_document_speaks_by_reference_or_by_bom_link() {
    let vex = read(
        json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "vulnerabilities": [
            {"id": "CVE-1", "bom-ref": "v", "ratings": [{"severity": "high"}], "analysis": {"state": "not_affected"}, "affects": [{"ref": "libc"}]},
            {"id": "CVE-2", "affects": [{"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Fleft%402.0.0"}]},
            {"id": "CVE-3", "affects": [{"ref": "urn:cdx:00000000-395b-41f5-a30f-a58921a69b79/1#libc"}]}]})
        .to_string()
        .as_bytes(),
    )
    .unwrap();
    let about = about(&vex, &bill());
    let counts: Vec<_> = about.components.iter().map(std::collections::BTreeSet::len).collect();
    assert_eq!((counts, about.unknown.len()), (vec![1, 1, 0], 1));
    let embedded = embed(document(), &[(&vex, about)]);
    assert_eq!(embedded["vulnerabilities"][0]["ratings"][0]["severity"], "high", "what was said is kept");
    assert_eq!(embedded["vulnerabilities"][0].get("bom-ref"), None, "it names nothing here");
}

#[test]
fn statements_that_say_nothing_are_refused_by_number() {
    for (statements, words) in [
        (json!([{"status": "fixed"}]), "statement 1 has no `vulnerability`"),
        (
            json!([{"vulnerability": {"name": "C"}, "status": "fixed"}, {"vulnerability": {"name": "C"}, "status": "safe"}]),
            "statement 2 has the unknown status `safe`",
        ),
        (json!([{"vulnerability": {"name": "C"}, "status": "not_affected"}]), "not why"),
    ] {
        let document = json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": statements});
        let told = read(document.to_string().as_bytes()).unwrap_err().to_string();
        assert!(told.contains(words), "{told}");
    }
    assert!(matches!(read(b"{}"), Err(VexError::NoVex)));
    assert!(matches!(read(b"{\"bomFormat\":\"CycloneDX\"}"), Err(VexError::NoVex)));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(text in "\\PC{0,100}") {
        let _ = read(text.as_bytes());
    }
}

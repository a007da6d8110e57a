use super::*;
use serde_json::json;

fn bill(value: &serde_json::Value) -> Bill {
    Bill::read(value.to_string().as_bytes()).unwrap()
}

fn element<'a>(score: &'a Score, name: &str) -> &'a ElementScore {
    score.elements.iter().find(|element| element.element.starts_with(name)).unwrap()
}

#[test]
fn a_document_with_everything_has_a_hundred_percent_of_each_profile() {
    let party = json!({"name": "ACME", "url": ["https://acme.example"]});
    let document = bill(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:x", "version": 1,
        "metadata": {"timestamp": "2026-11-20T10:00:00+01:00[Europe/Berlin]", "lifecycles": [{"phase": "build"}], "manufacturer": party,
            "tools": {"components": [{"type": "application", "name": "t", "version": "1"}]},
            "component": {"type": "application", "name": "app", "bom-ref": "root"}},
        "components": [{"type": "library", "bom-ref": "l", "name": "left", "version": "1", "purl": "pkg:npm/left@1", "manufacturer": party,
            "hashes": [{"alg": "SHA-256", "content": "aa"}], "licenses": [{"expression": "MIT", "acknowledgement": "concluded"}],
            "externalReferences": [{"type": "distribution", "url": "https://x", "hashes": [{"alg": "SHA-512", "content": "bb"}]}],
            "properties": [{"name": "bsi:component:filename", "value": "left.tgz"}, {"name": "bsi:component:executable", "value": "non-executable"},
                {"name": "bsi:component:archive", "value": "archive"}, {"name": "bsi:component:structured", "value": "structured"}]}],
        "dependencies": [{"ref": "root", "dependsOn": ["l"]}, {"ref": "l", "dependsOn": []}],
        "compositions": [{"aggregate": "complete", "dependencies": ["root", "l"]}]
    }));
    for profile in [Profile::Cisa2026, Profile::Ntia2021, Profile::BsiTr03183] {
        let score = score(profile, &document, Signed::ByStatement);
        assert_eq!(score.percent, 100, "{score:#?}");
        assert!(score.elements.iter().all(|element| element.failing.is_empty()));
    }
    let unsigned = score(Profile::Cisa2026, &document, Signed::NotKnown);
    assert_eq!((unsigned.percent, element(&unsigned, "SBOM Author Signature").percent), (94, Some(0)));
}

#[test]
fn unknown_withheld_and_missing_are_told_apart() {
    let document = bill(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "components": [
            {"type": "library", "bom-ref": "a", "name": "a", "version": "1", "properties": [{"name": UNKNOWN, "value": "hash licence"}]},
            {"type": "library", "bom-ref": "b", "name": "b", "version": "unknown", "properties": [{"name": WITHHELD, "value": "hash producer"}]},
            {"type": "library", "bom-ref": "c", "name": "c", "supplier": {"name": "unknown provenance"}}],
        "compositions": [{"aggregate": "unknown", "dependencies": ["a"]}]
    }));
    let score = score(Profile::Cisa2026, &document, Signed::NotKnown);
    let counts = |name: &str| {
        let found = element(&score, name);
        (found.stated, found.unknown, found.withheld, found.missing, found.percent)
    };
    assert_eq!(counts("Component Hash Value"), (0, 1, 1, 1, Some(33)));
    assert_eq!(counts("Component License"), (0, 1, 0, 2, Some(33)));
    assert_eq!(counts("Component Version"), (1, 1, 0, 1, Some(66)));
    assert_eq!(counts("Component Producer"), (0, 1, 1, 1, Some(33)));
    assert_eq!(counts("Component Dependency"), (0, 1, 0, 2, Some(33)));
    assert_eq!(element(&score, "Component Hash Value").failing, ["b@unknown", "c"]);
    assert_eq!(element(&super::score(Profile::BsiTr03183, &document, Signed::NotKnown), "Format").percent, Some(0));
    let markdown = table(github::Summary::new(), &score).to_markdown();
    assert!(markdown.contains("| Component Hash Value | 33 % | 0 | 1 | 1 | 1 | b@unknown, c |"), "{markdown}");
}

#[test]
fn no_component_is_never_a_hundred_percent_and_what_the_format_cannot_say_does_not_count() {
    let empty = bill(
        &json!({"spdxVersion": "SPDX-2.3", "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Person: A"]}}),
    );
    let ntia = score(Profile::Ntia2021, &empty, Signed::NotKnown);
    assert_eq!(ntia.percent, 28, "two of seven elements");
    assert_eq!(element(&score(Profile::Cisa2026, &empty, Signed::NotKnown), "SBOM Version").percent, None);
}

#[test]
fn failing_components_are_named_up_to_a_bound() {
    let components: Vec<_> = (0..500).map(|n| json!({"type": "library", "name": format!("c{n}")})).collect();
    let document = bill(&json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}));
    let score = score(Profile::Ntia2021, &document, Signed::NotKnown);
    let version = element(&score, "Version");
    assert_eq!((version.missing, version.failing.len()), (500, NAMED));
}

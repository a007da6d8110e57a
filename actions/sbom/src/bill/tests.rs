use super::*;
use proptest::prelude::*;
use serde_json::json;

fn read(value: &serde_json::Value) -> Bill {
    Bill::read(value.to_string().as_bytes()).unwrap()
}

fn foreign_cyclonedx() -> serde_json::Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1,
        "metadata": {
            "timestamp": "2026-01-02T03:04:05Z",
            "tools": [{"vendor": "a", "name": "b", "version": "1"}],
            "component": {"type": "application", "bom-ref": "app", "name": "app", "version": "1.0"}
        },
        "components": [
            {"type": "library", "bom-ref": "l", "group": "@s", "name": "left", "version": "1.3.0", "purl": "pkg:npm/%40s/left@1.3.0",
             "licenses": [{"license": {"id": "MIT"}}], "hashes": [{"alg": "SHA-1", "content": "AB"}], "scope": "excluded",
             "components": [{"type": "library", "name": "inner", "purl": "pkg:npm/inner@2"}]},
            {"type": "library", "bom-ref": "l", "name": "twice", "licenses": [{"expression": "MIT OR Apache-2.0"}], "x-unknown": [1]}
        ],
        "dependencies": [{"ref": "app", "dependsOn": ["l", "gone"]}, {"ref": "gone", "dependsOn": []}]
    })
}

#[test]
fn a_foreign_cyclonedx_document_is_read_with_its_nested_and_twice_named_components() {
    let bill = read(&foreign_cyclonedx());
    assert_eq!(bill.form.to_string(), "CycloneDX 1.4");
    assert_eq!(bill.about.tools, [("b".to_owned(), Some("1".to_owned()))]);
    let names: Vec<_> = bill.listed().map(|(reference, part)| (reference.as_str(), part.label())).collect();
    let wanted = [("l", "@s/left@1.3.0"), ("l#3", "twice"), ("part:2", "inner")];
    assert_eq!(names, wanted.map(|(r, l)| (r, l.to_owned())));
    let left = &bill.parts["l"];
    assert!(left.excluded && left.hashes.contains(&("SHA-1".to_owned(), "ab".to_owned())));
    assert_eq!(bill.edges["app"], BTreeSet::from(["l".to_owned()]), "an edge to what is not listed is none");
    assert_eq!(bill.edges["l"], BTreeSet::from(["part:2".to_owned()]), "what is inside came with it");
}

#[test]
fn an_spdx_document_says_the_same() {
    let bill = read(&json!({
        "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentNamespace": "https://x/y",
        "creationInfo": {"created": "2026-01-02T03:04:05Z", "creators": ["Tool: syft-1.18.1", "Organization: ACME (a@b.c)"]},
        "packages": [
            {"SPDXID": "SPDXRef-app", "name": "app", "downloadLocation": "NOASSERTION", "primaryPackagePurpose": "APPLICATION"},
            {"SPDXID": "SPDXRef-l", "name": "@s/left", "versionInfo": "1.3.0", "licenseConcluded": "NOASSERTION", "licenseDeclared": "MIT",
             "supplier": "Person: Ann (ann@x.org)", "checksums": [{"algorithm": "SHA256", "checksumValue": "AB"}],
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/%40s/left@1.3.0"}]},
            {"SPDXID": "SPDXRef-d", "name": "dev"}
        ],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-app"},
            {"spdxElementId": "SPDXRef-l", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-app"},
            {"spdxElementId": "SPDXRef-d", "relationshipType": "DEV_DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-app"}
        ]
    }));
    assert_eq!(bill.root.as_deref(), Some("SPDXRef-app"));
    assert_eq!(bill.about.tools, [("syft".to_owned(), Some("1.18.1".to_owned()))]);
    assert_eq!(bill.about.authors, [Party { name: "ACME".to_owned(), reachable: true }]);
    let left = &bill.parts["SPDXRef-l"];
    assert_eq!(left.licence_names(), ["MIT"]);
    assert_eq!(left.producer, Some(Party { name: "Ann".to_owned(), reachable: true }));
    assert_eq!(Key::of(left), Key::of(&read(&foreign_cyclonedx()).parts["l"]), "two formats, one package");
    assert!(bill.parts["SPDXRef-d"].excluded);
    assert_eq!(Routes::of(&bill).way("SPDXRef-l"), ["app", "@s/left@1.3.0"]);
}

#[test]
fn what_is_no_bill_of_materials_is_refused_in_words() {
    for (text, words) in [
        ("{}", "neither a CycloneDX nor an SPDX"),
        ("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.2\"}", "CycloneDX 1.2 is not read"),
        ("{\"spdxVersion\":\"SPDX-2.1\"}", "SPDX-2.1 is not read"),
        ("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"name\":3}]}", "line 1 column"),
        ("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[", "EOF while parsing"),
    ] {
        let told = Bill::read(text.as_bytes()).unwrap_err().to_string();
        assert!(told.contains(words), "{text}: {told}");
    }
    let deep = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":{}",
        "[{\"components\":".repeat(4000)
    );
    assert!(Bill::read(deep.as_bytes()).is_err(), "a nest without end does not overflow the stack");
}

#[test]
fn the_same_package_has_one_key_whoever_writes_it() {
    let key = |purl: &str| Key::of_purl(&purl.parse().unwrap()).to_string();
    for (one, other) in [
        ("pkg:golang/github.com/Azure/go@v1", "pkg:golang/github.com/azure/go@v2"),
        (
            "pkg:deb/debian/libc6@2.36?arch=amd64&distro=debian-12",
            "pkg:deb/debian/libc6@2.41?arch=amd64&distro=debian-13",
        ),
        ("pkg:maven/a/b@1?type=jar", "pkg:maven/a/b@1"),
        ("pkg:pypi/Zope.Interface@1", "pkg:pypi/zope-interface@1"),
    ] {
        assert_eq!(key(one), key(other));
    }
    assert_ne!(key("pkg:deb/debian/libc6@1?arch=amd64"), key("pkg:deb/debian/libc6@1?arch=i386"));
    assert_eq!(purl_version(&"pkg:rpm/fedora/a@1-2?epoch=3".parse().unwrap()).as_deref(), Some("3:1-2"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Bill::read(&bytes);
    }

    #[test]
    fn a_document_that_is_cut_off_is_refused_and_never_shorter(cut in 0usize..2000) {
        let whole = foreign_cyclonedx().to_string();
        let cut = cut % whole.len();
        prop_assert!(Bill::read(&whole.as_bytes()[..cut]).is_err());
    }
}

use super::*;
use crate::graph::{FindingKind, Knowledge, Origin, Scope};

fn purls(inventory: &Inventory) -> Vec<&str> {
    assert!(inventory.packages.iter().all(|package| package.origin != Origin::Own));
    inventory
        .packages
        .iter()
        .filter_map(|p| if let Origin::Purl(purl) = &p.origin { Some(purl.as_str()) } else { None })
        .collect()
}

#[test]
fn bitnamis_components_are_listed_by_name() {
    let text = r#"{"postgresql":{"arch":"amd64","digest":"DIGEST","distro":"debian-12","type":"NAMI","version":"16.1.0-12"},
      "yq":{"version":"4.40.5-1"}}"#;
    let inventory = bitnami::parse(text.replace("DIGEST", &"ab".repeat(32)).as_bytes()).unwrap();
    assert_eq!(
        purls(&inventory),
        ["pkg:bitnami/postgresql@16.1.0-12?arch=amd64&distro=debian-12", "pkg:bitnami/yq@4.40.5-1"]
    );
    assert_eq!(inventory.packages[0].checksums.len(), 1);
    for wrong in ["", "[]", r#"{"a":{}}"#, r#"{"":{"version":"1"}}"#, &text[..100]] {
        assert!(bitnami::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

const BOM: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[
  {"type":"library","bom-ref":"a","group":"@s","name":"a","version":"1.0.0","purl":"pkg:npm/%40s/a@1.0.0","scope":"excluded",
   "hashes":[{"alg":"SHA-256","content":"SUM"},{"alg":"BLAKE3","content":"00"}],"licenses":[{"license":{"id":"MIT"}}],
   "components":[{"type":"library","bom-ref":"in","name":"in","purl":"pkg:npm/in@2"},{"type":"file","name":"f"}]},
  {"type":"library","bom-ref":"b","name":"b","version":"2","purl":"pkg:PYPI/B_x@2","licenses":[{"expression":"MIT OR Zlib"}]},
  {"type":"library","name":"odd","purl":"pkg:"}],
 "dependencies":[{"ref":"a","dependsOn":["b","nowhere"]},{"ref":"b"}]}"#;

const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","packages":[
  {"SPDXID":"SPDXRef-a","name":"a","versionInfo":"1","supplier":"Organization: Acme","licenseDeclared":"Apache-2.0",
   "externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:bitnami/a@1?distro=debian-12&arch=amd64"}]},
  {"SPDXID":"SPDXRef-b","name":"b","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:golang/example.com/b@v1.0.0"}]},
  {"SPDXID":"SPDXRef-root","name":"document"}],
 "relationships":[{"spdxElementId":"SPDXRef-a","relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-b"}]}"#;

#[test]
fn an_embedded_document_speaks_for_what_it_names_by_a_purl() {
    let inventory = document::parse(BOM.replace("SUM", &"ab".repeat(32)).as_bytes()).unwrap();
    assert_eq!(purls(&inventory), ["pkg:npm/%40s/a@1.0.0", "pkg:pypi/b-x@2", "pkg:npm/in@2"]);
    let [a, b, within] = &inventory.packages[..] else { panic!("fewer") };
    assert_eq!((a.needs.as_slice(), a.scope, a.checksums.len()), ([1, 2].as_slice(), Scope::Development, 1));
    assert_eq!((within.needs_known, within.version.as_deref()), (Knowledge::Unknown, Some("2")));
    assert_eq!((b.needs_known, b.licences.len()), (Knowledge::Incomplete, 1));
    assert_eq!(inventory.remarks[0].text, "2 of 5 components have no purl and are not listed");

    let inventory = document::parse(SPDX.as_bytes()).unwrap();
    assert_eq!(purls(&inventory), ["pkg:bitnami/a@1?arch=amd64&distro=debian-12", "pkg:golang/example.com/b@v1.0.0"]);
    let [a, b] = &inventory.packages[..] else { panic!("fewer") };
    assert_eq!((a.needs.as_slice(), a.publisher.as_deref()), ([1].as_slice(), Some("Acme")));
    assert_eq!((a.licences.len(), b.version.as_deref()), (1, Some("v1.0.0")));
}

#[test]
fn a_broken_document_is_refused_with_its_line_and_an_unknown_version_is_a_finding() {
    for (text, line) in [("", 1), ("{}", 1), (&BOM[..300], 3), (&SPDX[..300], 3)] {
        assert_eq!(document::parse(text.as_bytes()).unwrap_err().line, line, "{text}");
    }
    for text in [r#"{"spdxVersion":"SPDX-3.0"}"#, r#"{"bomFormat":"CycloneDX","specVersion":"9"}"#] {
        let inventory = document::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (inventory.listing, inventory.remarks[0].kind),
            (Knowledge::Incomplete, FindingKind::UnknownVersion)
        );
    }
}

#[test]
fn documents_are_read_in_images_only_and_say_where_they_were() {
    let claimed = |path, place| {
        FORMATS.iter().any(|format| (format.claims)(&Candidate { path, place, size: 1, executable: false }))
    };
    for (path, wanted) in [
        ("opt/bitnami/.bitnami_components.json", true),
        ("opt/bitnami/postgresql/.spdx-postgresql.spdx", true),
        ("usr/share/sbom/app.cdx.json", true),
        ("app/x.spdx.json", true),
        ("home/.spdx-x.spdx", false),
    ] {
        assert_eq!(claimed(path, Place::Image), wanted, "{path}");
        assert!(!claimed(path, Place::Tree), "{path}");
    }
    let place = crate::graph::Place { path: "app/x.cdx.json".to_owned(), layer: None };
    let inventory = read(&Found { place, bytes: BOM.as_bytes().to_vec() }).unwrap().swap_remove(0);
    assert!(inventory.packages.iter().all(|p| p.properties["lockkeeper:embedded-sbom"] == "app/x.cdx.json"));
}

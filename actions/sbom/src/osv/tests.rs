use super::*;
use crate::bill::Bill;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn bill(purls: &[&str]) -> Bill {
    let components: Vec<_> =
        purls.iter().map(|purl| json!({"type": "library", "name": "x", "purl": purl, "bom-ref": purl})).collect();
    let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components});
    Bill::read(document.to_string().as_bytes()).unwrap()
}

#[test]
fn every_ecosystem_is_asked_about_in_its_own_words() {
    for (purl, wanted) in [
        ("pkg:cargo/regex@1.3.1", "crates.io regex 1.3.1"),
        ("pkg:npm/%40a/b@1", "npm @a/b 1"),
        ("pkg:golang/github.com/gogo/protobuf@v1.3.1", "Go github.com/gogo/protobuf 1.3.1"),
        ("pkg:maven/org.a/b@1", "Maven org.a:b 1"),
        (
            "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
            "Debian:12 openssl 3.0.11-1~deb12u2",
        ),
        ("pkg:deb/debian/libc-bin@2.36-9%2Bb1?distro=debian-12.5&upstream=glibc%402.36-9", "Debian:12 glibc 2.36-9"),
        ("pkg:deb/ubuntu/bash@5.1?distro=ubuntu-22.04", "Ubuntu:22.04:LTS bash 5.1"),
        ("pkg:deb/ubuntu/bash@5.1?distro=ubuntu-23.10", "Ubuntu:23.10 bash 5.1"),
        ("pkg:apk/alpine/libssl3@3.1.4-r5?distro=alpine-3.18.4&upstream=openssl", "Alpine:v3.18 openssl 3.1.4-r5"),
        ("pkg:rpm/rocky/bash@5.1-2?epoch=1&distro=rocky-9.3", "Rocky Linux:9 bash 1:5.1-2"),
    ] {
        let (packages, _) = packages(&bill(&[purl]));
        let asked: Vec<_> = packages.keys().map(|p| format!("{} {} {}", p.ecosystem, p.name, p.version)).collect();
        assert_eq!(asked, [wanted], "{purl}");
    }
    let (none, left_out) = packages(&bill(&["pkg:npm/unpinned", "pkg:generic/x@1", "pkg:deb/debian/x@1"]));
    assert_eq!((none.len(), left_out), (0, 3));
}

/// The scores that the specifications' own examples and the CVSS calculators of FIRST give.
#[test]
fn severity_comes_from_the_vectors() {
    let record = |vector: &str| json!({"severity": [{"type": "CVSS", "score": vector}]});
    for (vector, number, name) in [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(9.8), "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Some(7.5), "high"),
        ("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N", Some(3.3), "low"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Some(9.3), "critical"),
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", Some(7.8), "high"),
        ("nonsense", None, "unknown"),
    ] {
        let record = record(vector);
        let score = severity::score(&record);
        assert_eq!((score, severity::word(&record, score)), (number, name), "{vector}");
    }
    let said = json!({"database_specific": {"severity": "MODERATE"}});
    assert_eq!(severity::word(&said, severity::score(&said)), "medium");
}

#[test]
fn records_of_one_vulnerability_are_one_and_withdrawn_ones_none() {
    let package = Package { name: "a".into(), version: "1".into(), ecosystem: "npm".into() };
    let record = |id: &str, rest: Value| {
        let mut record = json!({"id": id, "modified": "2026-01-01T00:00:00Z",
            "affected": [{"package": {"name": "a"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2"}]}]}, {"package": {"name": "other"}}]});
        record.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        (id.to_owned(), record)
    };
    let answer = Answer {
        concerned: BTreeMap::from([(
            package.clone(),
            ["GHSA-1", "CVE-1", "GHSA-2", "GONE", "LOST"].map(str::to_owned).into(),
        )]),
        records: BTreeMap::from([
            record(
                "GHSA-1",
                json!({"aliases": ["CVE-1"], "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}]}),
            ),
            record("CVE-1", json!({})),
            record("GHSA-2", json!({"database_specific": {"severity": "LOW"}})),
            record("GONE", json!({"withdrawn": "2026-01-01T00:00:00Z"})),
        ]),
        missing: BTreeMap::from([("LOST".to_owned(), "it answered 404".to_owned())]),
    };
    let found = findings("app", &BTreeMap::from([(package, Default::default())]), &answer);
    let groups: Vec<_> = found
        .groups()
        .map(|(_, g)| (g.ids.iter().cloned().collect::<Vec<_>>().join(" "), g.max_severity.clone(), g.severity))
        .collect();
    assert_eq!(
        groups,
        [
            ("CVE-1 GHSA-1".to_owned(), "7.5".to_owned(), "high"),
            ("GHSA-2".to_owned(), String::new(), "low"),
            ("LOST".to_owned(), String::new(), "unknown")
        ]
    );
    let vulnerable = &found.results[0].packages[0];
    assert_eq!(vulnerable.groups[0].fixed, BTreeSet::from(["1.2".to_owned()]));
    assert_eq!(
        vulnerable.vulnerabilities[0]["affected"].as_array().unwrap().len(),
        1,
        "only what concerns this package"
    );
    let markdown = table(github::Summary::new(), &found, 2).to_markdown();
    for words in [
        "| high 7.5 | CVE-1, GHSA-1 | a 1 (npm) | 1.2 |",
        "1 records could not be had",
        "2 components could not be asked about",
    ] {
        assert!(markdown.contains(words), "{words} is not in {markdown}");
    }
}

#[test]
fn a_name_that_is_a_path_is_no_name_of_a_record() {
    for (id, wanted) in [
        ("GHSA-c3h9-896r-86jm", true),
        ("RHSA-2024:0001", true),
        ("../x", false),
        ("a/b", false),
        (".x", false),
        ("", false),
    ] {
        assert_eq!(cache::is_id(id), wanted, "{id}");
    }
}

use super::*;
use github::Summary;
use proptest::prelude::*;
use serde_json::json;

fn bill(components: &[(&str, &str)]) -> Bill {
    let components: Vec<_> = components
        .iter()
        .map(|(purl, licence)| {
            json!({"type": "library", "bom-ref": purl, "name": purl.split(['/', '@']).nth(1).unwrap(),
            "purl": purl, "licenses": [{"expression": licence}]})
        })
        .collect();
    let refs: Vec<_> = components.iter().map(|component| component["bom-ref"].clone()).collect();
    let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": {"component": {"type": "application", "name": "app", "bom-ref": "root"}},
        "components": components, "dependencies": [{"ref": "root", "dependsOn": refs}]});
    Bill::read(document.to_string().as_bytes()).unwrap()
}

#[test]
fn each_kind_of_change_is_told_apart() {
    let before = bill(&[
        ("pkg:npm/gone@1.0.0", "MIT"),
        ("pkg:npm/up@1.9.0", "MIT"),
        ("pkg:deb/debian/down@1.0-2?arch=amd64", "MIT"),
        ("pkg:generic/odd@a", "MIT"),
        ("pkg:pypi/relicensed@2", "MIT"),
        ("pkg:npm/twice@1.0.0", "MIT"),
        ("pkg:npm/twice@2.0.0", "MIT"),
    ]);
    let after = bill(&[
        ("pkg:npm/come@1.0.0", "BSD-3-Clause"),
        ("pkg:npm/up@1.10.0", "MIT"),
        ("pkg:deb/debian/down@1.0-2~bpo1?arch=amd64", "MIT"),
        ("pkg:generic/odd@b", "MIT"),
        ("pkg:pypi/relicensed@2", "AGPL-3.0-only"),
        ("pkg:npm/twice@2.0.0", "MIT"),
        ("pkg:npm/twice@3.0.0", "MIT"),
    ]);
    let diff = diff(&before, &after);
    let changes: Vec<_> = diff
        .changed
        .iter()
        .map(|c| (c.direction, c.package.to_string(), c.before.version.as_str(), c.after.version.as_str()))
        .collect();
    assert_eq!(
        changes,
        [
            (Direction::Downgraded, "deb:debian/down?arch=amd64".to_owned(), "1.0-2", "1.0-2~bpo1"),
            (Direction::Changed, "generic:odd".to_owned(), "a", "b"),
            (Direction::Upgraded, "npm:twice".to_owned(), "1.0.0", "3.0.0"),
            (Direction::Upgraded, "npm:up".to_owned(), "1.9.0", "1.10.0"),
            (Direction::Restated, "pypi:relicensed".to_owned(), "2", "2"),
        ]
    );
    assert!(diff.changed[4].licences_changed);
    assert_eq!(diff.added.iter().map(|s| s.package.to_string()).collect::<Vec<_>>(), ["npm:come"]);
    assert_eq!(diff.removed.iter().map(|s| s.package.to_string()).collect::<Vec<_>>(), ["npm:gone"]);
    assert_eq!(diff.new_licences, BTreeSet::from(["AGPL-3.0-only".to_owned(), "BSD-3-Clause".to_owned()]));
    assert_eq!(diff.added[0].item.why, ["app", "come"], "{:?}", diff.added[0]);
    let markdown = table(Summary::new(), &diff, "production").to_markdown();
    for words in ["| downgraded | 1 |", "licence MIT → AGPL-3.0-only", "Added: 1"] {
        assert!(markdown.contains(words), "{words} is not in {markdown}");
    }
}

#[test]
fn the_same_version_with_other_bytes_is_an_alarm_and_a_checksum_more_is_none() {
    let with = |hashes: serde_json::Value| {
        let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
            {"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1", "hashes": hashes}]});
        Bill::read(document.to_string().as_bytes()).unwrap()
    };
    let one = with(json!([{"alg": "SHA-256", "content": "aa"}]));
    let more = with(json!([{"alg": "SHA-256", "content": "AA"}, {"alg": "SHA-1", "content": "cc"}]));
    let other = with(json!([{"alg": "SHA-256", "content": "bb"}]));
    assert!(diff(&one, &more).is_empty() && diff(&one, &with(json!([]))).is_empty());
    assert_eq!(diff(&one, &other).changed[0].direction, Direction::Replaced);
}

fn any_packages() -> impl Strategy<Value = Packages> {
    let part = (
        "[ab]",
        prop_oneof![Just("npm"), Just("generic"), Just("deb")],
        "[0-3](\\.[0-2])?",
        "(MIT|ISC)",
        any::<bool>(),
    );
    prop::collection::vec(part, 0..12).prop_map(|parts| {
        let components: Vec<_> = parts
            .into_iter()
            .map(|(name, kind, version, licence, excluded)| {
                let vendor = if kind == "deb" { "debian/" } else { "" };
                json!({"type": "library", "name": name, "version": version, "purl": format!("pkg:{kind}/{vendor}{name}@{version}"),
                    "licenses": [{"license": {"id": licence}}], "scope": if excluded { "excluded" } else { "required" }})
            })
            .collect();
        let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components});
        packages(&Bill::read(document.to_string().as_bytes()).unwrap())
    })
}

/// What becomes of the older packages when the difference is carried out.
fn carry_out(older: &Packages, diff: &Diff) -> Packages {
    let mut result = older.clone();
    let gone =
        diff.removed.iter().map(|s| (&s.package, &s.item)).chain(diff.changed.iter().map(|c| (&c.package, &c.before)));
    for (key, item) in gone {
        let versions = result.get_mut(key).unwrap();
        assert!(versions.remove(&item.version).is_some());
        if versions.is_empty() {
            result.remove(key);
        }
    }
    let come =
        diff.added.iter().map(|s| (&s.package, &s.item)).chain(diff.changed.iter().map(|c| (&c.package, &c.after)));
    for (key, item) in come {
        let former = result.entry(key.clone()).or_default().insert(item.version.clone(), item.clone());
        assert!(former.is_none());
    }
    result
}

proptest! {
    #[test]
    fn a_document_does_not_differ_from_itself(packages in any_packages()) {
        prop_assert!(of(&packages, &packages).is_empty());
    }

    #[test]
    fn carrying_out_a_difference_gives_the_newer_document(older in any_packages(), newer in any_packages()) {
        prop_assert_eq!(carry_out(&older, &of(&older, &newer)), newer);
    }

    #[test]
    fn the_way_back_is_the_same_difference_mirrored(older in any_packages(), newer in any_packages()) {
        let (there, back) = (of(&older, &newer), of(&newer, &older));
        prop_assert_eq!(&there.added, &back.removed);
        prop_assert_eq!(there.changed.len(), back.changed.len());
        prop_assert_eq!(there.going(Direction::Upgraded).count(), back.going(Direction::Downgraded).count());
    }
}

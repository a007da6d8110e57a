use super::*;
use serde_json::json;

fn part(purl: &str, scope: &str, places: &[&str]) -> serde_json::Value {
    let places: Vec<_> = places.iter().map(|place| json!({"location": place})).collect();
    let (name, version) = purl.rsplit_once('@').unwrap();
    json!({"type": "library", "name": name, "version": version, "purl": purl, "scope": scope, "evidence": {"occurrences": places}})
}

fn bill(components: Vec<serde_json::Value>) -> Bill {
    let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components});
    Bill::read(document.to_string().as_bytes()).unwrap()
}

#[test]
fn an_image_with_lockfile_and_installation_is_compared_with_itself() {
    let drift = within(&bill(vec![
        part("pkg:npm/same@1", "required", &["app/package-lock.json", "app/node_modules/same/package.json"]),
        part("pkg:npm/test@1", "excluded", &["app/package-lock.json"]),
        part("pkg:npm/jest@1", "excluded", &["app/package-lock.json", "app/node_modules/jest/package.json"]),
        part("pkg:npm/lost@1", "required", &["app/package-lock.json"]),
        part("pkg:npm/moved@1", "required", &["app/package-lock.json"]),
        part("pkg:npm/moved@2", "required", &["app/node_modules/moved/package.json"]),
        part("pkg:npm/snuck@1", "required", &["app/node_modules/snuck/package.json"]),
        part("pkg:npm/inner@1", "required", &["app/node_modules/snuck/package-lock.json"]),
        part("pkg:deb/debian/libc6@1", "required", &["var/lib/dpkg/status"]),
        part("pkg:pypi/flask@1", "required", &["app/requirements-prod.txt"]),
    ]))
    .unwrap();
    let names = |singles: &[Single]| singles.iter().map(|s| s.package.to_string()).collect::<Vec<_>>();
    assert_eq!(drift.ecosystems, BTreeSet::from(["npm".to_owned()]), "only what both sides have is compared");
    assert_eq!(names(&drift.not_shipped), ["npm:lost"]);
    assert_eq!(names(&drift.not_locked), ["npm:inner", "npm:snuck"]);
    assert_eq!(drift.development_left_out, 1);
    assert_eq!(drift.development_shipped.iter().map(|item| item.version.as_str()).collect::<Vec<_>>(), ["1"]);
    assert_eq!(drift.drifted.len(), 1);
    assert!(!drift.is_empty());
    let markdown = table(Summary::new(), &drift, "its own lockfiles").to_markdown();
    assert!(markdown.contains("| npm:moved | 2 | locked as 1 |"), "{markdown}");
}

#[test]
fn an_image_without_a_lockfile_says_nothing() {
    assert_eq!(within(&bill(vec![part("pkg:npm/a@1", "required", &["node_modules/a/package.json"])])), None);
}

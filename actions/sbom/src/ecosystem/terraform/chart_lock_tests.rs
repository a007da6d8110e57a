use super::*;

const LOCK: &str = "dependencies:
- name: postgresql
  repository: https://user:secret@charts.example.com/stable
  version: 12.1.0
- name: common
  repository: file://../common
  version: 1.0.0
- name: redis
  repository: oci://registry.example.com/charts
  version: 18.0.0
digest: sha256:1f3d
generated: \"2024-01-01T00:00:00Z\"
";

#[test]
fn a_chart_is_named_with_its_repository() {
    let inventory = parse(LOCK.as_bytes()).unwrap();
    let origins: Vec<_> = inventory.packages.iter().map(|package| package.origin.clone()).collect();
    let purl = |purl: &str| Origin::Purl(purl.to_owned());
    assert_eq!(
        origins,
        [
            purl("pkg:generic/postgresql@12.1.0?repository_url=https:%2F%2Fcharts.example.com%2Fstable"),
            Origin::Own,
            purl("pkg:generic/redis@18.0.0?repository_url=oci:%2F%2Fregistry.example.com%2Fcharts"),
        ]
    );
    assert_eq!(inventory.direct, Some(vec![0, 1, 2]));
}

#[test]
fn a_file_cut_off_anywhere_lists_everything_or_is_refused() {
    for end in 0..LOCK.len() {
        if let Ok(inventory) = parse(&LOCK.as_bytes()[..end]) {
            assert_eq!(inventory.packages.len(), 3, "{}", &LOCK[..end]);
        }
    }
    assert!(parse(b"dependencies: 3\n").is_err());
}

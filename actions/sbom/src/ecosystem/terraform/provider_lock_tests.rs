use super::*;

/// Written by Terraform; see the README beside it.
const REAL: &str = include_str!("../../../tests/terraform/.terraform.lock.hcl");

#[test]
fn terraform_itself_names_the_same_providers() {
    let inventory = parse(REAL.as_bytes()).unwrap();
    let providers: Vec<_> = inventory
        .packages
        .iter()
        .map(|p| format!("+ provider {}/{} v{}", p.group.as_deref().unwrap(), p.name, p.version.as_deref().unwrap()))
        .collect();
    // What `terraform version` prints in that folder.
    let theirs = [
        "+ provider registry.terraform.io/example/alpha v1.2.3",
        "+ provider registry.terraform.io/example/beta v0.4.0",
    ];
    assert_eq!(providers, theirs);
    let alpha = &inventory.packages[0];
    assert_eq!(alpha.origin, Origin::Purl("pkg:generic/registry.terraform.io/example/alpha@1.2.3".to_owned()));
    assert_eq!(alpha.line, Some(4));
    assert_eq!(alpha.properties["lockkeeper:terraform:hashes"].split(' ').count(), 2);
}

#[test]
fn an_archives_hash_is_a_checksum() {
    let hash = "ab".repeat(32);
    let lock = format!("provider \"r/a/b\" {{\n  hashes = [\"zh:{hash}\", \"h1:x=\"]\n  version=\"1\"\n}} // end\n");
    let inventory = parse(lock.as_bytes()).unwrap();
    assert_eq!(inventory.packages[0].checksums, [Checksum { algorithm: "SHA-256", hex: hash }].into());
}

#[test]
fn a_file_cut_off_inside_a_block_is_refused() {
    let second = REAL.find("provider \"registry.terraform.io/example/beta\"").unwrap();
    for end in 0..REAL.trim_end().len() {
        let listed = parse(&REAL.as_bytes()[..end]).map(|inventory| inventory.packages.len());
        let between = REAL[..end].trim_end().ends_with('}') || end <= REAL.find("provider").unwrap();
        assert_eq!(listed.is_ok(), between && !REAL[..end].trim().is_empty(), "{}", &REAL[..end]);
        assert!(end >= second || listed != Ok(2));
    }
}

#[test]
fn what_terraform_would_not_write_is_refused_with_its_line() {
    for (lock, line) in [
        ("", 1),
        ("resource \"x\" {}", 1),
        ("provider \"a/b\" {\n}", 1),
        ("provider \"b\" {\n version = \"1\" }", 1),
        ("provider \"a/b\" {\n version = 1 }", 2),
        ("provider \"a/b\" {\n version = \"${x}\\n\" }", 2),
        ("provider \"a/b\" {\n version = \"1\"\n hashes = [\"zh:x\"] }", 1),
        ("provider \"a/b\" {\n hashes = [\n\"h1:a\" { ] }", 3),
        ("provider \"a//b\" { version = \"1\" }", 1),
        ("?", 1),
    ] {
        assert_eq!(parse(lock.as_bytes()).map_err(|e| e.line).unwrap_err(), line, "{lock}");
    }
}

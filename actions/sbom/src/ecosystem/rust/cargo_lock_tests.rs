use super::*;

const LOCK: &str = r#"version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "rand 0.8.5",
 "tool",
]

[[package]]
name = "rand"
version = "0.7.3"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "6a6b1679d49b24bbfe0c803429aa1874472f50d9b363131f0e89fc356b544d03"

[[package]]
name = "rand"
version = "0.8.5"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "34af8d1a0e25924bc5b7c43c079c942339d8f0a8b57c39049bef581b46327404"

[[package]]
name = "tool"
version = "1.0.0"
source = "git+https://user:secret@example.com/tool?branch=main#0123abcd"
dependencies = [
 "rand 0.7.3 (registry+https://github.com/rust-lang/crates.io-index)",
]
"#;

#[test]
fn a_dependency_means_exactly_one_version() {
    let inventory = parse(LOCK.as_bytes()).unwrap();
    let needs: Vec<_> = inventory.packages.iter().map(|p| p.needs.clone()).collect();
    assert_eq!(needs, [vec![2, 3], vec![], vec![], vec![1]]);
    assert_eq!(inventory.direct, Some(vec![0]));
    assert_eq!(inventory.packages[2].line, Some(17));
    assert_eq!(inventory.packages[1].checksums.len(), 1);
}

#[test]
fn a_git_crate_is_named_by_its_commit_without_the_secret() {
    let inventory = parse(LOCK.as_bytes()).unwrap();
    let Origin::Purl(purl) = &inventory.packages[3].origin else { panic!("own") };
    assert_eq!(purl, "pkg:cargo/tool@1.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Ftool%400123abcd");
}

#[test]
fn a_lockfile_cut_off_between_packages_is_an_error_at_the_line_that_misses_something() {
    let cut = LOCK.find("[[package]]\nname = \"tool\"").unwrap();
    let error = parse(&LOCK.as_bytes()[..cut]).unwrap_err();
    assert_eq!(error.line, 8);
    assert!(error.message.contains("`tool`"), "{error}");
}

#[test]
fn a_version_that_is_not_known_is_a_finding_and_not_a_broken_file() {
    let inventory = parse(b"version = 9\n[[package]]\nname='a'\nversion='1'").unwrap();
    assert_eq!((inventory.packages.len(), inventory.remarks[0].kind), (0, FindingKind::UnknownVersion));
}

#[test]
fn what_cargo_would_not_write_is_refused_with_its_line() {
    for (lock, line, wanted) in [
        ("", 1, "no package"),
        ("version = 4\n\n[[package]]\nname = \"a", 4, ""),
        ("[[package]]\nname = \"a\"\n", 1, "version"),
        ("[[package]]\nname='a'\nversion='1'\n\n[[package]]\nname='b'\nversion='1'", 7, "cut off"),
        ("[[package]]\nname='a'\nversion='1'\nsource='sparse+https://index.crates.io/'\n", 1, "no checksum"),
        ("[[package]]\nname = \"a\"\nversion=\"1\"\nsource=\"registry+x\"\nchecksum=\"00\"", 1, "not SHA-256"),
    ] {
        let error = parse(lock.as_bytes()).unwrap_err();
        assert_eq!(error.line, line, "{lock}: {error}");
        assert!(error.message.contains(wanted), "{lock}: {error}");
    }
}

#[test]
fn version_1_keeps_its_checksums_apart() {
    let lock = format!(
        "[root]\nname='a'\nversion='1.0.0'\ndependencies=['b 1.0.0 (registry+x)']\n[[package]]\nname='b'\n\
         version='1.0.0'\nsource='registry+x'\n[metadata]\n\"checksum b 1.0.0 (registry+x)\" = '{}'\n",
        "ab".repeat(32)
    );
    let inventory = parse(lock.as_bytes()).unwrap();
    assert_eq!(inventory.packages[0].needs, [1]);
    assert_eq!(inventory.packages[1].checksums.first().unwrap().hex, "ab".repeat(32));
}

#[test]
fn of_a_path_crate_and_a_published_one_of_the_same_version_the_path_crate_is_meant_without_source() {
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let lock = format!(
        "version = 4\n[[package]]\nname='app'\nversion='1.0.0'\ndependencies=['twin 1.0.0', 'user']\n\
         [[package]]\nname='twin'\nversion='1.0.0'\n\
         [[package]]\nname='twin'\nversion='1.0.0'\nsource='{registry}'\nchecksum='{}'\n\
         [[package]]\nname='user'\nversion='1.0.0'\ndependencies=['twin 1.0.0 ({registry})']\n",
        "ab".repeat(32)
    );
    let inventory = parse(lock.as_bytes()).unwrap();
    assert_eq!(inventory.packages[0].needs, [1, 3]);
    assert_eq!(inventory.packages[3].needs, [2]);
}

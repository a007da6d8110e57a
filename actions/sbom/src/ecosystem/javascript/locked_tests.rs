use super::*;

fn purl(full: &str, source: Source<'_>) -> String {
    let locked = Locked { full, version: Some("1.0.0"), source, integrity: None };
    let Origin::Purl(purl) = locked.package().unwrap().origin else { panic!("own") };
    purl
}

#[test]
fn a_source_that_is_not_npms_own_is_in_the_purl() {
    for (full, resolved, wanted) in [
        ("a", "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "pkg:npm/a@1.0.0"),
        (
            "a",
            "https://registry.yarnpkg.com/a/-/a-1.0.0.tgz#3c7c9c46e678feefe7a2e5bb609d3dbd665ffb3f",
            "pkg:npm/a@1.0.0",
        ),
        ("a", "https://registry.npm.taobao.org/a/download/a-1.0.0.tgz", "pkg:npm/a@1.0.0"),
        (
            "@s/a",
            "https://user:secret@npm.example.com/x/@s%2fa/-/a-1.0.0.tgz",
            "pkg:npm/%40s/a@1.0.0?repository_url=https:%2F%2Fnpm.example.com%2Fx",
        ),
        (
            "@s/a",
            "https://npm.pkg.github.com/download/@s/a/1.0.0/0123abcd",
            "pkg:npm/%40s/a@1.0.0?repository_url=https:%2F%2Fnpm.pkg.github.com",
        ),
        (
            "a",
            "https://codeload.github.com/o/a/tar.gz/0123abcd",
            "pkg:npm/a@1.0.0?download_url=https:%2F%2Fcodeload.github.com%2Fo%2Fa%2Ftar.gz%2F0123abcd",
        ),
        (
            "a",
            "git+ssh://git@github.com/o/a.git#0123abcd",
            "pkg:npm/a@1.0.0?vcs_url=git%2Bssh:%2F%2Fgit%40github.com%2Fo%2Fa.git%400123abcd",
        ),
        (
            "a",
            "git://github.com/o/a.git#0123abcd",
            "pkg:npm/a@1.0.0?vcs_url=git%2Bgit:%2F%2Fgithub.com%2Fo%2Fa.git%400123abcd",
        ),
    ] {
        assert_eq!(purl(full, Source::resolved(resolved)), wanted);
    }
    assert_eq!(Source::resolved("file:../a"), Source::Own);
}

#[test]
fn an_archive_is_an_address_and_its_fragment_a_checksum() {
    let source =
        Source::Archive("https://t:k@registry.yarnpkg.com/a/-/a-1.0.0.tgz#3C7c9c46e678feefe7a2e5bb609d3dbd665ffb3f");
    let package = Locked { full: "a", version: None, source, integrity: None }.package().unwrap();
    let urls: Vec<_> = package.references.iter().map(|reference| reference.url.as_str()).collect();
    assert_eq!(urls, ["https://registry.yarnpkg.com/a/-/a-1.0.0.tgz"]);
    let sums: Vec<_> = package.checksums.iter().map(|sum| (sum.algorithm, sum.hex.as_str())).collect();
    assert_eq!(sums, [("SHA-1", "3c7c9c46e678feefe7a2e5bb609d3dbd665ffb3f")]);
}

#[test]
fn integrities_become_hexadecimal_checksums() {
    let empty = "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";
    let sum = checksum(&format!("sha512-{empty}?x")).unwrap().unwrap();
    assert_eq!(sum.algorithm, "SHA-512");
    assert!(sum.hex.starts_with("cf83e1357eefb8bdf1542850d66d8007"));
    assert_eq!(checksum("sha3-AAAA"), Ok(None));
    assert!(checksum("sha512-AAAA").is_err());
    assert!(checksum("sha512").is_err());
}

#[test]
fn what_cannot_be_a_name_is_refused() {
    for full in ["", "@s/", "a b", ".bin", "@s/.x", "a\n"] {
        let locked = Locked { full, version: None, source: Source::Registry, integrity: None };
        assert!(locked.package().is_err(), "{full:?}");
    }
}

use super::*;

fn tree<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<Vec<u8>> + 'a {
    |path| files.iter().find(|(name, _)| *name == path).map(|(_, text)| text.as_bytes().to_vec())
}

fn refusing(read: &dyn Fn(&str) -> Option<Vec<u8>>) -> Files<'_> {
    Files { read, missing: Missing::Refused }
}

fn purls(inventory: &Inventory) -> Vec<String> {
    let purl = |p: &Package| match &p.origin {
        Origin::Purl(purl) => purl.clone(),
        _ => format!("own:{}", p.name),
    };
    inventory.packages.iter().map(purl).collect()
}

const SUM: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn pins_hashes_includes_and_constraints_are_followed() {
    let main = format!(
        "# a comment\n--index-url https://user:secret@host/simple\n-r base.txt\n-c ../constraints.txt\n\
         Flask==2.0  \\\n    --hash=sha256:{SUM} \\\n    --hash sha256:{}  # why\nloose>=1\nfree\n",
        "0".repeat(64)
    );
    let files =
        [("app/base.txt", "requests[socks]==2.31.0 ; python_version >= '3.8'\n"), ("constraints.txt", "Free==9\n")];
    let (inventory, paths) = read("app/requirements.txt", main.as_bytes(), refusing(&tree(&files))).unwrap();
    assert_eq!(
        purls(&inventory),
        ["pkg:pypi/requests@2.31.0", "pkg:pypi/flask@2.0", "pkg:pypi/loose", "pkg:pypi/free@9"]
    );
    assert_eq!(paths, ["app/requirements.txt", "app/base.txt", "constraints.txt"]);
    let flask = &inventory.packages[1];
    assert_eq!((flask.line, flask.file, flask.checksums.len()), (Some(5), 0, 2));
    assert_eq!(inventory.packages[0].file, 1);
    assert_eq!(inventory.packages[0].properties["lockkeeper:pypi:marker"], "python_version >= '3.8'");
    assert_eq!(inventory.remarks.len(), 1);
    assert!(inventory.remarks[0].text.contains("`loose`"));
}

#[test]
fn locations_are_named_by_egg_wheel_or_at_sign_and_lose_their_secrets() {
    let text = "-e git+https://u:token@example.com/a.git@v1#egg=Aa&subdirectory=x\nhttps://example.com/b_b-1.2-py3-none-any.whl\n\
                c @ https://u:token@example.com/c.zip#sha256=00\n-e .\n./local\n";
    let (inventory, _) = read("requirements.txt", text.as_bytes(), refusing(&tree(&[]))).unwrap();
    assert_eq!(
        purls(&inventory),
        [
            "pkg:pypi/aa?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fa.git%40v1",
            "pkg:pypi/b-b@1.2?download_url=https:%2F%2Fexample.com%2Fb_b-1.2-py3-none-any.whl",
            "pkg:pypi/c?download_url=https:%2F%2Fexample.com%2Fc.zip",
        ]
    );
    assert_eq!((inventory.remarks.len(), inventory.listing), (2, Knowledge::Incomplete));
}

#[test]
fn a_broken_line_is_named_with_the_file_it_is_in() {
    for (files, path, line, wanted) in [
        (vec![("r.txt", "ok==1\n=broken\n")], "r.txt", 2, "does not start"),
        (vec![("r.txt", "a==1 --hash=sha256:12\n")], "r.txt", 1, "64 hexadecimal"),
        (vec![("r.txt", "a==1 --hash=md5:12\n")], "r.txt", 1, "no hash"),
        (vec![("r.txt", "--indx-url x\n")], "r.txt", 1, "no option"),
        (vec![("r.txt", "-r gone.txt\n")], "r.txt", 1, "does not exist"),
        (vec![("r.txt", "\n-r ../../up.txt\n")], "r.txt", 2, "outside"),
        (vec![("r.txt", "-r b.txt\n"), ("b.txt", "-r r.txt\n")], "b.txt", 1, "in turn"),
        (vec![("r.txt", "-r b.txt\n"), ("b.txt", "x y z\n")], "b.txt", 1, "no version specifier"),
    ] {
        let bad = read("r.txt", files[0].1.as_bytes(), refusing(&tree(&files))).unwrap_err();
        assert_eq!((bad.path.as_str(), bad.error.line), (path, line), "{}", bad.error);
        assert!(bad.error.message.contains(wanted), "{}", bad.error);
    }
}

#[test]
fn a_file_for_development_is_known_by_its_name() {
    for (path, wanted) in [
        ("requirements-dev.txt", true),
        ("dev-requirements.txt", true),
        ("requirements/test.txt", true),
        ("dev/requirements.txt", false),
        ("requirements.txt", false),
        ("requirements-device.txt", false),
    ] {
        assert_eq!(for_development(path), wanted, "{path}");
    }
}

#[test]
fn an_image_built_without_an_included_file_is_incomplete_not_broken() {
    let nothing = tree(&[]);
    let files = Files { read: &nothing, missing: Missing::Remarked };
    let (inventory, _) = read("r.txt", b"-r gone.txt\na==1\n", files).unwrap();
    assert_eq!((inventory.packages.len(), inventory.listing), (1, Knowledge::Incomplete));
    assert!(inventory.remarks[0].text.contains("`gone.txt`"));
}

use super::*;

fn claimed(path: &str, place: Place) -> Option<&'static str> {
    recognise(&Candidate { path, place, size: 100, executable: false }).map(|format| format.name)
}

#[test]
fn a_path_promises_what_its_tool_would_put_there() {
    use Place::{Image, Tree};
    for (path, place, wanted) in [
        ("Cargo.lock", Tree, Some("Cargo.lock")),
        ("a/package-lock.json", Tree, Some("package-lock.json")),
        ("requirements-dev.txt", Tree, Some("requirements.txt")),
        ("requirements/base.txt", Tree, Some("requirements.txt")),
        ("requirements/constraints.txt", Tree, Some("constraints.txt")),
        ("constraints.txt", Tree, Some("constraints.txt")),
        ("my_requirements.md", Tree, None),
        ("var/lib/dpkg/status", Tree, None),
        ("var/lib/dpkg/status", Image, Some("dpkg")),
        ("var/lib/dpkg/status-old", Image, None),
        ("var/lib/dpkg/status.d/libc6", Image, Some("dpkg")),
        ("var/lib/dpkg/status.d/libc6.md5sums", Image, None),
        ("usr/lib/python3/dist-packages/a-1.dist-info/METADATA", Image, Some("installed Python packages")),
        ("v/lib/python3.11/site-packages/a-1.egg-info/PKG-INFO", Image, Some("installed Python packages")),
        ("v/lib/python3.11/site-packages/a-1.egg-info", Image, Some("installed Python packages")),
        ("v/lib/python3.11/site-packages/a/vendored/b.dist-info/METADATA", Image, None),
        ("app/Cargo.lock", Image, Some("Cargo.lock")),
        ("usr/lib/node_modules/npm/package-lock.json", Image, None),
    ] {
        assert_eq!(claimed(path, place), wanted, "{path}");
    }
}

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
        ("var/lib/dpkg/status.d/libc6.md5sums", Image, Some("dpkg file lists")),
        ("usr/lib/python3/dist-packages/a-1.dist-info/METADATA", Image, Some("installed Python packages")),
        ("v/lib/python3.11/site-packages/a-1.egg-info/PKG-INFO", Image, Some("installed Python packages")),
        ("v/lib/python3.11/site-packages/a-1.egg-info", Image, Some("installed Python packages")),
        ("v/lib/python3.11/site-packages/a/vendored/b.dist-info/METADATA", Image, None),
        ("gems.locked", Tree, Some("Gemfile.lock")),
        ("usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.gemspec", Image, Some("installed gems")),
        ("vendor/bundle/ruby/3.1.0/specifications/json-2.6.gemspec", Tree, None),
        ("composer.lock", Tree, Some("composer.lock")),
        ("app/vendor/acme/leaf/composer.lock", Image, None),
        ("app/vendor/composer/installed.json", Image, Some("installed PHP packages")),
        ("src/A/packages.lock.json", Tree, Some("packages.lock.json")),
        ("src/packages.A.lock.json", Tree, Some("packages.lock.json")),
        ("package-lock.json", Image, Some("package-lock.json")),
        ("app/A.deps.json", Image, Some("deps.json")),
        ("conda-lock.yml", Tree, Some("conda-lock.yml")),
        ("env/dev.conda-lock.yaml", Tree, Some("conda-lock.yml")),
        ("opt/conda/conda-meta/a-1-0.json", Image, Some("installed Conda packages")),
        (".github/workflows/ci.yml", Tree, Some("GitHub workflow")),
        ("sub/.github/workflows/ci.yml", Tree, None),
        (".github/workflows/ci.yml", Image, None),
        ("actions/x/action.yaml", Tree, Some("GitHub action")),
        ("infra/.terraform.lock.hcl", Tree, Some(".terraform.lock.hcl")),
        ("sbom.cdx.json", Tree, None),
        ("app/sbom.cdx.json", Image, Some("embedded bill of materials")),
        ("app/Cargo.lock", Image, Some("Cargo.lock")),
        ("usr/lib/node_modules/npm/package-lock.json", Image, None),
    ] {
        assert_eq!(claimed(path, place), wanted, "{path}");
    }
}

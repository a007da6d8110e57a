//! The types this action writes itself, each with what it needs, and URLs without their secrets.

use super::Purl;
use subject::ImageRef;

/// Qualifiers in the order they are added; the printed form sorts them.
type Qualifiers<'a> = [(&'a str, &'a str)];

fn build(ty: &str, namespace: Option<&str>, name: &str, rest: (Option<&str>, &Qualifiers<'_>)) -> Option<String> {
    let (version, qualifiers) = rest;
    let purl = Purl::new(ty, name).namespace(namespace.unwrap_or_default()).version(version.unwrap_or_default());
    qualifiers.iter().fold(purl, |purl, (key, value)| purl.qualifier(key, value)).build()
}

/// `pkg:cargo/name@version`; `qualifiers` tell a git or a foreign registry's crate from crates.io's.
#[must_use]
pub fn cargo(name: &str, version: &str, qualifiers: &Qualifiers<'_>) -> Option<String> {
    build("cargo", None, name, (Some(version), qualifiers))
}

/// `pkg:npm/%40scope/name@version`.
#[must_use]
pub fn npm(group: Option<&str>, name: &str, version: Option<&str>, qualifiers: &Qualifiers<'_>) -> Option<String> {
    build("npm", group, name, (version, qualifiers))
}

/// `pkg:pypi/name@version`, the name in PEP 503's normal form.
#[must_use]
pub fn pypi(name: &str, version: Option<&str>, qualifiers: &Qualifiers<'_>) -> Option<String> {
    build("pypi", None, &pypi_name(name), (version, qualifiers))
}

/// PEP 503: lowercase, every run of `-`, `_` and `.` one `-`.
#[must_use]
pub fn pypi_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

/// `pkg:deb/<vendor>/name@version?arch=…&distro=…&upstream=…`; the epoch stays in the version.
#[must_use]
pub fn deb(vendor: Option<&str>, name: &str, version: &str, qualifiers: &Qualifiers<'_>) -> Option<String> {
    build("deb", vendor, name, (Some(version), qualifiers))
}

/// `pkg:oci/name@sha256:…?repository_url=…`: the manifest's digest, never a tag.
#[must_use]
pub fn oci(image: &ImageRef, architecture: Option<&str>) -> Option<String> {
    let path = image.repository.path();
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let url = image.repository.to_string();
    let qualifiers = [("arch", architecture.unwrap_or_default()), ("repository_url", &url)];
    build("oci", None, &name, (Some(&image.digest.to_string()), &qualifiers))
}

/// A URL without user name and password: a lockfile may carry a registry token.
#[must_use]
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        // `git@host` is how SSH is spelt, not a secret.
        Some(("git", _)) | None => url.to_owned(),
        Some((_, host)) => format!("{scheme}://{host}{}", &rest[end..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// purl-spec, `types/*.json` examples, and the traps of each type.
    #[test]
    fn purls_are_canonical_for_their_type() {
        let digest = "sha256:244fd47e07d1004f0aed9c156aa09083c82bf8944eceb67c946ff7430510a77b";
        let image: subject::Reference = format!("ghcr.io/Org/App@{digest}").to_lowercase().parse().unwrap();
        let subject::Reference::Image(image) = image else { panic!("not pinned") };
        for (purl, wanted) in [
            (cargo("rand", "0.7.2", &[]), "pkg:cargo/rand@0.7.2".to_owned()),
            (cargo("a", "1.0.0+b", &[]), "pkg:cargo/a@1.0.0%2Bb".to_owned()),
            (npm(Some("@angular"), "animation", Some("12.3.1"), &[]), "pkg:npm/%40angular/animation@12.3.1".to_owned()),
            (pypi("Django_Package", Some("1.11.1"), &[]), "pkg:pypi/django-package@1.11.1".to_owned()),
            (pypi("zope.interface", None, &[]), "pkg:pypi/zope-interface".to_owned()),
            (
                deb(Some("debian"), "vim", "2:8.2-1+b1", &[("distro", "debian-12"), ("arch", "amd64")]),
                "pkg:deb/debian/vim@2:8.2-1%2Bb1?arch=amd64&distro=debian-12".to_owned(),
            ),
            (oci(&image, Some("amd64")), format!("pkg:oci/app@{digest}?arch=amd64&repository_url=ghcr.io%2Forg%2Fapp")),
        ] {
            assert_eq!(purl, Some(wanted));
        }
    }

    #[test]
    fn a_token_in_a_url_is_left_out() {
        for (url, wanted) in [
            ("https://user:token@host/x?y@z", "https://host/x?y@z"),
            ("https://token@host", "https://host"),
            ("git+ssh://git@github.com/a/b.git#c", "git+ssh://git@github.com/a/b.git#c"),
            ("https://host/a@b", "https://host/a@b"),
            ("../local", "../local"),
        ] {
            assert_eq!(without_credentials(url), wanted);
        }
    }
}

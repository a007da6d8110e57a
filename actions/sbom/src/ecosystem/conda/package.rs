//! One Conda package, named by where it is stored.

use crate::{
    graph::{Checksum, Origin, Package},
    purl::{self, Purl},
};

/// What a package's file says by its name and address alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) build: &'a str,
    /// `linux-64`, `noarch`.
    pub(super) subdir: &'a str,
    /// `conda` or `tar.bz2`.
    pub(super) kind: &'static str,
    /// The address above the subdir.
    pub(super) channel: &'a str,
}

impl<'a> Stored<'a> {
    /// From `https://host/channel/linux-64/name-1.0-build_0.conda`.
    pub(super) fn at(url: &'a str) -> Option<Self> {
        let url = url.split(['#', '?']).next().unwrap_or(url);
        let (folder, file) = url.rsplit_once('/')?;
        let (channel, subdir) = folder.rsplit_once('/').unwrap_or(("", folder));
        let (stem, kind) = match file.strip_suffix(".conda") {
            Some(stem) => (stem, "conda"),
            None => (file.strip_suffix(".tar.bz2")?, "tar.bz2"),
        };
        let mut parts = stem.rsplitn(3, '-');
        let (build, version, name) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = ![name, version, build, subdir].contains(&"");
        whole.then_some(Self { name, version, build, subdir, kind, channel })
    }

    /// The package it is; qualifiers as purl-spec's type `conda` has them. Anaconda's own two hosts are the default.
    pub(super) fn package(&self) -> Option<Package> {
        let channel = purl::without_credentials(self.channel);
        let (scheme, place) = channel.split_once("://").unwrap_or(("", &channel));
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        let path = path.strip_prefix("t/").and_then(|path| path.split_once('/')).map_or(path, |(_token, path)| path);
        let known = matches!(host, "conda.anaconda.org" | "repo.anaconda.com" | "repo.continuum.io" | "");
        let name = path.strip_prefix("pkgs/").unwrap_or(path);
        let base = if known || scheme.is_empty() { String::new() } else { format!("{scheme}://{host}") };
        let purl = Purl::new("conda", self.name).version(self.version).qualifier("build", self.build);
        let purl = purl.qualifier("channel", name).qualifier("subdir", self.subdir).qualifier("type", self.kind);
        let purl = purl.qualifier("repository_url", &base).build()?;
        Some(Package::new(self.name, Some(self.version.to_owned()), Origin::Purl(purl)))
    }
}

/// A checksum of the package's file, if it is one.
pub(super) fn add_checksum(package: &mut Package, algorithm: &'static str, hex: Option<&str>) -> Option<()> {
    let Some(hex) = hex.filter(|hex| !hex.is_empty()) else { return Some(()) };
    let digits = if algorithm == "MD5" { 32 } else { 64 };
    let exact = hex.len() == digits && hex.bytes().all(|b| b.is_ascii_hexdigit());
    package.checksums.insert(exact.then(|| Checksum { algorithm, hex: hex.to_lowercase() })?);
    Some(())
}

/// The name in a requirement such as `python >=3.10,<3.11.0a0`, or `conda-forge::python=3.10`.
pub(super) fn name_of(requirement: &str) -> &str {
    let requirement = requirement.trim();
    let requirement = requirement.rsplit_once("::").map_or(requirement, |(_, rest)| rest);
    requirement.split([' ', '=', '<', '>', '!', '~', '[', ';']).next().unwrap_or(requirement)
}

/// What the machine has, not a package: `__glibc`.
pub(super) fn is_virtual(name: &str) -> bool {
    name.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packages_address_names_it() {
        for (url, wanted) in [
            (
                "https://conda.anaconda.org/conda-forge/linux-64/_libgcc_mutex-0.1-conda_forge.tar.bz2",
                Some("pkg:conda/_libgcc_mutex@0.1?build=conda_forge&channel=conda-forge&subdir=linux-64&type=tar.bz2"),
            ),
            (
                "https://repo.anaconda.com/pkgs/main/linux-64/absl-py-0.4.1-py36h06a4308_0.conda#0123",
                Some("pkg:conda/absl-py@0.4.1?build=py36h06a4308_0&channel=main&subdir=linux-64&type=conda"),
            ),
            (
                "https://user:secret@host.example/t/tk-123/team/noarch/x-1-0.conda",
                Some(
                    "pkg:conda/x@1?build=0&channel=team&repository_url=https:%2F%2Fhost.example&subdir=noarch&type=conda",
                ),
            ),
            ("https://host/x-1.conda", None),
            ("https://host/noarch/x.zip", None),
            ("", None),
        ] {
            let purl = Stored::at(url).and_then(|stored| stored.package()).map(|package| package.origin);
            assert_eq!(purl, wanted.map(|wanted| Origin::Purl(wanted.to_owned())), "{url}");
        }
    }

    #[test]
    fn a_requirement_begins_with_its_name() {
        for (requirement, wanted) in [
            ("python >=3.10,<3.11.0a0", "python"),
            ("conda-forge::python=3.10", "python"),
            ("numpy[version='>1']", "numpy"),
            ("__glibc", "__glibc"),
        ] {
            assert_eq!(name_of(requirement), wanted);
        }
    }
}

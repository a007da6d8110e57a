//! What every JavaScript lockfile says of one package, made into a package of the graph.

use crate::{
    ecosystem::{git, shorten},
    graph::{Checksum, Origin, Package, Reference, ReferenceKind},
    purl,
};
use base64::Engine as _;

/// One package in a lockfile's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Locked<'a> {
    /// The name on the registry, with its scope; never an alias.
    pub(super) full: &'a str,
    /// The exact version, if it has one.
    pub(super) version: Option<&'a str>,
    /// Where it comes from.
    pub(super) source: Source<'a>,
    /// Subresource integrities, separated by spaces.
    pub(super) integrity: Option<&'a str>,
}

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source<'a> {
    /// The project itself, or a path in it.
    Own,
    /// npm's registry, or one that the file does not name.
    Registry,
    /// An archive by its URL: a registry's, or somebody else's.
    Archive(&'a str),
    /// A repository and the commit.
    Git {
        /// Its URL, with or without `git+`.
        repository: &'a str,
        /// Empty if not stated.
        commit: &'a str,
    },
}

/// Copies of npm's registry: what comes from there is npm's.
const MIRRORS: &[&str] = &[
    "registry.npmjs.org",
    "registry.npmjs.com",
    "registry.yarnpkg.com",
    "registry.npmmirror.com",
    "cdn.npmmirror.com",
    "registry.npm.taobao.org",
    "r.cnpmjs.org",
];

impl<'a> Source<'a> {
    /// What npm and yarn write after `resolved`: an archive's URL, `git+…#commit`, or a path.
    pub(super) fn resolved(url: &'a str) -> Self {
        if url.starts_with("git") && url.contains("://") {
            let (repository, commit) = url.split_once('#').unwrap_or((url, ""));
            return Self::Git { repository, commit };
        }
        if url.starts_with("http://") || url.starts_with("https://") {
            return Self::Archive(url);
        }
        if url.starts_with("file:") { Self::Own } else { Self::Registry }
    }
}

/// A name with its scope taken off: `@scope` and the rest.
pub(super) fn scope_of(full: &str) -> (Option<&str>, &str) {
    match full.split_once('/') {
        Some((group, name)) if group.starts_with('@') => (Some(group), name),
        _ => (None, full),
    }
}

impl Locked<'_> {
    /// The package, named by the registry's name and, unless it came from npm's registry, by where it came from.
    ///
    /// # Errors
    /// A sentence fragment when the name cannot be a package's or an integrity is none.
    pub(super) fn package(&self) -> Result<Package, String> {
        let (group, name) = scope_of(self.full);
        let mut package = match self.source {
            Source::Own => Package::new(name, self.version.map(str::to_owned), Origin::Own),
            _ => self.foreign(group, name)?,
        };
        package.group = group.map(str::to_owned);
        for word in self.integrity.unwrap_or_default().split_whitespace() {
            package
                .checksums
                .extend(checksum(word).map_err(|why| {
                    format!("`{}` is no integrity of `{}`: {why}", shorten(word), shorten(self.full))
                })?);
        }
        Ok(package)
    }

    fn foreign(&self, group: Option<&str>, name: &str) -> Result<Package, String> {
        let qualifier = self.qualifier();
        let qualifiers: Vec<_> = qualifier.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let wrong = || format!("`{}` cannot be a package's name", shorten(self.full));
        if name.is_empty() || name.starts_with('.') || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong());
        }
        let purl = purl::npm(group, name, self.version, &qualifiers).ok_or_else(wrong)?;
        let mut package = Package::new(name, self.version.map(str::to_owned), Origin::Purl(purl));
        if let Source::Archive(url) = self.source {
            let (url, sum) = without_sum(url);
            package.checksums.extend(sum);
            if qualifier.is_none_or(|(key, _)| key != "download_url") {
                let url = purl::without_credentials(url);
                package.references.insert(Reference { kind: ReferenceKind::Distribution, url });
            }
        }
        Ok(package)
    }

    /// How the source is told in a purl; `None` for npm's own registry.
    fn qualifier(&self) -> Option<(&'static str, String)> {
        match self.source {
            Source::Own | Source::Registry => None,
            Source::Git { repository, commit } => Some(("vcs_url", git::vcs_url(repository, commit))),
            Source::Archive(url) => {
                let (url, _) = without_sum(url);
                match registry(url, self.full) {
                    Some(registry) if is_mirror(registry) => None,
                    Some(registry) => Some(("repository_url", purl::without_credentials(registry))),
                    None => Some(("download_url", purl::without_credentials(url))),
                }
            }
        }
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn is_mirror(url: &str) -> bool {
    let host = host(url);
    MIRRORS.iter().any(|mirror| host.eq_ignore_ascii_case(mirror))
}

/// The name under which npm's registry has the archive of this URL, whatever a lockfile calls it.
pub(super) fn published(url: &str) -> Option<&str> {
    let (host, path) = url.split_once("://")?.1.split_once('/')?;
    let (name, _) = path.split_once("/-/")?;
    let plain =
        !name.is_empty() && !name.contains('%') && name.matches('/').count() == usize::from(name.starts_with('@'));
    (MIRRORS.contains(&host) && plain).then_some(name)
}

/// The registry an archive's URL belongs to: `<registry>/<name>/-/<file>`, or one of the few that name files otherwise.
fn registry<'a>(url: &'a str, full: &str) -> Option<&'a str> {
    if let Some(at) = url.find("/-/") {
        let before = &url[..at];
        let (_, name) = scope_of(full);
        let escaped = |slash| before.strip_suffix(full.replacen('/', slash, 1).as_str());
        let base = before.strip_suffix(full).or_else(|| escaped("%2f")).or_else(|| escaped("%2F"));
        let base = base.or_else(|| before.strip_suffix(name));
        // An alias that hides the real name leaves the last part.
        return Some(base.or_else(|| before.rsplit_once('/').map(|(base, _)| base))?.trim_end_matches('/'));
    }
    if is_mirror(url) {
        return Some(url);
    }
    // GitHub Packages: `https://npm.pkg.github.com/download/@scope/name/1.0.0/<hash>`.
    url.split_once("/download/@").map(|(base, _)| base)
}

/// yarn's `…tgz#<SHA-1>`.
fn without_sum(url: &str) -> (&str, Option<Checksum>) {
    let Some((base, fragment)) = url.split_once('#') else { return (url, None) };
    let sum = fragment.len() == 40 && fragment.bytes().all(|byte| byte.is_ascii_hexdigit());
    let archive = base.ends_with(".tgz") || base.ends_with(".tar.gz") || base.contains("/-/");
    let sum = (sum && archive).then(|| Checksum { algorithm: "SHA-1", hex: fragment.to_lowercase() });
    (base, sum)
}

/// Subresource integrity: `sha512-<base64>`, options after `?` ignored, an algorithm that is not known too (W3C SRI §3.3).
pub(super) fn checksum(word: &str) -> Result<Option<Checksum>, &'static str> {
    let word = word.split('?').next().unwrap_or(word);
    let (algorithm, value) = word.split_once('-').ok_or("it has no algorithm")?;
    let (algorithm, length) = match algorithm {
        "md5" => ("MD5", 16),
        "sha1" => ("SHA-1", 20),
        "sha256" => ("SHA-256", 32),
        "sha384" => ("SHA-384", 48),
        "sha512" => ("SHA-512", 64),
        _ => return Ok(None),
    };
    let bytes = base64::engine::general_purpose::STANDARD.decode(value).map_err(|_| "it is not base64")?;
    if bytes.len() != length {
        return Err("it has not the length of its algorithm");
    }
    Ok(Some(Checksum { algorithm, hex: hex::encode(bytes) }))
}

#[cfg(test)]
#[path = "locked_tests.rs"]
mod tests;

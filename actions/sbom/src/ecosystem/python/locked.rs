//! What the lockfiles of Python's tools have in common: packages with their sources, what is asked of a version, and what
//! a package is for.

use super::{
    super::{
        ParseError,
        git::vcs_url,
        line_of,
        needs::{Count, Names, lacks, reached},
        shorten, text,
    },
    requirements::checksum,
    specifiers::fits,
};
use crate::{
    graph::{Inventory, Origin, Package, Scope},
    purl,
};
use serde::de::DeserializeOwned;

/// Where a package comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// An index by its URL; `None` for PyPI.
    Index(Option<&'a str>),
    /// An archive by its URL.
    Archive(&'a str),
    /// A repository and a commit.
    Git(&'a str, &'a str),
    /// A folder of the project itself.
    Own,
}

/// PyPI, as the tools spell it.
const PYPI: [&str; 2] = ["https://pypi.org/simple", "https://pypi.python.org/simple"];

/// A package of a lockfile.
///
/// # Errors
/// [`ParseError`] for a name that cannot be a package's and for a hash that is none.
pub(super) fn package<'a>(
    (name, version): (&str, Option<&str>),
    source: Source<'_>,
    hashes: impl IntoIterator<Item = &'a str>,
    line: Option<u32>,
) -> Result<Package, ParseError> {
    let wrong = |message| ParseError { line: line.unwrap_or(1), message };
    let elsewhere = |url: &str| !PYPI.contains(&url.trim_end_matches('/'));
    let remote = |url: &str| url.contains("://") && !url.starts_with("file:");
    let qualifier = match source {
        Source::Index(Some(url)) if elsewhere(url) => ("repository_url", purl::without_credentials(url)),
        Source::Archive(url) if remote(url) => ("download_url", purl::without_credentials(url)),
        Source::Git(url, commit) => ("vcs_url", vcs_url(url, commit)),
        Source::Index(_) | Source::Archive(_) | Source::Own => ("repository_url", String::new()),
    };
    let purl = purl::pypi(name, version, &[(qualifier.0, &qualifier.1)]);
    let purl = purl.ok_or_else(|| wrong(format!("`{}` cannot be a package's name", shorten(name))))?;
    let origin = if matches!(source, Source::Own) { Origin::Own } else { Origin::Purl(purl) };
    let mut package = Package::new(purl::pypi_name(name), version.map(str::to_owned), origin);
    package.line = line;
    for hash in hashes {
        // Very old files have MD5, which proves nothing.
        if !hash.starts_with("md5:") {
            package.checksums.insert(checksum(hash).map_err(&wrong)?);
        }
    }
    Ok(package)
}

/// The whole of a TOML document.
///
/// # Errors
/// [`ParseError`] for anything that is not TOML of that shape, or that ends within a line.
pub(super) fn toml<T: DeserializeOwned>(bytes: &[u8]) -> Result<(&str, T), ParseError> {
    let text = text(bytes)?;
    if !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count(), "does not end with a line (is it cut off?)"));
    }
    let document = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        ParseError::at(line_of(text, at), shorten(error.message()))
    })?;
    Ok((text, document))
}

/// One thing a package asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Need {
    /// The name in its normal form.
    pub(super) name: String,
    /// What its version must be; empty for any.
    pub(super) specifiers: String,
    /// Whether it may be missing: it is for another platform, or for an extra nobody asked for.
    pub(super) dispensable: bool,
}

/// Connects what each package asks for with the packages of the listing. Of several with one name those count whose version
/// fits; all of them where that cannot be told.
///
/// # Errors
/// [`ParseError`] for more edges than anybody needs.
pub(super) fn connect(inventory: &mut Inventory, needs: &[Vec<Need>]) -> Result<(), ParseError> {
    let mut names = Names::default();
    inventory.packages.iter().enumerate().for_each(|(index, package)| names.add(package.name.clone(), index));
    let mut count = Count::default();
    for (index, needs) in needs.iter().enumerate() {
        let mut found: Vec<usize> = Vec::new();
        let mut missing = Vec::new();
        for need in needs {
            let all = names.of(&need.name);
            let fitting = chosen(inventory, all, &need.specifiers);
            count.add(fitting.len(), inventory.packages[index].line)?;
            found.extend(fitting.into_iter().filter(|other| *other != index));
            if all.is_empty() && !need.dispensable {
                missing.push(need.name.as_str());
            }
        }
        found.sort_unstable();
        found.dedup();
        inventory.packages[index].needs = found;
        lacks(inventory, index, &missing);
    }
    Ok(())
}

fn chosen(inventory: &Inventory, all: &[usize], specifiers: &str) -> Vec<usize> {
    let fits = |index: &&usize| {
        let version = inventory.packages[**index].version.as_deref();
        version.is_none_or(|version| fits(specifiers, version).unwrap_or(true))
    };
    let fitting: Vec<usize> = if all.len() < 2 { Vec::new() } else { all.iter().filter(fits).copied().collect() };
    if fitting.is_empty() { all.to_vec() } else { fitting }
}

/// What the project itself asks for, by what it is for.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// For the product.
    pub(super) required: Vec<usize>,
    /// For an extra of the product.
    pub(super) optional: Vec<usize>,
    /// For developing it.
    pub(super) development: Vec<usize>,
}

impl Heads {
    /// Gives every package of others the strongest scope it is reached with.
    pub(super) fn give_scopes(&self, inventory: &mut Inventory) {
        let needs: Vec<&[usize]> = inventory.packages.iter().map(|package| package.needs.as_slice()).collect();
        let [required, optional, development] =
            [&self.required, &self.optional, &self.development].map(|heads| reached(&needs, heads.iter().copied()));
        for (index, package) in inventory.packages.iter_mut().enumerate() {
            package.scope = match (required[index], optional[index], development[index]) {
                _ if package.origin == Origin::Own => Scope::Required,
                (true, ..) => Scope::Required,
                (_, true, _) => Scope::Optional,
                (_, _, true) => Scope::Development,
                _ => Scope::Unstated,
            };
        }
    }

    /// All of them, once each.
    pub(super) fn all(&self) -> Vec<usize> {
        let mut all = [self.required.as_slice(), &self.optional, &self.development].concat();
        all.sort_unstable();
        all.dedup();
        all
    }
}

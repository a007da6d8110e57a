//! dpkg's database: `var/lib/dpkg/status`, and `var/lib/dpkg/status.d/*` of distroless images.
//!
//! Stanzas of `Field: value` lines (deb-control(5)); a package is installed when its status ends in `installed`
//! (dpkg-query(1)), or when there is no status at all, as in status.d.

use super::os_release::Distribution;
use crate::ecosystem::{ParseError, shorten, text};
use crate::{
    graph::{Ecosystem, Inventory, Knowledge, Origin, Package},
    purl,
};
use std::collections::BTreeMap;

/// One installed package as its stanza says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stanza {
    /// `Package`.
    pub name: String,
    /// `Version`, with its epoch.
    pub version: String,
    /// `Architecture`.
    pub architecture: String,
    /// `Source`: name, and version where it differs.
    source: Option<String>,
    maintainer: Option<String>,
    /// `Depends` and `Pre-Depends`: groups of alternatives.
    depends: Vec<Vec<Wanted>>,
    provides: Vec<String>,
    line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    name: String,
    /// `:any` or a named architecture.
    architecture: Option<String>,
}

/// How the database is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One `status` file, which dpkg ends with a newline.
    Whole,
    /// One file of `status.d`, written by image builders without that care.
    Parts,
}

/// The installed packages of one file.
///
/// # Errors
/// [`ParseError`] for a line that is neither a field nor its continuation, for an installed package without name or version,
/// and for a `status` file that ends in the middle of a line.
pub fn stanzas(bytes: &[u8], layout: Layout) -> Result<Vec<Stanza>, ParseError> {
    let text = text(bytes)?;
    if layout == Layout::Whole && !text.is_empty() && !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count(), "ends in the middle of a line (is it cut off?)"));
    }
    let mut found = Vec::new();
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    let mut start = 1;
    for (index, line) in text.lines().chain([""]).enumerate() {
        if line.trim().is_empty() {
            found.extend(stanza(&fields, start)?);
            fields.clear();
            last = None;
            start = index + 2;
        } else if line.starts_with([' ', '\t']) {
            let wrong = || ParseError::at(index + 1, "a continuation of nothing");
            let field = last.as_ref().and_then(|last| fields.get_mut(last)).ok_or_else(wrong)?;
            // Descriptions and conffile lists are not used; only the folded fields are joined.
            if field.len() < 1 << 20 {
                field.push_str(line);
            }
        } else {
            let (name, value) = line
                .split_once(':')
                .filter(|(name, _)| !name.contains(' '))
                .ok_or_else(|| ParseError::at(index + 1, format!("`{}` is no `Field: value`", shorten(line))))?;
            let name = name.to_ascii_lowercase();
            fields.insert(name.clone(), value.trim().to_owned());
            last = Some(name);
        }
    }
    Ok(found)
}

fn stanza(fields: &BTreeMap<String, String>, line: usize) -> Result<Option<Stanza>, ParseError> {
    let installed = fields.get("status").is_none_or(|status| status.split(' ').next_back() == Some("installed"));
    if fields.is_empty() || !installed {
        return Ok(None);
    }
    let field = |name: &str| fields.get(name).filter(|value| !value.is_empty()).cloned();
    let must = |name: &str| {
        field(name).ok_or_else(|| ParseError::at(line, format!("a package without `{name}` (is it cut off?)")))
    };
    let list = |name: &str| field(name).unwrap_or_default();
    let depends = [list("pre-depends"), list("depends")];
    Ok(Some(Stanza {
        name: must("package")?,
        version: must("version")?,
        architecture: field("architecture").unwrap_or_else(|| "all".to_owned()),
        source: field("source"),
        maintainer: field("maintainer"),
        depends: depends.iter().flat_map(|list| list.split(',')).map(alternatives).filter(|a| !a.is_empty()).collect(),
        provides: list("provides").split(',').flat_map(|one| wanted(one).map(|w| w.name)).collect(),
        line,
    }))
}

/// `libc6 (>= 2.34) | libc6.1`.
fn alternatives(group: &str) -> Vec<Wanted> {
    group.split('|').filter_map(wanted).collect()
}

fn wanted(text: &str) -> Option<Wanted> {
    let name = text.trim().split([' ', '(', '[']).next().filter(|name| !name.is_empty())?;
    let (name, architecture) = match name.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture.to_owned())),
        None => (name, None),
    };
    Some(Wanted { name: name.to_owned(), architecture })
}

/// All packages of a database, given each file's stanzas by file index.
///
/// Of alternatives, every installed one is an edge: the database does not say which one counts. A need that nothing installed
/// fulfils makes its package incomplete.
///
/// # Errors
/// [`ParseError`] with the file's index when a name cannot be a package's.
pub fn inventory(
    stanzas: Vec<(usize, Stanza)>,
    distribution: Option<&Distribution>,
) -> Result<Inventory, (usize, ParseError)> {
    let mut inventory = Inventory::new(Ecosystem::Deb);
    let index = Index::of(&stanzas);
    let mut unmet = Vec::new();
    for (file, stanza) in &stanzas {
        let mut package = package(stanza, distribution).map_err(|error| (*file, error))?;
        package.file = *file;
        for group in &stanza.depends {
            let met: Vec<_> = group.iter().flat_map(|wanted| index.fulfils(wanted, stanza, &stanzas)).collect();
            if met.is_empty() {
                package.needs_known = Knowledge::Incomplete;
                unmet.push((
                    package.line,
                    format!("`{}` needs `{}`, which is not installed", stanza.name, group[0].name),
                ));
            }
            package.needs.extend(met);
        }
        package.needs.sort_unstable();
        package.needs.dedup();
        inventory.packages.push(package);
    }
    for (line, text) in unmet {
        inventory.remark(line, text);
    }
    Ok(inventory)
}

fn package(stanza: &Stanza, distribution: Option<&Distribution>) -> Result<Package, ParseError> {
    let distro = distribution.map(Distribution::label).unwrap_or_default();
    let upstream = stanza.source.as_deref().map(upstream).unwrap_or_default();
    let qualifiers = [("arch", stanza.architecture.as_str()), ("distro", &distro), ("upstream", &upstream)];
    let vendor = distribution.map(|distribution| distribution.id.as_str());
    let purl = purl::deb(vendor, &stanza.name, &stanza.version, &qualifiers).ok_or_else(|| {
        ParseError::at(stanza.line, format!("`{}` cannot be a package's name", shorten(&stanza.name)))
    })?;
    let mut package = Package::new(&stanza.name, Some(stanza.version.clone()), Origin::Purl(purl));
    package.publisher.clone_from(&stanza.maintainer);
    package.line = u32::try_from(stanza.line).ok();
    Ok(package)
}

/// `openssl (3.0.1)` as grype's convention spells it: `openssl@3.0.1`.
fn upstream(source: &str) -> String {
    match source.split_once(" (") {
        Some((name, version)) => format!("{name}@{}", version.trim_end_matches(')')),
        None => source.to_owned(),
    }
}

/// Who carries a name, really or by `Provides`.
struct Index<'a> {
    real: BTreeMap<&'a str, Vec<usize>>,
    virtually: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(stanzas: &'a [(usize, Stanza)]) -> Self {
        let mut index = Self { real: BTreeMap::new(), virtually: BTreeMap::new() };
        for (position, (_, stanza)) in stanzas.iter().enumerate() {
            index.real.entry(&stanza.name).or_default().push(position);
            for name in &stanza.provides {
                index.virtually.entry(name).or_default().push(position);
            }
        }
        index
    }

    /// The installed packages that fulfil a need; a real package comes before those that provide its name.
    fn fulfils(&self, wanted: &Wanted, by: &Stanza, stanzas: &[(usize, Stanza)]) -> Vec<usize> {
        let fits = |position: &&usize| match wanted.architecture.as_deref() {
            Some("any") => true,
            Some(architecture) => stanzas[**position].1.architecture == architecture,
            None => {
                let there = &stanzas[**position].1.architecture;
                *there == by.architecture || there == "all" || by.architecture == "all"
            }
        };
        let among = |names: &BTreeMap<&str, Vec<usize>>| -> Vec<usize> {
            names.get(wanted.name.as_str()).into_iter().flatten().filter(fits).copied().collect()
        };
        let real = among(&self.real);
        if real.is_empty() { among(&self.virtually) } else { real }
    }
}

#[cfg(test)]
#[path = "dpkg_tests.rs"]
mod tests;

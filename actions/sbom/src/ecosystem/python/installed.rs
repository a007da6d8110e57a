//! Installed Python packages: `*.dist-info/METADATA`, `*.egg-info/PKG-INFO`, `*.egg-info`
//! (PyPA, "Core metadata specifications" and "Recording installed projects").

use super::{direct_url::DirectUrl, pep508};
use crate::ecosystem::{ParseError, shorten};
use crate::{
    graph::{Ecosystem, Inventory, Knowledge, Licence, Origin, Package},
    licence, purl,
};
use std::collections::{BTreeMap, BTreeSet};

/// One installed distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    name: String,
    version: String,
    licences: BTreeSet<Licence>,
    publisher: Option<String>,
    requires: Vec<String>,
    origin: DirectUrl,
}

impl Distribution {
    /// The same, installed from there.
    #[must_use]
    pub fn from(self, origin: Option<DirectUrl>) -> Self {
        Self { origin: origin.unwrap_or_default(), ..self }
    }

    /// The name as written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version as written.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// Reads the headers of a metadata file; the description after the first empty line is not looked at.
///
/// # Errors
/// [`ParseError`] for a line that is no header, or when `Name` or `Version` is missing.
pub fn parse(bytes: &[u8]) -> Result<Distribution, ParseError> {
    // Old packages hold Latin-1 in their author's name; only the names of fields and packages must be right.
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut last_line = 1;
    for (index, line) in text.lines().enumerate() {
        last_line = index + 1;
        // A line of white space only is a folded empty line: licences have them.
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            let folded = headers.last_mut().ok_or_else(|| ParseError::at(1, "a continuation of nothing"))?;
            folded.1.push('\n');
            folded.1.push_str(line.trim());
            continue;
        }
        match line.split_once(':').filter(|(name, _)| !name.is_empty() && !name.contains(' ')) {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            // setuptools wrote multi-line licences without folding them.
            None if headers.last().is_some_and(|(name, _)| matches!(name.as_str(), "license" | "description")) => {}
            None => return Err(ParseError::at(index + 1, format!("`{}` is no header", shorten(line)))),
        }
    }
    let first = |name: &str| headers.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, value)| value.clone());
    let must =
        |name: &str| first(name).ok_or_else(|| ParseError::at(last_line, format!("no `{name}` (is it cut off?)")));
    let (name, version) = (must("name")?, must("version")?);
    if purl::pypi(&name, Some(&version), &[]).is_none() {
        return Err(ParseError::at(1, format!("`{}` cannot be a package's name", shorten(&name))));
    }
    Ok(Distribution {
        name,
        version,
        licences: licences(&headers),
        publisher: ["author", "author-email", "maintainer", "maintainer-email"].into_iter().find_map(first),
        requires: headers.iter().filter(|(name, _)| name == "requires-dist").map(|(_, value)| value.clone()).collect(),
        origin: DirectUrl::default(),
    })
}

/// PEP 639's expression if there is one; else a short `License`; else the classifiers.
fn licences(headers: &[(String, String)]) -> BTreeSet<Licence> {
    let all =
        |wanted: &'static str| headers.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if let Some(found) = all("license-expression").find_map(licence::normalise) {
        return BTreeSet::from([found]);
    }
    let classifiers = || {
        let licence = all("classifier").filter_map(|value| value.strip_prefix("License :: "));
        licence.filter_map(|value| licence::normalise(value.rsplit(" :: ").next()?)).collect::<BTreeSet<_>>()
    };
    let stated = all("license").find(|text| !text.contains('\n') && text.len() <= 100).and_then(licence::normalise);
    match stated {
        Some(Licence::Named(name)) => {
            // A classifier that names an SPDX identifier says more than free words.
            let known: BTreeSet<_> = classifiers().into_iter().filter(|l| !matches!(l, Licence::Named(_))).collect();
            if known.is_empty() { BTreeSet::from([Licence::Named(name)]) } else { known }
        }
        Some(found) => BTreeSet::from([found]),
        None => {
            let mut found = classifiers();
            // "OSI Approved" alone says nothing.
            found.remove(&Licence::Named("OSI Approved".to_owned()));
            found
        }
    }
}

/// The packages of one `site-packages` folder, given each metadata file's distribution by file index.
///
/// A requirement is an edge when its marker holds on Linux in this Python, with the extras other installed packages ask for.
/// Extras that only the user asked for are not recorded anywhere, and markers about other things cannot be judged: both
/// leave the package's needs incomplete.
#[must_use]
pub fn inventory(found: &[(usize, Distribution)], python_version: Option<&str>) -> Inventory {
    let index: BTreeMap<String, usize> =
        found.iter().enumerate().map(|(position, (_, d))| (purl::pypi_name(&d.name), position)).collect();
    let needs = resolve(found, &index, python_version);
    let mut inventory = Inventory::new(Ecosystem::Pypi);
    for ((file, distribution), needs) in found.iter().zip(needs) {
        let qualifiers: Vec<(&str, &str)> =
            distribution.origin.qualifier.iter().map(|(key, value)| (*key, value.as_str())).collect();
        // What cannot be a package's name was refused with its file.
        let purl = purl::pypi(&distribution.name, Some(&distribution.version), &qualifiers).unwrap_or_default();
        let name = purl::pypi_name(&distribution.name);
        let mut package = Package::new(name, Some(distribution.version.clone()), Origin::Purl(purl));
        package.licences.clone_from(&distribution.licences);
        package.publisher.clone_from(&distribution.publisher);
        package.checksums.clone_from(&distribution.origin.checksums);
        if let Some(folder) = distribution.origin.folder {
            package.properties.insert("lockkeeper:pypi:installed-from", folder.to_owned());
        }
        package.file = *file;
        package.needs = needs.met.into_iter().collect();
        if needs.unsure {
            package.needs_known = Knowledge::Incomplete;
        }
        inventory.packages.push(package);
    }
    inventory
}

#[derive(Default)]
struct Needs {
    met: BTreeSet<usize>,
    unsure: bool,
}

/// Extras spread from package to package, so edges are found over and over until no new extra is asked for.
fn resolve(
    found: &[(usize, Distribution)],
    index: &BTreeMap<String, usize>,
    python_version: Option<&str>,
) -> Vec<Needs> {
    let mut extras: Vec<BTreeSet<String>> = found.iter().map(|_| BTreeSet::new()).collect();
    loop {
        let mut spread = false;
        let mut all = Vec::with_capacity(found.len());
        for (position, (_, distribution)) in found.iter().enumerate() {
            let environment = pep508::Environment {
                python_version: python_version.map(str::to_owned),
                extras: extras[position].iter().cloned().collect(),
            };
            let mut needs = Needs::default();
            for text in &distribution.requires {
                let Ok(requirement) = pep508::split(text) else {
                    needs.unsure = true;
                    continue;
                };
                let Some(&target) = index.get(&purl::pypi_name(requirement.name)) else {
                    let wanted =
                        requirement.marker.is_none_or(|marker| pep508::holds(marker, &environment) == Some(true));
                    needs.unsure |= wanted;
                    continue;
                };
                match requirement.marker.map_or(Some(true), |marker| pep508::holds(marker, &environment)) {
                    Some(true) => {
                        needs.met.insert(target);
                        for extra in requirement.extras {
                            spread |= extras[target].insert(extra);
                        }
                    }
                    Some(false) => {}
                    None => needs.unsure = true,
                }
            }
            all.push(needs);
        }
        if !spread {
            return all;
        }
    }
}

/// `3.11` out of `usr/lib/python3.11/site-packages/…`.
#[must_use]
pub fn python_version(path: &str) -> Option<&str> {
    let numbers = |part: &str| part.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    path.split('/')
        .filter_map(|part| part.strip_prefix("python"))
        .find(|version| version.contains('.') && numbers(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = "Metadata-Version: 2.1\nName: Requests\nVersion: 2.31.0\nLicense: Apache 2.0\nAuthor: K R\n\
        Classifier: License :: OSI Approved :: Apache Software License\nRequires-Dist: urllib3 (<3,>=1.21.1)\n\
        Requires-Dist: PySocks (!=1.5.7) ; extra == 'socks'\nRequires-Dist: win ; sys_platform == 'win32'\n\nbody: text\nno header\n";

    fn dist(name: &str, requires: &[&str]) -> (usize, Distribution) {
        let lines: String = requires.iter().map(|r| format!("Requires-Dist: {r}\n")).collect();
        (0, parse(format!("Name: {name}\nVersion: 1\n{lines}").as_bytes()).unwrap())
    }

    #[test]
    fn headers_are_read_and_the_description_is_not() {
        let found = parse(METADATA.as_bytes()).unwrap();
        assert_eq!((found.name(), found.version()), ("Requests", "2.31.0"));
        assert_eq!(found.licences, BTreeSet::from([Licence::Id("Apache-2.0".into())]));
        assert_eq!(found.requires.len(), 3);
    }

    #[test]
    fn a_licence_with_folded_empty_lines_does_not_end_the_headers() {
        let text = "Name: a\nVersion: 1\nLicense: long\n        \n        text\nRequires-Dist: b (>=1)\n\nbody\n";
        assert_eq!(parse(text.as_bytes()).unwrap().requires, ["b (>=1)"]);
    }

    #[test]
    fn an_extra_is_an_edge_only_where_it_is_asked_for() {
        let without = inventory(&[dist("a", &["r"]), dist("r", &["s; extra == 'x'"]), dist("s", &[])], None);
        assert_eq!(without.packages[1].needs, [] as [usize; 0]);
        let with = inventory(&[dist("a", &["r[X]"]), dist("r", &["s; extra == 'x'"]), dist("s", &[])], None);
        assert_eq!(with.packages[1].needs, [2]);
        assert_eq!(with.packages[1].needs_known, Knowledge::Complete);
    }

    #[test]
    fn a_marker_decides_by_the_python_the_folder_is_for() {
        let all = [dist("a", &["b; python_version < '3.9'"]), dist("b", &[])];
        assert_eq!(inventory(&all, Some("3.8")).packages[0].needs, [1]);
        assert!(inventory(&all, Some("3.11")).packages[0].needs.is_empty());
        assert_eq!(inventory(&all, None).packages[0].needs_known, Knowledge::Incomplete);
        assert_eq!(python_version("usr/local/lib/python3.11/site-packages/x"), Some("3.11"));
        assert_eq!(python_version("usr/lib/python3/dist-packages/x"), None);
    }

    #[test]
    fn a_known_licence_wins_over_free_words() {
        for (text, wanted) in [
            ("License-Expression: MIT OR Apache-2.0\nLicense: x", Licence::Expression("MIT OR Apache-2.0".into())),
            ("License: see file\nClassifier: License :: OSI Approved :: MIT License", Licence::Id("MIT".into())),
            ("License: BSD", Licence::Named("BSD".into())),
            ("License: UNKNOWN\nClassifier: License :: OSI Approved :: ISC License (ISCL)", Licence::Id("ISC".into())),
        ] {
            let found = parse(format!("Name: a\nVersion: 1\n{text}\n").as_bytes()).unwrap();
            assert_eq!(found.licences, BTreeSet::from([wanted]), "{text}");
        }
    }

    #[test]
    fn metadata_without_name_or_version_is_refused() {
        for (text, wanted) in [("", "no `name`"), ("Name: a\n", "no `version`"), ("Name: a\nnonsense\n", "no header")] {
            assert!(parse(text.as_bytes()).unwrap_err().message.contains(wanted), "{text}");
        }
    }
}

//! `Podfile.lock` (CocoaPods/Core, `lib/cocoapods-core/lockfile.rb`).
//!
//! YAML in a fixed order: `PODS` with what each needs, `DEPENDENCIES`, where pods are from, `SPEC CHECKSUMS`, and last
//! `COCOAPODS`: a file without it was cut off. A subspec is a pod of its own, `Firebase/Core`.

use super::super::{
    ParseError,
    documents::yaml,
    git,
    needs::{Count, Names, lacks},
    shorten, text,
};
use crate::{
    graph::{Ecosystem, Inventory, Origin, Package, Scope},
    purl::{self, Purl},
};
use serde::{Deserialize, de::IgnoredAny};
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Lock {
    #[serde(default)]
    pods: Option<Vec<Pod>>,
    #[serde(default)]
    dependencies: Option<Vec<String>>,
    #[serde(default, rename = "SPEC REPOS")]
    repositories: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default, rename = "EXTERNAL SOURCES")]
    external: Option<BTreeMap<String, Source>>,
    #[serde(default, rename = "CHECKOUT OPTIONS")]
    checkouts: Option<BTreeMap<String, Source>>,
    #[serde(default, rename = "SPEC CHECKSUMS")]
    checksums: Option<BTreeMap<String, String>>,
    cocoapods: Option<IgnoredAny>,
}

/// `Name (1.0)`, with what it needs if anything.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pod {
    Alone(String),
    Needing(BTreeMap<String, Vec<String>>),
}

/// Ruby symbols as keys.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Source {
    #[serde(rename = ":path")]
    path: Option<String>,
    #[serde(rename = ":git")]
    git: Option<String>,
    #[serde(rename = ":commit")]
    commit: Option<String>,
    #[serde(rename = ":tag")]
    tag: Option<String>,
    #[serde(rename = ":branch")]
    branch: Option<String>,
    #[serde(rename = ":http")]
    http: Option<String>,
    #[serde(rename = ":podspec")]
    podspec: Option<String>,
}

/// The pods of a lockfile; pods of a path are the project's own. Test pods are not told apart.
///
/// `SPEC CHECKSUMS` are of the descriptions, not of what is installed: they are properties.
///
/// # Errors
/// [`ParseError`] for broken YAML, a file without `COCOAPODS`, and a line that is not `Name (version)`.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock: Lock = yaml(bytes)?;
    if lock.cocoapods.is_none() {
        return Err(ParseError::at(text.lines().count().max(1), "no `COCOAPODS` at its end (is it cut off?)"));
    }
    let pods = lock.pods.as_deref().unwrap_or_default();
    let pods: Vec<(&str, &[String])> = pods
        .iter()
        .flat_map(|pod| match pod {
            Pod::Alone(name) => vec![(name.as_str(), [].as_slice())],
            Pod::Needing(map) => map.iter().map(|(name, needs)| (name.as_str(), needs.as_slice())).collect(),
        })
        .collect();
    let (lines, origins) = (lines(text), Origins::of(&lock));
    let mut inventory = Inventory::new(Ecosystem::Cocoapods);
    let mut names = Names::default();
    for (index, (stated, _)) in pods.iter().enumerate() {
        let line = lines.get(stated).copied();
        let wrong = || {
            ParseError::at(
                line.map_or(1, |line| line as usize),
                format!("`{}` is not `Name (version)`", shorten(stated)),
            )
        };
        let (name, version) = stated.strip_suffix(')').and_then(|text| text.split_once(" (")).ok_or_else(wrong)?;
        let mut package = origins.package(name, version).ok_or_else(wrong)?;
        package.line = line;
        names.add(name, index);
        inventory.packages.push(package);
    }
    let mut count = Count::default();
    for (index, (_, needs)) in pods.iter().enumerate() {
        let needs: BTreeSet<&str> = needs.iter().map(|need| name_of(need)).collect();
        let missing: Vec<&str> = needs.iter().filter(|need| names.of(need).is_empty()).copied().collect();
        count.add(needs.iter().map(|need| names.of(need).len()).sum(), inventory.packages[index].line)?;
        inventory.packages[index].needs = needs.iter().flat_map(|need| names.of(need)).copied().collect();
        lacks(&mut inventory, index, &missing);
    }
    let asked: BTreeSet<&str> = lock.dependencies.iter().flatten().map(|need| name_of(need)).collect();
    for name in asked.iter().filter(|name| names.of(name).is_empty()) {
        inventory.remark(None, format!("`{}` is asked for and not locked", shorten(name)));
    }
    inventory.direct = Some(asked.iter().flat_map(|name| names.of(name)).copied().collect());
    Ok(inventory)
}

/// `Name (>= 1.0)` and `` Name (from `…`) `` without what is in the brackets.
fn name_of(need: &str) -> &str {
    need.split(" (").next().unwrap_or(need).trim()
}

/// The lines of the pods: two spaces, a dash, and maybe quotes.
fn lines(text: &str) -> HashMap<&str, u32> {
    let pod = |line: &'_ str| -> Option<(usize, usize)> {
        let rest = line.strip_prefix("  - ")?.trim_end();
        let rest = rest.strip_suffix(':').unwrap_or(rest);
        let bare = rest.trim_matches('"');
        let start = line.find(bare)?;
        Some((start, start + bare.len()))
    };
    let pods = (1..).zip(text.lines()).take_while(|(_, line)| !line.starts_with("DEPENDENCIES"));
    pods.filter_map(|(number, line)| pod(line).map(|(from, to)| (&line[from..to], number))).collect()
}

/// Where a pod is from, however it is written.
struct Origins<'a> {
    /// By the pod's name, the repository of specifications that is not the public one.
    repositories: HashMap<&'a str, &'a str>,
    lock: &'a Lock,
}

impl<'a> Origins<'a> {
    fn of(lock: &'a Lock) -> Self {
        let foreign = lock.repositories.iter().flatten().filter(|(name, _)| !is_public(name));
        let repositories = foreign.flat_map(|(name, pods)| pods.iter().map(move |pod| (pod.as_str(), name.as_str())));
        Self { repositories: repositories.collect(), lock }
    }

    fn package(&self, full: &str, version: &str) -> Option<Package> {
        let (name, subspec) = full.split_once('/').unwrap_or((full, ""));
        let among = |sources: &'a Option<BTreeMap<String, Source>>| sources.as_ref().and_then(|map| map.get(name));
        let external = among(&self.lock.external);
        let git = among(&self.lock.checkouts).or(external).filter(|source| source.git.is_some());
        let purl = Purl::new("cocoapods", name).version(version).subpath(subspec);
        let remote = git.and_then(|source| source.git.as_deref()).unwrap_or_default();
        let at = git.and_then(|source| source.commit.as_deref().or(source.tag.as_deref()));
        let vcs = git::vcs_url(remote, at.unwrap_or_default());
        let archive = external.and_then(|source| source.http.as_deref()).map(purl::without_credentials);
        let repository = self.repositories.get(name).map(|url| purl::without_credentials(url));
        let purl = match (&archive, &repository) {
            _ if git.is_some() => purl.qualifier("vcs_url", &vcs),
            (Some(url), _) => purl.qualifier("download_url", url),
            (None, Some(url)) => purl.qualifier("repository_url", url),
            (None, None) => purl,
        };
        let own = external.is_some_and(|source| source.path.is_some());
        let origin = if own { Origin::Own } else { Origin::Purl(purl.build()?) };
        let mut package = Package::new(full, Some(version.to_owned()), origin);
        package.scope = Scope::Unstated;
        let stated = [
            ("lockkeeper:cocoapods:spec-checksum", self.lock.checksums.as_ref().and_then(|sums| sums.get(name))),
            ("lockkeeper:cocoapods:podspec", external.and_then(|source| source.podspec.as_ref())),
            ("lockkeeper:git:ref", external.and_then(|source| source.branch.as_ref().or(source.tag.as_ref()))),
        ];
        let stated = stated.into_iter().filter_map(|(key, value)| Some((key, purl::without_credentials(value?))));
        package.properties.extend(stated);
        Some(package)
    }
}

/// The public repository under the names it has had.
fn is_public(repository: &str) -> bool {
    let (_, place) = repository.split_once("://").unwrap_or(("", repository));
    let place = place.trim_end_matches('/').to_lowercase();
    let place = place.strip_suffix(".git").unwrap_or(&place);
    matches!(place, "trunk" | "master" | "cdn.cocoapods.org" | "github.com/cocoapods/specs")
}

#[cfg(test)]
#[path = "podfile_lock_tests.rs"]
mod tests;

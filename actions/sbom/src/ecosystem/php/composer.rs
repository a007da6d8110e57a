//! A package as Composer describes it, in its lockfile and in what it installed (getcomposer.org, "composer.json schema").

use super::super::{
    ParseError, git,
    needs::{Count, Names, lacks},
    shorten,
};
use crate::{
    graph::{Checksum, Inventory, Licence, Origin, Package, Scope},
    licence,
    purl::{self, Purl},
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// One package.
#[derive(Deserialize)]
pub(super) struct Described {
    pub(super) name: String,
    version: String,
    source: Option<Location>,
    dist: Option<Location>,
    #[serde(default, deserialize_with = "names")]
    require: Vec<String>,
    #[serde(default, deserialize_with = "names")]
    provide: Vec<String>,
    #[serde(default, deserialize_with = "names")]
    replace: Vec<String>,
    license: Option<OneOrMany>,
    /// Where Composer reports installations to: only packages of a registry have it.
    #[serde(rename = "notification-url")]
    notification_url: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
    reference: Option<String>,
    shasum: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The keys of a map, lowercased as Composer compares them; PHP writes an empty map as an empty list.
pub(super) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Map(BTreeMap<String, IgnoredAny>),
        Empty([(); 0]),
        Nothing,
    }
    Ok(match Either::deserialize(from)? {
        Either::Map(map) => map.into_keys().map(|name| name.to_lowercase()).collect(),
        Either::Empty(_) | Either::Nothing => Vec::new(),
    })
}

/// What is part of PHP or of Composer itself, not a package (`Composer\Repository\PlatformRepository`).
#[must_use]
pub(super) fn is_platform(name: &str) -> bool {
    matches!(name, "php" | "php-64bit" | "php-ipv6" | "php-zts" | "php-debug" | "hhvm")
        || matches!(name, "composer" | "composer-plugin-api" | "composer-runtime-api")
        || (!name.contains('/') && (name.starts_with("ext-") || name.starts_with("lib-")))
}

/// Adds packages of one scope, without edges.
///
/// # Errors
/// [`ParseError`] for a name that cannot be a package's.
pub(super) fn add(inventory: &mut Inventory, described: &[Described], scope: Scope) -> Result<(), ParseError> {
    for one in described {
        let mut package = package(one)?;
        package.scope = scope;
        inventory.packages.push(package);
    }
    Ok(())
}

/// Adds what each package requires: the package of that name, or else those that provide or replace it. `root` is what the
/// project itself provides or replaces.
///
/// # Errors
/// [`ParseError`] for more edges than anybody needs.
pub(super) fn connect(
    inventory: &mut Inventory,
    described: &[&Described],
    root: &HashSet<String>,
) -> Result<(), ParseError> {
    let (real, stand_in) = index(described);
    let mut count = Count::default();
    for (position, one) in described.iter().enumerate() {
        let mut needs = BTreeSet::new();
        let mut missing = Vec::new();
        for name in one.require.iter().filter(|name| !is_platform(name)) {
            let found = fulfilled_by(name, &real, &stand_in);
            count.add(found.len(), None)?;
            needs.extend(found.iter().copied().filter(|found| *found != position));
            if found.is_empty() && !root.contains(name) {
                missing.push(name.as_str());
            }
        }
        inventory.packages[position].needs = needs.into_iter().collect();
        lacks(inventory, position, &missing);
    }
    Ok(())
}

/// The packages that carry a name, or else those that stand in for it.
pub(super) fn fulfilled_by<'n>(name: &str, real: &'n Names<'_>, stand_in: &'n Names<'_>) -> &'n [usize] {
    let found = real.of(name);
    if found.is_empty() { stand_in.of(name) } else { found }
}

/// Packages by name, and by what they provide or replace.
pub(super) fn index<'a>(described: &[&'a Described]) -> (Names<'a>, Names<'a>) {
    let (mut real, mut stand_in) = (Names::default(), Names::default());
    for (position, one) in described.iter().enumerate() {
        real.add(one.name.to_lowercase(), position);
        for name in one.provide.iter().chain(&one.replace) {
            stand_in.add(name.as_str(), position);
        }
    }
    (real, stand_in)
}

fn package(one: &Described) -> Result<Package, ParseError> {
    let wrong = || ParseError::at(1, format!("`{}` cannot be a package's name", shorten(&one.name)));
    let (vendor, name) = one.name.split_once('/').filter(|(v, n)| !v.is_empty() && !n.is_empty()).ok_or_else(wrong)?;
    let own = one.dist.as_ref().is_some_and(|dist| dist.kind == "path");
    let origin = if own {
        Origin::Own
    } else {
        let source = foreign_source(one);
        let purl = Purl::new("composer", name).namespace(vendor).version(&one.version);
        let purl = source.iter().fold(purl, |purl, (key, url)| purl.qualifier(key, url));
        Origin::Purl(purl.build().ok_or_else(wrong)?)
    };
    let mut package = Package::new(name, Some(one.version.clone()), origin);
    package.group = Some(vendor.to_owned());
    package.licences = licences(one.license.as_ref());
    let sum = one.dist.as_ref().and_then(|dist| dist.shasum.as_deref()).unwrap_or_default();
    if sum.len() == 40 && sum.bytes().all(|b| b.is_ascii_hexdigit()) {
        package.checksums.insert(Checksum { algorithm: "SHA-1", hex: sum.to_lowercase() });
    }
    Ok(package)
}

/// Where a package is from when no registry has it, or which commit a branch stood at.
fn foreign_source(one: &Described) -> Option<(&'static str, String)> {
    let branch = one.version.starts_with("dev-") || one.version.ends_with("-dev");
    if one.notification_url.is_some() && !branch {
        return None;
    }
    let located = |location: &&Location| !location.url.is_empty();
    if let Some(source) = one.source.as_ref().filter(located).filter(|source| source.kind == "git") {
        return Some(("vcs_url", git::vcs_url(&source.url, source.reference.as_deref().unwrap_or_default())));
    }
    let dist = one.dist.as_ref().filter(located)?;
    let remote = dist.url.starts_with("http://") || dist.url.starts_with("https://");
    remote.then(|| ("download_url", purl::without_credentials(&dist.url)))
}

/// Several licences are a choice (composer.json schema, "license"), and `or` may be written small.
fn licences(stated: Option<&OneOrMany>) -> BTreeSet<Licence> {
    let texts: Vec<String> = match stated {
        None => return BTreeSet::new(),
        Some(OneOrMany::One(text)) => vec![spelt(text)],
        Some(OneOrMany::Many(texts)) => texts.iter().map(|text| spelt(text)).collect(),
    };
    let each: BTreeSet<Licence> = texts.iter().filter_map(|text| licence::normalise(text)).collect();
    if each.len() < 2 || each.iter().any(|licence| matches!(licence, Licence::Named(_))) {
        return each;
    }
    let parts = each.iter().map(|licence| match licence {
        Licence::Expression(text) => format!("({text})"),
        Licence::Id(text) | Licence::Named(text) => text.clone(),
    });
    BTreeSet::from([Licence::Expression(parts.collect::<Vec<_>>().join(" OR "))])
}

fn spelt(text: &str) -> String {
    let text = text.trim();
    let inner =
        text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).filter(|text| !text.contains(['(', ')']));
    inner.unwrap_or(text).replace(" or ", " OR ").replace(" and ", " AND ")
}
